//! `/v3/domains`.

use super::common::{extra, keep, links, list_domain, merge};
use super::listing::collection;
use super::rules;
use crate::ctx::{Caller, Ctx, Pending};
use crate::extract::{Json, Path, Query};
use crate::policy::Target;
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, patch, post};
use schemas::identity::domain::{Create, Domain, Update};
use schemas::{Error, Result, ids};
use serde_json::json;
use store::identity::domains::{self, Domain as Row};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/domains", list),
        post("/domains", create),
        get("/domains/{domain_id}", show),
        patch("/domains/{domain_id}", update),
        delete("/domains/{domain_id}", remove),
    ]
}

pub(super) fn view(caller: &Caller, row: Row) -> Result<Domain> {
    Ok(Domain {
        links: links(caller, &format!("/domains/{}", row.id)),
        id: row.id,
        name: row.name,
        description: row.description,
        enabled: row.enabled != 0,
        tags: Vec::new(),
        extra: extra(&row.extra)?,
    })
}

async fn list(pending: Pending<rules::ListDomains>, query: Query) -> Reply {
    let own = list_domain(&pending, &query);
    let ctx = pending.authorize(&Target::new().with("target.domain_id", own.as_ref()))?;
    let only = ctx
        .auth()
        .domain()
        .map(|domain| domain.id.clone())
        .filter(|_| !ctx.is_admin());
    let rows = ctx.read(domains::list).await?;
    let rows = rows
        .into_iter()
        .filter(|row| only.as_ref().is_none_or(|id| *id == row.id));
    let items = rows
        .map(|row| view(&ctx, row))
        .collect::<Result<Vec<_>>>()?;
    collection(&ctx, &query, "domains", items)
}

async fn show(pending: Pending<rules::GetDomain>, Path(id): Path<String>) -> Reply {
    let row = pending.find(move |conn| domains::get(conn, &id)).await?;
    let ctx = pending.authorize(&Target::new().with("target.domain.id", &row.id))?;
    reply::ok(&json!({ "domain": view(&ctx, row)? }))
}

async fn create(ctx: Ctx<rules::CreateDomain>, Json(body): Json<Create>) -> Reply {
    let new = body.domain;
    let row = Row {
        id: ids::identity_id(),
        name: new.name.into(),
        description: new.description.unwrap_or_default(),
        enabled: new.enabled.unwrap_or(true).into(),
        extra: keep(new.extra),
        created_at: ctx.state().clock.now().0,
    };
    let made = row.clone();
    ctx.store()
        .write(move |tx| domains::create(tx, &made))
        .await?;
    reply::created(&json!({ "domain": view(&ctx, row)? }))
}

async fn update(
    ctx: Ctx<rules::UpdateDomain>,
    Path(id): Path<String>,
    Json(body): Json<Update>,
) -> Reply {
    let change = body.domain;
    let row = ctx
        .store()
        .write(move |tx| {
            let mut row = domains::get(tx, &id)?;
            let change = change.clone();
            if row.id == super::common::DEFAULT_DOMAIN && change.enabled == Some(false) {
                return Err(Error::Forbidden("The default domain stays enabled.".into()).into());
            }
            row.name = change.name.map_or(row.name, Into::into);
            row.description = change.description.unwrap_or(row.description);
            row.enabled = change.enabled.map_or(row.enabled, i32::from);
            row.extra = merge(&row.extra, change.extra)?;
            domains::update(tx, &row)?;
            Ok(row)
        })
        .await?;
    reply::ok(&json!({ "domain": view(&ctx, row)? }))
}

async fn remove(ctx: Ctx<rules::DeleteDomain>, Path(id): Path<String>) -> Reply {
    ctx.store()
        .write(move |tx| domains::delete(tx, &id))
        .await?;
    reply::no_content()
}
