//! `/os-quota-sets` and `/os-quota-class-sets`.

use super::call::minor;
use super::{check, rules};
use crate::ctx::{Ctx, Pending};
use crate::extract::{Json, Path};
use crate::policy::Target;
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, put};
use actix_web::HttpResponse;
use schemas::compute::quota::{ClassBody, UpdateBody};
use schemas::compute::{Flag, Number};
use schemas::{Error, Result};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use store::compute::{quotas, usages};

/// The routes of quotas.
pub fn routes() -> Vec<Route> {
    vec![
        get("/os-quota-sets/{project}", show),
        put("/os-quota-sets/{project}", update),
        delete("/os-quota-sets/{project}", forget),
        get("/os-quota-sets/{project}/detail", detail),
        get("/os-quota-sets/{project}/defaults", defaults),
        get("/os-quota-class-sets/{class}", class),
        put("/os-quota-class-sets/{class}", update_class),
    ]
}

/// Is the resource shown, and may it be set, in this microversion?
fn has(resource: &str, minor: u16) -> bool {
    match resource {
        "fixed_ips" => minor < 36,
        _ if resource.starts_with("injected_file") => minor < 57,
        _ => quotas::DEFAULTS.iter().any(|known| known.0 == resource),
    }
}

/// What nova-network counted, shown until 2.35 and never bounded here.
const NETWORK: [&str; 3] = ["floating_ips", "security_groups", "security_group_rules"];

fn view(limits: &BTreeMap<String, i64>, minor: u16) -> Map<String, Value> {
    let mut view: Map<String, Value> = limits
        .iter()
        .filter(|(resource, _)| has(resource, minor))
        .map(|(resource, limit)| (resource.clone(), Value::from(*limit)))
        .collect();
    if minor < 36 {
        view.extend(NETWORK.map(|name| (name.to_owned(), Value::from(-1))));
    }
    view
}

fn with_id(mut view: Map<String, Value>, id: &str) -> Value {
    view.insert("id".into(), id.into());
    json!({ "quota_set": view })
}

async fn show(pending: Pending<rules::QuotaShow>, Path(project): Path<String>) -> Reply {
    let ctx = pending.authorize(&Target::project(&project))?;
    let id = project.clone();
    let limits = ctx.read(move |conn| quotas::limits(conn, &id)).await?;
    reply::ok(&with_id(view(&limits, minor(&ctx)), &project))
}

async fn detail(pending: Pending<rules::QuotaDetail>, Path(project): Path<String>) -> Reply {
    let ctx = pending.authorize(&Target::project(&project))?;
    let id = project.clone();
    let (limits, used) = ctx
        .read(move |conn| Ok((quotas::limits(conn, &id)?, usages::in_use(conn, &id)?)))
        .await?;
    let view = view(&limits, minor(&ctx))
        .into_iter()
        .map(|(resource, limit)| {
            let in_use = used.get(&resource).copied().unwrap_or(0);
            let line = json!({ "limit": limit, "in_use": in_use, "reserved": 0 });
            (resource, line)
        });
    reply::ok(&with_id(view.collect(), &project))
}

async fn defaults(ctx: Ctx<rules::QuotaDefaults>, Path(project): Path<String>) -> Reply {
    let limits = ctx
        .read(|conn| quotas::class_limits(conn, "default"))
        .await?;
    reply::ok(&with_id(view(&limits, minor(&ctx)), &project))
}

async fn update(
    ctx: Ctx<rules::QuotaUpdate>,
    Path(project): Path<String>,
    Json(body): Json<UpdateBody>,
) -> Reply {
    let minor = minor(&ctx);
    let mut force = false;
    let mut wanted = BTreeMap::new();
    for (name, value) in body.quota_set {
        match name.as_str() {
            "tenant_id" => {}
            "force" => {
                force = serde_json::from_value::<Flag>(value)
                    .map_err(|error| check::invalid("force", &error.to_string()))?
                    .0;
            }
            name if NETWORK.contains(&name) && minor < 36 => {
                return Err(Error::BadRequest(format!(
                    "{name} cannot be limited here: it belongs to the network service."
                )));
            }
            name => {
                let number = serde_json::from_value::<Number>(value)
                    .map_err(|error| check::invalid(name, &error.to_string()))?;
                wanted.insert(name.to_owned(), legal(name, number.0, minor)?);
            }
        }
    }
    let limits = ctx
        .store()
        .write(move |tx| {
            let used = usages::in_use(tx, &project)?;
            for (name, limit) in &wanted {
                let in_use = used.get(name).copied().unwrap_or(0);
                if !force && *limit >= 0 && *limit < in_use {
                    return Err(Error::BadRequest(format!(
                        "Quota limit {limit} for {name} must be greater than or equal to already \
                         used and reserved {in_use}."
                    ))
                    .into());
                }
                usages::set_limit(tx, &project, name, *limit)?;
            }
            quotas::limits(tx, &project)
        })
        .await?;
    reply::ok(&json!({ "quota_set": view(&limits, minor) }))
}

fn legal(name: &str, limit: i64, minor: u16) -> Result<i64> {
    if !has(name, minor) {
        return Err(Error::BadRequest(format!(
            "Additional properties are not allowed ('{name}' was unexpected)"
        )));
    }
    check::between(name, limit, -1, i64::from(i32::MAX))
}

async fn forget(ctx: Ctx<rules::QuotaDelete>, Path(project): Path<String>) -> Reply {
    ctx.store()
        .write(move |tx| usages::forget_limits(tx, &project))
        .await?;
    Ok(HttpResponse::Accepted().finish())
}

async fn class(ctx: Ctx<rules::QuotaClassShow>, Path(class): Path<String>) -> Reply {
    let name = class.clone();
    let limits = ctx
        .read(move |conn| quotas::class_limits(conn, &name))
        .await?;
    let mut view = class_view(&limits, minor(&ctx));
    view.insert("id".into(), class.into());
    reply::ok(&json!({ "quota_class_set": view }))
}

/// Server groups came to classes with 2.50, and what nova-network counted left with it.
fn class_view(limits: &BTreeMap<String, i64>, minor: u16) -> Map<String, Value> {
    let mut view = view(limits, minor);
    if minor < 50 {
        view.remove("server_groups");
        view.remove("server_group_members");
    }
    view
}

async fn update_class(
    ctx: Ctx<rules::QuotaClassUpdate>,
    Path(class): Path<String>,
    Json(body): Json<ClassBody>,
) -> Reply {
    let minor = minor(&ctx);
    let wanted = body
        .quota_class_set
        .into_iter()
        .map(|(name, number)| Ok((legal(&name, number.0, minor)?, name)))
        .collect::<Result<Vec<_>>>()?;
    let limits = ctx
        .store()
        .write(move |tx| {
            for (limit, name) in &wanted {
                usages::set_limit(tx, &quotas::class_key(&class), name, *limit)?;
            }
            quotas::class_limits(tx, &class)
        })
        .await?;
    reply::ok(&json!({ "quota_class_set": class_view(&limits, minor) }))
}
