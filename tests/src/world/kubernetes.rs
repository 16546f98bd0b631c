//! API servers on nodes of a world: each holds what it holds as long as its master's server is there, and
//! answers while that runs. Kubelets register with the first that they find, once in their life.

use super::World;
use compute_driver::Driver;
use compute_driver::sim::SimEngine;
use kubernetes::Kubeconfig;
use process::Faults;
use schemas::Kind;
use schemas::container_infra::adopted::{Node, Seen, Sight};
use schemas::container_infra::status::Status;
use schemas::ids::{HostId, WorkloadId};
use schemas::workload::kubernetes::API_PORT;
use schemas::workload::{Observation, RunState};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::compute::servers;
use store::container_infra::clusters::{self, Cluster};
use store::{Scope, events};

/// All of a world's.
#[derive(Clone, Default)]
pub(super) struct Planes(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    machines: Vec<(HostId, SimEngine)>,
    /// What each master holds.
    held: BTreeMap<WorkloadId, BTreeMap<String, Registered>>,
    /// Whose kubelet has registered, wherever that was.
    registered: BTreeSet<WorkloadId>,
}

/// A node as its API server knows it.
#[derive(Clone)]
struct Registered {
    /// Nothing of this cloud's.
    foreign: bool,
    server: Option<WorkloadId>,
    /// It was seen since it came: by then it is ready.
    seen: bool,
}

impl Planes {
    /// Nodes may be on this machine.
    pub fn may_be_on(&self, machine: HostId, engine: &SimEngine) {
        let mut state = self.0.lock().unwrap();
        state.machines.push((machine, engine.clone()));
    }

    /// All nodes that are there.
    async fn nodes(&self) -> Vec<Observation> {
        let machines = self.0.lock().unwrap().machines.clone();
        let mut nodes = Vec::new();
        for (id, engine) in machines {
            let seen = engine.connect(id).list().await.unwrap_or_default();
            nodes.extend(seen.into_iter().filter(|seen| seen.node.is_some()));
        }
        nodes
    }

    /// A conductor's way there.
    pub async fn probe(&self, kubeconfig: &str, gone: &[String], faults: &Faults) -> Sight {
        let kubeconfig = Kubeconfig::open(kubeconfig).unwrap();
        assert!(kubeconfig.ca_pem().is_some(), "it trusts its bay alone");
        let port = kubeconfig.server().port().unwrap();
        for name in gone {
            let removing = async {
                if let Some(master) = self.master(port).await {
                    self.hold(master.id, |nodes| nodes.remove(name));
                }
            };
            faults.around("removal of a node", removing).await;
        }
        let looking = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            match self.master(port).await {
                Some(master) => self.look(&master).await,
                None => Sight::Silent("connection refused".into()),
            }
        };
        faults.around("probe", looking).await
    }

    async fn master(&self, port: u16) -> Option<Observation> {
        let mut nodes = self.nodes().await.into_iter();
        nodes.find(|it| runs(it) && it.published.get(&API_PORT) == Some(&port))
    }

    fn hold<T>(
        &self,
        master: WorkloadId,
        how: impl FnOnce(&mut BTreeMap<String, Registered>) -> T,
    ) -> T {
        how(self.0.lock().unwrap().held.entry(master).or_default())
    }

    async fn look(&self, master: &Observation) -> Sight {
        let nodes = self.nodes().await;
        let cluster = |it: &Observation| it.node.as_ref().map(|node| node.cluster_id);
        let fellows = nodes.iter().filter(|it| cluster(it) == cluster(master));
        let running: Vec<&Observation> = fellows.filter(|it| runs(it)).collect();
        for kubelet in &running {
            let first = self.0.lock().unwrap().registered.insert(kubelet.id);
            if let Some(node) = kubelet.node.as_ref().filter(|_| first) {
                let it = Registered {
                    foreign: false,
                    server: Some(kubelet.id),
                    seen: false,
                };
                let before = self.hold(master.id, |held| held.insert(node.hostname.clone(), it));
                assert!(before.is_none(), "two were called {}", node.hostname);
            }
        }
        let nodes = self.hold(master.id, |held| {
            let nodes = held.iter_mut().map(|(name, it)| {
                let runs = it.foreign || running.iter().any(|one| Some(one.id) == it.server);
                let ready = match (runs, std::mem::replace(&mut it.seen, true)) {
                    (false, _) => "Unknown",
                    (true, false) => "False",
                    (true, true) => "True",
                };
                Node {
                    name: name.clone(),
                    ready: ready.into(),
                    why: (ready == "False").then(|| "its network is not there yet".into()),
                    group: (!it.foreign).then(|| "group".into()),
                    ..Node::default()
                }
            });
            nodes.collect()
        });
        Sight::Answers(Seen {
            version: "v1.20.2".into(),
            nodes,
            hidden: None,
        })
    }
}

