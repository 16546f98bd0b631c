//! What a token is to be good for. Names become ids here; whether the user may have it is decided
//! when the claims are resolved.

use super::methods::{Proof, find_domain};
use super::refused;
use crate::call::Call;
use crate::identity::token::{ScopeClaim, resolve_scope};
use schemas::identity::auth::{NameOrId, Project, Scope, Target};
use schemas::{Error, Result};
use store::Conn;
use store::identity::{projects, users};

/// The scope asked for; without one, the user's default project if he has a role there.
pub(super) async fn wanted(call: &Call, proof: &Proof, scope: Option<Scope>) -> Result<ScopeClaim> {
    let asked = match scope {
        None => None,
        Some(Scope::Word(word)) if word == "unscoped" => Some(ScopeClaim::Unscoped),
        Some(Scope::Word(word)) => {
            return Err(Error::BadRequest(format!(
                "auth.scope is {word:?}; the only word it may be is \"unscoped\"."
            )));
        }
        Some(Scope::Target(target)) => Some(named(call, target).await?),
    };
    if let Some(only) = &proof.only_scope {
        return match asked {
            None => Ok(only.clone()),
            Some(asked) if asked == *only => Ok(asked),
            Some(_) => Err(refused()),
        };
    }
    match asked {
        Some(asked) => Ok(asked),
        None => default(call, proof.user_id.clone()).await,
    }
}

async fn named(call: &Call, target: Target) -> Result<ScopeClaim> {
    if target.trust.is_some() {
        return Err(Error::NotImplemented("Trusts are not built.".into()));
    }
    let given = [
        target.project.is_some(),
        target.domain.is_some(),
        target.system.is_some(),
    ];
    match (
        given.iter().filter(|given| **given).count(),
        target.unscoped,
    ) {
        (0, Some(_)) => return Ok(ScopeClaim::Unscoped),
        (1, _) => {}
        _ => {
            return Err(Error::BadRequest(
                "auth.scope names one of project, domain and system.".into(),
            ));
        }
    }
    if target.system.is_some() {
        let all = target.system.is_some_and(|system| system.all);
        return if all {
            Ok(ScopeClaim::System)
        } else {
            Err(refused())
        };
    }
    let found = call
        .state()
        .store
        .read(move |conn| match (&target.project, &target.domain) {
            (Some(project), _) => Ok(find_project(conn, project)?.map(ScopeClaim::Project)),
            (None, Some(domain)) => Ok(find_domain(conn, domain)?.map(ScopeClaim::Domain)),
            (None, None) => Ok(None),
        })
        .await?;
    found.ok_or_else(refused)
}

fn find_project(conn: &mut Conn, project: &Project) -> store::Result<Option<String>> {
    if let Some(id) = &project.id {
        return Ok(Some(id.clone()));
    }
    let Some(name) = &project.name else {
        return Ok(None);
    };
    let domain = find_domain(
        conn,
        project.domain.as_ref().unwrap_or(&NameOrId::default()),
    )?;
    let Some(domain) = domain else {
        return Ok(None);
    };
    Ok(projects::by_name(conn, &domain, name)?.map(|project| project.id))
}

async fn default(call: &Call, user_id: String) -> Result<ScopeClaim> {
    call.state()
        .store
        .read(move |conn| {
            let user = users::find(conn, &user_id)?;
            let Some(project) = user.and_then(|user| user.default_project_id) else {
                return Ok(ScopeClaim::Unscoped);
            };
            let scope = ScopeClaim::Project(project);
            let usable = resolve_scope(conn, &user_id, &scope)?;
            Ok(if usable { scope } else { ScopeClaim::Unscoped })
        })
        .await
}
