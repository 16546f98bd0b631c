//! Starting, stopping, freezing, rebooting, removing.

use super::DockerDriver;
use super::labels;
use super::observe;
use crate::error::{DriverError, Result};
use crate::node;
use bollard::Docker;
use bollard::models::ContainerSummary;
use bollard::query_parameters::{
    KillContainerOptionsBuilder, RemoveContainerOptionsBuilder, StartContainerOptions,
    StopContainerOptionsBuilder,
};
use schemas::ids::WorkloadId;
use schemas::workload::{Observation, Reboot, RunState, Workload};
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

    /// Removes a container, finished or not, with its anonymous volumes, and all that a node or a pod has.
    pub(super) async fn remove(&self, id: WorkloadId) -> Result<()> {
        let found = self.called(id).await?;
        let of_pod = |it: &ContainerSummary| {
            let pod = it.labels.as_ref().and_then(|it| it.get(labels::POD));
            pod == Some(&id.to_string())
        };
        let (nothing, is_pod) = (found.is_empty(), found.iter().any(of_pod));
        let is_node = found.iter().any(of_node);
        // Of a pod, what is left may be anything.
        if nothing || is_pod {
            self.remove_containers(id).await?;
        }
        self.remove_these(found).await?;
        match () {
            () if nothing => self.drop_any_volumes(id).await?,
            () if is_pod => self.drop_volumes(id).await?,
            () if is_node => self.drop_disks(id, None).await?,
            () => {}
        }
        self.forget_place(id).await
    }

    /// Removes what is to be made anew and is no pod. Of a node's disks, the one that it is to have stays.
    pub(super) async fn remove_before(&self, workload: &Workload) -> Result<()> {
        let found = self.called(workload.id).await?;
        let node = workload.node.as_ref();
        let disk = node.map(|node| node::disk(workload, node));
        let is_node = disk.is_some() || found.iter().any(of_node);
        self.remove_these(found).await?;
        if is_node {
            self.drop_disks(workload.id, disk).await?;
        }
        self.forget_place(workload.id).await
    }

    async fn called(&self, id: WorkloadId) -> Result<Vec<ContainerSummary>> {
        let ours = [
            (labels::ID, id.to_string()),
            (labels::HOST, self.host_id().to_string()),
        ];
        self.listed(&ours).await
    }

    async fn remove_these(&self, found: Vec<ContainerSummary>) -> Result<()> {
        for name in found.into_iter().filter_map(observe::name) {
            self.remove_named(&name).await?;
        }
        Ok(())
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

/// Is it the container of a node?
fn of_node(listed: &ContainerSummary) -> bool {
    let labels = listed.labels.as_ref();
    labels.is_some_and(|it| it.contains_key(labels::CLUSTER))
}

fn between_states() -> DriverError {
    DriverError::conflict("the container is being removed or restarted by the engine")
}
