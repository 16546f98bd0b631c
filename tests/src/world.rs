//! A whole cloud inside one test: database file, broker, the REST API, conductors, agents with
//! simulated engines, all on tokio's virtual time, so hours pass in milliseconds and runs repeat.
//!
//! ```text
//! story ──HTTP──► api ──► rows ──► conductors ◄──► memory broker ◄──► agents ──► SimEngine
//!                  ▲                                                     │    (a machine each)
//!                  └───────────── images' data, over the same door ──────┘
//! ```
//!
//! Every role can be killed at any of its effects ([`Plot`]); it is then started again, as a
//! supervisor would. [`World::audit`] compares what is on the machines with what is in the rows.

mod adopted;
mod audit;
mod authorities;
mod client;
mod clusters;
mod containers;
mod door;
mod images;
mod kubernetes;
mod nodes;
mod overlays;
mod place;
mod role;
mod seed;
mod swarms;
mod wait;
mod workloads;

pub use adopted::Outside;
pub use client::Client;
pub use clusters::Wish;
pub use nodes::Cluster;
pub use overlays::Joined;
pub use role::Plot;

use crate::api::persona::Persona;
use adopted::Looks;
use agent::{FixedMachine, MachineFacts};
use bus::{Bus, Fate, MemoryBroker, Route};
use compute_driver::sim::{SimEngine, SimTimings};
use compute_driver::{Driver, FaultyDriver};
use conductor::{Conductor, Settings};
use door::{Door, Inbox};
use images::ApiImages;
use kubernetes::Planes;
use role::Role;
use schemas::ids::{HostId, ServerId};
use seed::Seed;
use std::path::Path;
use std::sync::Arc;
use store::Store;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

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

/// A running cloud. Lives in a `LocalSet`.
pub struct World {
    /// The database, as the story's own hand.
    pub store: Store,
    /// The broker.
    pub broker: MemoryBroker,
    /// The machines.
    pub hosts: Vec<Host>,
    /// The cluster that somebody else runs.
    outside: Outside,
    /// Those on its own nodes.
    planes: Planes,
    door: Door,
    seed: &'static Seed,
    roles: Vec<Role>,
    directory: TempDir,
}

/// A simulated machine, or a node on one.
#[derive(Clone)]
pub struct Host {
    /// Its id.
    pub id: HostId,
    /// Its name.
    pub name: String,
    /// The role on it.
    pub agent: String,
    /// Its engine, which outlives agents.
    pub engine: SimEngine,
}

impl World {
    /// A cloud as described; returns when every host has registered.
    pub async fn with(setup: Setup) -> World {
        let seed = Seed::get();
        let directory = place::directory();
        seed.copy_to(directory.path());
        let store = seed::open(directory.path()).await;
        let broker = match setup.chaos {
            Some(chaos) => MemoryBroker::with_chaos(chaos),
            None => MemoryBroker::new(),
        };
        let (door, inbox) = Door::new();
        let mut world = World {
            hosts: Vec::new(),
            roles: Vec::new(),
            store,
            broker,
            outside: Outside::default(),
            planes: Planes::default(),
            door,
            seed,
            directory,
        };
        world.start_api(inbox, &setup.plot);
        for n in 0..setup.conductors {
            world.start_conductor(&format!("conductor-{n}"), &setup.plot);
        }
        for n in 0..setup.hosts {
            world.start_host(n, &setup.plot);
        }
        let hosts = setup.hosts;
        world
            .until("every host has registered", move |world| {
                Box::pin(async move { world.registered().await == hosts })
            })
            .await;
        world
    }

    fn start_api(&mut self, inbox: Inbox, plot: &Plot) {
        let (store, broker) = (self.store.clone(), self.broker.clone());
        let directory = self.directory.path().to_owned();
        self.roles.push(Role::start(plot, "api-0", move |faults| {
            let store = store.with_faults(faults.clone());
            let bus = Bus::memory(&broker, faults);
            let state = door::state(&directory, store, bus);
            door::serve(state, inbox.clone())
        }));
    }

