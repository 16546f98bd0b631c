//! A simulated node: a container with a whole simulated engine inside.
//!
//! The inner engine has the node's disk: what is on it outlives the node's lives, and its container when
//! another is made to go on with the disk. It answers while the node lives, as its instructions say.

use super::container::Container;
use super::engine::{SimEngine, SimTimings};
use super::machine::{Key, Machine};
use super::swarm::Part;
use crate::error::{DriverError, Result};
use crate::node::{self, END_PORT, END_UID, FIRST_PORT, FIRST_UID, Ports, Uids};
use schemas::ids::{HostId, WorkloadId};
use schemas::workload::{Node, Services, Workload};
use std::sync::Arc;

/// Where a node has its disk.
const DISK: &str = "/var/lib/docker";

/// What is inside a node.
#[derive(Clone)]
pub(super) struct Inner {
    pub(super) engine: SimEngine,
    pub(super) uids: Uids,
    pub(super) ports: Ports,
}

impl Machine {
    /// What a new node is to have inside: all that is on the disk it is to have, or nothing.
    pub(super) fn inner(
        &self,
        key: Key,
        workload: &Workload,
        node: &Node,
        timings: &SimTimings,
    ) -> Result<Inner> {
        if let Some(there) = self.disks.get(&(key, node::disk(workload, node))) {
            return Ok(there.clone());
        }
        let others = self.disks.iter().filter(|((of, _), _)| *of != key);
        let others: Vec<&Inner> = others.map(|(_, inner)| inner).collect();
        let taken: Vec<Uids> = others.iter().map(|inner| inner.uids).collect();
        let uids = Uids::free(&taken, FIRST_UID, END_UID, node.uid_count).ok_or_else(|| {
            DriverError::host_fault("this host has no range of user ids left for another node")
        })?;
        let taken = others.iter().flat_map(|inner| inner.ports.values());
        let ports = node::draw(
            (workload.id, &workload.publish),
            (FIRST_PORT, END_PORT),
            &taken.copied().collect(),
            |_| false,
        );
        let engine = SimEngine::with(timings.clone(), true);
        engine.machine().part = Part::of(self.swarms.clone(), node);
        Ok(Inner {
            engine,
            uids,
            ports,
        })
    }

    /// A node has been made with this inside: its other disks go. Nothing inside: all of them do.
    pub(super) fn keep_disk(&mut self, key: Key, workload: &Workload, inner: Option<Inner>) {
        let kept = workload.node.as_ref().zip(inner).map(|(node, inner)| {
            let mut machine = inner.engine.machine();
            machine.part = machine.part.again(node);
            // These are in the container's own files.
            machine.services = None;
            drop(machine);
            (node::disk(workload, node), inner)
        });
        let number = kept.as_ref().map(|(number, _)| *number);
        self.drop_disks(key, number);
        self.disks
            .extend(kept.map(|(number, inner)| ((key, number), inner)));
    }

    /// Removes the disks of a node but for the one of this number.
    pub(super) fn drop_disks(&mut self, key: Key, keep: Option<u32>) {
        let mut gone = Vec::new();
        self.disks.retain(|(of, number), _| {
            let stays = *of != key || Some(*number) == keep;
            gone.extend((!stays).then(|| on_disk(key, *number)));
            stays
        });
        gone.iter().for_each(|files| _ = self.volumes.remove(files));
    }
}

/// Where the files on a disk are.
fn on_disk(key: Key, number: u32) -> (Key, String) {
    (key, format!("disk/{number}"))
}

impl Container {
    /// Where a node has its disk, and where the files on it are.
    pub(super) fn disk(&self, key: Key) -> Option<(String, (Key, String))> {
        let node = self.workload.node.as_ref()?;
        let number = node::disk(&self.workload, node);
        Some((DISK.to_owned(), on_disk(key, number)))
    }

    /// A node that is frozen has an engine that does not answer.
    pub(super) fn hold_inner(&self, held: bool) {
        if let Some(inner) = &self.inner {
            inner.engine.set_hanging(held);
        }
    }
}

impl SimEngine {
    /// The engine inside a node, as tests see it; `None` when there is no such node.
    pub fn inner(&self, host: HostId, id: WorkloadId) -> Option<SimEngine> {
        let mut machine = self.machine();
        let inner = machine.container((host, id)).ok()?.inner.as_ref()?;
        Some(inner.engine.clone())
    }

    /// What a node serves, as tests see it: whoever asks one of its names or addresses finds this.
    pub fn services(&self) -> Option<Services> {
        self.machine().services.clone()
    }

    /// The life that the engine was part of has ended: all that ran on it, too.
    pub(super) fn fall(&self) {
        {
            let mut machine = self.machine();
            machine.hanging = false;
            let live = machine.containers.values_mut().filter(|it| it.is_live());
            // As engines say of a life whose end they did not see.
            live.for_each(|container| container.end(255, false));
        }
        self.set_down(true);
    }

    /// The engine inside a node that has just been started comes up, as its instructions say.
    pub(super) fn raise_inner(&self, key: Key) {
        let mut machine = self.machine();
        let Ok(container) = machine.container(key) else {
            return;
        };
        let Some(inner) = container.inner.as_ref().map(|it| it.engine.clone()) else {
            return;
        };
        container.say("the engine is started".into());
        let (script, boot) = (container.script(), container.boot.clone());
        let (after, hangs) = (script.engine_after(), script.engine_hangs());
        drop(machine);
        let Some(after) = after else { return };
        let weak = Arc::downgrade(&self.shared);
        let in_this_life = move |act: &dyn Fn(&mut Container)| {
            let Some(shared) = weak.upgrade() else { return };
            let engine = SimEngine { shared };
            let mut machine = engine.machine();
            if let Ok(container) = machine.container(key)
                && container.boot == boot
                && container.is_live()
            {
                act(container);
            }
        };
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            in_this_life(&|container| {
                container.say("the engine listens".into());
                inner.set_down(false);
            });
            if let Some(hangs) = hangs {
                tokio::time::sleep(hangs).await;
                in_this_life(&|_| inner.set_hanging(true));
            }
        });
    }
}