fn runs(it: &Observation) -> bool {
    it.state == RunState::Running
}

impl World {
    /// What the master of a cluster holds; nothing without one.
    async fn held(&self, id: &str) -> BTreeMap<String, Registered> {
        let master = self.node_of(id, "default-master-0").await;
        let master = WorkloadId::from(master);
        self.planes.hold(master, |held| held.clone())
    }

    /// Names of the nodes that the API server of a cluster lists.
    pub async fn listed(&self, id: &str) -> BTreeSet<String> {
        self.held(id).await.into_keys().collect()
    }

    /// A node that its users add to a cluster.
    pub async fn join_foreign(&self, id: &str, name: &str) {
        let master = WorkloadId::from(self.node_of(id, "default-master-0").await);
        let it = Registered {
            foreign: true,
            server: None,
            seen: false,
        };
        self.planes
            .hold(master, |held| held.insert(name.into(), it));
    }

    /// What happened to a cluster: what was done, and what was said of it.
    pub async fn cluster_events(&self, id: &str) -> Vec<(String, String)> {
        let id = id.to_owned();
        let read = move |conn: &mut store::Conn| events::of(conn, Kind::Cluster, &id);
        let events = self.store.read(read).await.unwrap().into_iter();
        events.map(|event| (event.action, event.message)).collect()
    }

    /// Names that the nodes of a cluster have there.
    pub async fn kubelets(&self, id: &str) -> BTreeSet<String> {
        let id = id.to_owned();
        let read = move |conn: &mut store::Conn| servers::nodes_of(conn, &id);
        let servers = self.store.read(read).await.unwrap();
        let named = servers.iter().map(|server| {
            let node = server.spec().unwrap().node.unwrap();
            node.kubernetes.unwrap().name
        });
        named.collect()
    }

    /// Every cluster of Kubernetes has come to list its nodes, and none that is gone.
    pub(super) async fn audit_kubernetes(&self) {
        let read = |conn: &mut store::Conn| clusters::list(conn, &Scope::All);
        let all = self.store.read(read).await.unwrap();
        let of_kubernetes = |cluster: &&Cluster| {
            let failed = Status::parse(&cluster.status).unwrap().failed();
            cluster.coe == "kubernetes" && !failed
        };
        for cluster in all.iter().filter(of_kubernetes) {
            let id = cluster.id.as_str();
            let row = self.adopted(id).await.unwrap();
            if row.is_foreign() {
                continue;
            }
            assert!(row.sealed_kubeconfig.starts_with("v1."), "it is sealed");
            assert_eq!(cluster.api_address.as_deref(), Some(row.server.as_str()));
            self.until(
                &format!("the API server of {id} lists its nodes"),
                move |world| {
                    Box::pin(async move {
                        let held = world.held(id).await;
                        let own = held.iter().filter(|(_, it)| !it.foreign);
                        let own: BTreeSet<String> = own.map(|(name, _)| name.clone()).collect();
                        own == world.kubelets(id).await
                    })
                },
            )
            .await;
        }
    }
}
