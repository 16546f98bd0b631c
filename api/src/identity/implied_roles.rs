//! `/v3/roles/{id}/implies` and `/v3/role_inferences`: who has one role has another.

use super::common::links;
use super::{roles, rules};
use crate::ctx::{Caller, Ctx};
use crate::extract::Path;
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, head, put};
use schemas::Error;
use schemas::identity::role::{Brief, Inference, Inferences};
use serde_json::json;
use std::collections::HashMap;
use store::identity::roles::{self as rows, Role};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/roles/{prior_role_id}/implies", list),
        get("/roles/{prior_role_id}/implies/{implied_role_id}", show),
        head("/roles/{prior_role_id}/implies/{implied_role_id}", check),
        put("/roles/{prior_role_id}/implies/{implied_role_id}", create),
        delete("/roles/{prior_role_id}/implies/{implied_role_id}", remove),
        get("/role_inferences", inferences),
    ]
}

fn brief(caller: &Caller, role: &Role) -> Brief {
    Brief {
        id: role.id.clone(),
        name: role.name.clone(),
        domain_id: roles::domain(role),
        links: links(caller, &format!("/roles/{}", role.id)),
    }
}

async fn all(caller: &Caller) -> schemas::Result<(HashMap<String, Role>, Vec<(String, String)>)> {
    caller
        .read(|conn| Ok((rows::all(conn)?, rows::implications(conn)?)))
        .await
}

fn implied(
    caller: &Caller,
    prior: &str,
    roles: &HashMap<String, Role>,
    pairs: &[(String, String)],
) -> Vec<Brief> {
    let own = pairs.iter().filter(|(from, _)| from == prior);
    own.filter_map(|(_, to)| roles.get(to))
        .map(|role| brief(caller, role))
        .collect()
}

async fn list(ctx: Ctx<rules::ListImpliedRoles>, Path(id): Path<String>) -> Reply {
    let (roles, pairs) = all(&ctx).await?;
    let prior = roles
        .get(&id)
        .ok_or_else(|| Error::not_found("Role", &id))?;
    let inference = Inferences {
        prior_role: brief(&ctx, prior),
        implies: implied(&ctx, &id, &roles, &pairs),
    };
    let own = ctx.url(&format!("/roles/{id}/implies"));
    reply::ok(&json!({ "role_inference": inference, "links": { "self": own } }))
}

async fn inferences(ctx: Ctx<rules::ListRoleInferenceRules>) -> Reply {
    let (roles, pairs) = all(&ctx).await?;
    let mut priors: Vec<&str> = pairs.iter().map(|(prior, _)| prior.as_str()).collect();
    priors.dedup();
    let list: Vec<Inferences> = priors
        .into_iter()
        .filter_map(|prior| roles.get(prior))
        .map(|prior| Inferences {
            prior_role: brief(&ctx, prior),
            implies: implied(&ctx, &prior.id, &roles, &pairs),
        })
        .collect();
    reply::ok(&json!({
        "role_inferences": list,
        "links": { "self": ctx.url("/role_inferences") },
    }))
}

async fn find(caller: &Caller, prior: &str, implied: &str) -> schemas::Result<Inference> {
    let (roles, pairs) = all(caller).await?;
    let there = pairs
        .iter()
        .any(|(from, to)| from == prior && to == implied);
    match (roles.get(prior), roles.get(implied)) {
        (Some(prior), Some(implied)) if there => Ok(Inference {
            prior_role: brief(caller, prior),
            implies: brief(caller, implied),
        }),
        _ => Err(Error::NotFound(format!(
            "Role {prior} does not imply role {implied}."
        ))),
    }
}

async fn show(
    ctx: Ctx<rules::GetImpliedRole>,
    Path((prior, implied)): Path<(String, String)>,
) -> Reply {
    let inference = find(&ctx, &prior, &implied).await?;
    let own = ctx.url(&format!("/roles/{prior}/implies/{implied}"));
    reply::ok(&json!({ "role_inference": inference, "links": { "self": own } }))
}

async fn check(
    ctx: Ctx<rules::CheckImpliedRole>,
    Path((prior, implied)): Path<(String, String)>,
) -> Reply {
    find(&ctx, &prior, &implied).await?;
    reply::no_content()
}

async fn create(
    ctx: Ctx<rules::CreateImpliedRole>,
    Path((prior, implied)): Path<(String, String)>,
) -> Reply {
    let (from, to) = (prior.clone(), implied.clone());
    ctx.store()
        .write(move |tx| {
            rows::get(tx, &from)?;
            let role = rows::get(tx, &to)?;
            if role.name == "admin" && role.domain_id.is_empty() {
                let error = "No role may imply admin.";
                return Err(Error::Forbidden(error.into()).into());
            }
            rows::imply(tx, &from, &to)
        })
        .await?;
    let inference = find(&ctx, &prior, &implied).await?;
    let own = ctx.url(&format!("/roles/{prior}/implies/{implied}"));
    reply::created(&json!({ "role_inference": inference, "links": { "self": own } }))
}

async fn remove(
    ctx: Ctx<rules::DeleteImpliedRole>,
    Path((prior, implied)): Path<(String, String)>,
) -> Reply {
    ctx.store()
        .write(move |tx| rows::imply_no_more(tx, &prior, &implied))
        .await?;
    reply::no_content()
}
