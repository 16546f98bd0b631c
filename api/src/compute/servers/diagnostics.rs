//! `/servers/{id}/diagnostics`: counters, as the host reads them.

use super::agent::{Answer, ask, unexpected};
use super::list::one;
use crate::compute::call::minor;
use crate::compute::rules;
use crate::ctx::Ctx;
use crate::extract::Path;
use crate::reply::{self, Reply};
use crate::route::{Route, get};
use schemas::Error;
use schemas::host::Op;
use serde_json::{Value, json};
use store::compute::hosts;

/// The route of diagnostics.
pub fn routes() -> Vec<Route> {
    vec![get("/servers/{id}/diagnostics", show)]
}

async fn show(ctx: Ctx<rules::Diagnostics>, Path(id): Path<String>) -> Reply {
    let server = one(&ctx, id).await?;
    let Answer::Json(stats) = ask(&ctx, &server, Op::Stats).await? else {
        return Err(unexpected());
    };
    if minor(&ctx) < 48 {
        // Before 2.48 each driver told what it had, in its own words.
        return reply::ok(&stats);
    }
    let spec = server.spec().map_err(Error::internal)?;
    let number = |name: &str| stats.get(name).cloned().unwrap_or(Value::Null);
    let host = server.host_id.clone().unwrap_or_default();
    let host = ctx.read(move |conn| hosts::get(conn, &host)).await?;
    let driver = match host {
        Some(host) => host.inventory().map_err(Error::internal)?.driver,
        None => String::new(),
    };
    let state = super::status::status(&server.vm_state, server.task_state.as_deref());
    reply::ok(&json!({
        "state": match state {
            "ACTIVE" => "running",
            "PAUSED" => "paused",
            "SHUTOFF" => "shutdown",
            _ => "pending",
        },
        "driver": driver,
        "hypervisor": driver,
        "hypervisor_os": "linux",
        "uptime": Value::Null,
        "config_drive": spec.config_drive,
        "num_cpus": spec.flavor.vcpus,
        "num_nics": number("interfaces").as_u64().unwrap_or(u64::from(spec.networked)),
        "num_disks": 0,
        "memory_details": {
            "maximum": spec.flavor.ram_mb,
            "used": number("memory_bytes").as_u64().map(|bytes| bytes >> 20),
        },
        "cpu_details": [],
        "nic_details": [],
        "disk_details": [],
    }))
}
