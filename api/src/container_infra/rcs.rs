//! `/rcs`, replication controllers (contract `magnum-v1.md` §8.6): how many pods of one kind there
//! should be. Conductors make and drop them.

mod create;
mod update;
mod view;

use super::bay::{self, Place};
use super::call::own;
use super::ident::one;
use super::page::Page;
use super::{Ident, manifests, rules};
use crate::ctx::{Caller, Ctx};
use crate::extract::Query;
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, patch, post};
use schemas::Result;
use schemas::container_infra::manifest::Controller as Wanted;
use store::container_infra::rcs::{self, Controller, Spec};
use store::{Conn, Scope};
use view::Loaded;

/// The routes of replication controllers.
pub fn routes() -> Vec<Route> {
    let named = &[bay::PARAMETER];
    vec![
        get("/rcs", index).takes(bay::LISTED),
        get("/rcs/detail", detail).takes(bay::LISTED),
        post("/rcs", create::create).body_limit(manifests::BODY),
        get("/rcs/{ident}", show).takes(named),
        patch("/rcs/{ident}", update::update)
            .takes(named)
            .body_limit(manifests::BODY),
        delete("/rcs/{ident}", remove).takes(named),
        get("/rcs/{ident}/{bay}", show).takes(named),
        patch("/rcs/{ident}/{bay}", update::update)
            .takes(named)
            .body_limit(manifests::BODY),
        delete("/rcs/{ident}/{bay}", remove).takes(named),
    ]
}

async fn index(ctx: Ctx<rules::RcGetAll>, query: Query) -> Reply {
    list(&ctx, &query, "/rcs", false).await
}

async fn detail(ctx: Ctx<rules::RcDetail>, query: Query) -> Reply {
    list(&ctx, &query, "/rcs/detail", true).await
}

async fn list(ctx: &Caller, query: &Query, path: &str, full: bool) -> Reply {
    let page = Page::read(ctx, query, view::KEYS)?;
    let bay = bay::id(ctx, bay::named(None, query)).await?;
    let scope = own(ctx)?;
    let found = ctx
        .read(move |conn| {
            let rows = rcs::list(conn, &scope, bay.as_deref())?;
            rows.into_iter()
                .map(Loaded::new)
                .collect::<store::Result<Vec<_>>>()
        })
        .await?;
    let mark = |rc: &Loaded| rc.row.id.clone();
    let found = page.arrange(found, mark, |rc, key| view::value(ctx, rc, key))?;
    let items = found.iter().map(|rc| match full {
        true => view::whole(ctx, rc),
        false => view::brief(ctx, rc),
    });
    page.listed(ctx, "rcs", path, items.collect(), found.last().map(mark))
}

/// The replication controller that an address means.
async fn find(ctx: &Caller, place: &Place) -> Result<Loaded> {
    let bay = bay::id(ctx, place.bay.clone()).await?;
    let (scope, ident) = (own(ctx)?, place.ident.clone());
    let found = ctx
        .read(move |conn| {
            let mut found = match &ident {
                Ident::Id(id) => rcs::get(conn, &scope, id)?.into_iter().collect(),
                Ident::Name(name) => rcs::named(conn, &scope, bay.as_deref(), name)?,
            };
            found.retain(|row: &Controller| bay.as_ref().is_none_or(|bay| row.cluster_id == *bay));
            found
                .into_iter()
                .map(Loaded::new)
                .collect::<store::Result<Vec<_>>>()
        })
        .await?;
    one("Replication controller", &place.ident, found)
}

async fn show(ctx: Ctx<rules::RcGet>, place: Place) -> Reply {
    let found = find(&ctx, &place).await?;
    reply::ok(&view::whole(&ctx, &found))
}

async fn remove(ctx: Ctx<rules::RcDelete>, place: Place) -> Reply {
    let found = find(&ctx, &place).await?;
    let (scope, request) = (own(&ctx)?, ctx.request_id().to_string());
    ctx.store()
        .write(move |tx| match rcs::get(tx, &scope, &found.row.id)? {
            Some(mut row) => rcs::condemn(tx, &mut row, &request),
            None => Ok(()),
        })
        .await?;
    reply::no_content()
}

/// What its new pods will be like.
fn spec(conn: &mut Conn, scope: &Scope, wanted: &Wanted) -> store::Result<Spec> {
    let template = &wanted.template;
    let (pod, boot) = manifests::resolved(conn, scope, template)?;
    Ok(Spec {
        labels: wanted.labels.clone(),
        selector: wanted.selector.clone(),
        pod,
        asked_images: template.images(),
        placing: template.placing.clone(),
        boot,
        room: manifests::flavor(template.room()),
        hostname: template.hostname.clone(),
    })
}
