//! One host with its agent, and a conductor that the test plays.

use crate::service::Images;
use agent::{Agent, AgentSettings, FixedMachine, MachineFacts};
use blobs::{Format, Terms, take_apart};
use bus::{Bus, MemoryBroker, Report, Reports};
use compute_driver::sim::{SimDriver, SimEngine, SimTimings};
use compute_driver::{Driver, FaultyDriver};
use process::{Clock, Faults};
use schemas::host::*;
use schemas::ids::{HostId, ImageId, NetworkId, WorkloadId};
use schemas::workload::*;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Virtual time after which a story has failed.
const PATIENCE: Duration = Duration::from_secs(900);
const RESEND: Duration = Duration::from_secs(20);

pub struct World {
    pub broker: MemoryBroker,
    pub engine: SimEngine,
    pub images: Arc<Images>,
    pub host: HostId,
    pub bus: Bus,
    pub settings: AgentSettings,
    reports: Reports,
    generation: u64,
    agent: Option<JoinHandle<()>>,
    pub shutdown: CancellationToken,
    /// A real engine in place of the simulated one.
    pub real: Option<Arc<dyn Driver>>,
    pub machine: MachineFacts,
    clock: Clock,
    _dir: TempDir,
}

impl World {
    pub async fn new() -> World {
        World::with_faults(Faults::none()).await
    }

    /// The first life of the agent ends where the faults say, and is followed by a second.
    pub async fn with_faults(faults: Faults) -> World {
        let mut world = World::without_agent().await;
        world.start(faults);
        world
    }

    pub async fn without_agent() -> World {
        World::on(MemoryBroker::new()).await
    }

    /// A world on this broker, without an agent yet.
    pub async fn on(broker: MemoryBroker) -> World {
        let dir = tempfile::tempdir().unwrap();
        let bus = Bus::memory(&broker, Faults::none());
        let reports = bus.reports().await;
        let settings = AgentSettings {
            state_dir: dir.path().join("agent"),
            hostname: Some("h1".into()),
            concurrency: 4,
            publish_address: None,
            ..AgentSettings::default()
        };
        World {
            engine: SimEngine::new(SimTimings::default()),
            images: Arc::new(Images::open(PathBuf::from(dir.path()).join("service"))),
            host: settings.host_id().unwrap(),
            bus,
            broker,
            settings,
            reports,
            generation: 0,
            agent: None,
            shutdown: CancellationToken::new(),
            real: None,
            machine: MachineFacts {
                cpus: 4,
                memory_bytes: 8 << 30,
                ..MachineFacts::default()
            },
            clock: Clock::virtual_now(),
            _dir: dir,
        }
    }

    pub fn driver(&self) -> SimDriver {
        self.engine.connect(self.host)
    }

    pub fn start(&mut self, faults: Faults) {
        let (settings, broker) = (self.settings.clone(), self.broker.clone());
        let (engine, host) = (self.engine.clone(), self.host);
        let (clock, images) = (self.clock.clone(), self.images.clone());
        let real = self.real.clone();
        let (shutdown, machine) = (self.shutdown.clone(), self.machine.clone());
        let live = move |faults: Faults| {
            let driver = match &real {
                Some(real) => real.clone(),
                None => Arc::new(engine.connect(host)) as Arc<dyn Driver>,
            };
            let driver = Arc::new(FaultyDriver::new(driver, faults.clone()));
            let bus = Bus::memory(&broker, faults);
            let agent = Agent::new(settings.clone(), driver, bus, clock.clone(), images.clone());
            let machine = Arc::new(FixedMachine(machine.clone()));
            agent.unwrap().with_machine(machine).run(shutdown.clone())
        };
        self.agent = Some(tokio::spawn(async move {
            tokio::select! {
                ended = live(faults.clone()) => return ended.unwrap(),
                () = faults.crashed() => {}
            }
            live(Faults::none()).await.unwrap();
        }));
    }

    /// Asks the agent to end, and waits until it has.
    pub async fn stop(&mut self) {
        self.shutdown.cancel();
        let agent = self.agent.take().unwrap();
        timeout(PATIENCE, agent)
            .await
            .expect("the agent ends")
            .unwrap();
        self.shutdown = CancellationToken::new();
    }

    /// `kill -9`.
    pub async fn kill(&mut self) {
        let agent = self.agent.take().unwrap();
        agent.abort();
        _ = agent.await;
    }

