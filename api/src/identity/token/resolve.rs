//! From claims to the caller: everything that may have changed since the token was made.

use super::claims::{Claims, ScopeClaim};
use crate::auth::{AccessRule, AppCredential, Auth, Named, Person, Project, TokenScope};
use schemas::Timestamp;
use std::collections::HashSet;
use store::identity::{
    application_credentials, assignments, domains, projects, roles, tokens, users,
};
use store::{Conn, Result};

/// The caller, or `None` when the token is no longer good.
pub fn resolve(conn: &mut Conn, claims: &Claims) -> Result<Option<Auth>> {
    if tokens::is_revoked(conn, &claims.audit_ids)? {
        return Ok(None);
    }
    let Some(user) = users::find(conn, &claims.user_id)? else {
        return Ok(None);
    };
    let Some(domain) = enabled_domain(conn, &user.domain_id)? else {
        return Ok(None);
    };
    if user.enabled == 0 || claims.issued < user.tokens_after {
        return Ok(None);
    }
    let person = Person {
        id: user.id.clone(),
        name: user.name,
        domain,
        password_expires_at: user.password_expires_at.map(Timestamp),
    };
    let Some((scope, mut held)) = scope(conn, &user.id, &claims.scope)? else {
        return Ok(None);
    };
    let mut credential = None;
    if let Some(id) = &claims.application_credential {
        let Some(row) = application_credentials::find(conn, id)? else {
            return Ok(None);
        };
        let allowed: Vec<String> = serde_json::from_str(&row.roles)?;
        held = narrowed(conn, held, allowed)?;
        if held.is_empty() || row.expires_at.is_some_and(|end| end <= claims.issued) {
            return Ok(None);
        }
        let access_rules = match &row.access_rules {
            None => None,
            Some(ids) => {
                let ids: Vec<String> = serde_json::from_str(ids)?;
                let rows = application_credentials::access_rules_with(conn, &ids)?;
                Some(rows.into_iter().map(access_rule).collect())
            }
        };
        credential = Some(AppCredential {
            id: row.id,
            name: row.name,
            unrestricted: row.unrestricted != 0,
            access_rules,
        });
    }
    if held.is_empty() && scope != TokenScope::Unscoped {
        return Ok(None);
    }
    let mut auth = Auth::new(person, scope, named(conn, held)?);
    auth.methods = claims.methods.clone();
    auth.audit_ids = claims.audit_ids.clone();
    auth.issued_at = claims.issued_at();
    auth.expires_at = claims.expires_at();
    auth.application_credential = credential;
    Ok(Some(auth))
}

/// Could the user have a token for this scope now?
pub fn resolve_scope(conn: &mut Conn, user_id: &str, claim: &ScopeClaim) -> Result<bool> {
    Ok(scope(conn, user_id, claim)?.is_some_and(|(_, roles)| !roles.is_empty()))
}

fn enabled_domain(conn: &mut Conn, id: &str) -> Result<Option<Named>> {
    let domain = domains::find(conn, id)?.filter(|domain| domain.enabled != 0);
    Ok(domain.map(|domain| Named {
        id: domain.id,
        name: domain.name,
    }))
}

/// The scope with its names, and the roles the user has there with all they imply.
fn scope(
    conn: &mut Conn,
    user_id: &str,
    claim: &ScopeClaim,
) -> Result<Option<(TokenScope, HashSet<String>)>> {
    let (scope, given) = match claim {
        ScopeClaim::Unscoped => return Ok(Some((TokenScope::Unscoped, HashSet::new()))),
        ScopeClaim::Project(id) => {
            let Some(project) = projects::find(conn, id)? else {
                return Ok(None);
            };
            let Some(domain) = enabled_domain(conn, &project.domain_id)? else {
                return Ok(None);
            };
            if project.enabled == 0 {
                return Ok(None);
            }
            let given = assignments::roles_on_project(conn, user_id, &project)?;
            let project = Project {
                id: project.id,
                name: project.name,
                domain,
            };
            (TokenScope::Project(project), given)
        }
        ScopeClaim::Domain(id) => {
            let Some(domain) = enabled_domain(conn, id)? else {
                return Ok(None);
            };
            let given = assignments::roles_on_domain(conn, user_id, id)?;
            (TokenScope::Domain(domain), given)
        }
        ScopeClaim::System => (
            TokenScope::System,
            assignments::roles_on_system(conn, user_id)?,
        ),
    };
    let implications = roles::implications(conn)?;
    Ok(Some((scope, roles::with_implied(&implications, given))))
}

/// What the user still has of what the application credential was given.
fn narrowed(
    conn: &mut Conn,
    held: HashSet<String>,
    allowed: Vec<String>,
) -> Result<HashSet<String>> {
    let implications = roles::implications(conn)?;
    let allowed = roles::with_implied(&implications, allowed);
    Ok(held.intersection(&allowed).cloned().collect())
}

fn named(conn: &mut Conn, ids: HashSet<String>) -> Result<Vec<Named>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut all = roles::all(conn)?;
    let rows = ids.iter().filter_map(|id| all.remove(id));
    // A role of a domain is never in a token by its own name: it only stands for what it implies.
    let global = rows.filter(|role| role.domain_id.is_empty());
    Ok(global
        .map(|role| Named {
            id: role.id,
            name: role.name,
        })
        .collect())
}

fn access_rule(row: application_credentials::AccessRule) -> AccessRule {
    AccessRule {
        id: row.id,
        service: row.service,
        method: row.method,
        path: row.path,
    }
}
