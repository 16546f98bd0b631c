//! The agent as a whole: what it is made of and how long it runs.

use crate::cache::Cache;
use crate::host::{ASKING, Ground, Host};
use crate::image_service::ImageService;
use crate::images::Images;
use crate::inventory::Inventories;
use crate::keyed::KeyedLocks;
use crate::ledger::Ledger;
use crate::life::Life;
use crate::machine::{LinuxMachine, Machine};
use crate::networks::Networks;
use crate::nodes::{self, Nodes};
use crate::pod::Probes;
use crate::published::Published;
use crate::reporter::Reporter;
use crate::settings::AgentSettings;
use crate::tasks::{AbortOnDrop, Tasks};
use crate::terminal::{self, Terminals};
use bus::Bus;
use compute_driver::Driver;
use process::Clock;
use schemas::Result;
use schemas::ids::{EpochId, HostId};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// One life of one machine's agent: its host's, and those of the nodes on it.
pub struct Agent {
    host: Arc<Host>,
    bus: Bus,
    clock: Clock,
    machine: Arc<dyn Machine>,
}

impl Agent {
    /// Opens the host's state; nothing is said or done yet. Blocks for a moment.
    pub fn new(
        settings: AgentSettings,
        driver: Arc<dyn Driver>,
        bus: Bus,
        clock: Clock,
        images: Arc<dyn ImageService>,
    ) -> Result<Agent> {
        let id = settings.host_id()?;
        let cache = Cache::open(&settings.cache_dir(), settings.cache_bytes, clock.clone())?;
        let host = Host {
            id,
            driver,
            reporter: Reporter::new(bus.clone(), clock.clone(), id),
            ledger: Ledger::open(settings.state_dir.join("ledger"), clock.clone())?,
            images: Images::new(images, cache, settings.fetches),
            networks: Networks::default(),
            containers: KeyedLocks::default(),
            turns: Semaphore::new(settings.concurrency()),
            clock: clock.clone(),
            probes: Probes::default(),
            asking: Semaphore::new(ASKING),
            stopping: CancellationToken::new(),
            ground: Ground::Machine(Arc::new(Nodes::new(
                settings.state_dir.join("inner"),
                Published::new(settings.publish_address),
            ))),
            settings,
        };
        Ok(Agent {
            host: Arc::new(host),
            bus,
            clock,
            machine: Arc::new(LinuxMachine),
        })
    }

    /// Lets somebody else say what the machine is, as for a simulated host.
    pub fn with_machine(mut self, machine: Arc<dyn Machine>) -> Agent {
        self.machine = machine;
        self
    }

    /// The host it serves.
    pub fn host_id(&self) -> HostId {
        self.host.id
    }

    /// This life.
    pub fn epoch(&self) -> EpochId {
        self.host.reporter.epoch()
    }

    /// Works until the token is cancelled. Dropped before, it stops as if killed. Containers are
    /// left as they are either way.
    pub async fn run(self, shutdown: CancellationToken) -> Result<()> {
        let (listener, address) = terminal::bind(&self.host.settings).await?;
        let terminals = Arc::new(Terminals::new(address));
        let tasks = AbortOnDrop(Arc::new(Tasks::default()));
        let root = self.host.settings.state_dir.clone();
        let inventories = Inventories::new(self.machine.clone(), &self.host, root);
        let life = Life {
            inventories: Arc::new(inventories),
            host: self.host,
            bus: self.bus,
            terminals: terminals.clone(),
        };
        let nodes = nodes::keep(life.clone(), self.machine, self.clock, tasks.0.clone());
        let users = terminal::listen(listener, terminals, tasks.0.clone());
        life.live(async { tokio::join!(nodes, users) }, shutdown)
            .await;
        Ok(())
    }
}
