//! What a node of Kubernetes is made with: its name, where its API server is, what it registers with.

use crate::cluster::snapshot::{ENGINE_PORT, Snapshot};
use schemas::Error;
use schemas::container_infra::nodegroup::Taint;
use schemas::workload::GuestNetwork;
use schemas::workload::kubernetes::{API_PORT, GROUP_LABEL, ROLE_LABEL};
use store::Result;
use store::compute::launch::hostname;
use store::compute::spec::Kubernetes;
use store::container_infra::control_plane;
use store::container_infra::nodegroups::NodeGroup;
use store::container_infra::nodes::Node;

/// Longest name of a host.
const LONGEST: usize = 63;

/// The ports of a node that are published.
pub(in crate::cluster) fn publish(at: &Snapshot, group: &NodeGroup) -> Vec<u16> {
    match (control_plane::is_one(&at.cluster), group.is_master()) {
        (false, _) => vec![ENGINE_PORT],
        (true, true) => vec![API_PORT],
        (true, false) => Vec::new(),
    }
}

/// The node in this place, at this address of its cluster's network; nothing in other clusters.
///
/// # Errors
/// `Internal` when no master has an address yet.
pub(in crate::cluster) fn part(
    at: &Snapshot,
    group: &NodeGroup,
    place: &Node,
    (address, guests): (&str, &GuestNetwork),
) -> Result<Option<Kubernetes>> {
    if !control_plane::is_one(&at.cluster) {
        return Ok(None);
    }
    let control = group.is_master();
    let mut masters = at.places().filter(|(group, _)| group.row.is_master());
    let master = match control {
        true => Some(address),
        false => masters.find_map(|(_, place)| place.row.address.as_deref()),
    };
    let master = master
        .ok_or_else(|| Error::internal(format_args!("{} is made before its master", place.name)))?;
    let spec = group.spec()?;
    let mut labels = spec.node_labels;
    let role = if control { "master" } else { "worker" };
    labels.insert(ROLE_LABEL.into(), role.into());
    labels.insert(GROUP_LABEL.into(), group.name.clone());
    Ok(Some(Kubernetes {
        name: named(&at.cluster.name, place),
        api: format!("https://{master}:{API_PORT}"),
        service_address: guests.api_server(),
        labels,
        taints: spec.node_taints.iter().map(taint).collect(),
        control,
    }))
}

/// What a node is called: no other one of its cluster ever is. Of the cluster's name there is as much as
/// there is room for; a group whose name is none of a host's is left out.
pub(super) fn named(cluster: &str, place: &Node) -> String {
    let mut own = format!("{}-{}", place.name, place.attempt);
    if own.len() > 40 || hostname(&own, "") != own {
        let id: String = place.id.chars().filter(char::is_ascii_hexdigit).collect();
        own = format!("n{id}-{}", place.attempt);
    }
    let mut cluster = hostname(cluster, &place.cluster_id);
    cluster.truncate(LONGEST.saturating_sub(own.len() + 1));
    match cluster.trim_end_matches('-') {
        "" => own,
        cluster => format!("{cluster}-{own}"),
    }
}

/// As kubelets are told.
fn taint(taint: &Taint) -> String {
    let value = taint.value.as_deref().unwrap_or_default();
    format!("{}={value}:{:?}", taint.key, taint.effect)
}
