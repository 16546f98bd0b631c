//! Clusters in a world.

use super::World;
use diesel::prelude::*;
use schemas::container_infra::nodegroup::{Effect, Taint};
use schemas::container_infra::status::{Operation, Progress, Status};
use schemas::ids::{ClusterId, ImageId, NodegroupId, ServerId};
use std::collections::BTreeMap;
use store::compute::servers::Server;
use store::compute::spec::BootImage;
use store::compute::{flavors, usages};
use store::container_infra::clusters::{self, Asked, Cluster, New, RESOURCE};
use store::container_infra::nodegroups::{self, MASTERS, NodeGroup, WORKERS};
use store::container_infra::nodes::{self, Node};
use store::container_infra::operations::{self, Resize};
use store::container_infra::spec;
use store::image::bootable::bootable;
use store::schema::project_networks;
use store::{Scope, Tx};

/// A cluster that a story wants.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Its name.
    pub name: &'static str,
    /// What orchestrates its nodes.
    pub coe: &'static str,
    /// Its masters.
    pub masters: i64,
    /// Its workers.
    pub workers: i64,
    /// The flavor of its nodes.
    pub flavor: &'static str,
    /// Minutes an operation may take.
    pub timeout: u32,
    /// Its labels; the simulated engine reads its instructions here.
    pub labels: &'static [(&'static str, &'static str)],
}

impl Default for Wish {
    fn default() -> Self {
        Wish {
            name: "bay",
            coe: "docker",
            masters: 1,
            workers: 1,
            flavor: "flavor/large",
            timeout: 60,
            labels: &[],
        }
    }
}

impl World {
    /// Asks for a cluster; its id.
    pub async fn make_cluster(&self, wish: Wish) -> String {
        let new = self.new_cluster(&wish).await;
        let id = new.cluster.id.clone();
        let making = move |tx: &mut Tx<'_>| clusters::create(tx, &new, 20);
        self.store.write(making).await.unwrap();
        id
    }

    pub(super) async fn new_cluster(&self, wish: &Wish) -> New {
        let project = self.thing("project/home").to_owned();
        let id = ClusterId::new().to_string();
        let now = self.store.clock().now();
        let labels = wish.labels.iter();
        let labels: BTreeMap<String, String> = labels
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect();
        let spec = spec::Cluster {
            labels: labels.clone(),
            create_timeout: wish.timeout,
            ..spec::Cluster::default()
        };
        let mut cluster = Cluster {
            id: id.clone(),
            project_id: project.clone(),
            user_id: "user".into(),
            name: wish.name.into(),
            template_id: "template".into(),
            coe: wish.coe.into(),
            status: Status(Operation::Create, Progress::InProgress)
                .as_str()
                .into(),
            status_reason: None,
            health_status: None,
            health_reason: "{}".into(),
            api_address: None,
            generation: 0,
            revision: 1,
            deadline: None,
            deleting: 0,
            request_id: "req-cluster".into(),
            created_at: now.0,
            updated_at: None,
            spec: serde_json::to_string(&spec).unwrap(),
        };
        cluster
            .begin(now, Operation::Create, "req-cluster")
            .unwrap();
        let made_of = self.made_of(wish.flavor, labels).await;
        let group = |name: &str, count: i64| NodeGroup {
            id: NodegroupId::new().to_string(),
            number: 0,
            cluster_id: id.clone(),
            project_id: project.clone(),
            name: name.into(),
            role: if name == MASTERS { "master" } else { "worker" }.into(),
            is_default: 1,
            node_count: count,
            min_node_count: 0,
            max_node_count: None,
            status: cluster.status.clone(),
            status_reason: None,
            generation: 1,
            batch: 1,
            made: 0,
            deleting: 0,
            revision: 1,
            created_at: now.0,
            updated_at: None,
            spec: serde_json::to_string(&made_of).unwrap(),
        };
        New {
            authorities: self.new_authorities(&id, wish.name, 1),
            groups: vec![group(MASTERS, wish.masters), group(WORKERS, wish.workers)],
            cluster,
        }
    }

