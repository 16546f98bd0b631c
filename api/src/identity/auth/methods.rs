//! How a user proves who he is: password, token, application credential.

use super::refused;
use crate::identity::token::{self, ScopeClaim};
use crate::state::State;
use schemas::identity::auth::{ApplicationCredential, Identity, NameOrId};
use schemas::identity::user::Options;
use schemas::{Error, Result, Secret, Timestamp};
use store::Conn;
use store::identity::{application_credentials, domains, users};

/// Who it is, and what binds the token to be made.
pub(super) struct Proof {
    pub user_id: String,
    pub methods: Vec<String>,
    /// Not later than this.
    pub ends: Option<Timestamp>,
    /// Audit id of the first token of the chain.
    pub chain: Option<String>,
    /// The credential, and the only scope that it allows.
    pub application_credential: Option<String>,
    pub only_scope: Option<ScopeClaim>,
}

impl Proof {
    pub(super) fn of(user_id: String, method: &str) -> Proof {
        Proof {
            user_id,
            methods: vec![method.to_owned()],
            ends: None,
            chain: None,
            application_credential: None,
            only_scope: None,
        }
    }

    /// Two methods prove the same user, or nothing.
    fn and(mut self, other: Proof) -> Result<Proof> {
        if self.user_id != other.user_id {
            return Err(refused());
        }
        for method in other.methods {
            if !self.methods.contains(&method) {
                self.methods.push(method);
            }
        }
        self.ends = [self.ends, other.ends].into_iter().flatten().min();
        self.chain = self.chain.or(other.chain);
        self.application_credential = self.application_credential.or(other.application_credential);
        self.only_scope = self.only_scope.or(other.only_scope);
        Ok(self)
    }
}

/// Checks every method that is named.
pub(super) async fn prove(state: &State, identity: &Identity) -> Result<Proof> {
    let missing = |what: &str| {
        Error::BadRequest(format!(
            "auth.identity.{what} is missing, though methods names it."
        ))
    };
    let mut proof: Option<Proof> = None;
    for method in &identity.methods {
        let one = match method.as_str() {
            "password" => {
                let user = &identity
                    .password
                    .as_ref()
                    .ok_or_else(|| missing(method))?
                    .user;
                let (id, name) = (user.id.clone(), user.name.clone());
                let domain = user.domain.clone();
                let user = by_password(state, id, name, domain, &user.password).await?;
                Proof::of(user.id, method)
            }
            "token" => {
                let given = identity.token.as_ref().ok_or_else(|| missing(method))?;
                by_token(state, given.id.reveal()).await?
            }
            "application_credential" => {
                let given = &identity.application_credential;
                let given = given.as_ref().ok_or_else(|| missing(method))?;
                by_application_credential(state, given).await?
            }
            other => {
                return Err(Error::Unauthorized(format!(
                    "Log-in by {other:?} is not offered; password, token and \
                     application_credential are."
                )));
            }
        };
        proof = Some(match proof {
            None => one,
            Some(before) => before.and(one)?,
        });
    }
    proof.ok_or_else(|| Error::BadRequest("auth.identity.methods names no method.".into()))
}

fn find_user(
    conn: &mut Conn,
    id: Option<&str>,
    name: Option<&str>,
    domain: Option<&NameOrId>,
) -> store::Result<Option<users::User>> {
    if let Some(id) = id {
        return users::find(conn, id);
    }
    let (Some(name), Some(domain)) = (name, domain) else {
        return Ok(None);
    };
    match find_domain(conn, domain)? {
        Some(domain) => users::by_name(conn, &domain, name),
        None => Ok(None),
    }
}

/// The id of a domain given by id or name.
pub(super) fn find_domain(conn: &mut Conn, domain: &NameOrId) -> store::Result<Option<String>> {
    match (&domain.id, &domain.name) {
        (Some(id), _) => Ok(Some(id.clone())),
        (None, Some(name)) => Ok(domains::by_name(conn, name)?.map(|domain| domain.id)),
        (None, None) => Ok(None),
    }
}

