//! `/clusters` and `/bays`: the same rows, seen through the paths of two eras.

mod actions;
mod authorities;
mod create;
pub mod guests;
mod labels;
mod loaded;
mod resolve;
mod update;
pub mod view;

pub use authorities::{issuer, made as new_authorities};
pub use labels::{difference, merged};
pub use loaded::addresses;
pub use resolve::{content, node_image, sized};

use super::Ident;
use super::call::must;
use super::cluster_rules as rules;
use super::ident::one;
use super::page::{self, Page};
use crate::ctx::{Caller, Ctx, Pending};
use crate::extract::{Path, Query};
use crate::policy::{Rule, Target};
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, patch, post};
use loaded::Loaded;
use schemas::container_infra::coe::Era;
use schemas::{Error, Result};
use store::container_infra::clusters::{self, Asked, Cluster};

/// One of the two paths: its words and its rules.
trait Face: 'static {
    const ERA: Era;
    const COLLECTION: &'static str;
    type GetAll: Rule;
    type Detail: Rule;
    type Get: Rule;
    type Create: Rule;
    type Update: Rule;
    type Delete: Rule;
}

struct Bays;

impl Face for Bays {
    const ERA: Era = Era::Legacy;
    const COLLECTION: &'static str = "bays";
    type GetAll = rules::BayGetAll;
    type Detail = rules::BayDetail;
    type Get = rules::BayGet;
    type Create = rules::BayCreate;
    type Update = rules::BayUpdate;
    type Delete = rules::BayDelete;
}

struct Clusters;

impl Face for Clusters {
    const ERA: Era = Era::Modern;
    const COLLECTION: &'static str = "clusters";
    type GetAll = rules::ClusterGetAll;
    type Detail = rules::ClusterDetail;
    type Get = rules::ClusterGet;
    type Create = rules::ClusterCreate;
    type Update = rules::ClusterUpdate;
    type Delete = rules::ClusterDelete;
}

/// The routes of clusters.
pub fn routes() -> Vec<Route> {
    let mut routes = faced::<Bays>(["/bays", "/bays/detail", "/bays/{ident}"]);
    routes.extend(faced::<Clusters>([
        "/clusters",
        "/clusters/detail",
        "/clusters/{ident}",
    ]));
    routes.extend(actions::routes());
    routes
}

fn faced<F: Face>([all, detailed, item]: [&'static str; 3]) -> Vec<Route> {
    vec![
        get(all, index::<F>).takes(page::PARAMETERS),
        get(detailed, detail::<F>).takes(page::PARAMETERS),
        get(item, show::<F>),
        post(all, create::create::<F>),
        patch(item, update::update::<F>).takes(&["rollback"]),
        delete(item, remove::<F>),
    ]
}

async fn index<F: Face>(ctx: Ctx<F::GetAll>, query: Query) -> Reply {
    list::<F>(&ctx, &query, false, F::COLLECTION).await
}

async fn detail<F: Face>(ctx: Ctx<F::Detail>, query: Query) -> Reply {
    list::<F>(&ctx, &query, true, &format!("{}/detail", F::COLLECTION)).await
}

async fn list<F: Face>(ctx: &Caller, query: &Query, full: bool, path: &str) -> Reply {
    let page = Page::read(ctx, query, view::sort_keys(F::ERA))?;
    let scope = ctx.scope();
    let rows = ctx.read(move |conn| clusters::list(conn, &scope)).await?;
    let mut found = Vec::new();
    for row in rows {
        let spec = row.spec().map_err(schemas::Error::internal)?;
        found.push((row, spec));
    }
    let mark = |item: &(Cluster, _)| item.0.id.clone();
    let found = page.arrange(found, mark, |item, key| view::value(item, F::ERA, key))?;
    let last = found.last().map(mark);
    let loaded = ctx
        .read(move |conn| Loaded::all(conn, found.clone(), full))
        .await?;
    let items = loaded.iter().map(|one| match full {
        true => view::whole(ctx, F::ERA, one),
        false => view::brief(ctx, F::ERA, one),
    });
    let items = items.collect::<Result<_>>()?;
    page.listed(ctx, F::COLLECTION, &format!("/{path}"), items, last)
}

async fn show<F: Face>(pending: Pending<F::Get>, Path(ident): Path<Ident>) -> Reply {
    let (ctx, row) = owned(pending, ident).await?;
    reply::ok(&shown::<F>(&ctx, row.id).await?)
}

/// The whole view of a cluster, with what is wrong where it failed.
async fn shown<F: Face>(caller: &Caller, id: String) -> Result<serde_json::Value> {
    let loaded = caller.read(move |conn| Loaded::one(conn, &id)).await?;
    let mut view = view::whole(caller, F::ERA, &loaded)?;
    view::faults(F::ERA, &loaded, &mut view)?;
    Ok(view)
}

async fn remove<F: Face>(pending: Pending<F::Delete>, Path(ident): Path<Ident>) -> Reply {
    let (ctx, row) = owned(pending, ident).await?;
    let asked = asked(&ctx);
    ctx.store()
        .write(move |tx| clusters::delete(tx, &asked, &row.id))
        .await?;
    reply::no_content()
}

/// Who asks, as the store wants to know it.
pub fn asked(caller: &Caller) -> Asked {
    Asked {
        scope: caller.scope(),
        user_id: caller.user_id().to_owned(),
        request_id: caller.request_id().to_string(),
    }
}

/// A cluster as the target of a rule: its project's, and its maker's.
pub fn target(row: &Cluster) -> Target<'_> {
    Target::project(&row.project_id).with("user_id", &row.user_id)
}

/// A cluster that the caller may see and rule `R` lets him treat so.
///
/// # Errors
/// `NotFound`, `Conflict` when a name stands for several, `Forbidden`.
pub async fn owned<R: Rule>(pending: Pending<R>, ident: Ident) -> Result<(Ctx<R>, Cluster)> {
    match find(&pending, ident).await {
        Ok(row) => {
            let ctx = pending.authorize(&target(&row))?;
            Ok((ctx, row))
        }
        // Whoever may do this to none at all does not learn which there are.
        Err(error) => {
            must::<R>(&pending, &pending.own())?;
            Err(error)
        }
    }
}

/// A cluster that the caller may see.
///
/// # Errors
/// `NotFound`, `Conflict` when a name stands for several.
pub async fn find(caller: &Caller, ident: Ident) -> Result<Cluster> {
    let scope = caller.scope();
    let name = ident.clone();
    let found = caller
        .read(move |conn| {
            Ok(match &name {
                Ident::Id(id) => clusters::get(conn, &scope, id)?.into_iter().collect(),
                Ident::Name(name) => clusters::named(conn, &scope, name)?,
            })
        })
        .await?;
    one("Cluster", &ident, found)
}

/// A cluster that a create body names.
///
/// # Errors
/// `BadRequest` in the place of `NotFound`.
pub async fn named(caller: &Caller, ident: Ident) -> Result<Cluster> {
    find(caller, ident).await.map_err(|error| match error {
        Error::NotFound(told) => Error::BadRequest(told),
        other => other,
    })
}

/// Whether the caller may say how healthy a cluster is.
fn may_tell_health(caller: &Caller, row: &Cluster) -> Result<()> {
    must::<rules::ClusterUpdateHealth>(caller, &target(row))
}
