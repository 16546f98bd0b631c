//! Another group of nodes for a cluster.

use super::{find, rules, view, within};
use crate::container_infra::clusters::{asked, content, guests, merged, node_image, sized};
use crate::container_infra::{Ident, Object, kubernetes};
use crate::ctx::Pending;
use crate::extract::Path;
use crate::reply::{self, Reply};
use schemas::container_infra::body;
use schemas::container_infra::field::{Natural, Positive};
use schemas::container_infra::nodegroup::{Create, registrable};
use schemas::container_infra::status::{Operation, Progress, Status};
use store::container_infra::clusters::Asked;
use store::container_infra::nodegroups::NodeGroup;
use store::container_infra::{control_plane, operations, spec};
use store::{Conn, Result};
use uuid::Uuid;

pub(super) async fn create(
    pending: Pending<rules::GroupCreate>,
    Path(cluster): Path<Ident>,
    Object(mut map): Object,
) -> Reply {
    let id = body::take_uuid(&mut map)?.unwrap_or_else(Uuid::now_v7);
    let wish = Create::read(map)?;
    let (ctx, cluster) = within(pending, cluster).await?;
    let (asked, of, id) = (asked(&ctx), cluster.id.clone(), id.to_string());
    let key = id.clone();
    ctx.store()
        .write(move |tx| {
            let mut group = group(tx, &asked, &of, &key, &wish)?;
            group.created_at = tx.now().0;
            operations::add_group(tx, &asked, group)
        })
        .await?;
    let shown = find(&ctx, &cluster, &Ident::Id(id)).await?;
    reply::accepted(&view::whole(&ctx, &shown))
}

fn group(conn: &mut Conn, asked: &Asked, of: &str, id: &str, wish: &Create) -> Result<NodeGroup> {
    let cluster = operations::find(conn, asked, of, "given a node group")?;
    let settings = cluster.spec()?;
    let image_id = wish
        .image_id
        .as_deref()
        .unwrap_or(&settings.template.image_id);
    let image = node_image(conn, &asked.scope, image_id, &cluster.coe)?;
    let flavor = wish.flavor_id.as_deref().or(settings.flavor_id.as_deref());
    let own = wish.labels.as_ref().map(|labels| &labels.0);
    guests::shared(&cluster.coe, &settings.labels, own)?;
    kubernetes::unshared(own)?;
    let volume = wish.docker_volume_size.map(Positive::get);
    let spec = spec::NodeGroup {
        flavor: sized(
            conn,
            &asked.scope,
            ("flavor_id", flavor),
            &image,
            settings.template.bare_metal,
        )?,
        image: content(&image)?,
        image_id: image_id.to_owned(),
        docker_volume_size: volume.and_then(|size| u32::try_from(size).ok()),
        labels: merged(&settings.labels, own, wish.merge_labels.0),
        node_labels: wish.node_labels.clone().unwrap_or_default().0,
        node_taints: wish.node_taints.clone().unwrap_or_default(),
    };
    if control_plane::is_one(&cluster) {
        registrable(&wish.name, &spec.node_labels, &spec.node_taints)?;
    }
    Ok(NodeGroup {
        id: id.to_owned(),
        number: 0,
        cluster_id: cluster.id,
        project_id: cluster.project_id,
        name: wish.name.to_string(),
        role: wish.role.as_deref().unwrap_or("worker").to_owned(),
        is_default: 0,
        node_count: wish.node_count.map_or(1, Natural::get),
        min_node_count: wish.min_node_count.map_or(0, Natural::get),
        max_node_count: wish.max_node_count.map(Natural::get),
        status: Status(Operation::Create, Progress::InProgress)
            .as_str()
            .into(),
        status_reason: None,
        generation: 1,
        batch: 1,
        made: 0,
        deleting: 0,
        revision: 1,
        created_at: 0,
        updated_at: None,
        spec: serde_json::to_string(&spec)?,
    })
}
