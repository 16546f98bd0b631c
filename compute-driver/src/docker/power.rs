//! Starting, stopping, freezing, rebooting, removing.

use super::DockerDriver;
use super::labels;
use super::observe;
use crate::error::{DriverError, Result};
use bollard::Docker;
use bollard::models::ContainerSummary;
use bollard::query_parameters::{
    KillContainerOptionsBuilder, RemoveContainerOptionsBuilder, StartContainerOptions,
    StopContainerOptionsBuilder,
};
use schemas::ids::WorkloadId;
use schemas::workload::{Observation, Reboot, RunState};
use std::time::Duration;

impl DockerDriver {
    pub(super) async fn run(&self, id: WorkloadId) -> Result<()> {
        // Tried before it is looked at: starting what runs is no error, and mostly it does not run.
        let name = labels::container_name(self.host_id(), id);
        let failed = match self.start(&name).await {
            Err(DriverError::NotFound { .. }) => return Err(DriverError::no_container(id)),
            Err(error @ (DriverError::Conflict { .. } | DriverError::Engine { .. })) => error,
            done => return done,
        };
        match self.existing(id).await?.0.state {
            RunState::Running => Ok(()),
            RunState::Paused => self.resume(&name).await,
            RunState::Created | RunState::Exited => Err(failed),
            RunState::Unknown => Err(between_states()),
        }
    }

    pub(super) async fn stop(&self, id: WorkloadId, grace: Duration) -> Result<()> {
        let (seen, name) = self.existing(id).await?;
        self.end(&seen, &name, grace).await
    }

    pub(super) async fn freeze(&self, id: WorkloadId) -> Result<()> {
        let (seen, name) = self.existing(id).await?;
        match seen.state {
            RunState::Paused => return Ok(()),
            RunState::Running => {}
            RunState::Created | RunState::Exited => self.start(&name).await?,
            RunState::Unknown => return Err(between_states()),
        }
        let pause = async |docker: &Docker| docker.pause_container(&name).await;
        let paused = self
            .client
            .ask("pause", self.deadlines().effect(), pause)
            .await;
        self.unless_reached(paused, id, RunState::Paused).await
    }

    pub(super) async fn reboot(
        &self,
        id: WorkloadId,
        order: &Reboot,
        grace: Duration,
    ) -> Result<()> {
        let (seen, name) = self.existing(id).await?;
        if seen.boot != order.boot {
            return Ok(());
        }
        // Cut off between the two steps, the life named is over and the next call only starts.
        let grace = if order.hard { Duration::ZERO } else { grace };
        self.end(&seen, &name, grace).await?;
        self.start(&name).await
    }

    /// Removes a container, finished or not, with its anonymous volumes.
    pub(super) async fn remove(&self, id: WorkloadId) -> Result<()> {
        let found = self.called(id).await?;
        let pod = |it: &ContainerSummary| it.labels.as_ref()?.get(labels::POD).cloned();
        let is_pod = |it: &ContainerSummary| pod(it).is_some_and(|pod| pod == id.to_string());
        // Of a pod, what is left may be anything.
        if found.is_empty() || found.iter().any(is_pod) {
            self.remove_containers(id).await?;
            self.drop_volumes(id).await?;
        }
        self.remove_these(id, found).await
    }

    /// The same for what is known to be no pod.
    pub(super) async fn remove_alone(&self, id: WorkloadId) -> Result<()> {
        let found = self.called(id).await?;
        self.remove_these(id, found).await
    }

    async fn called(&self, id: WorkloadId) -> Result<Vec<ContainerSummary>> {
        let ours = [
            (labels::ID, id.to_string()),
            (labels::HOST, self.host_id().to_string()),
        ];
        self.listed(&ours).await
    }

    async fn remove_these(&self, id: WorkloadId, found: Vec<ContainerSummary>) -> Result<()> {
        for name in found.into_iter().filter_map(observe::name) {
            self.remove_named(&name).await?;
        }
        self.forget_place(id).await
    }

    /// Removes one container; none there is success.
    pub(super) async fn remove_named(&self, name: &str) -> Result<()> {
        let options = RemoveContainerOptionsBuilder::new()
            .force(true)
            .v(true)
            .build();
        let remove = async |docker: &Docker| docker.remove_container(name, Some(options)).await;
        let deadline = self.deadlines().effect();
        match self.client.ask("remove", deadline, remove).await {
            Err(DriverError::NotFound { .. }) => Ok(()),
            result => result,
        }
    }

    async fn start(&self, name: &str) -> Result<()> {
        let start = async |docker: &Docker| {
            docker
                .start_container(name, None::<StartContainerOptions>)
                .await
        };
        self.client
            .ask("start", self.deadlines().effect(), start)
            .await
    }

    async fn resume(&self, name: &str) -> Result<()> {
        let resume = async |docker: &Docker| docker.unpause_container(name).await;
        self.client
            .ask("unpause", self.deadlines().effect(), resume)
            .await
    }

    async fn end(&self, seen: &Observation, name: &str, grace: Duration) -> Result<()> {
        if !matches!(
            seen.state,
            RunState::Running | RunState::Paused | RunState::Unknown
        ) {
            return Ok(());
        }
        let deadline = self.deadlines().effect() + grace;
        let ended = if grace.is_zero() {
            let options = KillContainerOptionsBuilder::new().signal("KILL").build();
            let kill = async |docker: &Docker| docker.kill_container(name, Some(options)).await;
            self.client.ask("kill", deadline, kill).await
        } else {
            let seconds = i32::try_from(grace.as_secs().max(1)).unwrap_or(i32::MAX);
            let options = StopContainerOptionsBuilder::new().t(seconds).build();
            let stop = async |docker: &Docker| docker.stop_container(name, Some(options)).await;
            self.client.ask("stop", deadline, stop).await
        };
        self.unless_reached(ended, seen.id, RunState::Exited)
            .await?;
        self.settled(seen.id, deadline).await
    }

    /// Killing answers before the life has ended.
    async fn settled(&self, id: WorkloadId, deadline: Duration) -> Result<()> {
        let wait = async {
            loop {
                match self.existing(id).await?.0.state {
                    RunState::Running | RunState::Paused => {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                    _ => return Ok(()),
                }
            }
        };
        tokio::time::timeout(deadline, wait)
            .await
            .map_err(|_| DriverError::Timeout {
                op: "stop",
                after: deadline,
            })?
    }

    /// An order that failed because it was carried out already has not failed.
    async fn unless_reached(
        &self,
        result: Result<()>,
        id: WorkloadId,
        wanted: RunState,
    ) -> Result<()> {
        match result {
            Err(error @ DriverError::Conflict { .. }) => {
                let reached = self.existing(id).await?.0.state == wanted;
                if reached { Ok(()) } else { Err(error) }
            }
            result => result,
        }
    }
}

fn between_states() -> DriverError {
    DriverError::conflict("the container is being removed or restarted by the engine")
}
