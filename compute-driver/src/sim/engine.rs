//! The simulated machine as tests and demonstrations hold it.

use super::driver::SimDriver;
use super::machine::{Key, Machine};
use super::script::Op;
use crate::error::{DriverError, Result};
use crate::facts::{Event, Happening};
use crate::watch::Watch;
use schemas::ids::{HostId, ImageId, NetworkId, WorkloadId};
use schemas::workload::Overlay;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast;

/// How long things take on the simulated machine.
#[derive(Clone, Debug)]
pub struct SimTimings {
    /// An observation or a small change.
    pub call: Duration,
    /// Making or starting a container.
    pub effect: Duration,
    /// What a call that hangs waits for before it gives up.
    pub deadline: Duration,
}

impl Default for SimTimings {
    fn default() -> Self {
        Self {
            call: Duration::from_millis(1),
            effect: Duration::from_millis(5),
            deadline: Duration::from_secs(60),
        }
    }
}

/// A machine with an engine on it. Cheap to clone; all clones are the same machine.
#[derive(Clone)]
pub struct SimEngine {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    machine: Mutex<Machine>,
    pub(super) timings: SimTimings,
    /// It runs inside a node.
    pub(super) inside: bool,
    /// `None` tells the streams of events to end.
    pub(super) news: broadcast::Sender<Option<(HostId, Event)>>,
    /// Pods by the ids of their members: what happens to these happens to those.
    members: Mutex<BTreeMap<WorkloadId, WorkloadId>>,
}

impl SimEngine {
    /// An empty machine.
    pub fn new(timings: SimTimings) -> Self {
        Self::with(timings, false)
    }

    pub(super) fn with(timings: SimTimings, inside: bool) -> Self {
        let (news, _) = broadcast::channel(256);
        let mut machine = Machine::default();
        // A node has to run before its engine does.
        machine.down = inside;
        let machine = Mutex::new(machine);
        Self {
            shared: Arc::new(Shared {
                machine,
                timings,
                inside,
                news,
                members: Mutex::default(),
            }),
        }
    }

    /// An agent's connection. Any number of them, one after the other or at once.
    pub fn connect(&self, host: HostId) -> SimDriver {
        SimDriver {
            engine: self.clone(),
            host,
            watch: Watch::default(),
        }
    }

    /// With `true` nobody answers and streams of events end; containers live on.
    pub fn set_down(&self, down: bool) {
        self.machine().down = down;
        if down {
            _ = self.shared.news.send(None);
        }
    }

    /// With `true` every call waits for its deadline and ends as a timeout.
    pub fn set_hanging(&self, hanging: bool) {
        self.machine().hanging = hanging;
    }

    /// An operator stops the engine: nobody answers, streams of events end, and then every container is
    /// asked to end. Until `set_down(false)`.
    pub fn shut_down(&self) {
        self.set_down(true);
        let mut machine = self.machine();
        for container in machine.containers.values_mut().filter(|it| it.is_live()) {
            let stubborn = container.script().ignores_term();
            container.end(if stubborn { 137 } else { 0 }, false);
        }
    }

    /// Power is lost and comes back: every life ends at once, streams of events end.
    pub fn power_cycle(&self) {
        let mut machine = self.machine();
        for container in machine.containers.values_mut().filter(|it| it.is_live()) {
            container.end(137, false);
        }
        _ = self.shared.news.send(None);
    }

    /// Ends one life from outside, as an operator's `docker kill` or a crash of the program would.
    pub fn kill(&self, host: HostId, id: WorkloadId, exit_code: i64) -> Result<()> {
        let key = (host, id);
        let mut machine = self.machine();
        let container = machine.container(key)?;
        if container.is_live() {
            container.end(exit_code, false);
            self.tell(key, Happening::Died);
        }
        Ok(())
    }