    fn start_conductor(&mut self, name: &str, plot: &Plot) {
        let (store, broker) = (self.store.clone(), self.broker.clone());
        let keys = self.directory.path().join("keys");
        let (outside, planes) = (self.outside.clone(), self.planes.clone());
        self.roles.push(Role::start(plot, name, move |faults| {
            let store = store.with_faults(faults.clone());
            let prober = Arc::new(Looks {
                outside: outside.clone(),
                planes: planes.clone(),
                faults: faults.clone(),
            });
            let bus = Bus::memory(&broker, faults);
            let settings = Settings {
                key_dir: keys.clone(),
                ..Settings::default()
            };
            let conductor = Conductor::with_prober(store, bus, settings, prober);
            async move {
                match conductor {
                    Ok(conductor) => conductor.run(CancellationToken::new()).await,
                    Err(error) => panic!("the conductor does not start: {error}"),
                }
            }
        }));
    }

    fn start_host(&mut self, n: usize, plot: &Plot) {
        let timings = SimTimings::default();
        let name = format!("host-{n}");
        let host = Host {
            id: HostId::new(),
            agent: format!("agent-{n}"),
            name: name.clone(),
            engine: SimEngine::new(timings),
        };
        let settings = agent::AgentSettings {
            host: Some(host.id),
            hostname: Some(name.clone()),
            state_dir: self.directory.path().join(name),
            concurrency: 8,
            lendable: true,
            publish_address: None,
            tunnel_address: Some(overlays::tunnel_of(n)),
            ..agent::AgentSettings::default()
        };
        let (engine, broker) = (host.engine.clone(), self.broker.clone());
        self.planes.may_be_on(host.id, &engine);
        let (clock, door, id) = (self.store.clock().clone(), self.door.clone(), host.id);
        let token = self.token(Persona::Service);
        self.roles
            .push(Role::start(plot, &host.agent, move |faults| {
                let driver: Arc<dyn Driver> = Arc::new(FaultyDriver::new(
                    Arc::new(engine.connect(id)),
                    faults.clone(),
                ));
                let images = Arc::new(ApiImages::new(door.clone(), token, faults.clone()));
                let bus = Bus::memory(&broker, faults);
                let agent = agent::Agent::new(settings.clone(), driver, bus, clock.clone(), images)
                    .unwrap()
                    .with_machine(Arc::new(machine()));
                async move { agent.run(CancellationToken::new()).await.unwrap() }
            }));
        self.hosts.push(host);
    }

    /// Kills a role (`agent-0`, `conductor-1`), which stays dead.
    pub fn kill(&self, role: &str) {
        self.switch(role, true);
    }

    /// Starts a role again that was killed.
    pub fn start_again(&self, role: &str) {
        self.switch(role, false);
    }

    fn switch(&self, name: &str, off: bool) {
        let role = self.roles.iter().find(|role| role.name() == name);
        role.unwrap().switch(off);
    }

    /// The host a server is on.
    pub async fn host_of(&self, id: ServerId) -> &Host {
        let row = self.server(id).await.unwrap();
        let host = self.hosts.iter().find(|host| row.host() == Some(host.id));
        host.unwrap()
    }

    /// Times the roles were started again.
    pub fn crashes(&self) -> usize {
        self.roles.iter().map(Role::restarts).sum()
    }

    /// The id of a thing that every world begins with: `image/base`, `flavor/large`, …
    pub fn thing(&self, place: &str) -> &str {
        self.seed.things.get(place)
    }

    fn token(&self, who: Persona) -> &'static str {
        &self.seed.tokens[&who]
    }

    fn directory(&self) -> &Path {
        self.directory.path()
    }
}

/// A machine with room for a hundred small servers.
fn machine() -> FixedMachine {
    FixedMachine(MachineFacts {
        architecture: "amd64".into(),
        cpus: 16,
        memory_bytes: 16 << 30,
        memory_free_bytes: 16 << 30,
        disk_bytes: 200 << 30,
        disk_free_bytes: 200 << 30,
        load: 0.0,
        uptime_s: 1,
    })
}
