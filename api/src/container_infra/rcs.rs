//! `/rcs`, replication controllers (contract `magnum-v1.md` §8.6): how many pods of one kind there
//! should be. Conductors make and drop them.

mod create;
mod update;
mod view;

use super::bay::{self, Place};
use super::call::own;
use super::ident::one;
use super::workloads::{self, Workload};
use super::{Changes, Ident, Object, kubernetes, manifests, rules};
use crate::call::Call;
use crate::ctx::{Caller, Ctx};
use crate::reply::{self, Reply};
use crate::route::Route;
use schemas::Result;
use schemas::container_infra::manifest::Controller as Wanted;
use serde_json::Value;
use store::container_infra::rcs::{self, Controller, Spec};
use store::{Conn, Scope};
use view::Loaded;

/// The routes of replication controllers.
pub fn routes() -> Vec<Route> {
    workloads::routes::<Rcs>()
}

/// In bays of this cloud's making.
struct Rcs;

impl Workload for Rcs {
    const KIND: &'static kubernetes::Kind = &kubernetes::RCS;
    const PATHS: [&'static str; 4] = ["/rcs", "/rcs/detail", "/rcs/{ident}", "/rcs/{ident}/{bay}"];
    type GetAll = rules::RcGetAll;
    type Detail = rules::RcDetail;
    type Create = rules::RcCreate;
    type Get = rules::RcGet;
    type Update = rules::RcUpdate;
    type Delete = rules::RcDelete;
    type Row = Loaded;
    const KEYS: &'static [&'static str] = view::KEYS;

    async fn all(ctx: &Caller, bay: Option<String>) -> Result<Vec<Loaded>> {
        let scope = own(ctx)?;
        ctx.read(move |conn| {
            let rows = rcs::list(conn, &scope, bay.as_deref())?;
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
