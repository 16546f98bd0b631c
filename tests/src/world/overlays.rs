//! Networks of clusters in a world: which machines they are on, and how those are joined.

use super::{Host, World};
use schemas::ids::NetworkId;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use store::compute::networks;
use store::container_infra::overlays;

/// Where tunnels to the `n`th machine end.
pub(super) fn tunnel_of(n: usize) -> Ipv4Addr {
    let n = u32::try_from(n).unwrap();
    Ipv4Addr::from(u32::from(Ipv4Addr::new(192, 0, 2, 1)) + n)
}

/// Machine → those that its part of the network is joined with.
pub type Joined = BTreeMap<String, BTreeSet<String>>;

impl World {
    /// How the network of a cluster is joined, on the machines where it is.
    pub fn joined(&self, cluster: &str) -> Joined {
        let network = NetworkId::parse(&networks::id_of(cluster)).unwrap();
        let mut joined = Joined::new();
        for host in &self.hosts {
            for overlay in host.engine.overlays(host.id) {
                if overlay.network == network {
                    let peers = overlay.peers.iter();
                    let peers = peers.map(|peer| self.machine_at(peer.address).name.clone());
                    joined.insert(host.name.clone(), peers.collect());
                }
            }
        }
        joined
    }

    fn machine_at(&self, address: Ipv4Addr) -> &Host {
        let n = (0..self.hosts.len()).find(|n| tunnel_of(*n) == address);
        &self.hosts[n.unwrap()]
    }

    /// How it should be: every machine with one of its nodes with every other.
    async fn to_be_joined(&self, cluster: &str) -> Joined {
        let mut machines = BTreeSet::new();
        for row in self.servers().await {
            let here = self.hosts.iter().find(|host| row.host() == Some(host.id));
            if row.node_of.as_deref() == Some(cluster)
                && let Some(host) = here
            {
                machines.insert(host.name.clone());
            }
        }
        let mut joined = Joined::new();
        for one in machines.iter().filter(|_| machines.len() > 1) {
            let others = machines.iter().filter(|other| *other != one).cloned();
            joined.insert(one.clone(), others.collect());
        }
        joined
    }

    /// Waits until the networks of these clusters are joined as their nodes lie.
    pub async fn until_joined(&self, cluster: &str) {
        let id = cluster.to_owned();
        self.until(&format!("the network of {id} is joined"), move |world| {
            let id = id.clone();
            Box::pin(async move { world.joined(&id) == world.to_be_joined(&id).await })
        })
        .await;
    }

    /// Every network is joined as its cluster's nodes lie, no two have one number, no two machines are on
    /// one by the same address, and nothing else is joined with anything.
    pub(super) async fn audit_overlays(&self) {
        let rows = self.store.read(overlays::all).await.unwrap();
        for row in &rows {
            self.until_joined(&row.cluster_id).await;
        }
        let numbers: BTreeSet<i64> = rows.iter().map(|row| row.vni).collect();
        assert_eq!(numbers.len(), rows.len(), "two networks have one number");
        let known: BTreeSet<String> = rows
            .iter()
            .map(|row| networks::id_of(&row.cluster_id))
            .collect();
        let mut gateways = BTreeSet::new();
        for host in &self.hosts {
            for overlay in host.engine.overlays(host.id) {
                let network = overlay.network.to_string();
                assert!(
                    known.contains(&network),
                    "{network} is joined on {}",
                    host.name
                );
                let own = host.engine.gateway(host.id, overlay.network);
                let news = gateways.insert((network, own));
                assert!(news, "two machines have the address {own:?} on one network");
            }
        }
    }
}
