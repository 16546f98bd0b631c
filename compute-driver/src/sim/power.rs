//! Making, starting, stopping, freezing, rebooting and removing simulated containers.

use super::driver::SimDriver;
use super::machine::Key;
use super::script::Op;
use crate::error::{DriverError, Result};
use crate::facts::Happening;
use crate::pod::Part;
use schemas::ids::WorkloadId;
use schemas::workload::{Limits, Reboot, RunState, Workload};
use std::time::Duration;

impl SimDriver {
    pub(super) async fn make(&self, workload: &Workload, part: Option<Part>) -> Result<()> {
        self.enter("ensure_created").await?;
        let key = self.key(workload.id);
        let there = self
            .engine
            .machine()
            .containers
            .get(&key)
            .map(|it| it.workload.incarnation);
        if there == Some(workload.incarnation) {
            return Ok(());
        }
        self.engine
            .obey_labels(key, Op::Create, &workload.labels)
            .await?;
        if workload.node.is_some() && self.engine.shared.inside {
            return Err(DriverError::host_fault("a node cannot be within a node"));
        }
        let timings = &self.engine.shared.timings;
        let made = self
            .engine
            .machine()
            .create(self.host, workload, part, timings)?;
        if made {
            self.engine.tell(key, Happening::Removed);
        }
        self.engine.tell(key, Happening::Created);
        self.settle().await;
        Ok(())
    }

    pub(super) async fn run(&self, id: WorkloadId) -> Result<()> {
        self.enter("ensure_running").await?;
        let key = self.key(id);
        match self.state(key)? {
            RunState::Running => Ok(()),
            RunState::Paused => self.resume(key),
            _ => self.start(key).await,
        }
    }

    pub(super) async fn end(&self, id: WorkloadId, grace: Duration) -> Result<()> {
        self.enter("ensure_stopped").await?;
        let key = self.key(id);
        if !self.engine.machine().container(key)?.is_live() {
            return Ok(());
        }
        self.engine.obey(key, Op::Stop).await?;
        self.stop(key, grace).await
    }

    pub(super) async fn freeze(&self, id: WorkloadId) -> Result<()> {
        self.enter("ensure_paused").await?;
        let key = self.key(id);
        if self.state(key)? == RunState::Paused {
            return Ok(());
        }
        if self.state(key)? != RunState::Running {
            self.start(key).await?;
        }
        self.engine.obey(key, Op::Pause).await?;
        {
            let mut machine = self.engine.machine();
            let container = machine.container(key)?;
            if container.state != RunState::Running {
                return Err(DriverError::conflict(
                    "the container ended before it could be paused",
                ));
            }
            container.state = RunState::Paused;
            container.timer += 1;
            container.hold_inner(true);
            self.engine.tell(key, Happening::Paused);
        }
        self.settle().await;
        Ok(())
    }

    pub(super) async fn reboot(
        &self,
        id: WorkloadId,
        order: &Reboot,
        grace: Duration,
    ) -> Result<()> {
        self.enter("ensure_rebooted").await?;
        let key = self.key(id);
        let (boot, live) = {
            let mut machine = self.engine.machine();
            let container = machine.container(key)?;
            (container.boot.clone(), container.is_live())
        };
        if boot != order.boot {
            return Ok(());
        }
        self.engine.obey(key, Op::Reboot).await?;
        if live {
            self.stop(key, if order.hard { Duration::ZERO } else { grace })
                .await?;
        }
        self.start(key).await
    }

    pub(super) async fn bound(&self, id: WorkloadId, limits: &Limits) -> Result<()> {
        self.enter("ensure_limits").await?;
        let key = self.key(id);
        if self.engine.machine().container(key)?.workload.limits == *limits {
            return Ok(());
        }
        self.engine.obey(key, Op::Limits).await?;
        self.engine.machine().container(key)?.workload.limits = limits.clone();
        self.settle().await;
        Ok(())
    }

    pub(super) async fn remove(&self, id: WorkloadId) -> Result<()> {
        self.enter("ensure_absent").await?;
        let key = self.key(id);
        let parts = self.engine.machine().parts(key);
        if parts.is_empty() {
            return Ok(());
        }
        for part in parts {
            self.engine.obey(part, Op::Remove).await?;
            if let Some(mut gone) = self.engine.machine().containers.remove(&part) {
                if gone.is_live() {
                    gone.end(137, false);
                    self.engine.tell(part, Happening::Died);
                }
                self.engine.tell(part, Happening::Removed);
            }
        }
        {
            let mut machine = self.engine.machine();
            machine.volumes.retain(|(of, _), _| *of != key);
            machine.drop_disks(key, None);
        }
        self.settle().await;
        Ok(())
    }

    async fn start(&self, key: Key) -> Result<()> {
        self.engine.obey(key, Op::Start).await?;
        {
            let mut machine = self.engine.machine();
            if machine.container(key)?.is_live() {
                return Ok(());
            }
            if let Err(error) = machine.start(key) {
                machine.container(key)?.error = Some(error.to_string());
                return Err(error);
            }
            self.engine.tell(key, Happening::Started);
        }
        self.engine.arm(key);
        self.engine.raise_inner(key);
        self.settle().await;
        Ok(())
    }

    async fn stop(&self, key: Key, grace: Duration) -> Result<()> {
        let (stubborn, boot, ends_well) = {
            let mut machine = self.engine.machine();
            let container = machine.container(key)?;
            let stubborn = container.script().ignores_term();
            (stubborn, container.boot.clone(), container.ends_well())
        };
        let exit_code = match (stubborn, ends_well) {
            (true, _) => 137,
            (false, true) => 0,
            (false, false) => 143,
        };
        if stubborn {
            tokio::time::sleep(grace).await;
        }
        {
            let mut machine = self.engine.machine();
            let container = machine.container(key)?;
            if container.is_live() && container.boot == boot {
                container.end(if grace.is_zero() { 137 } else { exit_code }, false);
                self.engine.tell(key, Happening::Died);
            }
        }
        self.settle().await;
        Ok(())
    }

    fn resume(&self, key: Key) -> Result<()> {
        let mut machine = self.engine.machine();
        let container = machine.container(key)?;
        if container.state == RunState::Paused {
            container.state = RunState::Running;
            container.hold_inner(false);
            self.engine.tell(key, Happening::Unpaused);
        }
        drop(machine);
        self.engine.arm(key);
        Ok(())
    }
}
