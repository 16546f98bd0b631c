//! `/pods` (contract `magnum-v1.md` §8.4): what a manifest says is written down as a guest of its bay;
//! conductors place and follow it.

mod create;
mod update;
mod view;

use super::bay::{self, Place};
use super::call::own;
use super::ident::one;
use super::page::{Page, unmarked};
use super::workloads::{self, Workload};
use super::{Changes, Ident, Object, kubernetes, rules};
use crate::call::Call;
use crate::ctx::{Caller, Ctx};
use crate::reply::{self, Reply};
use crate::route::Route;
use schemas::Result;
use serde_json::Value;
use store::compute::guests::{self, Kind};
use store::compute::servers::Server;
use store::{Conn, Scope};
use view::Loaded;

pub(super) use update::written;

/// The routes of pods.
pub fn routes() -> Vec<Route> {
    workloads::routes::<Pods>()
}

/// In bays of this cloud's making.
struct Pods;

impl Workload for Pods {
    const KIND: &'static kubernetes::Kind = &kubernetes::PODS;
    const PATHS: [&'static str; 4] = [
        "/pods",
        "/pods/detail",
        "/pods/{ident}",
        "/pods/{ident}/{bay}",
    ];
    type GetAll = rules::PodGetAll;
    type Detail = rules::PodDetail;
    type Create = rules::PodCreate;
    type Get = rules::PodGet;
    type Update = rules::PodUpdate;
    type Delete = rules::PodDelete;
    type Row = Loaded;
    const KEYS: &'static [&'static str] = view::KEYS;

    async fn all(ctx: &Caller, bay: Option<String>) -> Result<Vec<Loaded>> {
        let scope = own(ctx)?;
        ctx.read(move |conn: &mut Conn| {
            let rows = guests::list(conn, &scope, bay.as_deref(), Kind::Pod)?;
            Loaded::all(conn, rows)
        })
        .await
    }

    fn id(row: &Loaded) -> String {
        row.row.id.clone()
    }

    fn view(call: &Call, row: &Loaded, full: bool) -> Value {
        match full {
            true => view::whole(call, row),
            false => view::brief(call, row),
        }
    }

    fn value(call: &Call, row: &Loaded, key: &str) -> Value {
        view::value(call, row, key)
    }

    async fn page(ctx: &Caller, page: &Page, bay: Option<String>) -> Result<Vec<Loaded>> {
        match page.as_made() {
            true => read(ctx, page, own(ctx)?, bay).await,
            false => {
                let all = Self::all(ctx, bay).await?;
                page.arrange(all, Self::id, |pod, key| view::value(ctx, pod, key))
            }
        }
    }

    async fn create(ctx: Ctx<Self::Create>, object: Object) -> Reply {
        create::create(ctx, object).await
    }

    async fn show(ctx: Ctx<Self::Get>, place: Place) -> Reply {
        show(ctx, place).await
    }

    async fn update(ctx: Ctx<Self::Update>, place: Place, body: Changes) -> Reply {
        update::update(ctx, place, body).await
    }

    async fn remove(ctx: Ctx<Self::Delete>, place: Place) -> Reply {
        remove(ctx, place).await
    }
}

/// A page in the order of making, of which nothing more is read than it shows.
async fn read(
    ctx: &Caller,
    page: &Page,
    scope: Scope,
    cluster: Option<String>,
) -> Result<Vec<Loaded>> {
    let wanted = guests::Page {
        scope,
        cluster,
        kind: Kind::Pod,
        marker: page.marker.clone(),
        ascending: page.ascending,
        limit: page.limit,
    };
    let read = move |conn: &mut Conn| match guests::page(conn, &wanted)? {
        Some(rows) => Loaded::all(conn, rows).map(Some),
        None => Ok(None),
    };
    ctx.read(read).await?.ok_or_else(unmarked)
}

/// The pod that an address means.
async fn find(ctx: &Caller, place: &Place) -> Result<Server> {
    let bay = bay::id(ctx, place.bay.clone()).await?;
    let (scope, ident) = (own(ctx)?, place.ident.clone());
    let found = ctx
        .read(move |conn| {
            let mut found = match &ident {
                Ident::Id(id) => guests::get(conn, &scope, Kind::Pod, id)?
                    .into_iter()
                    .collect(),
                Ident::Name(name) => guests::named(conn, &scope, bay.as_deref(), Kind::Pod, name)?,
            };
            found.retain(|pod: &Server| bay.is_none() || pod.guest_of == bay);
            Ok(found)
        })
        .await?;
    one("Pod", &place.ident, found)
}

/// The whole view of a pod that is there.
async fn shown(ctx: &Caller, id: &str) -> Result<Value> {
    let (scope, key) = (own(ctx)?, id.to_owned());
    let pods = ctx
        .read(move |conn| {
            let row = guests::get(conn, &scope, Kind::Pod, &key)?;
            Loaded::all(conn, row.into_iter().collect())
        })
        .await?;
    let pod = one("Pod", &Ident::of(id), pods)?;
    Ok(view::whole(ctx, &pod))
}

async fn show(ctx: Ctx<rules::PodGet>, place: Place) -> Reply {
    let pod = find(&ctx, &place).await?;
    reply::ok(&shown(&ctx, &pod.id).await?)
}

async fn remove(ctx: Ctx<rules::PodDelete>, place: Place) -> Reply {
    let pod = find(&ctx, &place).await?;
    let (scope, request) = (own(&ctx)?, ctx.request_id().to_string());
    ctx.store()
        .write(
            move |tx| match guests::get(tx, &scope, Kind::Pod, &pod.id)? {
                Some(mut pod) => guests::condemn(tx, &mut pod, &request),
                None => Ok(()),
            },
        )
        .await?;
    reply::no_content()
}