    async fn made_of(&self, flavor: &str, labels: BTreeMap<String, String>) -> spec::NodeGroup {
        let image = self.thing("image/node").to_owned();
        let (id, flavor) = (image.clone(), self.thing(flavor).to_owned());
        let read = self.store.read(move |conn| {
            let image = bootable(conn, &Scope::All, &id)?.unwrap();
            let flavor = flavors::get(conn, &flavors::Sight::All, &flavor)?.unwrap();
            Ok((image.manifest, flavor.chosen()?))
        });
        let (manifest, flavor) = read.await.unwrap();
        spec::NodeGroup {
            image: BootImage {
                id: ImageId::parse(&image).unwrap(),
                manifest,
            },
            image_id: image,
            flavor,
            docker_volume_size: None,
            labels,
            node_labels: BTreeMap::new(),
            node_taints: Vec::new(),
        }
    }

    pub(super) fn asking(&self) -> Asked {
        Asked {
            scope: Scope::Project(self.thing("project/home").into()),
            user_id: "user".into(),
            request_id: "req-change".into(),
        }
    }

    /// Asks for another number of workers.
    pub async fn resize_cluster(&self, id: &str, node_count: i64) {
        self.resize_without(id, node_count, &[]).await;
    }

    /// The same, and names who has to go.
    pub async fn resize_without(&self, id: &str, node_count: i64, leaving: &[&str]) {
        let (id, asked) = (id.to_owned(), self.asking());
        let wanted = Resize {
            node_count,
            nodes_to_remove: leaving.iter().map(|name| name.to_string()).collect(),
            ..Resize::default()
        };
        let change = move |tx: &mut Tx<'_>| operations::resize(tx, &asked, &id, &wanted);
        self.store.write(change).await.unwrap();
    }

    /// Gives the nodes of a group a label and takes it from those of no other.
    pub async fn label_group(&self, id: &str, group: &str, label: (&str, &str)) {
        let label = (label.0.to_owned(), label.1.to_owned());
        self.change_group(id, group, move |spec| {
            spec.node_labels.extend([label.clone()])
        })
        .await;
    }

    /// Gives the nodes of a group a taint that sends away what does not tolerate it.
    pub async fn taint_group(&self, id: &str, group: &str, key: &str) {
        let taint = Taint {
            key: key.into(),
            value: None,
            effect: Effect::NoExecute,
        };
        self.change_group(id, group, move |spec| spec.node_taints.push(taint.clone()))
            .await;
    }

