//! `POST /rcs`.

use super::spec;
use super::view::{Loaded, whole};
use crate::container_infra::call::{own, settings};
use crate::container_infra::manifests::{self, Source};
use crate::container_infra::view::created;
use crate::container_infra::{Object, bay, rules};
use crate::ctx::Ctx;
use crate::reply::Reply;
use schemas::Error;
use schemas::container_infra::body;
use schemas::container_infra::manifest::{self, Controller as Wanted};
use schemas::container_infra::workload::Create;
use store::container_infra::rcs::{self, Controller};
use store::{Scope, Tx};
use uuid::Uuid;

pub(super) async fn create(ctx: Ctx<rules::RcCreate>, Object(mut map): Object) -> Reply {
    let id = body::take_uuid(&mut map)?.unwrap_or_else(Uuid::now_v7);
    let wish = Create::read(map, false)?;
    let (scope, bay) = (own(&ctx)?, wish.bay()?);
    // Nothing is fetched for a bay that takes nothing.
    let (seen, key) = (scope.clone(), bay.clone());
    ctx.read(move |conn| bay::open(conn, &seen, &key, "rcs").map(drop))
        .await?;
    let source = Source {
        manifest: wish.manifest,
        url: wish.manifest_url,
    };
    let wanted = manifest::controller(&source.text(&ctx).await?)?;
    manifests::bounded(&ctx, &wanted.template)?;
    let new = New {
        row: Controller {
            id: id.to_string(),
            project_id: ctx.project_id()?.to_owned(),
            user_id: ctx.user_id().to_owned(),
            cluster_id: bay,
            name: wanted.name.clone(),
            replicas: wanted.replicas.into(),
            made: 0,
            deleting: 0,
            revision: 1,
            request_id: ctx.request_id().to_string(),
            created_at: ctx.state().clock.now().0,
            updated_at: None,
            spec: String::new(),
        },
        wanted,
        scope,
        pods: settings(&ctx).pods,
        rcs: settings(&ctx).rcs,
    };
    let row = ctx.store().write(move |tx| make(tx, &new)).await?;
    let made = Loaded::new(row).map_err(Error::internal)?;
    let mut view = whole(&ctx, &made);
    source.echo(&mut view);
    created(&ctx, "rcs", &made.row.id, &view)
}

struct New {
    /// All but the spec.
    row: Controller,
    wanted: Wanted,
    scope: Scope,
    /// The most of each.
    pods: i64,
    rcs: i64,
}

fn make(tx: &mut Tx<'_>, new: &New) -> store::Result<Controller> {
    bay::open(tx, &new.scope, &new.row.cluster_id, "rcs")?;
    rcs::one_more(tx, &new.row.project_id, new.rcs)?;
    rcs::room_for(tx, &new.row.project_id, new.row.replicas, new.pods)?;
    let mut row = new.row.clone();
    if rcs::get(tx, &Scope::All, &row.id)?.is_some() {
        return Err(Error::Conflict(format!(
            "A replication controller with UUID {} already exists; choose another or none.",
            row.id
        ))
        .into());
    }
    row.set_spec(&spec(tx, &new.scope, &new.wanted)?)?;
    rcs::insert(tx, &row)?;
    Ok(row)
}
