//! How our ids appear on the engine: labels, which carry the truth, and names, which have to be
//! unique there and are made from ids.

use crate::node::{Ports, Uids};
use schemas::ids::{HostId, ImageId, NetworkId, WorkloadId};
use schemas::workload::{Attachment, Digest, Network, Workload};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

pub(super) const ID: &str = "jeroboam.id";
pub(super) const HOST: &str = "jeroboam.host";
pub(super) const PROJECT: &str = "jeroboam.project";
pub(super) const INCARNATION: &str = "jeroboam.incarnation";
pub(super) const NAME: &str = "jeroboam.name";
pub(super) const KIND: &str = "jeroboam.kind";
/// Manifest that a container was made from: keeps its image from being removed.
pub(super) const IMAGE: &str = "jeroboam.image";
/// Networks of a container with their shown names, in order of interfaces.
pub(super) const NETWORKS: &str = "jeroboam.networks";
/// On networks: our id, and the subnet that was asked for.
pub(super) const NETWORK: &str = "jeroboam.network";
pub(super) const CIDR: &str = "jeroboam.cidr";
pub(super) const LINK: &str = "jeroboam.link";
/// On nodes: the cluster; on nodes and their disks: the node's range of user ids (`first:count`).
pub(super) const CLUSTER: &str = "jeroboam.cluster";
pub(super) const UIDS: &str = "jeroboam.uids";
/// On nodes and their disks: the ports of the machine at which theirs are published (`inside:outside,…`).
pub(super) const PORTS: &str = "jeroboam.ports";
/// On all that is of a pod: the pod's id; on its members, too: the name that their id is derived from.
pub(super) const POD: &str = "jeroboam.pod";
pub(super) const MEMBER: &str = "jeroboam.member";
/// The user's metadata sits below this, so that no key of a user's can pass for one of ours.
const META: &str = "jeroboam.meta.";

/// One entry of [`NETWORKS`].
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Attached {
    pub(super) id: NetworkId,
    pub(super) name: String,
}

/// All labels of a container.
pub(super) fn container(host: HostId, workload: &Workload) -> HashMap<String, String> {
    let attached = |it: &Attachment| Attached {
        id: it.network.id,
        name: it.network.name.clone(),
    };
    let networks: Vec<_> = workload.networks.iter().map(attached).collect();
    let mut labels: HashMap<_, _> = workload
        .labels
        .iter()
        .map(|(key, value)| (format!("{META}{key}"), value.clone()))
        .collect();
    labels.extend([
        (ID.to_owned(), workload.id.to_string()),
        (HOST.to_owned(), host.to_string()),
        (PROJECT.to_owned(), workload.project_id.clone()),
        (INCARNATION.to_owned(), workload.incarnation.to_string()),
        (NAME.to_owned(), workload.name.clone()),
        (KIND.to_owned(), "container".to_owned()),
        (IMAGE.to_owned(), workload.image.manifest.clone()),
        (
            NETWORKS.to_owned(),
            serde_json::to_string(&networks).unwrap_or_default(),
        ),
    ]);
    labels
}

/// All labels of a network.
pub(super) fn network(host: HostId, network: &Network) -> HashMap<String, String> {
    HashMap::from([
        (NETWORK.to_owned(), network.id.to_string()),
        (HOST.to_owned(), host.to_string()),
        (PROJECT.to_owned(), network.project_id.clone()),
        (NAME.to_owned(), network.name.clone()),
        (KIND.to_owned(), "network".to_owned()),
        (CIDR.to_owned(), network.cidr.clone().unwrap_or_default()),
        (
            LINK.to_owned(),
            serde_json::to_string(&network.link).unwrap_or_default(),
        ),
    ])
}

/// A network out of its labels.
pub(super) fn read_network(labels: &HashMap<String, String>) -> Option<Network> {
    let text = |key: &str| labels.get(key).cloned();
    Some(Network {
        id: NetworkId::parse(labels.get(NETWORK)?)?,
        name: text(NAME).unwrap_or_default(),
        project_id: text(PROJECT).unwrap_or_default(),
        cidr: text(CIDR).filter(|cidr| !cidr.is_empty()),
        guests: None,
        link: text(LINK)
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default(),
    })
}

/// `{"label": ["key=value", …]}`.
pub(super) fn filter(labels: &[(&str, String)]) -> HashMap<String, Vec<String>> {
    let pairs = labels.iter().map(|(key, value)| format!("{key}={value}"));
    HashMap::from([("label".to_owned(), pairs.collect())])
}