    /// An image of one layer with one file in the image service.
    pub fn image(&self, content: &str) -> ImageRef {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, "etc/motd", content.as_bytes())
            .unwrap();
        let tar = tar.into_inner().unwrap();
        self.upload(&tar)
    }

    pub fn upload(&self, tar: &[u8]) -> ImageRef {
        let store = self.images.inner.store();
        let taken = take_apart(tar, Format::Bare, store, &Terms::default()).unwrap();
        let id = ImageId::new();
        let manifest = store.read(&taken.manifest, 1 << 20).unwrap();
        self.images.add_manifest(id, &manifest);
        ImageRef {
            id,
            manifest: taken.manifest.to_string(),
        }
    }

    /// Sends an order of a new generation.
    pub async fn order(&mut self, id: WorkloadId, desired: Desired) -> Converge {
        self.generation += 1;
        let order = Converge {
            id,
            generation: self.generation,
            request_id: format!("req-{}", self.generation),
            desired,
        };
        self.send(&order).await;
        order
    }

    pub async fn send(&self, order: &Converge) {
        self.bus.converge(self.host, order).await.unwrap();
    }

    /// Sends an order as a conductor does: again and again until it is observed.
    pub async fn settle(&mut self, id: WorkloadId, desired: Desired) -> Observed {
        let order = self.order(id, desired).await;
        self.settled(&order).await
    }

    /// The end of an order, which is resent now and then.
    pub async fn settled(&mut self, order: &Converge) -> Observed {
        let mut waited = Duration::ZERO;
        loop {
            let done = |seen: &Observed| {
                seen.id == order.id && seen.generation >= order.generation && !is_busy(seen)
            };
            if let Ok(seen) = timeout(RESEND, self.hear(done)).await {
                return seen;
            }
            waited += RESEND;
            assert!(waited < PATIENCE, "never observed: {order:?}");
            self.send(order).await;
        }
    }

    /// The next observation like this; others are dropped.
    pub async fn hear(&mut self, wanted: impl Fn(&Observed) -> bool) -> Observed {
        self.report(|report| match report {
            Report::Observed(seen) if wanted(&seen) => Some(seen),
            _ => None,
        })
        .await
    }

    pub async fn hello(&mut self) -> Hello {
        self.report(|report| match report {
            Report::Hello(hello) => Some(hello),
            _ => None,
        })
        .await
    }

    /// What the next heartbeat says of the host.
    pub async fn beat(&mut self) -> Inventory {
        self.report(|report| match report {
            Report::Heartbeat(beat) => Some(beat.inventory),
            _ => None,
        })
        .await
    }

    pub async fn report<T>(&mut self, wanted: impl Fn(Report) -> Option<T>) -> T {
        let waiting = async {
            loop {
                let delivery = self.reports.next().await;
                let report = delivery.report.clone();
                delivery.ack().await;
                if let Some(found) = wanted(report) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, waiting).await.expect("the story goes on")
    }

    /// All observations of an id within a time.
    pub async fn all_within(&mut self, length: Duration, id: WorkloadId) -> Vec<Observed> {
        let mut all = Vec::new();
        let collecting = async {
            loop {
                all.push(self.hear(|seen| seen.id == id).await);
            }
        };
        _ = timeout(length, collecting).await;
        all
    }

    pub async fn call(&self, id: WorkloadId, op: Op) -> Reply {
        let call = Call {
            id,
            request_id: "req-call".into(),
            op,
        };
        self.bus
            .call(self.host, &call, Duration::from_secs(30))
            .await
            .unwrap()
    }

    /// Nothing is left on the host.
    pub async fn assert_empty(&self) {
        let driver = self.driver();
        assert_eq!(driver.list().await.unwrap(), []);
        assert_eq!(driver.list_networks().await.unwrap(), []);
    }
}

pub fn is_busy(seen: &Observed) -> bool {
    matches!(seen.state, Seen::Busy { .. })
}

pub fn network(name: &str) -> Network {
    Network {
        id: NetworkId::new(),
        name: name.into(),
        project_id: "p".into(),
        cidr: None,
        guests: None,
        link: Default::default(),
    }
}

pub fn attach(network: &Network) -> Attachment {
    Attachment {
        network: network.clone(),
        address: None,
        aliases: Vec::new(),
    }
}

pub fn workload(image: &ImageRef) -> Workload {
    Workload {
        id: WorkloadId::new(),
        project_id: "p".into(),
        name: "web".into(),
        hostname: "web".into(),
        image: image.clone(),
        incarnation: 1,
        command: None,
        args: None,
        env: BTreeMap::new(),
        limits: Limits {
            cpu_shares: 1024,
            cpu_millis: None,
            memory_bytes: 64 << 20,
            pids: 100,
        },
        security: Security::default(),
        networks: Vec::new(),
        files: Vec::new(),
        labels: BTreeMap::new(),
        power: Power::Running,
        reboot: None,
        node: None,
        publish: Vec::new(),
    }
}

pub fn labelled(image: &ImageRef, labels: &[(&str, &str)]) -> Workload {
    let pairs = labels.iter();
    Workload {
        labels: pairs
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect(),
        ..workload(image)
    }
}

pub fn container(workload: &Workload) -> Desired {
    Desired::Container(Box::new(workload.clone()))
}

/// The container of a good end.
pub fn reached(seen: Observed) -> Observation {
    assert_eq!(seen.problem, None, "{seen:?}");
    match seen.state {
        Seen::Container(container) => container,
        other => panic!("no container: {other:?}"),
    }
}
