//! Nodes of clusters in a world: made as a cluster's reconciler makes them, hosts like any other then.

use super::{Host, World};
use compute_driver::Driver;
use schemas::ids::{ClusterId, HostId, ImageId, NetworkId, NodegroupId, ServerId};
use schemas::workload::Network;
use std::collections::BTreeMap;
use std::time::Duration;
use store::compute::launch::{self, Launch};
use store::compute::servers::Server;
use store::compute::spec::{BootImage, Node};
use store::compute::{flavors, guests, hosts, networks, nodes};
use store::image::bootable::bootable;
use store::{Scope, Tx};

/// A cluster that a story thinks of.
#[derive(Clone, Copy, Debug)]
pub struct Cluster {
    /// Its id.
    pub id: ClusterId,
    group: NodegroupId,
}

impl Cluster {
    /// A new one.
    pub fn new() -> Cluster {
        Cluster {
            id: ClusterId::new(),
            group: NodegroupId::new(),
        }
    }

    /// The id that its `ordinal`th node has before it is made.
    pub fn node(&self, ordinal: u32) -> ServerId {
        ServerId::derived(self.group.0, &ordinal.to_string())
    }

    fn part(&self, ordinal: u32, project: &str) -> Node {
        Node {
            cluster_id: self.id,
            nodegroup_id: self.group,
            ordinal,
            network: Network {
                id: NetworkId::derived(self.id.0, "network"),
                name: "nodes".into(),
                project_id: project.into(),
                cidr: Some("10.96.0.0/24".into()),
                guests: None,
                link: Default::default(),
            },
            address: format!("10.96.0.{}", ordinal + 5),
            disk: None,
            uid_count: 65_536,
            bip: "172.31.0.1/24".into(),
            address_pool: "172.30.0.0/16".into(),
            address_pool_size: 24,
            guests: None,
            labels: BTreeMap::new(),
            publish: vec![2376],
            kubernetes: None,
        }
    }
}

impl Default for Cluster {
    fn default() -> Self {
        Cluster::new()
    }
}

impl World {
    /// Makes a node, with these instructions for its engine; false when it was there.
    pub async fn node(&self, cluster: Cluster, ordinal: u32, labels: &[(&str, &str)]) -> bool {
        let made = self.try_node(cluster, ordinal, "image/node", labels).await;
        made.unwrap()
    }

    /// The same, from any image.
    pub async fn try_node(
        &self,
        cluster: Cluster,
        ordinal: u32,
        image: &str,
        labels: &[(&str, &str)],
    ) -> schemas::Result<bool> {
        let name = format!("node-{ordinal}");
        let wish = self.wish(&name, image, "flavor/large", labels).await;
        let part = cluster.part(ordinal, &wish.project_id);
        let making = move |tx: &mut Tx<'_>| nodes::launch(tx, cluster.node(ordinal), &wish, &part);
        self.store.write(making).await
    }

    /// Makes a server that belongs on a node of the cluster.
    pub async fn within(&self, cluster: Cluster, name: &str) -> ServerId {
        let wish = Launch {
            within: Some(cluster.id),
            ..self.wish(name, "image/base", "flavor/small", &[]).await
        };
        let made = self.store.write(move |tx| launch::launch(tx, &wish)).await;
        ServerId::parse(&made.unwrap().0[0]).unwrap()
    }

    async fn wish(&self, name: &str, image: &str, flavor: &str, labels: &[(&str, &str)]) -> Launch {
        let (image, flavor) = (self.thing(image).to_owned(), self.thing(flavor).to_owned());
        let id = image.clone();
        let read = self.store.read(move |conn| {
            let image = bootable(conn, &Scope::All, &id)?;
            let flavor = flavors::get(conn, &flavors::Sight::All, &flavor)?;
            Ok((image.unwrap(), flavor.unwrap().chosen()?))
        });
        let (found, flavor) = read.await.unwrap();
        let label = |(key, value): &(&str, &str)| (key.to_string(), value.to_string());
        let image = BootImage {
            id: ImageId::parse(&image).unwrap(),
            manifest: found.manifest,
        };
        let owner = [self.thing("project/home"), "cluster", "req-cluster"];
        Launch {
            metadata: labels.iter().map(label).collect(),
            patience: Duration::from_secs(1800),
            ..Launch::plain(owner, name.into(), image, flavor)
        }
    }

