//! What the nodes of a cluster are known by, for pods that choose among them.

use super::spec::NodeGroup as GroupSpec;
use super::{nodegroups, nodes};
use crate::compute::servers::Server;
use crate::compute::spec::Guest;
use crate::compute::{guests, hosts};
use crate::schema::servers as table;
use crate::{Conn, Result, Scope};
use diesel::prelude::*;
use schemas::container_infra::nodegroup::{Effect, Taint};
use schemas::container_infra::placing::{NodeFacts, Placing};
use std::collections::BTreeMap;

/// What upstream calls a node's group, and what the group's nodes are there for.
const GROUP: &str = "magnum.openstack.org/nodegroup";
const ROLE: &str = "magnum.openstack.org/role";

/// Pods of a cluster that may not go on being where they are, each with the taint of its node that they do
/// not tolerate; so many at most.
pub fn sent_away(conn: &mut Conn, cluster: &str, most: usize) -> Result<Vec<(Server, Taint)>> {
    let mut groups = BTreeMap::new();
    for group in nodegroups::of(conn, cluster)? {
        let taints = group.spec()?.node_taints;
        if taints.iter().any(|taint| taint.effect == Effect::NoExecute) {
            groups.insert(group.id, taints);
        }
    }
    if groups.is_empty() {
        return Ok(Vec::new());
    }
    let mut tainted = BTreeMap::new();
    for node in nodes::of(conn, cluster)? {
        if let Some(taints) = groups.get(&node.nodegroup_id) {
            tainted.insert(node.server_id, taints);
        }
    }
    let mut found = Vec::new();
    for pod in guests::list(conn, &Scope::All, Some(cluster), guests::Kind::Pod)? {
        let taints = pod.host_id.as_ref().and_then(|host| tainted.get(host));
        let (Some(taints), 0) = (taints, pod.deleting) else {
            continue;
        };
        let Some(Guest::Pod { placing, .. }) = pod.spec()?.guest else {
            continue;
        };
        if let Some(taint) = placing.sent_away(taints) {
            found.push((pod, taint.clone()));
        }
        if found.len() == most {
            break;
        }
    }
    Ok(found)
}

/// Nodes of a cluster (by host id) as far as such a pod is concerned; nothing when it may be on any of
/// them, which is so of most pods and then costs one query.
///
/// A node's labels are those of its group, and above them what is so: its host name, system and
/// architecture, its group and that group's role.
pub fn choice(
    conn: &mut Conn,
    cluster: &str,
    placing: &Placing,
) -> Result<Option<BTreeMap<String, NodeFacts>>> {
    let mut groups = BTreeMap::new();
    let mut tainted = false;
    for group in nodegroups::of(conn, cluster)? {
        let spec: GroupSpec = group.spec()?;
        tainted |= !spec.node_taints.is_empty();
        groups.insert(group.id, (group.name, group.role, spec));
    }
    if placing.labels.is_empty() && !tainted {
        return Ok(None);
    }
    let specs: Vec<(String, String)> = table::table
        .filter(table::node_of.eq(cluster))
        .select((table::id, table::spec))
        .load(conn)?;
    let mut group_of = BTreeMap::new();
    for (id, spec) in specs {
        let spec: crate::compute::spec::Spec = serde_json::from_str(&spec)?;
        group_of.extend(spec.node.map(|node| (id, node.nodegroup_id.to_string())));
    }
    let mut nodes = BTreeMap::new();
    for host in hosts::of_cluster(conn, cluster)? {
        let group = group_of.get(&host.id).and_then(|id| groups.get(id));
        let mut facts = NodeFacts::default();
        if let Some((name, role, spec)) = group {
            facts.labels.clone_from(&spec.node_labels);
            facts.labels.insert(GROUP.into(), name.clone());
            facts.labels.insert(ROLE.into(), role.clone());
            facts.taints.clone_from(&spec.node_taints);
        }
        let architecture = host.inventory()?.architecture;
        for (key, value) in [
            ("kubernetes.io/hostname", host.hostname.clone()),
            ("kubernetes.io/os", "linux".into()),
            ("kubernetes.io/arch", architecture),
        ] {
            facts.labels.insert(key.into(), value);
        }
        nodes.insert(host.id, facts);
    }
    Ok(Some(nodes))
}
