//! `POST /v2.0/tokens`: how clients of before 2015 log in. Users and tenants are those of the
//! default domain.

use super::methods::{self, Proof};
use super::{issue, refused};
use crate::auth::Auth;
use crate::ctx::Open;
use crate::extract::Json;
use crate::identity::catalog;
use crate::identity::common::DEFAULT_DOMAIN;
use crate::identity::token::{ScopeClaim, resolve_scope};
use crate::reply::{self, Reply};
use schemas::identity::auth::{LegacyLogin, NameOrId};
use schemas::identity::token::Service;
use schemas::{Error, Result};
use serde_json::{Map, Value, json};
use store::identity::{projects, users};

pub(super) async fn login(open: Open, Json(body): Json<LegacyLogin>) -> Reply {
    let auth = body.auth;
    let proof = match (&auth.password, &auth.token) {
        (Some(given), _) => {
            let domain = NameOrId {
                id: Some(DEFAULT_DOMAIN.into()),
                name: None,
            };
            let (id, name) = (given.user_id.clone(), given.username.clone());
            let user =
                methods::by_password(open.state(), id, name, Some(domain), &given.password).await?;
            Proof::of(user.id, "password")
        }
        (None, Some(token)) => methods::by_token(open.state(), token.id.reveal()).await?,
        (None, None) => {
            return Err(Error::BadRequest(
                "auth needs passwordCredentials or token, and has neither.".into(),
            ));
        }
    };
    let scope = tenant(&open, &proof, auth.tenant_id, auth.tenant_name).await?;
    if proof.only_scope.as_ref().is_some_and(|only| *only != scope) {
        return Err(refused());
    }
    let (text, auth) = issue(&open, proof, scope).await?;
    let services = match auth.project() {
        Some(_) => catalog::of(&open, &auth).await?,
        None => Vec::new(),
    };
    reply::ok(&access(&text, &auth, services))
}

/// The tenant by id or name; without either, the user's default project or none.
async fn tenant(
    open: &Open,
    proof: &Proof,
    id: Option<String>,
    name: Option<String>,
) -> Result<ScopeClaim> {
    let user_id = proof.user_id.clone();
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let (id, name) = (given(id), given(name));
    let found = open
        .store()
        .read(move |conn| {
            if let Some(id) = &id {
                return Ok(Some(ScopeClaim::Project(id.clone())));
            }
            if let Some(name) = &name {
                let project = projects::by_name(conn, DEFAULT_DOMAIN, name)?;
                return Ok(project.map(|project| ScopeClaim::Project(project.id)));
            }
            let user = users::find(conn, &user_id)?;
            let default = user
                .and_then(|user| user.default_project_id)
                .map(ScopeClaim::Project);
            Ok(match default {
                Some(scope) if resolve_scope(conn, &user_id, &scope)? => Some(scope),
                _ => Some(ScopeClaim::Unscoped),
            })
        })
        .await?;
    found.ok_or_else(refused)
}

fn access(text: &str, auth: &Auth, services: Vec<Service>) -> Value {
    let mut token = json!({
        "id": text,
        "expires": auth.expires_at.seconds(),
        "issued_at": auth.issued_at.micros(),
        "audit_ids": auth.audit_ids,
    });
    if let Some(project) = auth.project() {
        token["tenant"] = json!({
            "id": project.id,
            "name": project.name,
            "description": "",
            "enabled": true,
        });
    }
    let roles: Vec<Value> = auth
        .roles
        .iter()
        .map(|role| json!({ "name": role.name }))
        .collect();
    let ids: Vec<&str> = auth.roles.iter().map(|role| role.id.as_str()).collect();
    json!({ "access": {
        "token": token,
        "user": {
            "id": auth.user.id,
            "name": auth.user.name,
            "username": auth.user.name,
            "roles": roles,
            "roles_links": [],
        },
        "serviceCatalog": services.into_iter().map(service).collect::<Vec<_>>(),
        "metadata": { "is_admin": 0, "roles": ids },
    } })
}

/// One entry per region, with the interfaces as `publicURL`, `internalURL`, `adminURL`.
fn service(service: Service) -> Value {
    let mut regions: Vec<(Option<String>, Map<String, Value>)> = Vec::new();
    for endpoint in service.endpoints {
        let at = regions
            .iter()
            .position(|(region, _)| *region == endpoint.region_id);
        let at = at.unwrap_or_else(|| {
            let entry = json!({ "id": endpoint.id, "region": endpoint.region_id });
            let entry = entry.as_object().cloned().unwrap_or_default();
            regions.push((endpoint.region_id.clone(), entry));
            regions.len() - 1
        });
        if let Some((_, entry)) = regions.get_mut(at) {
            entry.insert(format!("{}URL", endpoint.interface), endpoint.url.into());
        }
    }
    let endpoints: Vec<Value> = regions
        .into_iter()
        .map(|(_, entry)| Value::Object(entry))
        .collect();
    json!({
        "type": service.kind,
        "name": service.name,
        "endpoints": endpoints,
        "endpoints_links": [],
    })
}