    async fn change_group(
        &self,
        id: &str,
        group: &str,
        how: impl Fn(&mut spec::NodeGroup) + Send + Sync + 'static,
    ) {
        let (id, asked, group) = (id.to_owned(), self.asking(), group.to_owned());
        let change = move |tx: &mut Tx<'_>| {
            operations::change_group(tx, &asked, &id, &group, |group| {
                let mut spec = group.spec()?;
                how(&mut spec);
                group.set_spec(&spec)
            })
            .map(drop)
        };
        self.store.write(change).await.unwrap();
    }

    /// Asks for the nodes to be made of another flavor.
    pub async fn upgrade_cluster(&self, id: &str, flavor: &str) {
        self.remake_cluster(id, flavor, &[]).await;
    }

    /// Asks for the nodes to be made of this flavor, with these labels of their cluster.
    pub async fn remake_cluster(&self, id: &str, flavor: &str, labels: &[(&str, &str)]) {
        let labels = labels.iter();
        let labels = labels.map(|(key, value)| (key.to_string(), value.to_string()));
        let made_of = self.made_of(flavor, labels.collect()).await;
        let (id, asked) = (id.to_owned(), self.asking());
        let change = move |tx: &mut Tx<'_>| {
            let spec = clusters::get(tx, &asked.scope, &id)?.unwrap().spec()?;
            let groups = nodegroups::of(tx, &id)?.into_iter();
            let wanted = operations::Upgrade {
                spec,
                groups: groups.map(|group| (group.id, made_of.clone())).collect(),
                batch: 1,
            };
            operations::upgrade(tx, &asked, &id, &wanted)
        };
        self.store.write(change).await.unwrap();
    }

    /// Asks for a cluster to go.
    pub async fn delete_cluster(&self, id: &str) {
        let (id, asked) = (id.to_owned(), self.asking());
        let change = move |tx: &mut Tx<'_>| clusters::delete(tx, &asked, &id);
        self.store.write(change).await.unwrap();
    }

    /// The row.
    pub async fn cluster(&self, id: &str) -> Option<Cluster> {
        let id = id.to_owned();
        let read = move |conn: &mut store::Conn| clusters::get(conn, &Scope::All, &id);
        self.store.read(read).await.unwrap()
    }

    /// Its nodes' rows, by group and place.
    pub async fn cluster_nodes(&self, id: &str) -> Vec<Node> {
        let id = id.to_owned();
        let read = move |conn: &mut store::Conn| nodes::of(conn, &id);
        let mut rows = self.store.read(read).await.unwrap();
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        rows
    }

    /// The server in a place (`default-worker-0`).
    pub async fn node_of(&self, id: &str, name: &str) -> ServerId {
        let rows = self.cluster_nodes(id).await;
        let row = rows.iter().find(|row| row.name == name).unwrap();
        ServerId::parse(&row.server_id).unwrap()
    }

    /// Waits until the cluster has come to this.
    pub async fn until_cluster(&self, id: &str, status: &'static str) {
        let id = id.to_owned();
        self.until(&format!("cluster {id} is {status}"), move |world| {
            let id = id.clone();
            Box::pin(async move {
                let row = world.cluster(&id).await;
                row.is_some_and(|row| row.status == status)
            })
        })
        .await;
    }

    /// Waits until the row is gone.
    pub async fn until_no_cluster(&self, id: &str) {
        let id = id.to_owned();
        self.until(&format!("cluster {id} is gone"), move |world| {
            let id = id.clone();
            Box::pin(async move { world.cluster(&id).await.is_none() })
        })
        .await;
    }

    /// Every cluster has the nodes it should have and nothing is left of those that are gone.
    pub(super) async fn audit_clusters(&self, servers: &[Server]) {
        let read = |conn: &mut store::Conn| {
            let clusters = clusters::list(conn, &Scope::All)?;
            let mut all = Vec::new();
            for cluster in clusters {
                let groups = nodegroups::of(conn, &cluster.id)?;
                let nodes = nodes::of(conn, &cluster.id)?;
                all.push((cluster, groups, nodes));
            }
            let owners: Vec<String> = project_networks::table
                .select(project_networks::project_id)
                .load(conn)?;
            Ok((all, owners))
        };
        let (all, owners) = self.store.read(read).await.unwrap();
        let known: Vec<&str> = all
            .iter()
            .map(|(cluster, ..)| cluster.id.as_str())
            .collect();
        // Projects' ids have no dashes.
        for owner in owners.iter().filter(|owner| owner.contains('-')) {
            assert!(
                known.contains(&owner.as_str()),
                "the network of {owner} is left"
            );
        }
        for (cluster, groups, nodes) in &all {
            let status = Status::parse(&cluster.status).unwrap();
            assert!(!status.in_progress(), "{}", self.describe().await);
            assert_eq!(cluster.deadline, None);
            let own = servers
                .iter()
                .filter(|server| server.node_of.as_deref() == Some(&cluster.id));
            for server in own {
                let node = nodes.iter().find(|node| node.server_id == server.id);
                assert!(node.is_some(), "{} is nobody's node", server.name);
            }
            if status.failed() {
                continue;
            }
            for group in groups {
                let here = nodes.iter().filter(|node| node.nodegroup_id == group.id);
                assert_eq!(here.count() as i64, group.node_count, "{}", group.name);
            }
            for node in nodes {
                assert!(node.certificate.is_some() && node.ready == 1, "{node:?}");
                let sealed = node.sealed_key.as_deref().unwrap_or_default();
                assert!(
                    sealed.starts_with("v1."),
                    "{}'s key is not sealed",
                    node.name
                );
            }
        }
        let project = self.thing("project/home").to_owned();
        let used = self
            .store
            .read(move |conn| usages::in_use(conn, &project))
            .await;
        let used = used.unwrap().get(RESOURCE).copied().unwrap_or(0);
        assert_eq!(used as usize, all.len(), "usage of clusters");
    }
}