/// Name of a finished container. It names the host, too: an engine may serve several, and a
/// workload that moves between them is on both for a while.
pub(super) fn container_name(host: HostId, id: WorkloadId) -> String {
    format!("jeroboam-{id}-{}", tail(&host.0.simple().to_string(), 8))
}

/// Name of a container whose files and networks may be missing: a crash in between leaves this
/// name, and the container is made anew.
pub(super) fn unfinished_name(host: HostId, id: WorkloadId) -> String {
    format!("{}-making", container_name(host, id))
}

/// Name of a pod's volume. Two incarnations may have different volumes of one name.
pub(super) fn volume_name(host: HostId, pod: WorkloadId, incarnation: u32, volume: &str) -> String {
    let id = WorkloadId::derived(pod.0, &format!("volume/{incarnation}/{volume}"));
    container_name(host, id)
}

/// Name of a node's disk: it is made for one incarnation, and others may have it after that.
pub(super) fn disk_name(host: HostId, node: WorkloadId, number: u32) -> String {
    let id = WorkloadId::derived(node.0, &format!("disk/{number}"));
    container_name(host, id)
}

/// A range of user ids, as [`UIDS`] has it.
pub(super) fn uids(uids: Uids) -> String {
    format!("{}:{}", uids.first, uids.count)
}

/// Ports of a node, as [`PORTS`] has them.
pub(super) fn ports(ports: &Ports) -> String {
    let pairs = ports
        .iter()
        .map(|(inside, outside)| format!("{inside}:{outside}"));
    pairs.collect::<Vec<_>>().join(",")
}

/// The ports that a label names.
pub(super) fn read_ports(labels: &HashMap<String, String>) -> Ports {
    let pair = |text: &str| {
        let (inside, outside) = text.split_once(':')?;
        Some((inside.parse().ok()?, outside.parse().ok()?))
    };
    let text = labels.get(PORTS).map_or("", String::as_str);
    text.split(',').filter_map(pair).collect()
}

/// Name of a network.
pub(super) fn network_name(id: NetworkId) -> String {
    format!("jeroboam-{id}")
}

/// Name of its bridge on the machine; the kernel takes 15 characters. The end of an id is random,
/// its beginning is time.
pub(super) fn bridge_name(id: NetworkId) -> String {
    format!(
        "{}{}",
        super::guard::BRIDGE_PREFIX,
        tail(&id.0.simple().to_string(), 12)
    )
}

/// Name of the device that joins it with its parts on other machines.
pub(super) fn tunnel_name(id: NetworkId) -> String {
    format!("jv-{}", tail(&id.0.simple().to_string(), 12))
}

/// Repository of an image; the tag is the host.
pub(super) fn image_repo(manifest: &Digest) -> String {
    format!("{IMAGE_REPO}/{}", manifest.trim_start_matches("sha256:"))
}

/// Repository of a snapshot that has not been taken away yet; the tag is the host.
pub(super) fn snapshot_repo(image: ImageId) -> String {
    format!("jeroboam-snapshot/{}", image.0.simple())
}

/// Tag of everything that belongs to a host.
pub(super) fn tag(host: HostId) -> String {
    host.0.simple().to_string()
}

/// The manifest in an image's full name, if it is ours.
pub(super) fn manifest_in(name: &str, host: HostId) -> Option<Digest> {
    // Podman shows names with the registry they would come from.
    let name = name.strip_prefix("localhost/").unwrap_or(name);
    let (hex, of) = name
        .strip_prefix(IMAGE_REPO)?
        .strip_prefix('/')?
        .split_once(':')?;
    (of == tag(host)).then(|| format!("sha256:{hex}"))
}

const IMAGE_REPO: &str = "jeroboam";

fn tail(text: &str, length: usize) -> &str {
    text.get(text.len().saturating_sub(length)..)
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bridge_name_fits_the_kernel_and_an_image_name_is_read_back() {
        assert_eq!(bridge_name(NetworkId::new()).len(), 15);
        let (host, manifest) = (HostId::new(), format!("sha256:{}", "ab".repeat(32)));
        let name = format!("{}:{}", image_repo(&manifest), tag(host));
        assert_eq!(manifest_in(&name, host), Some(manifest));
        assert_eq!(manifest_in(&name, HostId::new()), None);
        assert_eq!(manifest_in("busybox:latest", host), None);
    }
}
