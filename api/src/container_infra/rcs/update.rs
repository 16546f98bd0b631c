//! `PATCH /rcs/{ident}`: another number of pods, another selector, another template. Pods that there
//! are stay as they are; new ones are like the new template.

use super::view::{Loaded, whole};
use super::{find, spec};
use crate::container_infra::bay::{self, Place};
use crate::container_infra::call::{of_2015, own, settings};
use crate::container_infra::manifests;
use crate::container_infra::pods::written;
use crate::container_infra::{Changes, rules};
use crate::ctx::Ctx;
use crate::reply::{self, Reply};
use schemas::container_infra::body::invalid;
use schemas::container_infra::manifest::{self, Controller as Wanted};
use schemas::container_infra::workload::rc_rules;
use schemas::{Error, Kind as Work};
use serde_json::{Map, json};
use store::container_infra::rcs::{self, Controller};
use store::{Scope, Tx};

pub(super) async fn update(ctx: Ctx<rules::RcUpdate>, place: Place, body: Changes) -> Reply {
    let changes = body.read(&rc_rules(of_2015(&ctx)))?;
    let found = find(&ctx, &place).await?;
    let mut document = Map::new();
    document.insert("bay_uuid".into(), json!(found.row.cluster_id));
    let source = written(&mut document, &changes)?;
    let after = match source.is_given() {
        false => found,
        true => {
            let wanted = manifest::controller(&source.text(&ctx).await?)?;
            manifests::bounded(&ctx, &wanted.template)?;
            let wish = Wish {
                id: found.row.id,
                wanted,
                scope: own(&ctx)?,
                most: settings(&ctx).pods,
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
    most: i64,
    request_id: String,
}

fn apply(tx: &mut Tx<'_>, wish: &Wish) -> store::Result<Controller> {
    let wanted = &wish.wanted;
    let found = rcs::get(tx, &wish.scope, &wish.id)?;
    let mut row = found.ok_or_else(|| Error::not_found("Replication controller", &wish.id))?;
    bay::open(tx, &wish.scope, &row.cluster_id, "rcs")?;
    if row.deleting != 0 {
        let told = format!("Replication controller {} is being deleted.", row.name);
        return Err(Error::BadRequest(told).into());
    }
    if wanted.name != row.name {
        return Err(invalid(
            "manifest",
            &format!(
                "metadata.name: it is called {} and stays so; make another of the new name.",
                row.name
            ),
        )
        .into());
    }
    let replicas = i64::from(wanted.replicas);
    rcs::room_for(tx, &row.project_id, replicas - row.replicas, wish.most)?;
    let spec = spec(tx, &wish.scope, wanted)?;
    if replicas == row.replicas && spec == row.spec()? {
        return Ok(row);
    }
    row.replicas = replicas;
    row.set_spec(&spec)?;
    row.request_id.clone_from(&wish.request_id);
    row.updated_at = Some(tx.now().0);
    rcs::update(tx, &mut row)?;
    tx.due(Work::ReplicationController, &row.id)?;
    // Pods that it lets go of may be another's.
    rcs::wake(tx, &row.cluster_id)?;
    Ok(row)
}
