//! `/v3/endpoints`. A URL that begins with `{base}` follows the address the client itself uses; it
//! is shown filled in.

use super::catalog::{check_url, with_base};
use super::common::{extra, keep, links, merge};
use super::listing::collection;
use super::rules;
use crate::ctx::{Caller, Ctx};
use crate::extract::{Json, Path, Query};
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, patch, post};
use schemas::identity::catalog::{CreateEndpoint, Endpoint, UpdateEndpoint};
use schemas::{Error, Result, ids};
use serde_json::json;
use store::identity::catalog::{self, Endpoint as Row, Region, endpoint, region, service};
use store::{Result as Read, Tx};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/endpoints", list),
        post("/endpoints", create),
        get("/endpoints/{endpoint_id}", show),
        patch("/endpoints/{endpoint_id}", update),
        delete("/endpoints/{endpoint_id}", remove),
    ]
}

fn view(caller: &Caller, row: Row) -> Result<Endpoint> {
    Ok(Endpoint {
        links: links(caller, &format!("/endpoints/{}", row.id)),
        url: with_base(&row.url, caller.base()),
        id: row.id,
        service_id: row.service_id,
        interface: row.interface,
        region: row.region_id.clone(),
        region_id: row.region_id,
        enabled: row.enabled != 0,
        extra: extra(&row.extra)?,
    })
}

async fn list(ctx: Ctx<rules::ListEndpoints>, query: Query) -> Reply {
    let rows = ctx.read(endpoint::list).await?;
    let items = rows
        .into_iter()
        .map(|row| view(&ctx, row))
        .collect::<Result<Vec<_>>>()?;
    collection(&ctx, &query, "endpoints", items)
}

async fn show(ctx: Ctx<rules::GetEndpoint>, Path(id): Path<String>) -> Reply {
    let row = ctx.read(move |conn| endpoint::get(conn, &id)).await?;
    reply::ok(&json!({ "endpoint": view(&ctx, row)? }))
}

/// Service and region must be there; a region named in the old way (`region`) is made.
fn check(tx: &mut Tx<'_>, row: &Row, legacy: Option<&str>) -> Read<()> {
    if service::find(tx, &row.service_id)?.is_none() {
        let error = format!("There is no service {}.", row.service_id);
        return Err(Error::BadRequest(error).into());
    }
    let Some(id) = &row.region_id else {
        return Ok(());
    };
    if region::find(tx, id)?.is_some() {
        return Ok(());
    }
    if legacy != Some(id) {
        return Err(Error::BadRequest(format!("There is no region {id}.")).into());
    }
    let made = Region {
        id: id.clone(),
        description: String::new(),
        parent_region_id: None,
        extra: "{}".into(),
        created_at: tx.now().0,
    };
    region::create(tx, &made)
}

async fn create(ctx: Ctx<rules::CreateEndpoint>, Json(body): Json<CreateEndpoint>) -> Reply {
    let new = body.endpoint;
    check_url(&new.url)?;
    let row = Row {
        id: ids::identity_id(),
        service_id: new.service_id,
        region_id: new.region_id.or_else(|| new.region.clone()),
        interface: new.interface.as_str().into(),
        url: new.url,
        enabled: new.enabled.unwrap_or(true).into(),
        extra: keep(new.extra),
        created_at: ctx.state().clock.now().0,
    };
    let (made, legacy) = (row.clone(), new.region);
    ctx.store()
        .write(move |tx| {
            check(tx, &made, legacy.as_deref())?;
            endpoint::create(tx, &made)
        })
        .await?;
    reply::created(&json!({ "endpoint": view(&ctx, row)? }))
}

async fn update(
    ctx: Ctx<rules::UpdateEndpoint>,
    Path(id): Path<String>,
    Json(body): Json<UpdateEndpoint>,
) -> Reply {
    let change = body.endpoint;
    if let Some(url) = &change.url {
        check_url(url)?;
    }
    let row = ctx
        .store()
        .write(move |tx| {
            let mut row = endpoint::get(tx, &id)?;
            let change = change.clone();
            row.service_id = change.service_id.unwrap_or(row.service_id);
            row.interface = change
                .interface
                .map_or(row.interface, |i| i.as_str().into());
            row.url = change.url.unwrap_or(row.url);
            row.enabled = change.enabled.map_or(row.enabled, i32::from);
            match (change.region_id, &change.region) {
                (Some(region), _) => row.region_id = region,
                (None, Some(region)) => row.region_id = Some(region.clone()),
                (None, None) => {}
            }
            row.extra = merge(&row.extra, change.extra)?;
            check(tx, &row, change.region.as_deref())?;
            endpoint::update(tx, &row)?;
            Ok(row)
        })
        .await?;
    reply::ok(&json!({ "endpoint": view(&ctx, row)? }))
}

async fn remove(ctx: Ctx<rules::DeleteEndpoint>, Path(id): Path<String>) -> Reply {
    ctx.store()
        .write(move |tx| catalog::delete_endpoint(tx, &id))
        .await?;
    reply::no_content()
}
