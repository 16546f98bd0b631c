//! Compute services: one for each host, with what operators say about it; and conductor and
//! scheduler, which say themselves that they live.

mod workers;

use super::call::{minor, settings};
use super::hypervisors::{find, number};
use super::rules;
use crate::ctx::{Caller, Ctx};
use crate::extract::{Json, Path, Query};
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, put};
use schemas::compute::service::{ByName, Update};
use schemas::{Error, Result, Timestamp};
use serde_json::{Value, json};
use store::compute::hosts::{self, Host, Order};

/// The one kind of service that takes orders.
const BINARY: &str = "nova-compute";

/// The routes of services.
pub fn routes() -> Vec<Route> {
    vec![
        get("/os-services", index),
        put("/os-services/{id}", by_name).until(2, 52),
        put("/os-services/{id}", update).since(2, 53),
        delete("/os-services/{id}", remove),
    ]
}

fn view(caller: &Caller, host: &Host) -> Value {
    let minor = minor(caller);
    let up = host.is_up(caller.state().clock.now(), settings(caller).silence());
    let mut view = json!({
        "binary": BINARY,
        "host": host.hostname,
        "zone": host.zone,
        "status": host.state,
        "state": if up { "up" } else { "down" },
        "updated_at": Timestamp(host.seen_at).naive(),
        "disabled_reason": host.disabled_reason,
        "id": match minor {
            53.. => Value::from(host.id.clone()),
            _ => number(&host.id).into(),
        },
    });
    if minor >= 11 {
        view["forced_down"] = (host.forced_down != 0).into();
    }
    view
}

async fn index(ctx: Ctx<rules::ServicesList>, query: Query) -> Reply {
    let rows = ctx.read(hosts::machines).await?;
    let parts = workers::all(&ctx).await?;
    let parts = parts.iter().map(|worker| workers::view(&ctx, worker));
    let mut list: Vec<Value> = parts.collect();
    list.extend(rows.iter().map(|host| view(&ctx, host)));
    for field in ["binary", "host"] {
        if let Some(wanted) = query.get(field) {
            list.retain(|service| service[field] == wanted);
        }
    }
    reply::ok(&json!({ "services": list }))
}

async fn order(ctx: &Ctx<rules::ServicesUpdate>, id: &str, order: Order) -> Result<Host> {
    let id = id.to_owned();
    ctx.store()
        .write(move |tx| {
            let missing = || Error::NotFound(format!("Service {id} could not be found."));
            hosts::machine(tx, &id)?.ok_or_else(missing)?;
            match hosts::order(tx, &id, &order)? {
                true => Ok(hosts::get(tx, &id)?.ok_or_else(missing)?),
                false => Err(missing().into()),
            }
        })
        .await
}

async fn update(
    ctx: Ctx<rules::ServicesUpdate>,
    Path(id): Path<String>,
    Json(wish): Json<Update>,
) -> Reply {
    let enabled = match wish.status.as_deref() {
        None => None,
        Some("enabled") => Some(true),
        Some("disabled") => Some(false),
        Some(other) => {
            return Err(Error::BadRequest(format!(
                "Invalid input for field/attribute status. {other:?} is neither enabled nor \
                 disabled."
            )));
        }
    };
    if wish.disabled_reason.is_some() && enabled != Some(false) {
        return Err(Error::BadRequest(
            "Specifying disabled_reason requires that status is \"disabled\".".into(),
        ));
    }
    if enabled.is_none() && wish.forced_down.is_none() {
        return Err(Error::BadRequest(
            "No updates were requested: give status or forced_down.".into(),
        ));
    }
    let told = Order {
        enabled,
        reason: wish.disabled_reason,
        forced_down: wish.forced_down.map(|flag| flag.0),
    };
    if let Some(worker) = workers::find(&ctx, &id).await? {
        return Err(workers::unmoved(&worker));
    }
    let host = order(&ctx, &id, told).await?;
    reply::ok(&json!({ "service": view(&ctx, &host) }))
}

/// Until 2.52 the path says what is to be done and the body to which host.
async fn by_name(
    ctx: Ctx<rules::ServicesUpdate>,
    Path(action): Path<String>,
    Json(wish): Json<ByName>,
) -> Reply {
    let told = match (action.as_str(), minor(&ctx)) {
        ("enable", _) => Order {
            enabled: Some(true),
            ..Order::default()
        },
        ("disable", _) => Order {
            enabled: Some(false),
            ..Order::default()
        },
        ("disable-log-reason", _) => Order {
            enabled: Some(false),
            reason: Some(
                wish.disabled_reason
                    .clone()
                    .ok_or_else(|| Error::BadRequest("Missing disabled reason field".into()))?,
            ),
            ..Order::default()
        },
        ("force-down", 11..) => Order {
            forced_down: Some(wish.forced_down.is_none_or(|flag| flag.0)),
            ..Order::default()
        },
        (other, _) => {
            return Err(Error::NotFound(format!(
                "There is no such action: {other}."
            )));
        }
    };
    let parts = workers::all(&ctx).await?;
    let named =
        |worker: &&workers::Worker| worker.host == wish.host && worker.binary_name == wish.binary;
    if let Some(worker) = parts.iter().find(named) {
        return Err(workers::unmoved(worker));
    }
    let name = wish.host.clone();
    let ids = ctx.read(move |conn| hosts::named(conn, &name)).await?;
    let id = ids
        .first()
        .filter(|_| wish.binary == BINARY)
        .ok_or_else(|| {
            Error::NotFound(format!(
                "Host '{}' is not mapped to any cell: no such {} is known.",
                wish.host, wish.binary
            ))
        })?;
    let host = order(&ctx, id, told).await?;
    let mut shown = json!({ "host": host.hostname, "binary": BINARY });
    match action.as_str() {
        "force-down" => shown["forced_down"] = (host.forced_down != 0).into(),
        _ => shown["status"] = host.state.clone().into(),
    }
    if action == "disable-log-reason" {
        shown["disabled_reason"] = json!(host.disabled_reason);
    }
    reply::ok(&json!({ "service": shown }))
}

async fn remove(ctx: Ctx<rules::ServicesDelete>, Path(id): Path<String>) -> Reply {
    if let Some(worker) = workers::find(&ctx, &id).await? {
        // One that still lives says so again.
        ctx.store()
            .write(move |tx| store::container_infra::workers::remove(tx, &worker.id))
            .await?;
        return reply::no_content();
    }
    let host = find(&ctx, &id).await?;
    ctx.store()
        .write(move |tx| match hosts::remove(tx, &host.id)? {
            true => Ok(()),
            false => Err(Error::Conflict(format!(
                "Unable to delete compute service that is hosting instances: {} still has some. \
                 Delete them first.",
                host.hostname
            ))
            .into()),
        })
        .await?;
    reply::no_content()
}