    /// The host that a node is; `None` while it has not said so.
    pub async fn host_row(&self, node: ServerId) -> Option<hosts::Host> {
        let id = node.to_string();
        let read = self.store.read(move |conn| hosts::get(conn, &id)).await;
        read.unwrap()
    }

    /// Waits until the node is a host whose engine works.
    pub async fn until_host(&self, node: ServerId) {
        self.until(&format!("node {node} is a host"), move |world| {
            Box::pin(async move {
                let host = world.host_row(node).await;
                host.is_some_and(|host| {
                    let inventory = host.inventory().unwrap();
                    inventory.engine_problem.is_none() && !inventory.engine.is_empty()
                })
            })
        })
        .await;
    }

    /// Waits until no host of this id is known any more.
    pub async fn until_no_host(&self, node: ServerId) {
        self.until(&format!("node {node} is no host"), move |world| {
            Box::pin(async move { world.host_row(node).await.is_none() })
        })
        .await;
    }

    /// All that containers may be on: the machines, and the nodes on them whose engines answer.
    pub(super) async fn places(&self) -> Vec<Host> {
        let mut places = self.hosts.clone();
        for machine in &self.hosts {
            let driver = machine.engine.connect(machine.id);
            for seen in driver.list().await.unwrap_or_default() {
                let (Some(node), Some(engine)) =
                    (seen.node, machine.engine.inner(machine.id, seen.id))
                else {
                    continue;
                };
                let id = HostId::from(seen.id);
                if engine.connect(id).list().await.is_ok() {
                    places.push(Host {
                        id,
                        name: node.hostname,
                        agent: machine.agent.clone(),
                        engine,
                    });
                }
            }
        }
        places
    }

    /// Every node that is a host has its server, and agents come to remember nothing of any other.
    pub(super) async fn audit_nodes(&self, rows: &[Server]) {
        let mut nodes: Vec<String> = Vec::new();
        nodes.extend(
            rows.iter()
                .filter(|row| row.node_of.is_some())
                .map(|row| row.id.clone()),
        );
        for host in self.store.read(hosts::list).await.unwrap() {
            let known = host.cluster_id.is_none() || nodes.contains(&host.id);
            assert!(known, "{} is a host without a server", host.hostname);
        }
        let nodes = &nodes;
        self.until("agents remember no node that is gone", move |world| {
            let left = world.remembered();
            Box::pin(async move { left.iter().all(|id| nodes.contains(id)) })
        })
        .await;
    }

    /// Nodes that agents have written something down about.
    fn remembered(&self) -> Vec<String> {
        let folders = self.hosts.iter().map(|machine| {
            let folder = self.directory().join(&machine.name).join("inner");
            std::fs::read_dir(folder).into_iter().flatten()
        });
        let names = folders.flatten().map(|left| left.unwrap().file_name());
        names.map(|name| name.into_string().unwrap()).collect()
    }

    /// Networks that these servers are on.
    pub(super) fn networks_of(rows: &[&Server]) -> Vec<NetworkId> {
        let network = |row: &&Server| match (row.spec().unwrap().node, row.spec().unwrap().within) {
            (Some(node), _) => node.network.id,
            (None, Some(cluster)) if row.guest_of.is_some() => guests::network_id(cluster),
            (None, _) => NetworkId::parse(&networks::id_of(&row.project_id)).unwrap(),
        };
        rows.iter().map(network).collect()
    }
}
