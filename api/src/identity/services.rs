//! `/v3/services`.

use super::common::{extra, keep, links, merge};
use super::listing::collection;
use super::rules;
use crate::ctx::{Caller, Ctx};
use crate::extract::{Json, Path, Query};
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, patch, post};
use schemas::identity::catalog::{CreateService, Service, UpdateService};
use schemas::{Result, ids};
use serde_json::json;
use store::identity::catalog::{self, Service as Row, service};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/services", list),
        post("/services", create),
        get("/services/{service_id}", show),
        patch("/services/{service_id}", update),
        delete("/services/{service_id}", remove),
    ]
}

fn view(caller: &Caller, row: Row) -> Result<Service> {
    Ok(Service {
        links: links(caller, &format!("/services/{}", row.id)),
        id: row.id,
        kind: row.kind,
        name: row.name,
        description: row.description,
        enabled: row.enabled != 0,
        extra: extra(&row.extra)?,
    })
}

async fn list(ctx: Ctx<rules::ListServices>, query: Query) -> Reply {
    let rows = ctx.read(service::list).await?;
    let items = rows
        .into_iter()
        .map(|row| view(&ctx, row))
        .collect::<Result<Vec<_>>>()?;
    collection(&ctx, &query, "services", items)
}

async fn show(ctx: Ctx<rules::GetService>, Path(id): Path<String>) -> Reply {
    let row = ctx.read(move |conn| service::get(conn, &id)).await?;
    reply::ok(&json!({ "service": view(&ctx, row)? }))
}

async fn create(ctx: Ctx<rules::CreateService>, Json(body): Json<CreateService>) -> Reply {
    let new = body.service;
    let row = Row {
        id: ids::identity_id(),
        kind: new.kind.into(),
        name: new.name.unwrap_or_default(),
        description: new.description.unwrap_or_default(),
        enabled: new.enabled.unwrap_or(true).into(),
        extra: keep(new.extra),
        created_at: ctx.state().clock.now().0,
    };
    let made = row.clone();
    ctx.store()
        .write(move |tx| service::create(tx, &made))
        .await?;
    reply::created(&json!({ "service": view(&ctx, row)? }))
}

async fn update(
    ctx: Ctx<rules::UpdateService>,
    Path(id): Path<String>,
    Json(body): Json<UpdateService>,
) -> Reply {
    let change = body.service;
    let row = ctx
        .store()
        .write(move |tx| {
            let mut row = service::get(tx, &id)?;
            let change = change.clone();
            row.kind = change.kind.map_or(row.kind, Into::into);
            row.name = change.name.unwrap_or(row.name);
            row.description = change.description.unwrap_or(row.description);
            row.enabled = change.enabled.map_or(row.enabled, i32::from);
            row.extra = merge(&row.extra, change.extra)?;
            service::update(tx, &row)?;
            Ok(row)
        })
        .await?;
    reply::ok(&json!({ "service": view(&ctx, row)? }))
}

async fn remove(ctx: Ctx<rules::DeleteService>, Path(id): Path<String>) -> Reply {
    ctx.store()
        .write(move |tx| catalog::delete_service(tx, &id))
        .await?;
    reply::no_content()
}
