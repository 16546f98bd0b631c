//! One life of one node's host.

use super::{Beneath, Run};
use crate::host::{Ground, Host};
use crate::inventory::Inventories;
use crate::keyed::KeyedLocks;
use crate::ledger::Ledger;
use crate::life::Life;
use crate::machine::{Machine, MachineFacts};
use crate::networks::Networks;
use crate::pod::Probes;
use crate::reporter::Reporter;
use crate::settings::AgentSettings;
use process::Clock;
use schemas::ids::WorkloadId;
use schemas::workload::Limits;
use schemas::{Error, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// Containers of one node that are worked on at once.
const TURNS: usize = 4;
/// Questions of probes that one node is asked at once.
const ASKING: usize = 4;
/// Images that one node loads at once.
const FETCHES: usize = 1;
const AGAIN: Duration = Duration::from_secs(5);

/// What the hosts of all nodes on a machine share.
pub(super) struct Site {
    /// The machine's own.
    pub(super) life: Life,
    pub(super) machine: Arc<dyn Machine>,
    pub(super) clock: Clock,
}

impl Site {
    /// Lives until the agent ends. Dropped before, it stops as if killed.
    pub(super) async fn live(
        &self,
        id: WorkloadId,
        run: &Run,
        folder: &Path,
        limits: Arc<Mutex<Limits>>,
    ) {
        let host = loop {
            match self.host(id, run, folder).await {
                Ok(host) => break Arc::new(host),
                Err(error) => warn!(node = %id, %error, "a node's host cannot begin yet"),
            }
            sleep(AGAIN).await;
        };
        let _needs = Needs(host.clone());
        let machine = Arc::new(NodeMachine {
            machine: self.machine.clone(),
            limits,
        });
        let root = self.life.inventories.root();
        let life = Life {
            inventories: Arc::new(Inventories::new(machine, &host, root)),
            host,
            bus: self.life.bus.clone(),
            terminals: self.life.terminals.clone(),
        };
        let shutdown = self.life.host.stopping.clone();
        life.live(std::future::pending::<()>(), shutdown).await;
    }

    async fn host(&self, id: WorkloadId, run: &Run, folder: &Path) -> Result<Host> {
        let machine = &self.life.host;
        let driver = machine.driver.inner(id).await;
        let driver = driver.map_err(|error| Error::Unavailable(error.to_string()))?;
        let nodes = machine
            .nodes()
            .ok_or_else(|| Error::internal("a node on no machine"))?;
        let ground = (machine.driver.clone(), nodes.published());
        let beneath = Beneath::new(ground, id, run.node.cluster_id, run.address);
        let settings = AgentSettings {
            host: Some(id.into()),
            hostname: Some(run.node.hostname.clone()),
            traits: BTreeMap::new(),
            ..machine.settings.clone()
        };
        Ok(Host {
            id: id.into(),
            driver,
            reporter: Reporter::new(self.life.bus.clone(), self.clock.clone(), id.into()),
            ledger: self.ledger(run.incarnation, folder).await?,
            images: machine.images.beside(FETCHES),
            networks: Networks::default(),
            containers: KeyedLocks::default(),
            turns: Semaphore::new(TURNS),
            clock: self.clock.clone(),
            probes: Probes::default(),
            asking: Semaphore::new(ASKING),
            stopping: CancellationToken::new(),
            ground: Ground::Node(beneath),
            settings,
        })
    }

    /// What this incarnation's host has finished; what others had is forgotten with their disks.
    async fn ledger(&self, incarnation: u32, folder: &Path) -> Result<Ledger> {
        let (folder, clock) = (folder.to_owned(), self.clock.clone());
        let own = folder.join(incarnation.to_string());
        let opening = tokio::task::spawn_blocking(move || {
            let others = std::fs::read_dir(&folder).into_iter().flatten().flatten();
            let others: Vec<PathBuf> = others.map(|it| it.path()).filter(|it| *it != own).collect();
            others
                .iter()
                .for_each(|other| drop(std::fs::remove_dir_all(other)));
            Ledger::open(own, clock)
        });
        opening.await.map_err(Error::internal)?
    }
}

/// Holds a node's images in the cache while its host lives.
struct Needs(Arc<Host>);

impl Drop for Needs {
    fn drop(&mut self) {
        self.0.images.cache.forget(self.0.id);
    }
}

/// A node is as much of its machine as it may use. Its disk is the machine's, shared with all on it.
struct NodeMachine {
    machine: Arc<dyn Machine>,
    limits: Arc<Mutex<Limits>>,
}

impl Machine for NodeMachine {
    fn facts(&self, root: &Path) -> MachineFacts {
        let limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        bounded(self.machine.facts(root), &limits)
    }
}

fn bounded(machine: MachineFacts, limits: &Limits) -> MachineFacts {
    let cpus = limits
        .cpu_millis
        .map_or(machine.cpus, |it| it.div_ceil(1000));
    let memory = match limits.memory_bytes {
        0 => machine.memory_bytes,
        bound => bound.min(machine.memory_bytes),
    };
    MachineFacts {
        cpus: cpus.clamp(1, machine.cpus.max(1)),
        memory_bytes: memory,
        memory_free_bytes: machine.memory_free_bytes.min(memory),
        ..machine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_has_no_more_than_its_container_may_use() {
        let machine = MachineFacts {
            cpus: 8,
            memory_bytes: 1000,
            memory_free_bytes: 700,
            ..MachineFacts::default()
        };
        let facts = |cpu_millis, memory_bytes| {
            let limits = Limits {
                cpu_millis,
                memory_bytes,
                ..Limits::default()
            };
            let it = bounded(machine.clone(), &limits);
            (it.cpus, it.memory_bytes, it.memory_free_bytes)
        };
        assert_eq!(facts(Some(1500), 300), (2, 300, 300));
        assert_eq!(facts(None, 0), (8, 1000, 700));
        assert_eq!(facts(Some(64_000), 5000), (8, 1000, 700));
    }
}
