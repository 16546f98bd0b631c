//! What a cloud must have before anybody can log in: the domain `Default`, the roles and what they
//! imply, the projects `admin` and `service`, the first administrator, the agents' service user, the
//! catalog.
//!
//! *Guarantees*: one transaction; run again it mends what is missing, sets the passwords it is given,
//! and leaves everything else as it is.

mod catalog;

use super::password::Passwords;
use schemas::ids::identity_id;
use schemas::{Result, Secret};
use store::identity::assignments::{self, Assignment, SYSTEM};
use store::identity::domains::{self, Domain};
use store::identity::projects::{self, Project};
use store::identity::roles::{self, Role};
use store::identity::users::{self, User};
use store::{Store, Tx};

const DOMAIN: &str = "default";
const NOTHING: &str = "{}";

/// Roles of the whole cloud; each implies the next, but for `service`, which stands alone.
const LADDER: [(&str, &str); 4] = [
    ("admin", "May do everything."),
    (
        "manager",
        "Manages the users of a project and its resources.",
    ),
    ("member", "Uses the resources of a project."),
    ("reader", "Sees the resources of a project."),
];
const ALONE: [(&str, &str); 3] = [
    ("service", "For the parts of the cloud among themselves."),
    ("heat_stack_owner", "Owns stacks."),
    ("heat_stack_user", "Is made by stacks."),
];

/// What to write.
pub struct Bootstrap {
    /// The administrator's password.
    pub password: Secret,
    /// The agents' password; `None`: no user for agents.
    pub agent_password: Option<Secret>,
    /// Region of the catalog.
    pub region: String,
    /// Address in the catalog; `None`: the one each client came by.
    pub url: Option<String>,
}

impl Bootstrap {
    /// Writes it.
    ///
    /// # Errors
    /// The database's.
    pub async fn write(&self, store: &Store) -> Result<()> {
        let passwords = Passwords::new(1);
        let admin = passwords.hash(&self.password).await?;
        let agent = match &self.agent_password {
            Some(secret) => Some(passwords.hash(secret).await?),
            None => None,
        };
        let base = self
            .url
            .as_deref()
            .unwrap_or("{base}")
            .trim_end_matches('/')
            .to_owned();
        let region = self.region.clone();
        store
            .write(move |tx| {
                domain(tx)?;
                let admin_role = role_ladder(tx)?;
                let service_role = lone_roles(tx)?;
                let admins = project(tx, "admin", "The administrators' own.")?;
                let services = project(tx, "service", "For the parts of the cloud.")?;
                let user = ensure_user(tx, "admin", "The first administrator.", &admins, &admin)?;
                grant(tx, &user, "project", &admins, &admin_role)?;
                grant(tx, &user, "system", SYSTEM, &admin_role)?;
                grant(tx, &user, "domain", DOMAIN, &admin_role)?;
                if let Some(hash) = &agent {
                    let user = ensure_user(tx, "agent", "The agents.", &services, hash)?;
                    grant(tx, &user, "project", &services, &service_role)?;
                }
                catalog::ensure(tx, &region, &base)
            })
            .await
    }
}

fn domain(tx: &mut Tx<'_>) -> store::Result<()> {
    if domains::find(tx, DOMAIN)?.is_some() {
        return Ok(());
    }
    let created_at = tx.now().0;
    domains::create(
        tx,
        &Domain {
            id: DOMAIN.into(),
            name: "Default".into(),
            description: "The default domain".into(),
            enabled: 1,
            extra: NOTHING.into(),
            created_at,
        },
    )
}

fn role(tx: &mut Tx<'_>, name: &str, description: &str) -> store::Result<String> {
    if let Some(role) = roles::list(tx, "", Some(name))?.into_iter().next() {
        return Ok(role.id);
    }
    let role = Role {
        id: identity_id(),
        domain_id: String::new(),
        name: name.into(),
        description: description.into(),
        extra: NOTHING.into(),
        created_at: tx.now().0,
    };
    roles::create(tx, &role)?;
    Ok(role.id)
}

/// Id of the first.
fn role_ladder(tx: &mut Tx<'_>) -> store::Result<String> {
    let mut ids = Vec::new();
    for (name, description) in LADDER {
        ids.push(role(tx, name, description)?);
    }
    for (prior, implied) in ids.iter().zip(ids.iter().skip(1)) {
        roles::imply(tx, prior, implied)?;
    }
    Ok(ids.swap_remove(0))
}

/// Id of the first.
fn lone_roles(tx: &mut Tx<'_>) -> store::Result<String> {
    let mut ids = Vec::new();
    for (name, description) in ALONE {
        ids.push(role(tx, name, description)?);
    }
    Ok(ids.swap_remove(0))
}

fn project(tx: &mut Tx<'_>, name: &str, description: &str) -> store::Result<String> {
    if let Some(project) = projects::by_name(tx, DOMAIN, name)? {
        return Ok(project.id);
    }
    let project = Project {
        id: identity_id(),
        domain_id: DOMAIN.into(),
        parent_id: DOMAIN.into(),
        name: name.into(),
        description: description.into(),
        enabled: 1,
        tags: "[]".into(),
        extra: NOTHING.into(),
        created_at: tx.now().0,
    };
    projects::create(tx, &project)?;
    Ok(project.id)
}

fn ensure_user(
    tx: &mut Tx<'_>,
    name: &str,
    description: &str,
    project: &str,
    hash: &str,
) -> store::Result<String> {
    if let Some(mut user) = users::by_name(tx, DOMAIN, name)? {
        user.password_hash = Some(hash.into());
        user.enabled = 1;
        user.failures = 0;
        user.tokens_after = tx.now().0;
        users::update(tx, &user)?;
        return Ok(user.id);
    }
    let user = User {
        id: identity_id(),
        domain_id: DOMAIN.into(),
        name: name.into(),
        enabled: 1,
        default_project_id: Some(project.into()),
        description: description.into(),
        extra: NOTHING.into(),
        options: NOTHING.into(),
        password_hash: Some(hash.into()),
        password_expires_at: None,
        failures: 0,
        failed_at: 0,
        tokens_after: 0,
        created_at: tx.now().0,
    };
    users::create(tx, &user)?;
    Ok(user.id)
}

fn grant(tx: &mut Tx<'_>, user: &str, target: &str, id: &str, role: &str) -> store::Result<()> {
    assignments::grant(
        tx,
        &Assignment {
            actor: "user".into(),
            actor_id: user.into(),
            target: target.into(),
            target_id: id.into(),
            role_id: role.into(),
            inherited: 0,
        },
    )
}
