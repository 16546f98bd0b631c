//! `/clusters/{cluster}/nodegroups` (since 1.9): groups of nodes of one kind within a cluster.

mod create;
mod view;

use super::cluster_rules as rules;
use super::clusters::{self, asked};
use super::page::Page;
use super::{Changes, Ident};
use crate::ctx::{Caller, Ctx, Pending};
use crate::extract::{Path, Query};
use crate::policy::Rule;
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, patch, post};
use schemas::container_infra::field::Natural;
use schemas::container_infra::nodegroup::{self, Changeable, registrable};
use schemas::container_infra::patch as dialect;
use schemas::{Error, Result};
use serde_json::{Map, json};
use store::container_infra::clusters::Cluster;
use store::container_infra::nodegroups::NodeGroup;
use store::container_infra::{control_plane, operations};
use view::Shown;

/// The routes of node groups.
pub fn routes() -> Vec<Route> {
    let all = "/clusters/{cluster}/nodegroups";
    let one = "/clusters/{cluster}/nodegroups/{ident}";
    let routes = vec![
        get(all, index).takes(&["limit", "marker", "sort_key", "sort_dir", "role"]),
        get(one, show),
        post(all, create::create),
        patch(one, update),
        delete(one, remove),
    ];
    routes.into_iter().map(|route| route.since(1, 9)).collect()
}

/// Columns that lists may be sorted by.
const KEYS: &[&str] = &[
    "uuid",
    "name",
    "cluster_id",
    "project_id",
    "docker_volume_size",
    "labels",
    "flavor_id",
    "image_id",
    "node_count",
    "min_node_count",
    "max_node_count",
    "role",
    "is_default",
    "status",
    "status_reason",
    "created_at",
    "updated_at",
];

/// A cluster that the caller may see and rule `R` lets him treat so.
async fn within<R: Rule>(pending: Pending<R>, cluster: Ident) -> Result<(Ctx<R>, Cluster)> {
    clusters::owned(pending, cluster).await
}

async fn index(
    pending: Pending<rules::GroupGetAll>,
    Path(cluster): Path<Ident>,
    query: Query,
) -> Reply {
    let page = Page::read(&pending, &query, KEYS)?;
    let role = query.get("role").map(str::to_owned);
    let (ctx, cluster) = within(pending, cluster).await?;
    let path = format!("/clusters/{}/nodegroups", cluster.id);
    let all = ctx.read(move |conn| Shown::of(conn, &cluster.id)).await?;
    let kept = all
        .into_iter()
        .filter(|shown| role.as_ref().is_none_or(|role| *role == shown.group.role));
    let mark = |shown: &Shown| shown.group.id.clone();
    let rows = page.arrange(kept.collect(), mark, |shown, key| match key {
        "created_at" => json!(shown.group.created_at),
        "updated_at" => json!(shown.group.updated_at),
        key => view::whole(&ctx, shown)[key].take(),
    })?;
    let items = rows.iter().map(view::brief).collect();
    page.listed(&ctx, "nodegroups", &path, items, rows.last().map(mark))
}

/// The group, as it is shown.
async fn find(caller: &Caller, cluster: &Cluster, ident: &Ident) -> Result<Shown> {
    let (id, name) = (cluster.id.clone(), ident.to_string());
    let found = caller
        .read(move |conn| {
            let all = Shown::of(conn, &id)?.into_iter();
            Ok(all
                .into_iter()
                .find(|one| one.group.id == name || one.group.name == name))
        })
        .await?;
    found.ok_or_else(|| Error::not_found("Node group", ident))
}

async fn show(
    pending: Pending<rules::GroupGet>,
    Path((cluster, ident)): Path<(Ident, Ident)>,
) -> Reply {
    let (ctx, cluster) = within(pending, cluster).await?;
    let shown = find(&ctx, &cluster, &ident).await?;
    reply::ok(&view::whole(&ctx, &shown))
}

/// What changes are made to.
fn document(group: &NodeGroup) -> Result<Map<String, serde_json::Value>> {
    let spec = group.spec().map_err(Error::internal)?;
    let value = json!({
        "min_node_count": group.min_node_count,
        "max_node_count": group.max_node_count,
        "node_labels": spec.node_labels,
        "node_taints": spec.node_taints,
    });
    schemas::container_infra::body::object(value)
}

async fn update(
    pending: Pending<rules::GroupUpdate>,
    Path((cluster, ident)): Path<(Ident, Ident)>,
    body: Changes,
) -> Reply {
    let changes = body.read(&nodegroup::rules())?;
    let allowed = [
        "min_node_count",
        "max_node_count",
        "node_labels",
        "node_taints",
    ];
    if let Some(other) = changes.iter().find(|one| !allowed.contains(&one.field())) {
        return Err(Error::BadRequest(format!(
            "Updating {} of a node group is not possible; {} can be changed, and the number of nodes \
             by a resize.",
            other.field(),
            allowed.join(", ")
        )));
    }
    let (ctx, cluster) = within(pending, cluster).await?;
    let group = find(&ctx, &cluster, &ident).await?.group;
    if !changes.is_empty() {
        let (asked, id, key) = (asked(&ctx), cluster.id.clone(), group.id.clone());
        let registers = control_plane::is_one(&cluster);
        ctx.store()
            .write(move |tx| {
                operations::change_group(tx, &asked, &id, &key, |group| {
                    let mut map = document(group)?;
                    dialect::apply(&mut map, &changes)?;
                    let changed = Changeable::read(&group.role, map)?;
                    if registers {
                        registrable(&group.name, &changed.node_labels.0, &changed.node_taints)?;
                    }
                    let mut spec = group.spec()?;
                    spec.node_labels = changed.node_labels.0;
                    spec.node_taints = changed.node_taints;
                    group.min_node_count = changed.min_node_count.map_or(0, Natural::get);
                    group.max_node_count = changed.max_node_count.map(Natural::get);
                    group.set_spec(&spec)
                })
            })
            .await?;
    }
    let shown = find(&ctx, &cluster, &Ident::Id(group.id)).await?;
    reply::accepted(&view::whole(&ctx, &shown))
}

async fn remove(
    pending: Pending<rules::GroupDelete>,
    Path((cluster, ident)): Path<(Ident, Ident)>,
) -> Reply {
    let (ctx, cluster) = within(pending, cluster).await?;
    let asked = asked(&ctx);
    ctx.store()
        .write(move |tx| operations::remove_group(tx, &asked, &cluster.id, ident.as_str()))
        .await?;
    reply::no_content()
}
