//! What every driver does alike for a container that is a node: its range of user ids, the ports it is
//! published at, which disk it has, and the files that tell it what it is.

use schemas::ids::WorkloadId;
use schemas::workload::{InjectedFile, Node, NodeKubernetes, Workload};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The first user id of the machine that may be a node's: above those of systemd's containers
/// (which end at 0x6FFF_FFFF) and those that `/etc/subuid` usually names.
pub(crate) const FIRST_UID: u32 = 0x7000_0000;
/// The first that may not: from here systemd keeps them for foreign files.
pub(crate) const END_UID: u32 = 0x7ffe_0000;

/// The first port of the machine that a node is published at: above those of services that a machine
/// often has, below those of services of clusters (30000–32767) and those that a kernel gives to
/// connections (from 32768, `net.ipv4.ip_local_port_range`).
pub(crate) const FIRST_PORT: u16 = 26_000;
/// The first at which none is.
pub(crate) const END_PORT: u16 = 30_000;

/// Ports of a node, each with the port of the machine at which it is published.
pub(crate) type Ports = BTreeMap<u16, u16>;

/// A range of user ids of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uids {
    /// The first of them: root inside.
    pub first: u32,
    /// So many.
    pub count: u32,
}

impl Uids {
    /// The lowest free range, as wide as asked for.
    pub(crate) fn free(taken: &[Uids], first: u32, end: u32, count: u32) -> Option<Uids> {
        let mut taken: Vec<(u32, u32)> = taken
            .iter()
            .map(|it| (it.first, it.first.saturating_add(it.count)))
            .collect();
        taken.sort_unstable();
        let mut at = first;
        for (begin, over) in taken {
            if begin >= at && begin - at >= count {
                break;
            }
            at = at.max(over);
        }
        let fits = count > 0 && at.checked_add(count).is_some_and(|over| over <= end);
        fits.then_some(Uids { first: at, count })
    }

    /// Is this one of them?
    pub(crate) fn has(self, uid: u32) -> bool {
        uid.checked_sub(self.first)
            .is_some_and(|offset| offset < self.count)
    }
}

/// Draws a port of the machine for each port of a node. Where a node begins to look is its own: agents
/// that share an engine and draw at once seldom meet. Fewer when not so many are free.
pub(crate) fn draw(
    (id, inside): (WorkloadId, &[u16]),
    (first, end): (u16, u16),
    taken: &BTreeSet<u16>,
    listens: impl Fn(u16) -> bool,
) -> Ports {
    let range: Vec<u16> = (first..end).collect();
    let [.., one, two] = *id.0.as_bytes();
    let begin = usize::from(u16::from_be_bytes([one, two])) % range.len().max(1);
    let turned = range.iter().cycle().skip(begin).take(range.len());
    let free = turned.filter(|port| !taken.contains(port) && !listens(**port));
    inside.iter().copied().zip(free.copied()).collect()
}

fn file(path: &str, mode: u32, content: &str) -> InjectedFile {
    InjectedFile {
        path: path.to_owned(),
        mode,
        content_b64: schemas::base64(content.as_bytes()),
    }
}

/// The number of the disk that a node is to have.
pub(crate) fn disk(workload: &Workload, node: &Node) -> u32 {
    node.disk.unwrap_or(workload.incarnation)
}

/// The files that tell a node what it is.
pub(crate) fn files(node: &Node, uids: Uids) -> Vec<InjectedFile> {
    let facts = json!({
        "uid_base": uids.first,
        "uid_count": uids.count,
        "bip": node.bip,
        "address_pool": node.address_pool,
        "address_pool_size": node.address_pool_size,
        "labels": node.labels,
        "guests": node.guests,
        "kubernetes": node.kubernetes.as_ref().map(told),
    });
    let mut files = vec![file("/etc/jeroboam/node.json", 0o644, &facts.to_string())];
    if let Some(tls) = &node.tls {
        files.extend([
            file("/etc/jeroboam/tls/ca.pem", 0o644, &tls.ca_pem),
            file("/etc/jeroboam/tls/cert.pem", 0o644, &tls.cert_pem),
            file("/etc/jeroboam/tls/key.pem", 0o600, &tls.key_pem),
        ]);
    }
    if let Some(kubernetes) = &node.kubernetes {
        files.extend(control(kubernetes));
    }
    files
}

/// What may be read by everybody on the node.
fn told(kubernetes: &NodeKubernetes) -> Value {
    json!({
        "name": kubernetes.name,
        "api": kubernetes.api,
        "service_address": kubernetes.service_address,
        "labels": kubernetes.labels,
        "taints": kubernetes.taints,
        "control": kubernetes.control.is_some(),
    })
}

/// What a control plane proves itself with: its own to read.
fn control(kubernetes: &NodeKubernetes) -> Vec<InjectedFile> {
    let Some(control) = &kubernetes.control else {
        return Vec::new();
    };
    [
        ("control", &control.cert_pem),
        ("control-key", &control.key_pem),
        ("accounts-key", &control.accounts_key_pem),
        ("etcd-ca", &control.etcd_ca_pem),
        ("etcd", &control.etcd_cert_pem),
        ("etcd-key", &control.etcd_key_pem),
    ]
    .map(|(name, pem)| file(&format!("/etc/jeroboam/kubernetes/{name}.pem"), 0o600, pem))
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_free_range_is_given_and_none_beyond_the_end() {
        let range = |first, count| Uids { first, count };
        let free = |taken: &[Uids]| Uids::free(taken, 1000, 1300, 100).map(|it| it.first);
        assert_eq!(free(&[]), Some(1000));
        assert_eq!(free(&[range(1000, 100)]), Some(1100));
        assert_eq!(free(&[range(1100, 100)]), Some(1000));
        assert_eq!(free(&[range(1200, 100), range(1000, 100)]), Some(1100));
        assert_eq!(free(&[range(1050, 100)]), Some(1150), "of another width");
        assert_eq!(free(&[range(0, 1001), range(1001, 199)]), Some(1200));
        assert_eq!(free(&[range(1000, 300)]), None);
        assert_eq!(free(&[range(1000, u32::MAX)]), None);
        assert_eq!(Uids::free(&[], 1000, 1300, 0), None, "no user at all");
    }

    #[test]
    fn every_node_begins_to_look_for_its_ports_elsewhere_and_finds_all_that_are_free() {
        let taken = BTreeSet::from([101]);
        let drawn = |last: u8, inside: &[u16]| {
            let mut id = [0; 16];
            id[15] = last;
            let id = WorkloadId(uuid::Uuid::from_bytes(id));
            draw((id, inside), (100, 105), &taken, |port| port == 103)
        };
        assert_eq!(drawn(0, &[2376]), Ports::from([(2376, 100)]));
        assert_eq!(drawn(1, &[2376]), Ports::from([(2376, 102)]));
        assert_eq!(drawn(4, &[80, 2376]), Ports::from([(80, 104), (2376, 100)]));
        let inside = drawn(9, &[1, 2, 3, 4]);
        assert_eq!(inside, Ports::from([(1, 104), (2, 100), (3, 102)]));
        let id = WorkloadId(uuid::Uuid::nil());
        assert_eq!(draw((id, &[1]), (9, 9), &taken, |_| false), Ports::new());
    }

    #[test]
    fn a_range_has_its_own_users_and_no_others() {
        let range = Uids {
            first: 100,
            count: 10,
        };
        let has = [0, 99, 100, 109, 110, u32::MAX].map(|uid| range.has(uid));
        assert_eq!(has, [false, false, true, true, false, false]);
    }
}
