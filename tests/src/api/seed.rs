//! The seed every test begins with: projects, users and roles written as rows, tokens signed with
//! the cloud's own keys, and all other things made through the API by those they belong to.

use super::cloud::Cloud;
use super::database::{Database, Engine};
use super::persona::Persona;
use super::sow;
use super::things::Things;
use api::identity::token::{Claims, ScopeClaim};
use schemas::ids;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use store::Tx;
use store::identity::assignments::{self, Assignment};
use store::identity::domains::{self, Domain};
use store::identity::projects::{self, Project};
use store::identity::roles::{self, Role};
use store::identity::users::{self, User};

/// A database at rest, to be copied; cheap to clone.
#[derive(Clone)]
pub struct Seed {
    /// What it holds.
    pub things: Things,
    tokens: BTreeMap<Persona, String>,
    database: Arc<Database>,
}

impl Seed {
    /// Sows a new database.
    pub async fn new(engine: Engine) -> Seed {
        let database = Database::new(engine);
        let store = database.store().await;
        store.migrate().await.unwrap();
        let things = store.write(rows).await.unwrap();
        drop(store);
        let mut seed = Seed {
            things,
            tokens: BTreeMap::new(),
            database: Arc::new(database),
        };
        let state = seed.database.state(&seed.keys()).await;
        for who in Persona::ALL {
            if who != Persona::Nobody {
                let token = sign(&state, &seed.things, who);
                seed.tokens.insert(who, token);
            }
        }
        let subject = sign(&state, &seed.things, Persona::Member);
        seed.things.put("token", subject);
        drop(state);
        let cloud = Cloud::serve(&seed, seed.database.copy()).await;
        let (things, database) = sow::all(cloud).await;
        seed.things = things;
        seed.database = Arc::new(database);
        seed
    }

    /// The persona's token.
    pub fn token(&self, who: Persona) -> Option<&str> {
        self.tokens.get(&who).map(String::as_str)
    }

    /// Where the token keys lie: the same for every copy.
    pub fn keys(&self) -> PathBuf {
        self.database.files("keys")
    }

    /// What the database is.
    pub fn engine(&self) -> Engine {
        self.database.engine()
    }

    /// A running copy.
    pub async fn cloud(&self) -> Cloud {
        Cloud::serve(self, self.database.copy()).await
    }

    /// A running copy with other settings.
    pub async fn cloud_with(&self, change: impl FnOnce(&mut api::Settings)) -> Cloud {
        Cloud::serve_with(self, self.database.copy(), change).await
    }

    /// A token for the persona that has not been used, as a log-in would give.
    pub fn another_token(&self, cloud: &Cloud, who: Persona) -> String {
        sign(&cloud.state, &self.things, who)
    }
}

pub(crate) fn sign(state: &api::State, things: &Things, who: Persona) -> String {
    let now = state.clock.now();
    let claims = Claims {
        user_id: things.get(&format!("user/{}", who.name())).to_owned(),
        issued: now.0,
        ends: (now + state.settings.token_lifetime()).0,
        audit_ids: vec![ids::identity_id()],
        methods: vec!["password".into()],
        scope: ScopeClaim::Project(things.get(&format!("project/{}", who.project())).into()),
        application_credential: None,
    };
    state.keys.sign(&claims).unwrap()
}

pub(crate) fn rows(tx: &mut Tx<'_>) -> store::Result<Things> {
    let mut things = Things::default();
    let now = tx.now().0;
    let domain = |id: &str, name: &str| Domain {
        id: id.into(),
        name: name.into(),
        description: String::new(),
        enabled: 1,
        extra: "{}".into(),
        created_at: now,
    };
    domains::create(tx, &domain("default", "Default"))?;
    let roles = roles(tx, now, &mut things)?;
    for name in ["home", "elsewhere", "admin", "service"] {
        let project = Project {
            id: ids::identity_id(),
            domain_id: "default".into(),
            parent_id: "default".into(),
            name: name.into(),
            description: String::new(),
            enabled: 1,
            tags: "[]".into(),
            extra: "{}".into(),
            created_at: now,
        };
        projects::create(tx, &project)?;
        things.put(format!("project/{name}"), project.id);
    }
    for who in Persona::ALL {
        if who == Persona::Nobody {
            continue;
        }
        let user = User {
            id: ids::identity_id(),
            domain_id: "default".into(),
            name: who.name().into(),
            enabled: 1,
            default_project_id: None,
            description: String::new(),
            extra: "{}".into(),
            options: "{}".into(),
            password_hash: None,
            password_expires_at: None,
            failures: 0,
            failed_at: 0,
            tokens_after: 0,
            created_at: now,
        };
        users::create(tx, &user)?;
        let assignment = Assignment {
            actor: "user".into(),
            actor_id: user.id.clone(),
            target: "project".into(),
            target_id: things.get(&format!("project/{}", who.project())).into(),
            role_id: roles[who.role()].clone(),
            inherited: 0,
        };
        assignments::grant(tx, &assignment)?;
        things.put(format!("user/{}", who.name()), user.id);
    }
    Ok(things)
}

/// The roles, each implying the next: as a cloud is set up.
fn roles(
    tx: &mut Tx<'_>,
    now: i64,
    things: &mut Things,
) -> store::Result<BTreeMap<&'static str, String>> {
    let mut made: BTreeMap<&'static str, String> = BTreeMap::new();
    let mut above: Option<String> = None;
    for name in [
        "admin", "manager", "member", "reader", "service", "auditor", "scribe",
    ] {
        let role = Role {
            id: ids::identity_id(),
            domain_id: String::new(),
            name: name.into(),
            description: String::new(),
            extra: "{}".into(),
            created_at: now,
        };
        roles::create(tx, &role)?;
        things.put(format!("role/{name}"), &*role.id);
        if ["admin", "manager", "member", "reader"].contains(&name)
            && let Some(above) = above.replace(role.id.clone())
        {
            roles::imply(tx, &above, &role.id)?;
        }
        made.insert(name, role.id);
    }
    Ok(made)
}
