//! Networks that are on several machines: what one of them does for it. Whether packets come through takes
//! two, and is the end-to-end tests' to see.

use super::{Behaviour, Bench, must};
use crate::error::DriverError;
use schemas::ids::NetworkId;
use schemas::workload::{Attachment, Link, Network, Overlay, Peer, RunState};
use std::net::Ipv4Addr;

/// Tunnels may end here: the loopback address is always there.
const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// On networks for documentation: nobody answers there.
fn peer(last: u8) -> Peer {
    Peer {
        address: [192, 0, 2, last].into(),
        macs: vec![format!("02:42:c0:00:02:{last:02x}")],
    }
}

fn overlay(network: NetworkId, peers: Vec<Peer>) -> Overlay {
    Overlay {
        network,
        // Two runs on one machine must not meet.
        vni: u32::from_be_bytes([
            0,
            network.0.as_bytes()[13],
            network.0.as_bytes()[14],
            network.0.as_bytes()[15],
        ]) | 1,
        mtu: 1400,
        address: HERE,
        peers,
    }
}

/// False, with words, where the machine under the engine has no tunnels, as for want of root.
async fn can(bench: &Bench) -> bool {
    match bench.driver.tunnel_mtu(HERE).await {
        Ok(mtu) => {
            assert!(mtu >= 1500, "packets of {mtu} bytes");
            true
        }
        Err(error) => {
            tracing::warn!(%error, "not tried: no tunnels here");
            false
        }
    }
}

/// Twice each, with other peers, with none; and what joins it goes with the network.
pub async fn a_network_is_joined_with_others_and_parted_again(bench: &Bench) {
    if !can(bench).await {
        return;
    }
    let network = bench.network("wide", false).await;
    let joined = async |peers: Vec<Peer>| {
        let wanted = overlay(network.id, peers);
        must(bench.driver.ensure_overlay(&wanted).await, "join");
        must(bench.driver.ensure_overlay(&wanted).await, "join again");
        must(bench.reconnected().list_overlays().await, "list")
    };
    assert_eq!(joined(vec![peer(2), peer(3)]).await, [network.id]);
    assert_eq!(joined(vec![peer(3), peer(4)]).await, [network.id]);
    assert!(joined(vec![]).await.is_empty());
    assert_eq!(joined(vec![peer(2)]).await, [network.id]);
    let moved = Overlay {
        address: Ipv4Addr::new(127, 0, 0, 2),
        ..overlay(network.id, vec![peer(2)])
    };
    must(bench.driver.ensure_overlay(&moved).await, "another end");
    let gone = bench.driver.ensure_network_absent(network.id).await;
    must(gone, "remove the network");
    assert!(must(bench.driver.list_overlays().await, "list").is_empty());
    let parted = overlay(network.id, vec![]);
    must(bench.driver.ensure_overlay(&parted).await, "part nothing");
}

/// Who tells it first waits for the other.
pub async fn a_network_that_is_not_here_cannot_be_joined(bench: &Bench) {
    if !can(bench).await {
        return;
    }
    let wanted = overlay(NetworkId::new(), vec![peer(2)]);
    let result = bench.driver.ensure_overlay(&wanted).await;
    assert!(
        matches!(result, Err(DriverError::Conflict { .. })),
        "{result:?}"
    );
}

/// Which is not the first of the subnet, and may become another while nobody is on the network.
pub async fn a_host_has_its_own_address_on_a_network(bench: &Bench) {
    let first = bench.network("wide", true).await;
    must(bench.driver.ensure_network_absent(first.id).await, "remove");
    let base: ipnet::Ipv4Net = must(first.cidr.clone().unwrap_or_default().parse(), "a subnet");
    let at = |last: u32| Ipv4Addr::from(u32::from(base.network()) + last);
    let network = |last| Network {
        link: Link {
            gateway: Some(at(last)),
            mtu: Some(1400),
        },
        ..first.clone()
    };
    for last in [254, 253, 253] {
        must(bench.driver.ensure_network(&network(last)).await, "make");
    }
    assert_eq!(
        must(bench.driver.list_networks().await, "list"),
        [network(253)]
    );
    let mut workload = bench.workload(Behaviour::Idle).await;
    workload.networks = vec![Attachment {
        network: network(253),
        address: Some(at(254).to_string()),
        aliases: vec![],
    }];
    bench.start(&workload).await;
    let seen = bench.seen(workload.id).await;
    assert_eq!(seen.state, RunState::Running);
    assert_eq!(seen.interfaces[0].address, at(254).to_string());
    let taken = bench.driver.ensure_network(&network(252)).await;
    assert!(
        matches!(taken, Err(DriverError::Conflict { .. })),
        "{taken:?}"
    );
}
