//! `/services`, services of bays (contract `magnum-v1.md` §8.5): a name and an address that stay in
//! front of pods that come and go. Conductors tell the nodes which pods those are.

mod allot;
mod create;
mod ports;
mod reason;
mod update;
mod view;

pub use ports::NodePorts;

use super::bay::{self, Place};
use super::call::own;
use super::ident::one;
use super::workloads::{self, Workload};
use super::{Changes, Ident, Object, kubernetes, rules};
use crate::call::Call;
use crate::ctx::{Caller, Ctx};
use crate::reply::{self, Reply};
use crate::route::Route;
use schemas::Result;
use serde_json::Value;
use store::container_infra::services::{self, Service};
use view::Loaded;

/// The routes of services.
pub fn routes() -> Vec<Route> {
    workloads::routes::<Services>()
}

/// In bays of this cloud's making.
struct Services;

impl Workload for Services {
    const KIND: &'static kubernetes::Kind = &kubernetes::SERVICES;
    const PATHS: [&'static str; 4] = [
        "/services",
        "/services/detail",
        "/services/{ident}",
        "/services/{ident}/{bay}",
    ];
    type GetAll = rules::ServiceGetAll;
    type Detail = rules::ServiceDetail;
    type Create = rules::ServiceCreate;
    type Get = rules::ServiceGet;
    type Update = rules::ServiceUpdate;
    type Delete = rules::ServiceDelete;
    type Row = Loaded;
    const KEYS: &'static [&'static str] = view::KEYS;

    async fn all(ctx: &Caller, bay: Option<String>) -> Result<Vec<Loaded>> {
        let scope = own(ctx)?;
        ctx.read(move |conn| {
            let rows = services::list(conn, &scope, bay.as_deref())?;
            rows.into_iter()
                .map(Loaded::new)
                .collect::<store::Result<Vec<_>>>()
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

/// The service that an address means.
async fn find(ctx: &Caller, place: &Place) -> Result<Loaded> {
    let bay = bay::id(ctx, place.bay.clone()).await?;
    let (scope, ident) = (own(ctx)?, place.ident.clone());
    let found = ctx
        .read(move |conn| {
            let mut found = match &ident {
                Ident::Id(id) => services::get(conn, &scope, id)?.into_iter().collect(),
                Ident::Name(name) => services::named(conn, &scope, bay.as_deref(), name)?,
            };
            found.retain(|row: &Service| bay.as_ref().is_none_or(|bay| row.cluster_id == *bay));
            found
                .into_iter()
                .map(Loaded::new)
                .collect::<store::Result<Vec<_>>>()
        })
        .await?;
    one("Service", &place.ident, found)
}

async fn show(ctx: Ctx<rules::ServiceGet>, place: Place) -> Reply {
    let found = find(&ctx, &place).await?;
    let row = found.row.clone();
    let reason = ctx.read(move |conn| reason::reason(conn, &row)).await?;
    let mut view = view::whole(&ctx, &found);
    view["status_reason"] = reason.into();
    reply::ok(&view)
}

async fn remove(ctx: Ctx<rules::ServiceDelete>, place: Place) -> Reply {
    let found = find(&ctx, &place).await?;
    let scope = own(&ctx)?;
    ctx.store()
        .write(move |tx| match services::get(tx, &scope, &found.row.id)? {
            Some(row) => services::remove(tx, &row),
            None => Ok(()),
        })
        .await?;
    reply::no_content()
}
