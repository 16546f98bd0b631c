//! Small lists that operators' clients ask for: aggregates, hosts as the first API had them,
//! migrations.

use super::call::not_built;
use super::rules;
use crate::ctx::Ctx;
use crate::extract::{Path, Query};
use crate::reply::{self, Reply};
use crate::route::{Route, get, post};
use schemas::Error;
use serde_json::{Value, json};
use store::compute::hosts;

/// The routes of these.
pub fn routes() -> Vec<Route> {
    vec![
        get("/os-aggregates", aggregates),
        post("/os-aggregates", new_aggregate),
        get("/os-aggregates/{id}", aggregate),
        get("/os-hosts", hosts_list).until(2, 42),
        get("/os-hosts/{host}", host).until(2, 42),
        get("/os-migrations", migrations),
    ]
}

async fn aggregates(_: Ctx<rules::AggregatesIndex>) -> Reply {
    reply::ok(&json!({ "aggregates": [] }))
}

async fn aggregate(_: Ctx<rules::AggregatesIndex>, Path(id): Path<String>) -> Reply {
    Err(Error::NotFound(format!(
        "Aggregate {id} could not be found."
    )))
}

async fn new_aggregate(_: Ctx<rules::AggregatesCreate>) -> Reply {
    Err(not_built("Grouping hosts into aggregates"))
}

async fn hosts_list(ctx: Ctx<rules::HostsList>, query: Query) -> Reply {
    let rows = ctx.read(hosts::machines).await?;
    let zone = query.get("zone");
    let list: Vec<Value> = rows
        .iter()
        .filter(|host| zone.is_none_or(|zone| host.zone == zone))
        .map(|host| json!({ "host_name": host.hostname, "service": "compute", "zone": host.zone }))
        .collect();
    reply::ok(&json!({ "hosts": list }))
}

async fn host(ctx: Ctx<rules::HostsShow>, Path(name): Path<String>) -> Reply {
    let rows = ctx.read(hosts::machines).await?;
    let host = rows
        .iter()
        .find(|host| host.hostname == name)
        .ok_or_else(|| Error::NotFound(format!("Compute host {name} could not be found.")))?;
    let taken = host.taken();
    let line = |project: &str, cpu: i32, memory_mb: i64, disk_gb: i64| {
        json!({ "resource": {
            "host": host.hostname, "project": project,
            "cpu": cpu, "memory_mb": memory_mb, "disk_gb": disk_gb,
        }})
    };
    reply::ok(&json!({ "host": [
        line("(total)", host.cpus, host.memory_mb, host.disk_gb),
        line("(used_now)", taken.vcpus, taken.memory_mb, taken.disk_gb),
    ]}))
}

/// Servers do not move between hosts here, so there is never one under way.
async fn migrations(_: Ctx<rules::MigrationsIndex>) -> Reply {
    reply::ok(&json!({ "migrations": [] }))
}
