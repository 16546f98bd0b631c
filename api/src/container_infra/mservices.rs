//! `/mservices`: the conductors, as they say that they live.

use super::call::settings;
use super::rules;
use super::view::when;
use crate::ctx::Ctx;
use crate::reply::{self, Reply};
use crate::route::{Route, get};
use serde_json::{Value, json};
use store::container_infra::workers::{self, MAGNUM};

/// The route of the conductors.
pub fn routes() -> Vec<Route> {
    vec![get("/mservices", index)]
}

async fn index(ctx: Ctx<rules::ServicesGetAll>) -> Reply {
    let rows = ctx.read(|conn| workers::list(conn, &[MAGNUM])).await?;
    let (now, silence) = (ctx.state().clock.now(), settings(&ctx).silence());
    let view = rows.iter().map(|worker| {
        json!({
            "id": worker.number,
            "host": worker.host,
            "binary": worker.binary_name,
            "state": if worker.is_up(now, silence) { "up" } else { "down" },
            "report_count": worker.reports,
            // A conductor takes its part of the work as long as it lives: nobody disables it.
            "disabled": false,
            "disabled_reason": null,
            "created_at": when(worker.created_at),
            "updated_at": when(worker.seen_at),
        })
    });
    reply::ok(&json!({ "mservices": view.collect::<Vec<Value>>() }))
}
