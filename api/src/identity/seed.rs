//! What a fresh cloud holds: the default domain, roles, an administrator and his project, a region,
//! services and endpoints. Runs again without harm: it makes what is missing and leaves the rest.

use super::common::DEFAULT_DOMAIN;
use super::password::Passwords;
use schemas::{Result, Secret, ids};
use serde_json::Value;
use store::identity::assignments::{self, Assignment, SYSTEM};
use store::identity::catalog::{self, Endpoint, Region, Service};
use store::identity::domains::{self, Domain};
use store::identity::projects::{self, Project};
use store::identity::roles::{self, Role};
use store::identity::users::{self, User};
use store::{Result as Read, Store, Tx};

/// What to seed with.
#[derive(Clone, Debug)]
pub struct Seed {
    /// Name of the administrator.
    pub user: String,
    /// Name of his project.
    pub project: String,
    /// His password: set when he is made.
    pub password: Secret,
    /// Set the password also when he is there already.
    pub reset_password: bool,
    /// The region.
    pub region: String,
    /// What the catalog offers.
    pub services: Vec<SeedService>,
}

/// A service and its address below `{base}`.
#[derive(Clone, Debug)]
pub struct SeedService {
    /// `compute`.
    pub kind: String,
    /// `nova`.
    pub name: String,
    /// `{base}/compute/v2.1`.
    pub url: String,
}

impl Seed {
    /// The usual names and all services that are offered; the password has no default.
    pub fn new(password: Secret) -> Seed {
        let service = |kind: &str, name: &str, url: &str| SeedService {
            kind: kind.into(),
            name: name.into(),
            url: url.into(),
        };
        Seed {
            user: "admin".into(),
            project: "admin".into(),
            password,
            reset_password: false,
            region: "RegionOne".into(),
            services: vec![
                service("identity", "keystone", "{base}/identity"),
                service("image", "glance", "{base}/image"),
                service("compute", "nova", "{base}/compute/v2.1"),
            ],
        }
    }
}

/// Names and descriptions of the roles, each implying the one after it up to `reader`.
const ROLES: &[(&str, &str)] = &[
    ("admin", "May do everything, everywhere."),
    ("manager", "Looks after a project or domain."),
    ("member", "Uses a project."),
    ("reader", "Sees a project."),
    ("service", "Services among themselves."),
    ("heat_stack_owner", "Owns stacks."),
    ("heat_stack_user", "Users that stacks make."),
];

/// How many of `ROLES`, from the first, imply the next.
const IMPLYING: usize = 3;

/// Seeds.
///
/// # Errors
/// The database's.
pub async fn seed(store: &Store, seed: Seed) -> Result<()> {
    let hash = Passwords::new(1).hash(&seed.password).await?;
    store.write(move |tx| all(tx, &seed, &hash)).await
}

fn all(tx: &mut Tx<'_>, seed: &Seed, hash: &str) -> Read<()> {
    domain(tx)?;
    let roles = ROLES
        .iter()
        .map(|(name, about)| role(tx, name, about))
        .collect::<Read<Vec<_>>>()?;
    for pair in roles.windows(2).take(IMPLYING) {
        if let [prior, implied] = pair {
            roles::imply(tx, prior, implied)?;
        }
    }
    let project = project(tx, &seed.project)?;
    let user = user(tx, seed, hash, &project)?;
    let admin = roles.first().cloned().unwrap_or_default();
    for (target, target_id) in [("project", project.as_str()), ("system", SYSTEM)] {
        assignments::grant(
            tx,
            &Assignment {
                actor: "user".into(),
                actor_id: user.clone(),
                target: target.into(),
                target_id: target_id.into(),
                role_id: admin.clone(),
                inherited: 0,
            },
        )?;
    }
    places(tx, seed)
}

fn domain(tx: &mut Tx<'_>) -> Read<()> {
    if domains::find(tx, DEFAULT_DOMAIN)?.is_some() {
        return Ok(());
    }
    let domain = Domain {
        id: DEFAULT_DOMAIN.into(),
        name: "Default".into(),
        description: "The default domain".into(),
        enabled: 1,
        extra: "{}".into(),
        created_at: tx.now().0,
    };
    domains::create(tx, &domain)
}

fn role(tx: &mut Tx<'_>, name: &str, about: &str) -> Read<String> {
    if let Some(role) = roles::list(tx, "", Some(name))?.pop() {
        return Ok(role.id);
    }
    let role = Role {
        id: ids::identity_id(),
        domain_id: String::new(),
        name: name.into(),
        description: about.into(),
        extra: "{}".into(),
        created_at: tx.now().0,
    };
    roles::create(tx, &role)?;
    Ok(role.id)
}

fn project(tx: &mut Tx<'_>, name: &str) -> Read<String> {
    if let Some(project) = projects::by_name(tx, DEFAULT_DOMAIN, name)? {
        return Ok(project.id);
    }
    let project = Project {
        id: ids::identity_id(),
        domain_id: DEFAULT_DOMAIN.into(),
        parent_id: DEFAULT_DOMAIN.into(),
        name: name.into(),
        description: "The administrators' project".into(),
        enabled: 1,
        tags: Value::Array(Vec::new()).to_string(),
        extra: "{}".into(),
        created_at: tx.now().0,
    };
    projects::create(tx, &project)?;
    Ok(project.id)
}

fn user(tx: &mut Tx<'_>, seed: &Seed, hash: &str, project: &str) -> Read<String> {
    let now = tx.now().0;
    if let Some(mut user) = users::by_name(tx, DEFAULT_DOMAIN, &seed.user)? {
        if seed.reset_password {
            user.password_hash = Some(hash.to_owned());
            user.enabled = 1;
            user.failures = 0;
            user.tokens_after = now;
            users::update(tx, &user)?;
        }
        return Ok(user.id);
    }
    let user = User {
        id: ids::identity_id(),
        domain_id: DEFAULT_DOMAIN.into(),
        name: seed.user.clone(),
        enabled: 1,
        default_project_id: Some(project.to_owned()),
        description: String::new(),
        extra: "{}".into(),
        options: "{}".into(),
        password_hash: Some(hash.to_owned()),
        password_expires_at: None,
        failures: 0,
        failed_at: 0,
        tokens_after: 0,
        created_at: now,
    };
    users::create(tx, &user)?;
    Ok(user.id)
}

fn places(tx: &mut Tx<'_>, seed: &Seed) -> Read<()> {
    let now = tx.now().0;
    if catalog::region::find(tx, &seed.region)?.is_none() {
        let region = Region {
            id: seed.region.clone(),
            description: String::new(),
            parent_region_id: None,
            extra: "{}".into(),
            created_at: now,
        };
        catalog::region::create(tx, &region)?;
    }
    let known = catalog::service::list(tx)?;
    for wanted in &seed.services {
        // An operator may have changed the endpoints of a service that is there.
        if known.iter().any(|service| service.kind == wanted.kind) {
            continue;
        }
        let service = Service {
            id: ids::identity_id(),
            kind: wanted.kind.clone(),
            name: wanted.name.clone(),
            description: String::new(),
            enabled: 1,
            extra: "{}".into(),
            created_at: now,
        };
        catalog::service::create(tx, &service)?;
        for interface in ["public", "internal", "admin"] {
            let endpoint = Endpoint {
                id: ids::identity_id(),
                service_id: service.id.clone(),
                region_id: Some(seed.region.clone()),
                interface: interface.into(),
                url: wanted.url.clone(),
                enabled: 1,
                extra: "{}".into(),
                created_at: now,
            };
            catalog::endpoint::create(tx, &endpoint)?;
        }
    }
    Ok(())
}
