//! Swarms of clusters in a world.

use super::World;
use compute_driver::Driver;
use schemas::container_infra::status::Status;
use schemas::host::{SwarmEntry, SwarmNode, SwarmOrder, SwarmSeen};
use schemas::ids::{HostId, ServerId};
use std::collections::BTreeSet;
use std::fmt::Write;
use store::Scope;
use store::container_infra::clusters::{self, Cluster};
use store::container_infra::swarms::{self, Swarm};

impl World {
    /// What the node's engine says of its part, asked as its users may ask it; `None` when it does not
    /// answer.
    pub async fn swarm_part(&self, node: ServerId) -> Option<SwarmSeen> {
        self.ask_for_part(node, Vec::new()).await
    }

    /// The node's user takes it out of its Swarm.
    pub async fn leave_swarm(&self, node: ServerId) {
        let part = self.swarm_part(node).await.unwrap();
        let over = part.node_id.into_iter().collect();
        let left = self.ask_for_part(node, over).await.unwrap();
        assert_eq!(left.node_id, None, "it has left");
    }

    async fn ask_for_part(&self, node: ServerId, over: Vec<String>) -> Option<SwarmSeen> {
        let places = self.places().await;
        let place = places.iter().find(|place| place.id == HostId(node.0))?;
        let question = SwarmOrder {
            address: String::new(),
            entry: SwarmEntry::Wait,
            over,
            duties: None,
        };
        let driver = place.engine.connect(place.id);
        driver.ensure_swarm(&question).await.ok()
    }

    /// All nodes of a cluster's Swarm, as its first manager that can be asked sees them.
    pub async fn swarm_roster(&self, id: &str) -> Vec<SwarmNode> {
        for node in self.cluster_nodes(id).await {
            let Some(server) = ServerId::parse(&node.server_id) else {
                continue;
            };
            let part = self.swarm_part(server).await;
            if let Some(roster) = part.and_then(|part| part.roster) {
                return roster;
            }
        }
        Vec::new()
    }

    /// The row.
    pub async fn swarm(&self, id: &str) -> Option<Swarm> {
        let id = id.to_owned();
        let read = move |conn: &mut store::Conn| swarms::get(conn, &id);
        self.store.read(read).await.unwrap()
    }

    /// Is exactly every node of the cluster in its Swarm, with its part, and open to nobody?
    pub async fn swarm_is_whole(&self, id: &str) -> bool {
        let rows = self.cluster_nodes(id).await;
        let wanted: BTreeSet<_> = rows
            .iter()
            .map(|row| (row.server_id.clone(), row.name.contains("master")))
            .collect();
        let roster = self.swarm_roster(id).await;
        let well = roster.iter().all(|one| one.ready && !one.drained);
        let found: BTreeSet<_> = roster
            .iter()
            .filter_map(|one| Some((one.server?.to_string(), one.manager)))
            .collect();
        let open = self
            .swarm(id)
            .await
            .is_none_or(|row| row.sealed_tokens.is_some());
        well && !open && roster.len() == rows.len() && found == wanted
    }

    /// Clusters and their Swarms in words, for the message of a failed test.
    pub(super) async fn describe_clusters(&self) -> String {
        let mut text = String::new();
        let read = |conn: &mut store::Conn| {
            let mut all = Vec::new();
            for cluster in clusters::list(conn, &Scope::All)? {
                let swarm = swarms::get(conn, &cluster.id)?;
                let parts = swarms::parts(conn, &cluster.id)?;
                all.push((cluster, swarm, parts));
            }
            Ok(all)
        };
        for (cluster, swarm, parts) in self.store.read(read).await.unwrap() {
            let (id, status) = (&cluster.id, &cluster.status);
            let (reason, health) = (&cluster.status_reason, &cluster.health_reason);
            writeln!(text, "cluster {id}: {status} {reason:?} {health} {swarm:?}").unwrap();
            for part in parts {
                writeln!(text, "{part:?}").unwrap();
            }
        }
        text
    }

    /// Every cluster that has a Swarm has come to have a whole one, and none is left of others.
    pub(super) async fn audit_swarms(&self) {
        let read = |conn: &mut store::Conn| clusters::list(conn, &Scope::All);
        let all = self.store.read(read).await.unwrap();
        let swarms = |cluster: &&Cluster| {
            let failed = Status::parse(&cluster.status).unwrap().failed();
            cluster.coe.starts_with("swarm") && !failed
        };
        for cluster in all.iter().filter(swarms) {
            let id = cluster.id.as_str();
            self.until(&format!("the Swarm of {id} is whole"), move |world| {
                Box::pin(world.swarm_is_whole(id))
            })
            .await;
        }
    }
}