    /// Images made of containers that are still kept for a host: none at rest.
    pub fn snapshots(&self, host: HostId) -> Vec<ImageId> {
        let machine = self.machine();
        let ours = machine.snapshots.keys().filter(|(of, _)| *of == host);
        ours.map(|(_, image)| *image).collect()
    }

    /// How a host's networks are joined with those of other machines, as told last.
    pub fn overlays(&self, host: HostId) -> Vec<Overlay> {
        let machine = self.machine();
        let ours = machine.overlays.iter().filter(|((of, _), _)| *of == host);
        ours.map(|(_, overlay)| overlay.clone()).collect()
    }

    /// The machine is started again: what the kernel had is lost, what the engine has is not.
    pub fn forget_overlays(&self) {
        self.machine().overlays.clear();
    }

    /// The host's own address on a network, if it is told one that is not the network's first.
    pub fn gateway(&self, host: HostId, network: NetworkId) -> Option<Ipv4Addr> {
        let machine = self.machine();
        machine.networks.get(&(host, network))?.network.link.gateway
    }

    pub(super) fn machine(&self) -> MutexGuard<'_, Machine> {
        self.shared
            .machine
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note_member(&self, member: WorkloadId, pod: WorkloadId) {
        self.members().insert(member, pod);
    }

    fn members(&self) -> MutexGuard<'_, BTreeMap<WorkloadId, WorkloadId>> {
        let members = self.shared.members.lock();
        members.unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tell(&self, (host, id): Key, what: Happening) {
        let id = self.members().get(&id).copied().unwrap_or(id);
        // Nobody listening is fine: who comes later lists first.
        _ = self.shared.news.send(Some((host, Event { id, what })));
    }

    /// Waits for the answer of an engine that may be down or hang.
    pub(super) async fn enter(&self, op: &'static str, takes: Duration) -> Result<()> {
        let (down, hanging) = {
            let machine = self.machine();
            (machine.down, machine.hanging)
        };
        if hanging {
            return Err(self.time_out(op).await);
        }
        if down {
            return Err(DriverError::EngineDown {
                text: "connection refused".into(),
            });
        }
        tokio::time::sleep(takes).await;
        Ok(())
    }

    pub(super) async fn time_out(&self, op: &'static str) -> DriverError {
        let after = self.shared.timings.deadline;
        tokio::time::sleep(after).await;
        DriverError::Timeout { op, after }
    }

    /// Waits as the container's instructions say, then lets it fail if they say so.
    pub(super) async fn obey(&self, key: Key, op: Op) -> Result<()> {
        let workload = self.machine().container(key)?.workload.labels.clone();
        self.obey_labels(key, op, &workload).await
    }

    pub(super) async fn obey_labels(
        &self,
        key: Key,
        op: Op,
        labels: &std::collections::BTreeMap<String, String>,
    ) -> Result<()> {
        let script = super::script::Script(labels);
        if script.hangs(op) {
            return Err(self.time_out(op.as_str()).await);
        }
        let effect = match op {
            Op::Exec | Op::Limits | Op::Pause => self.shared.timings.call,
            _ => self.shared.timings.effect,
        };
        tokio::time::sleep(effect + script.delay(op)).await;
        self.machine().obey(key, op, script)
    }

    /// Lets the present life end by itself if its instructions say so.
    pub(super) fn arm(&self, key: Key) {
        let mut machine = self.machine();
        let Ok(container) = machine.container(key) else {
            return;
        };
        let Some((after, exit_code, oom)) = container.end_of_life() else {
            return;
        };
        let timer = container.timer;
        let weak = Arc::downgrade(&self.shared);
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            let Some(shared) = weak.upgrade() else { return };
            let engine = SimEngine { shared };
            let mut machine = engine.machine();
            let Ok(container) = machine.container(key) else {
                return;
            };
            if container.timer == timer && container.is_live() {
                container.end(exit_code, oom);
                if oom {
                    engine.tell(key, Happening::OutOfMemory);
                }
                engine.tell(key, Happening::Died);
            }
        });
    }
}
