//! The one place where pods, services and replication controllers part: those of bays of docker are rows,
//! those of bays of Kubernetes are their API server's.

use super::bay::{self, Place};
use super::kubernetes::{Bay, Everywhere, Kind, Silent, Thing};
use super::page::Page;
use super::{Changes, Object, manifests};
use crate::call::Call;
use crate::ctx::{Caller, Ctx};
use crate::extract::Query;
use crate::policy::Rule;
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, patch, post};
use schemas::Result;
use serde_json::Value;
use std::collections::BTreeSet;

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
    /// One of them, as it is read.
    type Row;
    /// What lists may be sorted by.
    const KEYS: &'static [&'static str];
    /// All of the caller's project, or of this bay alone, in the order of making.
    async fn all(ctx: &Caller, bay: Option<String>) -> Result<Vec<Self::Row>>;
    /// Its UUID.
    fn id(row: &Self::Row) -> String;
    /// In a list; `full`: as it is alone.
    fn view(call: &Call, row: &Self::Row, full: bool) -> Value;
    /// What a list is sorted by.
    fn value(call: &Call, row: &Self::Row, key: &str) -> Value;
    /// A page of them.
    async fn page(ctx: &Caller, page: &Page, bay: Option<String>) -> Result<Vec<Self::Row>> {
        let all = Self::all(ctx, bay).await?;
        page.arrange(all, Self::id, |row, key| Self::value(ctx, row, key))
    }
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
    let named = bay::named(None, query);
    if let Some(bay) = Bay::of(ctx, named.as_ref()).await? {
        return bay.list(ctx, W::KIND, query, (path, full)).await;
    }
    let page = Page::read(ctx, query, W::KEYS)?;
    if named.is_none() {
        let bays = Bay::all(ctx).await?;
        if !bays.is_empty() {
            return beside::<W>(ctx, &page, bays, (path, full)).await;
        }
    }
    let bay = bay::id(ctx, named).await?;
    let rows = W::page(ctx, &page, bay).await?;
    let items = rows.iter().map(|row| W::view(ctx, row, full)).collect();
    let last = rows.last().map(W::id);
    page.listed(ctx, W::KIND.collection, path, items, last)
}

/// One of this cloud's, or of an adopted bay.
enum Item<R> {
    Own(R),
    Theirs(Thing),
}

/// The rows, and after them what adopted bays have.
async fn beside<W: Workload>(
    ctx: &Caller,
    page: &Page,
    bays: Vec<Bay>,
    (path, full): (&str, bool),
) -> Reply {
    let rows = W::all(ctx, None).await?;
    let mut found = Everywhere::ask(ctx, bays, W::KIND, full).await;
    let own: BTreeSet<String> = rows.iter().map(W::id).collect();
    found.things.retain(|thing| !own.contains(&thing.uid));
    let theirs = found.things.into_iter().map(Item::Theirs);
    let all = rows.into_iter().map(Item::Own).chain(theirs).collect();
    let mark = |item: &Item<W::Row>| match item {
        Item::Own(row) => W::id(row),
        Item::Theirs(thing) => thing.uid.clone(),
    };
    let value = |item: &Item<W::Row>, key: &str| match item {
        Item::Own(row) => W::value(ctx, row, key),
        Item::Theirs(thing) => thing.value(key),
    };
    let arranged = page.arrange(all, mark, value);
    // What is marked may be of a bay that does not answer now.
    let arranged = arranged.map_err(|unmarked| match found.silent.first() {
        Some(silent) => silent.hides(&unmarked),
        None => unmarked,
    })?;
    let last = arranged.last().map(mark);
    let items = arranged.into_iter().map(|item| match item {
        Item::Own(row) => W::view(ctx, &row, full),
        Item::Theirs(thing) => thing.view,
    });
    let mut body = page.body(ctx, W::KIND.collection, path, items.collect(), last);
    if !found.silent.is_empty() {
        body["left_out"] = found.silent.iter().map(Silent::view).collect();
    }
    reply::ok(&body)
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
