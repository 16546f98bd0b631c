//! A whole cloud inside one test: database file, broker, conductors, agents with simulated engines,
//! all on tokio's virtual time, so hours pass in milliseconds and runs repeat.
//!
//! ```text
//! story ──► rows ──► conductors ◄──► memory broker ◄──► agents ──► SimEngine (a machine each)
//! ```
//!
//! Every role can be killed at any of its effects ([`Plot`]); it is then started again, as a
//! supervisor would. [`World::audit`] compares what is on the machines with what is in the rows.

mod audit;
mod image;
mod role;
pub mod rows;

pub use role::Plot;

use bus::{Bus, Fate, MemoryBroker, Route};
use compute_driver::sim::{SimEngine, SimTimings};
use compute_driver::{Driver, FaultyDriver};
use conductor::{Conductor, Settings};
use image::Image;
use process::{Clock, Faults};
use role::Role;
use schemas::ids::HostId;
use std::sync::Arc;
use std::time::Duration;
use store::{Options, Store};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// The longest virtual time a story waits for anything: longer than every deadline in the plane.
const PATIENCE: Duration = Duration::from_secs(4 * 3600);

/// What a world consists of, and what goes wrong in it.
pub struct Setup {
    /// Conductors at work.
    pub conductors: usize,
    /// Hosts, each with an agent and an engine.
    pub hosts: usize,
    /// Crash points of one role.
    pub plot: Plot,
    /// The fate of each message.
    pub chaos: Option<Chaos>,
}

/// Decides the fate of a message by its number (from 0) and route.
pub type Chaos = Box<dyn Fn(u64, &Route) -> Fate + Send + Sync>;

impl Default for Setup {
    fn default() -> Self {
        Setup {
            conductors: 1,
            hosts: 1,
            plot: Plot::none(),
            chaos: None,
        }
    }
}

/// A running cloud.
pub struct World {
    /// The database, as the story's own hand.
    pub store: Store,
    /// The broker.
    pub broker: MemoryBroker,
    /// The machines.
    pub hosts: Vec<Host>,
    image: Image,
    bus: Bus,
    roles: Vec<Role>,
    directory: TempDir,
}

/// A simulated machine.
pub struct Host {
    /// Its id.
    pub id: HostId,
    /// Its name.
    pub name: String,
    /// Its engine, which outlives agents.
    pub engine: SimEngine,
}

impl World {
    /// A cloud with one host and one conductor, nothing going wrong.
    pub async fn new() -> World {
        World::with(Setup::default()).await
    }

    /// A cloud as described; returns when every host has registered.
    pub async fn with(setup: Setup) -> World {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/jeroboam.db", directory.path().display());
        let options = Options {
            durable: false,
            ..Options::default()
        };
        let store = Store::open(&url, options, Clock::virtual_now())
            .await
            .unwrap();
        store.migrate().await.unwrap();
        store.write(rows::unlimited).await.unwrap();
        let broker = match setup.chaos {
            Some(chaos) => MemoryBroker::with_chaos(chaos),
            None => MemoryBroker::new(),
        };
        let image = Image::make(&directory.path().join("images")).await;
        let mut world = World {
            bus: Bus::memory(&broker, Faults::none()),
            hosts: Vec::new(),
            roles: Vec::new(),
            store,
            broker,
            image,
            directory,
        };
        for n in 0..setup.conductors {
            world.start_conductor(setup.plot.of(&format!("conductor-{n}")));
        }
        for n in 0..setup.hosts {
            world.start_host(&format!("host-{n}"), setup.plot.of(&format!("agent-{n}")));
        }
        let hosts = setup.hosts;
        world
            .until("every host has registered", move |world| {
                Box::pin(async move { world.registered().await == hosts })
            })
            .await;
        world.forward_hints();
        world
    }

    fn start_conductor(&mut self, faults: Faults) {
        let (store, broker) = (self.store.clone(), self.broker.clone());
        self.roles.push(Role::start(faults, move |faults| {
            let store = store.with_faults(faults.clone());
            let bus = Bus::memory(&broker, faults);
            let conductor = Conductor::new(store, bus, Settings::default());
            async move { conductor.run(CancellationToken::new()).await }
        }));
    }

    fn start_host(&mut self, name: &str, faults: Faults) {
        let timings = SimTimings::default();
        let host = Host {
            id: HostId::new(),
            name: name.into(),
            engine: SimEngine::new(timings),
        };
        let settings = agent::AgentSettings {
            host: Some(host.id),
            hostname: Some(name.into()),
            state_dir: self.directory.path().join(name),
            concurrency: 8,
            ..agent::AgentSettings::default()
        };
        let (engine, broker) = (host.engine.clone(), self.broker.clone());
        let (clock, images, id) = (self.store.clock().clone(), self.image.service(), host.id);
        self.roles.push(Role::start(faults, move |faults| {
            let driver: Arc<dyn Driver> = Arc::new(FaultyDriver::new(
                Arc::new(engine.connect(id)),
                faults.clone(),
            ));
            let bus = Bus::memory(&broker, faults);
            let agent =
                agent::Agent::new(settings.clone(), driver, bus, clock.clone(), images.clone())
                    .unwrap()
                    .with_machine(Arc::new(image::machine()));
            async move { agent.run(CancellationToken::new()).await.unwrap() }
        }));
        self.hosts.push(host);
    }

    /// What the API does with the hints of its writes.
    fn forward_hints(&mut self) {
        let (store, bus) = (self.store.clone(), self.bus.clone());
        self.roles.push(Role::start(Faults::none(), move |_| {
            let (mut hints, bus) = (store.hints(), bus.clone());
            async move {
                while let Ok(hint) = hints.recv().await {
                    bus.hint(&[hint]).await;
                }
            }
        }));
    }

    /// Waits, in virtual time, until something holds.
    pub async fn until<'w>(
        &'w self,
        what: &str,
        holds: impl Fn(&'w World) -> futures::future::LocalBoxFuture<'w, bool>,
    ) {
        let start = self.store.clock().now();
        while !holds(self).await {
            let waited = self.store.clock().now().since(start);
            if waited > PATIENCE {
                panic!(
                    "waited {waited:?} in vain until {what}\n{}",
                    self.describe().await
                );
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Times the roles were started again.
    pub fn crashes(&self) -> usize {
        self.roles.iter().map(Role::restarts).sum()
    }
}
