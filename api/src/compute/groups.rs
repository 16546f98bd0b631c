//! Server groups: `/os-server-groups`.

use super::call::{minor, must, own, settings};
use super::{check, rules};
use crate::ctx::{Caller, Ctx};
use crate::extract::{Json, Listing, Path, Query};
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, post};
use schemas::compute::group::{Create, CreateBody};
use schemas::ids::ServerGroupId;
use schemas::{Error, Result};
use serde_json::{Value, json};
use store::Scope;
use store::compute::groups::{self, ServerGroup};
use store::compute::{quotas, usages};

/// The routes of server groups.
pub fn routes() -> Vec<Route> {
    vec![
        get("/os-server-groups", index),
        post("/os-server-groups", create),
        get("/os-server-groups/{id}", show),
        delete("/os-server-groups/{id}", remove),
    ]
}

fn view(caller: &Caller, group: &ServerGroup, members: &[String]) -> Value {
    let minor = minor(caller);
    let mut view = json!({ "id": group.id, "name": group.name, "members": members });
    if minor < 64 {
        view["policies"] = json!([group.policy]);
        view["metadata"] = json!({});
    } else {
        view["policy"] = json!(group.policy);
        view["rules"] = match group.max_server_per_host {
            Some(most) => json!({ "max_server_per_host": most }),
            None => json!({}),
        };
    }
    if minor >= 13 {
        view["project_id"] = json!(group.project_id);
        view["user_id"] = json!(group.user_id);
    }
    view
}

async fn index(ctx: Ctx<rules::GroupsIndex>, query: Query) -> Reply {
    let scope = match query.flag("all_projects") {
        true => {
            must::<rules::GroupsAll>(&ctx)?;
            Scope::All
        }
        false => own(&ctx)?,
    };
    let listing = Listing::read(&query, &[], Some(settings(&ctx).max_limit))?;
    let offset = query.value::<usize>("offset")?.unwrap_or(0);
    let limit = listing.limit.unwrap_or(usize::MAX);
    let rows = ctx
        .read(move |conn| {
            let rows = groups::list(conn, &scope)?.into_iter();
            rows.skip(offset)
                .take(limit)
                .map(|group| Ok((groups::members_of(conn, &group.id)?, group)))
                .collect::<store::Result<Vec<_>>>()
        })
        .await?;
    let list: Vec<Value> = rows
        .iter()
        .map(|(members, group)| view(&ctx, group, members))
        .collect();
    reply::ok(&json!({ "server_groups": list }))
}

fn missing(id: &str) -> Error {
    Error::NotFound(format!("Instance group {id} could not be found."))
}

async fn show(ctx: Ctx<rules::GroupsShow>, Path(id): Path<String>) -> Reply {
    let scope = ctx.scope();
    let (group, members) = ctx
        .read(move |conn| {
            let found = groups::get(conn, &scope, &id)?;
            let group = found.ok_or_else(|| missing(&id))?;
            let members = groups::members_of(conn, &group.id)?;
            Ok((group, members))
        })
        .await?;
    reply::ok(&json!({ "server_group": view(&ctx, &group, &members) }))
}

async fn create(ctx: Ctx<rules::GroupsCreate>, Json(body): Json<CreateBody>) -> Reply {
    let (policy, most) = policy(&body.server_group, minor(&ctx))?;
    let group = ServerGroup {
        id: ServerGroupId::new().to_string(),
        project_id: ctx.project_id()?.to_owned(),
        user_id: ctx.user_id().to_owned(),
        name: check::name("name", &body.server_group.name)?.to_owned(),
        policy,
        max_server_per_host: most,
        created_at: ctx.state().clock.now().0,
    };
    let new = group.clone();
    ctx.store()
        .write(move |tx| {
            quotas::take(tx, &new.project_id, &[("server_groups", 1)])?;
            groups::insert(tx, &new)
        })
        .await?;
    reply::ok(&json!({ "server_group": view(&ctx, &group, &[]) }))
}

fn policy(wish: &Create, minor: u16) -> Result<(String, Option<i32>)> {
    check::absent("policy", &wish.policy, minor, 64)?;
    check::absent("rules", &wish.rules, minor, 64)?;
    let policy = match (minor, &wish.policies, &wish.policy) {
        (..64, Some(list), _) => match list.as_slice() {
            [one] => one,
            _ => {
                return Err(check::invalid(
                    "policies",
                    "It must hold exactly one policy.",
                ));
            }
        },
        (64.., None, Some(policy)) => policy,
        (..64, None, _) => return Err(check::invalid("policies", "It is required.")),
        (64.., Some(_), _) => {
            return Err(check::invalid(
                "policies",
                "It went with microversion 2.64; give policy.",
            ));
        }
        (64.., None, None) => return Err(check::invalid("policy", "It is required.")),
    };
    let known: &[&str] = match minor {
        ..15 => &["affinity", "anti-affinity"],
        _ => &[
            "affinity",
            "anti-affinity",
            "soft-affinity",
            "soft-anti-affinity",
        ],
    };
    if !known.contains(&policy.as_str()) {
        return Err(check::invalid(
            "policy",
            &format!("{policy:?} is not one of {}.", known.join(", ")),
        ));
    }
    let most = wish
        .rules
        .as_ref()
        .and_then(|rules| rules.max_server_per_host);
    let most = match most {
        None => None,
        Some(_) if policy != "anti-affinity" => {
            return Err(check::invalid(
                "rules",
                "max_server_per_host is for the policy anti-affinity only.",
            ));
        }
        Some(number) => {
            let most = check::between("max_server_per_host", number.0, 1, i64::from(i32::MAX))?;
            i32::try_from(most).ok()
        }
    };
    Ok((policy.clone(), most))
}

async fn remove(ctx: Ctx<rules::GroupsDelete>, Path(id): Path<String>) -> Reply {
    let scope = ctx.scope();
    ctx.store()
        .write(move |tx| {
            let found = groups::get(tx, &scope, &id)?;
            let group = found.ok_or_else(|| missing(&id))?;
            groups::remove(tx, &group.id)?;
            usages::give(tx, &group.project_id, "server_groups", 1)
        })
        .await?;
    reply::no_content()
}
