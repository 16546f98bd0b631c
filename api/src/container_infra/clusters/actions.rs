//! `/clusters/{ident}/actions/…`: another size for a group, nodes of another template.

use super::create::{kept, template};
use super::guests;
use super::labels::moved;
use super::resolve::{self, Nodes};
use super::{asked, owned, rules};
use crate::container_infra::call::minor;
use crate::container_infra::view::accepted;
use crate::container_infra::{Ident, Object};
use crate::ctx::Pending;
use crate::extract::Path;
use crate::reply::Reply;
use crate::route::{Route, post};
use schemas::Error;
use schemas::container_infra::body;
use schemas::container_infra::cluster::{Resize, Upgrade, counted};
use schemas::container_infra::field::Positive;
use store::container_infra::clusters::{Asked, Cluster};
use store::container_infra::nodegroups::{self, NodeGroup};
use store::container_infra::{adopted, control_plane, operations, spec};
use store::{Result, Tx};

/// The routes of actions.
pub(super) fn routes() -> Vec<Route> {
    vec![
        post("/clusters/{ident}/actions/resize", resize).since(1, 7),
        post("/clusters/{ident}/actions/upgrade", upgrade).since(1, 7),
    ]
}

/// Nodes named in one request.
const MOST_NAMED: usize = 1000;

async fn resize(
    pending: Pending<rules::ClusterResize>,
    Path(ident): Path<Ident>,
    Object(map): Object,
) -> Reply {
    let wanted: Resize = body::create(map, &[])?;
    counted(wanted.node_count, minor(&pending) >= 10)?;
    if wanted.nodes_to_remove.len() > MOST_NAMED {
        return Err(body::invalid(
            "nodes_to_remove",
            &format!("{MOST_NAMED} nodes are the most."),
        ));
    }
    let wanted = operations::Resize {
        group: wanted.nodegroup.map(String::from),
        node_count: wanted.node_count.get(),
        nodes_to_remove: wanted
            .nodes_to_remove
            .into_iter()
            .map(String::from)
            .collect(),
        settled: false,
    };
    let (ctx, row) = owned(pending, ident).await?;
    let (asked, id) = (asked(&ctx), row.id.clone());
    ctx.store()
        .write(move |tx| operations::resize(tx, &asked, &id, &wanted))
        .await?;
    accepted(&row.id)
}

async fn upgrade(
    pending: Pending<rules::ClusterUpgrade>,
    Path(ident): Path<Ident>,
    Object(map): Object,
) -> Reply {
    let wanted: Upgrade = body::create(map, &[])?;
    if minor(&pending) < 8 {
        return Err(Error::BadRequest(
            "Clusters are upgraded since microversion 1.8.".into(),
        ));
    }
    let (ctx, row) = owned(pending, ident).await?;
    let (asked, id) = (asked(&ctx), row.id.clone());
    ctx.store()
        .write(move |tx| {
            let to = resolved(tx, &asked, &id, &wanted)?;
            operations::upgrade(tx, &asked, &id, &to)
        })
        .await?;
    accepted(&row.id)
}

/// What the nodes are made of from now on.
fn resolved(
    tx: &mut Tx<'_>,
    asked: &Asked,
    id: &str,
    wanted: &Upgrade,
) -> Result<operations::Upgrade> {
    let cluster = operations::find(tx, asked, id, "upgraded")?;
    let (row, document) = template(tx, &asked.scope, &wanted.cluster_template)?;
    if document.coe.as_str() != cluster.coe {
        return Err(Error::BadRequest(format!(
            "Cluster {} is one of {}, and template {} of {}: a cluster stays what it is.",
            cluster.name, cluster.coe, row.id, document.coe
        ))
        .into());
    }
    resolve::orchestrated(&document, false)?;
    if resolve::bare_metal(&document) != cluster.spec()?.template.bare_metal {
        return Err(Error::BadRequest(format!(
            "The server_type of template {} is {}, and that of cluster {} is not: a cluster stays \
             what it is.",
            row.id, &*document.server_type, cluster.name
        ))
        .into());
    }
    let groups = upgraded(tx, &cluster, wanted, &row.id)?;
    let before = cluster.spec()?;
    let spec = changed(&before, kept(&row, &document));
    guests::stays(document.coe, &before.labels, &spec.labels)?;
    let nodes = Nodes::find(
        tx,
        &asked.scope,
        &document,
        spec.flavor_id.as_deref(),
        spec.master_flavor_id.as_deref(),
    )?;
    if control_plane::is_one(&cluster) {
        let seen = match adopted::get(tx, &cluster.id)? {
            Some(plane) => plane.seen()?,
            None => None,
        };
        let version = seen.as_ref().map(|seen| seen.version.as_str());
        control_plane::follows(version, nodes.kubernetes.as_deref())?;
    }
    let mut to = Vec::new();
    for group in groups {
        let own = group.spec()?;
        let flavor = match (group.is_default != 0, group.is_master()) {
            (true, true) => nodes.masters.clone(),
            (true, false) => nodes.workers.clone(),
            // A group of the user's own keeps the size he chose.
            (false, _) => own.flavor.clone(),
        };
        let made_of = spec::NodeGroup {
            image: nodes.image.clone(),
            image_id: document.image_id.to_string(),
            flavor,
            labels: moved(&before.labels, &spec.labels, &own.labels),
            ..own
        };
        to.push((group.id, made_of));
    }
    Ok(operations::Upgrade {
        spec,
        groups: to,
        batch: wanted.max_batch_size.map_or(1, Positive::get),
    })
}

/// The cluster's settings by the other template: what it said itself stays.
fn changed(before: &spec::Cluster, after: spec::Template) -> spec::Cluster {
    let old = &before.template;
    let follow = |own: &Option<String>, was: &Option<String>, is: &Option<String>| match own == was
    {
        true => is.clone(),
        false => own.clone(),
    };
    spec::Cluster {
        labels: moved(&old.labels, &after.labels, &before.labels),
        flavor_id: follow(&before.flavor_id, &old.flavor_id, &after.flavor_id),
        master_flavor_id: follow(
            &before.master_flavor_id,
            &old.master_flavor_id,
            &after.master_flavor_id,
        ),
        template: after,
        ..before.clone()
    }
}

/// The groups whose nodes are replaced.
fn upgraded(
    tx: &mut Tx<'_>,
    cluster: &Cluster,
    wanted: &Upgrade,
    template_id: &str,
) -> Result<Vec<NodeGroup>> {
    let Some(ident) = &wanted.nodegroup else {
        let groups = nodegroups::of(tx, &cluster.id)?.into_iter();
        return Ok(groups.filter(|group| group.is_default != 0).collect());
    };
    let found = nodegroups::find(tx, &cluster.id, ident)?;
    let group = found.ok_or_else(|| Error::not_found("Node group", &**ident))?;
    if group.is_default == 0 && template_id != cluster.template_id {
        return Err(Error::Conflict(format!(
            "Node group {} can be upgraded to its cluster's own template only; upgrade the cluster \
             first.",
            group.name
        ))
        .into());
    }
    Ok(vec![group])
}
