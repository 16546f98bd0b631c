//! Servers: `/servers` and all below it.

mod action;
pub(crate) mod agent;
mod console;
mod create;
mod diagnostics;
mod instance_actions;
mod list;
mod metadata;
mod parts;
mod rendered;
mod status;
mod stored;
mod tags;
mod update;
mod view;
mod wish;

use super::call::asked;
use super::rules;
use crate::ctx::{Caller, Ctx};
use crate::extract::{Path, Query};
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, post, put};
use store::compute::change;
use view::Place;

pub use console::Terminals;
pub use create::fits;
pub use rendered::Rendered;

/// Bodies with user data and files are larger than others.
const BODY_LIMIT: usize = 1 << 20;

/// The routes of servers.
pub fn routes() -> Vec<Route> {
    let mut routes = vec![
        get("/servers", index),
        get("/servers/detail", detail),
        get("/servers/{id}", show),
        post("/servers", create::create).body_limit(BODY_LIMIT),
        put("/servers/{id}", update::update),
        delete("/servers/{id}", remove),
        post("/servers/{id}/action", action::action).body_limit(BODY_LIMIT),
    ];
    routes.extend(metadata::routes());
    routes.extend(tags::routes());
    routes.extend(parts::routes());
    routes.extend(console::routes());
    routes.extend(diagnostics::routes());
    routes.extend(instance_actions::routes());
    routes
}

async fn index(ctx: Ctx<rules::Index>, query: Query) -> Reply {
    list::list::<rules::IndexAll>(&ctx, &query, false).await
}

async fn detail(ctx: Ctx<rules::Detail>, query: Query) -> Reply {
    list::list::<rules::DetailAll>(&ctx, &query, true).await
}

async fn show(ctx: Ctx<rules::Show>, Path(id): Path<String>) -> Reply {
    list::answer(&ctx, id, Place::One).await
}

/// The answer to a change: the server as it is after it.
async fn changed(caller: &Caller, id: String) -> Reply {
    list::answer(caller, id, Place::Changed).await
}

async fn remove(ctx: Ctx<rules::Delete>, Path(id): Path<String>) -> Reply {
    let asked = asked(&ctx);
    ctx.store()
        .write(move |tx| change::delete(tx, &asked, &id))
        .await?;
    reply::no_content()
}
