//! Services at rest: every node serves what there is, and nothing else.

use super::super::World;
use schemas::host::Seen;
use schemas::ids::ClusterId;
use schemas::workload::Services;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use store::Scope;
use store::compute::guests;
use store::compute::servers::Server;
use store::container_infra::rcs;
use store::container_infra::services::{self, Service};

impl World {
    /// What each node of a cluster that answers serves.
    pub async fn served(&self, cluster: &str) -> Vec<Services> {
        let places = self.places().await;
        let mut served = Vec::new();
        for server in self.servers().await {
            if server.node_of.as_deref() != Some(cluster) {
                continue;
            }
            let place = places.iter().find(|host| host.id.to_string() == server.id);
            served.extend(place.and_then(|host| host.engine.services()));
        }
        served
    }

    /// Compares what nodes serve with the rows.
    pub(super) async fn audit_services(&self, servers: &[Server]) {
        let all = self
            .store
            .read(|conn| services::list(conn, &Scope::All, None))
            .await
            .unwrap();
        let nodes = servers.iter().filter(|row| row.vm_state == "active");
        let clusters: BTreeSet<&str> = nodes.filter_map(|row| row.node_of.as_deref()).collect();
        for cluster in clusters {
            for served in self.served(cluster).await {
                let names = served.services.iter().map(|it| it.name.clone());
                let wanted = all.iter().filter(|row| row.cluster_id == cluster);
                let wanted: BTreeSet<String> = wanted.map(|row| row.name.clone()).collect();
                assert_eq!(names.collect::<BTreeSet<_>>(), wanted, "services served");
                for row in all.iter().filter(|row| row.cluster_id == cluster) {
                    let entry = served.services.iter().find(|it| it.name == row.name);
                    let pods: BTreeSet<Ipv4Addr> = entry.unwrap().pods.iter().copied().collect();
                    assert_eq!(pods, behind(row, servers), "pods behind {}", row.name);
                }
            }
        }
    }
}

/// Addresses of the pods that work and have the labels.
fn behind(service: &Service, servers: &[Server]) -> BTreeSet<Ipv4Addr> {
    let selector = service.spec().unwrap().selector;
    let network = guests::network_id(ClusterId::parse(&service.cluster_id).unwrap());
    let pods = servers.iter().filter(|row| {
        row.guest_of.as_ref() == Some(&service.cluster_id) && row.vm_state == "active"
    });
    let addresses = pods.filter_map(|pod| {
        let labels = rcs::labels(pod).unwrap();
        let selected = selector
            .iter()
            .all(|(key, value)| labels.get(key) == Some(value));
        match pod.sight().unwrap().state {
            Some(Seen::Pod(seen)) if selected && seen.ready => {
                let own = seen.interfaces.iter().find(|it| it.network_id == network);
                own.and_then(|it| it.address.parse().ok())
            }
            _ => None,
        }
    });
    addresses.collect()
}
