//! `/v3/regions`.

use super::common::{extra, keep, links, merge, unchanged};
use super::listing::collection;
use super::rules;
use crate::ctx::{Caller, Ctx};
use crate::extract::{Json, Path, Query};
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, patch, post, put};
use schemas::identity::catalog::{CreateRegion, NewRegion, Region, UpdateRegion};
use schemas::{Error, Result, ids};
use serde_json::json;
use store::identity::catalog::{self, Region as Row, region};
use store::{Result as Read, Tx};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/regions", list),
        post("/regions", create),
        get("/regions/{region_id}", show),
        put("/regions/{region_id}", create_named),
        patch("/regions/{region_id}", update),
        delete("/regions/{region_id}", remove),
    ]
}

fn view(caller: &Caller, row: Row) -> Result<Region> {
    Ok(Region {
        links: links(caller, &format!("/regions/{}", row.id)),
        id: row.id,
        description: row.description,
        parent_region_id: row.parent_region_id,
        extra: extra(&row.extra)?,
    })
}

async fn list(ctx: Ctx<rules::ListRegions>, query: Query) -> Reply {
    let rows = ctx.read(region::list).await?;
    let items = rows
        .into_iter()
        .map(|row| view(&ctx, row))
        .collect::<Result<Vec<_>>>()?;
    collection(&ctx, &query, "regions", items)
}

async fn show(ctx: Ctx<rules::GetRegion>, Path(id): Path<String>) -> Reply {
    let row = ctx.read(move |conn| region::get(conn, &id)).await?;
    reply::ok(&json!({ "region": view(&ctx, row)? }))
}

async fn create(ctx: Ctx<rules::CreateRegion>, Json(body): Json<CreateRegion>) -> Reply {
    make(&ctx, body.region).await
}

async fn create_named(
    ctx: Ctx<rules::CreateRegion>,
    Path(id): Path<String>,
    Json(body): Json<CreateRegion>,
) -> Reply {
    unchanged("id", body.region.id.as_deref(), &id)?;
    make(
        &ctx,
        NewRegion {
            id: Some(id),
            ..body.region
        },
    )
    .await
}

async fn make(ctx: &Ctx<rules::CreateRegion>, new: NewRegion) -> Reply {
    let id = new
        .id
        .filter(|id| !id.is_empty())
        .unwrap_or_else(ids::identity_id);
    if id.chars().count() > 255 || id.contains('/') {
        return Err(Error::BadRequest(
            "A region's id has at most 255 characters, no /.".into(),
        ));
    }
    let row = Row {
        id,
        description: new.description.unwrap_or_default(),
        parent_region_id: new.parent_region_id,
        extra: keep(new.extra),
        created_at: ctx.state().clock.now().0,
    };
    let made = row.clone();
    ctx.store()
        .write(move |tx| {
            check_parent(tx, &made)?;
            region::create(tx, &made)
        })
        .await?;
    reply::created(&json!({ "region": view(ctx, row)? }))
}

/// The parent must be there and not be part of this region.
fn check_parent(tx: &mut Tx<'_>, row: &Row) -> Read<()> {
    let mut next = row.parent_region_id.clone();
    let mut first = true;
    while let Some(id) = next {
        if id == row.id {
            let error = format!("Region {id} cannot be part of itself.");
            return Err(Error::BadRequest(error).into());
        }
        match region::find(tx, &id)? {
            Some(parent) => next = parent.parent_region_id,
            None if first => return Err(Error::not_found("Region", id).into()),
            None => break,
        }
        first = false;
    }
    Ok(())
}

async fn update(
    ctx: Ctx<rules::UpdateRegion>,
    Path(id): Path<String>,
    Json(body): Json<UpdateRegion>,
) -> Reply {
    let change = body.region;
    unchanged("id", change.id.as_deref(), &id)?;
    let row = ctx
        .store()
        .write(move |tx| {
            let mut row = region::get(tx, &id)?;
            let change = change.clone();
            row.description = change.description.unwrap_or(row.description);
            if let Some(parent) = change.parent_region_id {
                row.parent_region_id = parent;
            }
            row.extra = merge(&row.extra, change.extra)?;
            check_parent(tx, &row)?;
            region::update(tx, &row)?;
            Ok(row)
        })
        .await?;
    reply::ok(&json!({ "region": view(&ctx, row)? }))
}

async fn remove(ctx: Ctx<rules::DeleteRegion>, Path(id): Path<String>) -> Reply {
    ctx.store()
        .write(move |tx| catalog::delete_region(tx, &id))
        .await?;
    reply::no_content()
}
