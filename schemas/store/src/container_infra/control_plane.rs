//! Masters that alone hold what their cluster is (etcd; a Swarm that nobody else decides about): they are not
//! replaced by others as other nodes are, but made anew with their disk. What that forbids, and what
//! Kubernetes does.

use super::clusters::Cluster;
use super::nodegroups::NodeGroup;
use super::spec;
use crate::Result;
use schemas::Error;
use schemas::container_infra::coe::Coe;

/// Is it a cluster of Kubernetes? Of those that were not adopted a master holds all.
pub fn is_one(cluster: &Cluster) -> bool {
    cluster.coe == Coe::Kubernetes.as_str()
}

/// Does one master of this group hold all that its cluster is?
pub fn lasts(cluster: &Cluster, group: &NodeGroup) -> bool {
    let swarm = [Coe::Swarm, Coe::SwarmMode].map(Coe::as_str);
    let alone = group.node_count == 1 && swarm.contains(&cluster.coe.as_str());
    group.is_master() && (is_one(cluster) || alone)
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

/// What an upgrade makes of a master that is made anew where it is: it keeps its flavor.
///
/// # Errors
/// `BadRequest` for another flavor.
pub fn upgraded(cluster: &Cluster, group: &NodeGroup, to: &spec::NodeGroup) -> Result<()> {
    let flavor = group.spec()?.flavor;
    if !lasts(cluster, group) || flavor == to.flavor {
        return Ok(());
    }
    Err(Error::BadRequest(format!(
        "The one master of cluster {} is made anew where it is, for it alone holds what the cluster is, so it keeps \
         its flavor {}; {} was asked for. Take a template with that master flavor.",
        cluster.name, flavor.name, to.flavor.name
    ))
    .into())
}

/// May an API server of this version be followed by one of that? (`v1.20.2`; a version that is not known
/// stands in nobody's way.) One that is older may not understand what is kept, and one that is two
/// minor versions newer may not either (<https://kubernetes.io/releases/version-skew-policy/>).
///
/// # Errors
/// `BadRequest`.
pub fn follows(before: Option<&str>, after: Option<&str>) -> Result<()> {
    let (Some(was), Some(is)) = (before.and_then(minor), after.and_then(minor)) else {
        return Ok(());
    };
    if (was..=was + 1).contains(&is) {
        return Ok(());
    }
    Err(Error::BadRequest(format!(
        "Kubernetes {} cannot follow {}: an upgrade goes to the same or to the next minor version, and not back.",
        after.unwrap_or_default(),
        before.unwrap_or_default()
    ))
    .into())
}

/// Of `v1.20.2` the 20.
fn minor(version: &str) -> Option<u32> {
    let mut parts = version.trim_start_matches('v').split('.');
    (parts.next()? == "1").then(|| parts.next()?.parse().ok())?
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_server_is_followed_by_one_that_understands_what_it_kept() {
        for (before, after, may) in [
            ("v1.20.2", "v1.20.2", true),
            ("v1.20.15", "v1.20.2", true),
            ("v1.20.2", "v1.21.0", true),
            ("v1.20.2", "1.21", true),
            ("v1.20.2", "v1.22.0", false),
            ("v1.20.2", "v1.19.9", false),
            ("v1.20.2", "v2.0", true),
            ("", "v1.40.0", true),
        ] {
            let told = follows(Some(before), Some(after));
            assert_eq!(told.is_ok(), may, "{before} → {after}");
        }
        assert!(follows(None, Some("v1.3")).is_ok());
    }
}
