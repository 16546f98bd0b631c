//! `/containers`: single containers on the nodes of a cluster, as the clients of 2015 know them. Each is
//! a guest of its cluster ([`store::compute::guests`]): placed, told and followed as a server is, and
//! shown here alone.
//!
//! ```text
//! POST ──► row ──► conductor: a node ──► its engine: made, not started ──► 201, Stopped
//! PUT …/start ──► row ──► told ──► runs ──► 200
//! ```
//!
//! *Promises.* The clients of 2015 take it that what they asked for has been done when they are answered.
//! So a request waits for that, but not for ever ([`wait`]): what lasts longer goes on, and is answered
//! as if it were done; the status tells what is so.

mod actions;
mod create;
mod inside;
mod update;
mod view;
mod wait;

use super::call::{own, settings};
use super::ident::one;
use super::page::Page;
use super::{Ident, bay, rules};
use crate::call::Call;
use crate::compute;
use crate::ctx::{Caller, Ctx};
use crate::extract::{Path, Query};
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, patch, post};
use schemas::{Error, Result};
use serde_json::Value;
use store::Fail;
use store::compute::change;
use store::compute::guests::{self, Kind};
use store::compute::servers::Server;
use view::{KEYS, Loaded, brief, value, whole};

/// What every request may name beside its container.
const NAMED: &[&str] = &[bay::PARAMETER];

/// The routes of containers.
pub fn routes() -> Vec<Route> {
    let mut routes = vec![
        get("/containers", index).takes(bay::LISTED),
        get("/containers/detail", detail).takes(bay::LISTED),
        get("/containers/{ident}", show).takes(NAMED),
        post("/containers", create::create),
        patch("/containers/{ident}", update::update).takes(NAMED),
        delete("/containers/{ident}", remove).takes(NAMED),
    ];
    routes.extend(actions::routes());
    routes.extend(inside::routes());
    routes
}

async fn index(ctx: Ctx<rules::ContainerGetAll>, query: Query) -> Reply {
    list(&ctx, &query, "/containers", brief).await
}

async fn detail(ctx: Ctx<rules::ContainerDetail>, query: Query) -> Reply {
    list(&ctx, &query, "/containers/detail", whole).await
}

async fn list(ctx: &Caller, query: &Query, path: &str, view: fn(&Call, &Loaded) -> Value) -> Reply {
    let page = Page::read(ctx, query, KEYS)?;
    let (scope, bay) = (own(ctx)?, query.get(bay::PARAMETER).map(Ident::of));
    let silence = view::silence(ctx);
    let rows = ctx
        .read(move |conn| {
            let bay = bay::find(conn, &scope, bay.as_ref())?;
            let rows = guests::list(conn, &scope, bay.as_deref(), Kind::Container)?;
            Loaded::all(conn, rows, silence)
        })
        .await?;
    let rows = page.arrange(rows, Loaded::id, |row, key| value(ctx, row, key))?;
    let items = rows.iter().map(|row| view(ctx, row)).collect();
    page.listed(ctx, "containers", path, items, rows.last().map(Loaded::id))
}

async fn show(ctx: Ctx<rules::ContainerGet>, Path(ident): Path<Ident>, query: Query) -> Reply {
    let server = find(&ctx, ident, &query).await?;
    reply::ok(&shown(&ctx, server).await?)
}

/// The whole view.
async fn shown(caller: &Caller, server: Server) -> Result<Value> {
    let silence = view::silence(caller);
    let loaded = caller
        .read(move |conn| Loaded::all(conn, vec![server.clone()], silence))
        .await?;
    let one = loaded
        .first()
        .ok_or_else(|| Error::internal("a container was not loaded"))?;
    Ok(whole(caller, one))
}

async fn remove(ctx: Ctx<rules::ContainerDelete>, Path(ident): Path<Ident>, query: Query) -> Reply {
    let server = find(&ctx, ident, &query).await?;
    let patience = wait::patience(&ctx);
    let (scope, asked, id) = (own(&ctx)?, compute::asked(&ctx), server.id.clone());
    ctx.store()
        .write(move |tx| {
            // It may have gone meanwhile.
            let Some(server) = guests::get(tx, &scope, Kind::Container, &id)? else {
                return Ok(());
            };
            change::delete_row(tx, &asked, server)
        })
        .await?;
    wait::until(&ctx, &server.id, patience, |row| row.is_none()).await?;
    reply::no_content()
}

/// The container that is meant, of the caller's own project.
///
/// # Errors
/// `NotFound`, `Conflict` when a name stands for several.
async fn find(caller: &Caller, ident: Ident, query: &Query) -> Result<Server> {
    let (scope, bay, name) = (
        own(caller)?,
        query.get(bay::PARAMETER).map(Ident::of),
        ident.clone(),
    );
    let found = caller
        .read(move |conn| {
            let bay = bay::find(conn, &scope, bay.as_ref())?;
            let mut found = match &name {
                Ident::Id(id) => guests::get(conn, &scope, Kind::Container, id)?
                    .into_iter()
                    .collect(),
                Ident::Name(name) => {
                    guests::named(conn, &scope, bay.as_deref(), Kind::Container, name)?
                }
            };
            found.retain(|row| bay.is_none() || row.guest_of == bay);
            Ok(found)
        })
        .await?;
    one("Container", &ident, found)
}

/// It is not there, or no more.
fn missing(id: &str) -> Error {
    Error::not_found("Container", id)
}

/// What the state of a container forbids is a 400 here (contract `magnum-v1.md` §4.6), and `why` is said
/// beside it.
fn refused(fail: Fail, why: &str) -> Fail {
    match fail {
        Fail::Told(Error::Conflict(told)) => Error::BadRequest(format!("{told}{why}")).into(),
        other => other,
    }
}

/// Containers a project may have.
fn most(caller: &Caller) -> i64 {
    settings(caller).containers
}
