//! How a node group is shown.

use crate::call::Call;
use crate::container_infra::clusters::{addresses, difference};
use crate::container_infra::view::{links, since, when};
use serde_json::{Value, json};
use store::container_infra::nodegroups::{self, NodeGroup};
use store::container_infra::nodes::{self, Node};
use store::container_infra::{clusters, spec};
use store::{Conn, Result, Scope};

/// A group with what its views show of it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The row.
    pub group: NodeGroup,
    spec: spec::NodeGroup,
    nodes: Vec<Node>,
    of_cluster: spec::Labels,
}

impl Shown {
    /// All of a cluster's, oldest first.
    pub fn of(conn: &mut Conn, cluster_id: &str) -> Result<Vec<Shown>> {
        let cluster = clusters::get(conn, &Scope::All, cluster_id)?;
        let of_cluster = match cluster {
            Some(cluster) => cluster.spec()?.labels,
            None => return Ok(Vec::new()),
        };
        let mut nodes = nodes::of(conn, cluster_id)?;
        let mut all = Vec::new();
        for group in nodegroups::of(conn, cluster_id)? {
            let (own, others) = nodes
                .into_iter()
                .partition(|node: &Node| node.nodegroup_id == group.id);
            nodes = others;
            all.push(Shown {
                spec: group.spec()?,
                nodes: own,
                of_cluster: of_cluster.clone(),
                group,
            });
        }
        Ok(all)
    }
}

/// As lists have it.
pub fn brief(shown: &Shown) -> Value {
    let (group, spec) = (&shown.group, &shown.spec);
    json!({
        "uuid": group.id,
        "name": group.name,
        "flavor_id": spec.flavor.name,
        "image_id": spec.image_id,
        "node_count": group.node_count,
        "min_node_count": group.min_node_count,
        "max_node_count": group.max_node_count,
        "role": group.role,
        "is_default": group.is_default != 0,
        "merge_labels": false,
        "status": group.status,
        "stack_id": group.cluster_id,
    })
}

/// Every field.
pub fn whole(call: &Call, shown: &Shown) -> Value {
    let (group, spec) = (&shown.group, &shown.spec);
    let labels = difference(&shown.of_cluster, &spec.labels);
    let collection = format!("clusters/{}/nodegroups", group.cluster_id);
    let mut view = brief(shown);
    let rest = json!({
        "id": group.number,
        "cluster_id": group.cluster_id,
        "project_id": group.project_id,
        "docker_volume_size": spec.docker_volume_size,
        "labels": spec.labels,
        "labels_overridden": labels.overridden,
        "labels_added": labels.added,
        "labels_skipped": labels.skipped,
        "node_addresses": addresses(shown.nodes.iter()),
        "status_reason": group.status_reason,
        "version": null,
        "node_labels": spec.node_labels,
        "node_taints": spec.node_taints,
        "links": links(call, &collection, &group.id),
        "created_at": when(group.created_at),
        "updated_at": since(group.updated_at),
    });
    if let (Value::Object(view), Value::Object(rest)) = (&mut view, rest) {
        view.extend(rest);
    }
    view
}
