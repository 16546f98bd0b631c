//! `PATCH /services/{ident}`: another selector, other ports, another type. Name and address stay; a
//! port that stays keeps its port of the nodes.

use super::view::{Loaded, whole};
use super::{NodePorts, allot, find};
use crate::container_infra::bay::Place;
use crate::container_infra::call::{of_2015, own, settings};
use crate::container_infra::pods::written;
use crate::container_infra::{Changes, rules};
use crate::ctx::Ctx;
use crate::reply::{self, Reply};
use schemas::container_infra::body::invalid;
use schemas::container_infra::manifest::{self, Service as Wanted};
use schemas::container_infra::workload::service_rules;
use schemas::{Error, Result};
use serde_json::{Map, json};
use store::container_infra::services::{self, Reach, Service, Spec};
use store::{Scope, Tx};

pub(super) async fn update(ctx: Ctx<rules::ServiceUpdate>, place: Place, body: Changes) -> Reply {
    let changes = body.read(&service_rules(of_2015(&ctx)))?;
    let found = find(&ctx, &place).await?;
    let mut document = Map::new();
    document.insert("bay_uuid".into(), json!(found.row.cluster_id));
    let source = written(&mut document, &changes)?;
    let after = match source.is_given() {
        false => found,
        true => {
            let wish = Wish {
                id: found.row.id,
                wanted: manifest::service(&source.text(&ctx).await?)?,
                scope: own(&ctx)?,
                range: settings(&ctx).service_node_ports,
                request_id: ctx.request_id().to_string(),
            };
            let row = ctx.store().write(move |tx| apply(tx, &wish)).await?;
            Loaded::new(row).map_err(Error::internal)?
        }
    };
    let mut view = whole(&ctx, &after);
    source.echo(&mut view);
    reply::ok(&view)
}

struct Wish {
    id: String,
    wanted: Wanted,
    scope: Scope,
    range: NodePorts,
    request_id: String,
}

fn apply(tx: &mut Tx<'_>, wish: &Wish) -> store::Result<Service> {
    let found = services::get(tx, &wish.scope, &wish.id)?;
    let mut row = found.ok_or_else(|| Error::not_found("Service", &wish.id))?;
    allot::network(tx, &wish.scope, &row.cluster_id)?;
    if wish.wanted.name != row.name {
        return Err(invalid(
            "manifest",
            &format!(
                "metadata.name: it is called {} and stays so; make another of the new name.",
                row.name
            ),
        )
        .into());
    }
    let before = row.spec()?;
    let wanted = Wanted {
        reach: stays(row.address.as_deref(), &wish.wanted)?,
        ..wish.wanted.clone()
    };
    let ports = allot::ports(tx, &wanted, &before.ports, wish.range)?;
    let spec = Spec {
        labels: wanted.labels,
        selector: wanted.selector,
        ports,
        reach: wanted.reach,
        not_ready_too: wanted.not_ready_too,
    };
    if spec == before {
        return Ok(row);
    }
    row.set_spec(&spec)?;
    row.request_id.clone_from(&wish.request_id);
    row.updated_at = Some(tx.now().0);
    services::update(tx, &mut row)?;
    Ok(row)
}

/// How the service is reached by the new manifest, which need not repeat its address.
///
/// # Errors
/// `BadRequest` when it asks for another one.
fn stays(address: Option<&str>, wanted: &Wanted) -> Result<Reach> {
    let bad = |told: &str| Err(invalid("manifest", told));
    let asked = wanted.address.map(|asked| asked.to_string());
    match (address, wanted.reach) {
        (Some(address), reach) => {
            let same = asked.as_deref().is_none_or(|asked| asked == address);
            match same && reach != Reach::Headless {
                true => Ok(reach),
                false => bad(&format!(
                    "spec.clusterIP: it is {address} and stays so; leave it out, or make another service."
                )),
            }
        }
        (None, _) if asked.is_some() => {
            bad("spec.clusterIP: it is None and stays so; leave it out, or make another service.")
        }
        (None, reach) if reach.is_published() => bad(
            "spec.type: the service has no address (clusterIP: None), and stays so: there is nothing to \
             publish. Make another service.",
        ),
        (None, _) => Ok(Reach::Headless),
    }
}
