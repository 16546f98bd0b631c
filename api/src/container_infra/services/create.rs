//! `POST /services`.

use super::view::{Loaded, whole};
use super::{NodePorts, allot};
use crate::container_infra::call::{own, settings};
use crate::container_infra::manifests::Source;
use crate::container_infra::view::created;
use crate::container_infra::{Object, bay, ident, rules};
use crate::ctx::Ctx;
use crate::reply::Reply;
use schemas::Error;
use schemas::container_infra::body;
use schemas::container_infra::manifest::{self, Service as Wanted};
use schemas::container_infra::workload::Create;
use store::container_infra::services::{self, Service, Spec};
use store::{Scope, Tx};

pub(super) async fn create(ctx: Ctx<rules::ServiceCreate>, Object(mut map): Object) -> Reply {
    let id = ident::chosen(body::take_uuid(&mut map)?)?;
    let wish = Create::read(map, false)?;
    let (scope, bay) = (own(&ctx)?, wish.bay()?);
    // Nothing is fetched for a bay that takes nothing.
    let (seen, key) = (scope.clone(), bay.clone());
    ctx.read(move |conn| bay::open(conn, &seen, &key, "services").map(drop))
        .await?;
    let source = Source {
        manifest: wish.manifest,
        url: wish.manifest_url,
    };
    let wanted = manifest::service(&source.text(&ctx).await?)?;
    let new = New {
        row: Service {
            id: id.to_string(),
            project_id: ctx.project_id()?.to_owned(),
            user_id: ctx.user_id().to_owned(),
            cluster_id: bay,
            name: wanted.name.clone(),
            address: None,
            revision: 1,
            request_id: ctx.request_id().to_string(),
            created_at: ctx.state().clock.now().0,
            updated_at: None,
            spec: String::new(),
        },
        wanted,
        scope,
        most: settings(&ctx).services,
        range: settings(&ctx).service_node_ports,
    };
    let row = ctx.store().write(move |tx| make(tx, &new)).await?;
    let made = Loaded::new(row).map_err(Error::internal)?;
    let mut view = whole(&ctx, &made);
    source.echo(&mut view);
    created(&ctx, "services", &made.row.id, &view)
}

struct New {
    /// All but the address and the spec.
    row: Service,
    wanted: Wanted,
    scope: Scope,
    most: i64,
    range: NodePorts,
}

fn make(tx: &mut Tx<'_>, new: &New) -> store::Result<Service> {
    let (mut row, wanted) = (new.row.clone(), &new.wanted);
    let network = allot::network(tx, &new.scope, &row.cluster_id)?;
    services::one_more(tx, &row.project_id, new.most)?;
    if services::get(tx, &Scope::All, &row.id)?.is_some() {
        return Err(Error::Conflict(format!(
            "A service with UUID {} already exists; choose another or none.",
            row.id
        ))
        .into());
    }
    let address = allot::address(tx, &network, &row.cluster_id, wanted)?;
    row.address = address.map(|address| address.to_string());
    let ports = allot::ports(tx, wanted, &[], new.range)?;
    row.set_spec(&Spec {
        labels: wanted.labels.clone(),
        selector: wanted.selector.clone(),
        ports,
        reach: wanted.reach,
        not_ready_too: wanted.not_ready_too,
    })?;
    services::insert(tx, &row)?;
    Ok(row)
}