/// The user whose password it is.
///
/// # Errors
/// `Unauthorized` with the one text; `BadRequest` when neither id nor name and domain are given.
pub(in crate::identity) async fn by_password(
    state: &State,
    id: Option<String>,
    name: Option<String>,
    domain: Option<NameOrId>,
    password: &Secret,
) -> Result<users::User> {
    if id.is_none() && (name.is_none() || domain.is_none()) {
        return Err(Error::BadRequest(
            "Give the user by id, or by name and domain (auth.identity.password.user).".into(),
        ));
    }
    let user = state
        .store
        .read(move |conn| find_user(conn, id.as_deref(), name.as_deref(), domain.as_ref()))
        .await?;
    let hash = user.as_ref().and_then(|user| user.password_hash.clone());
    let right = state.passwords.check(password, hash).await?;
    let now = state.clock.now();
    let locked = user
        .as_ref()
        .is_some_and(|user| is_locked(state, user, now));
    if right && !locked {
        let user = user.ok_or_else(refused)?;
        let expired = user.password_expires_at.is_some_and(|at| at <= now.0);
        if user.enabled == 0 || expired {
            return Err(refused());
        }
        if user.failures > 0 {
            let id = user.id.clone();
            state
                .store
                .write(move |tx| users::succeeded(tx, &id))
                .await?;
        }
        return Ok(user);
    }
    // Nobody's failure is written too: it takes the same time.
    let id = user
        .filter(|_| !locked)
        .map(|user| user.id)
        .unwrap_or_default();
    let since = now - state.settings.lockout();
    state
        .store
        .write(move |tx| users::failed(tx, &id, since))
        .await?;
    Err(refused())
}

fn is_locked(state: &State, user: &users::User, now: Timestamp) -> bool {
    let most = state.settings.lockout_failures;
    let options: Options = serde_json::from_str(&user.options).unwrap_or_default();
    most > 0
        && options.ignore_lockout_failure_attempts != Some(true)
        && u32::try_from(user.failures).unwrap_or(0) >= most
        && now < Timestamp(user.failed_at) + state.settings.lockout()
}

/// A token makes another, which ends no later.
pub(super) async fn by_token(state: &State, text: &str) -> Result<Proof> {
    let auth = token::authenticate(state, text).await?;
    let mut proof = Proof::of(auth.user.id.clone(), "token");
    for method in &auth.methods {
        if !proof.methods.contains(method) {
            proof.methods.push(method.clone());
        }
    }
    proof.ends = Some(auth.expires_at);
    proof.chain = auth.audit_ids.last().cloned();
    if let Some(credential) = &auth.application_credential {
        proof.application_credential = Some(credential.id.clone());
        proof.only_scope = auth.project().map(|p| ScopeClaim::Project(p.id.clone()));
    }
    Ok(proof)
}

async fn by_application_credential(state: &State, given: &ApplicationCredential) -> Result<Proof> {
    let (id, name, user) = (given.id.clone(), given.name.clone(), given.user.clone());
    if id.is_none() && (name.is_none() || user.is_none()) {
        return Err(Error::BadRequest(
            "Give the application credential by id, or by name and user.".into(),
        ));
    }
    let found = state
        .store
        .read(move |conn| {
            if let Some(id) = &id {
                return application_credentials::find(conn, id);
            }
            let (Some(name), Some(user)) = (&name, &user) else {
                return Ok(None);
            };
            let (id, user_name) = (user.id.as_deref(), user.name.as_deref());
            let Some(user) = find_user(conn, id, user_name, user.domain.as_ref())? else {
                return Ok(None);
            };
            Ok(application_credentials::list(conn, &user.id, Some(name))?.pop())
        })
        .await?;
    let hash = found.as_ref().map(|row| row.secret_hash.clone());
    let right = state.passwords.check(&given.secret, hash).await?;
    let row = found.filter(|_| right).ok_or_else(refused)?;
    if row.expires_at.is_some_and(|at| at <= state.clock.now().0) {
        return Err(refused());
    }
    let mut proof = Proof::of(row.user_id, "application_credential");
    proof.ends = row.expires_at.map(Timestamp);
    proof.only_scope = Some(ScopeClaim::Project(row.project_id));
    proof.application_credential = Some(row.id);
    Ok(proof)
}
