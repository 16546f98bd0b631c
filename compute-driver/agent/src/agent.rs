//! The agent as a whole: what it is made of and how long it runs.

use crate::cache::Cache;
use crate::calls;
use crate::events;
use crate::host::Host;
use crate::image_service::ImageService;
use crate::images::Images;
use crate::inventory::Inventories;
use crate::keepers::Keepers;
use crate::keyed::KeyedLocks;
use crate::ledger::Ledger;
use crate::machine::{LinuxMachine, Machine};
use crate::networks::Networks;
use crate::presence::{self, Greeting};
use crate::reporter::Reporter;
use crate::settings::AgentSettings;
use crate::tasks::Tasks;
use crate::terminal::{self, Terminals};
use bus::Bus;
use compute_driver::Driver;
use process::Clock;
use schemas::Result;
use schemas::ids::{EpochId, HostId};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::info;

/// What is under way when the agent is asked to end may finish for so long; then it is dropped, and
/// the next life does it again.
const FAREWELL: Duration = Duration::from_secs(5);

/// One life of one host's agent.
pub struct Agent {
    host: Arc<Host>,
    bus: Bus,
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
            ledger: Ledger::open(settings.state_dir.join("ledger"), clock)?,
            images: Images::new(images, cache, settings.fetches),
            networks: Networks::default(),
            containers: KeyedLocks::default(),
            turns: Semaphore::new(settings.concurrency()),
            stopping: CancellationToken::new(),
            settings,
        };
        Ok(Agent {
            host: Arc::new(host),
            bus,
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
        let Agent { host, bus, machine } = self;
        let (listener, address) = terminal::bind(&host.settings).await?;
        let terminals = Arc::new(Terminals::new(address));
        let inventories = Arc::new(Inventories::new(machine, &host));
        let tasks = AbortOnDrop(Arc::default());
        let keepers = Keepers::new(host.clone(), tasks.0.clone());
        // Before hello, so that answers to it find their queue.
        let mut converges = bus.converges(host.id).await;
        let calls = bus.calls(host.id).await;
        info!(host = %host.id, epoch = %host.reporter.epoch(), "the agent begins");

        let greeting = Greeting::default();
        let mut connections = bus.connections();
        connections.mark_unchanged();
        let work = async {
            tokio::join!(
                presence::greet(keepers.clone(), inventories.clone(), greeting.clone()),
                presence::watch_bus(connections, greeting.clone()),
                presence::beat(host.clone(), inventories.clone()),
                presence::keep_house(keepers.clone(), inventories.clone()),
                events::watch(keepers.clone(), greeting.clone()),
                calls::answer(calls, host.clone(), tasks.0.clone(), terminals.clone()),
                terminal::listen(listener, terminals.clone(), tasks.0.clone()),
                async {
                    loop {
                        keepers.order(converges.next().await);
                    }
                },
            )
        };
        tokio::select! {
            () = shutdown.cancelled() => {}
            _ = work => {}
        }
        host.stopping.cancel();
        let idle = async {
            while !keepers.is_idle() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let finished = tokio::time::timeout(FAREWELL, idle).await.is_ok();
        info!(finished, "the agent ends");
        Ok(())
    }
}

/// However `run` ends, nothing of it goes on.
struct AbortOnDrop(Arc<Tasks>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort_all();
    }
}
