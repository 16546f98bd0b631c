//! What a control plane of Kubernetes forbids: its one master holds all that its cluster is (etcd), so it
//! is not replaced for another one as other nodes are.

use super::clusters::Cluster;
use super::nodegroups::NodeGroup;
use crate::Result;
use schemas::Error;
use schemas::container_infra::coe::Coe;

/// Is it a cluster of Kubernetes? Of those that were not adopted a master holds all.
pub fn is_one(cluster: &Cluster) -> bool {
    cluster.coe == Coe::Kubernetes.as_str()
}

/// Can a control plane have so many masters?
///
/// # Errors
/// `NotImplemented`.
pub fn masters(count: i64) -> Result<()> {
    match count {
        1 => Ok(()),
        _ => Err(Error::NotImplemented(format!(
            "Clusters of kubernetes have one master; {count} were asked for, and the etcd that several would \
             share is not built yet."
        ))
        .into()),
    }
}

/// Refuses what would replace the masters.
///
/// # Errors
/// `BadRequest` with what to do instead.
pub fn lasting(cluster: &Cluster, what: &str) -> Result<()> {
    if !is_one(cluster) {
        return Ok(());
    }
    Err(Error::BadRequest(format!(
        "Cluster {} cannot be {what}: that replaces its nodes, and its one master holds all that is in it. Make \
         another cluster, and move there what runs in this one.",
        cluster.name
    ))
    .into())
}

/// Refuses a resize that would drop the master, or have another one beside it.
///
/// # Errors
/// `NotImplemented`, `BadRequest`.
pub fn stays(cluster: &Cluster, group: &NodeGroup, count: i64, leaving: &[String]) -> Result<()> {
    if !is_one(cluster) || !group.is_master() {
        return Ok(());
    }
    masters(count)?;
    match leaving.is_empty() {
        true => Ok(()),
        false => Err(Error::BadRequest(format!(
            "Node group {} has one master, which holds all that is in cluster {}: it goes with the cluster only.",
            group.name, cluster.name
        ))
        .into()),
    }
}
