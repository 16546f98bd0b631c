//! The one place where pods, services and replication controllers part: those of bays of docker are rows,
//! those of bays of Kubernetes are their API server's.

use super::bay::{self, Place};
use super::kubernetes::{Bay, Kind};
use super::{Changes, Object, manifests};
use crate::ctx::{Caller, Ctx};
use crate::extract::Query;
use crate::policy::Rule;
use crate::reply::Reply;
use crate::route::{Route, delete, get, patch, post};

/// Things of one kind, with the rules about them, and what is done in bays of docker.
pub(super) trait Workload: 'static {
    /// The same kind in bays of Kubernetes.
    const KIND: &'static Kind;
    /// The collection, in detail, one thing, one thing before its bay.
    const PATHS: [&'static str; 4];
    type GetAll: Rule;
    type Detail: Rule;
    type Create: Rule;
    type Get: Rule;
    type Update: Rule;
    type Delete: Rule;
    async fn list(ctx: &Caller, query: &Query, path: &str, full: bool) -> Reply;
    async fn create(ctx: Ctx<Self::Create>, object: Object) -> Reply;
    async fn show(ctx: Ctx<Self::Get>, place: Place) -> Reply;
    async fn update(ctx: Ctx<Self::Update>, place: Place, body: Changes) -> Reply;
    async fn remove(ctx: Ctx<Self::Delete>, place: Place) -> Reply;
}

/// The routes of such things.
pub(super) fn routes<W: Workload>() -> Vec<Route> {
    let named = &[bay::PARAMETER];
    let [all, detailed, item, of_bay] = W::PATHS;
    let mut routes = vec![
        get(all, index::<W>).takes(bay::LISTED),
        get(detailed, detail::<W>).takes(bay::LISTED),
        post(all, create::<W>).body_limit(manifests::BODY),
    ];
    for path in [item, of_bay] {
        routes.extend([
            get(path, show::<W>).takes(named),
            patch(path, update::<W>)
                .takes(named)
                .body_limit(manifests::BODY),
            delete(path, remove::<W>).takes(named),
        ]);
    }
    routes
}

async fn index<W: Workload>(ctx: Ctx<W::GetAll>, query: Query) -> Reply {
    list::<W>(&ctx, &query, W::PATHS[0], false).await
}

async fn detail<W: Workload>(ctx: Ctx<W::Detail>, query: Query) -> Reply {
    list::<W>(&ctx, &query, W::PATHS[1], true).await
}

async fn list<W: Workload>(ctx: &Caller, query: &Query, path: &str, full: bool) -> Reply {
    match Bay::of(ctx, bay::named(None, query).as_ref()).await? {
        Some(bay) => bay.list(ctx, W::KIND, query, (path, full)).await,
        None => W::list(ctx, query, path, full).await,
    }
}

async fn create<W: Workload>(ctx: Ctx<W::Create>, object: Object) -> Reply {
    let named = object.0.get("bay_uuid").and_then(|named| named.as_str());
    match Bay::of_body(&ctx, named).await? {
        Some(bay) => bay.create(&ctx, W::KIND, object).await,
        None => W::create(ctx, object).await,
    }
}

async fn show<W: Workload>(ctx: Ctx<W::Get>, place: Place) -> Reply {
    match Bay::of(&ctx, place.bay.as_ref()).await? {
        Some(bay) => bay.show(&ctx, W::KIND, &place.ident).await,
        None => W::show(ctx, place).await,
    }
}

async fn update<W: Workload>(ctx: Ctx<W::Update>, place: Place, body: Changes) -> Reply {
    match Bay::of(&ctx, place.bay.as_ref()).await? {
        Some(bay) => bay.update(&ctx, W::KIND, &place.ident, &body).await,
        None => W::update(ctx, place, body).await,
    }
}

async fn remove<W: Workload>(ctx: Ctx<W::Delete>, place: Place) -> Reply {
    match Bay::of(&ctx, place.bay.as_ref()).await? {
        Some(bay) => bay.remove(&ctx, W::KIND, &place.ident).await,
        None => W::remove(ctx, place).await,
    }
}
