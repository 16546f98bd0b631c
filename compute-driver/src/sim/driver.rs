//! [`Driver`] on a simulated machine.

use super::engine::SimEngine;
use super::machine::Key;
use super::shell;
use crate::watch::Watch;
use crate::*;
use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream};
use schemas::host::{Snapshot, SwarmOrder, SwarmSeen};
use schemas::ids::{HostId, ImageId, NetworkId, WorkloadId};
use schemas::workload::{
    Digest, ImageRef, Limits, Network, Observation, Overlay, Pod, Reboot, RunState, Services,
    Workload,
};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// An agent's connection to a [`SimEngine`]. It keeps nothing but since when it watches.
#[derive(Clone)]
pub struct SimDriver {
    pub(super) engine: SimEngine,
    pub(super) host: HostId,
    pub(super) watch: Watch<Instant>,
}

impl SimDriver {
    pub(super) fn key(&self, id: WorkloadId) -> Key {
        (self.host, id)
    }

    pub(super) async fn enter(&self, op: &'static str) -> Result<()> {
        self.engine.enter(op, self.engine.shared.timings.call).await
    }

    /// Time in which a change has happened and nobody knows yet: a crash may fall into it.
    pub(super) async fn settle(&self) {
        tokio::time::sleep(self.engine.shared.timings.call).await;
    }

    pub(super) fn state(&self, key: Key) -> Result<RunState> {
        Ok(self.engine.machine().container(key)?.state)
    }
}

#[async_trait]
impl Driver for SimDriver {
    fn name(&self) -> &'static str {
        "sim"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            pause: true,
            resize_limits: true,
            snapshot: true,
            exec: true,
            terminal: true,
            logs: true,
            stats: true,
            top: true,
            archive: true,
            nodes: true,
        }
    }

    async fn host(&self) -> Result<EngineFacts> {
        self.enter("host").await?;
        Ok(EngineFacts {
            engine: "Sim 1".into(),
            architecture: oci_architecture(std::env::consts::ARCH).into(),
            root: None,
            warnings: Vec::new(),
        })
    }

    async fn list(&self) -> Result<Vec<Observation>> {
        self.enter("list").await?;
        Ok(self.engine.machine().listed(self))
    }

    async fn inspect(&self, id: WorkloadId) -> Result<Option<Observation>> {
        self.enter("inspect").await?;
        Ok(self
            .engine
            .machine()
            .containers
            .get(&self.key(id))
            .map(|it| it.observe(&self.watch)))
    }

    async fn events(&self) -> Result<EventStream> {
        let news = self.engine.shared.news.subscribe();
        self.enter("events").await?;
        let watching = self.watch.begin(Instant::now());
        let host = self.host;
        // Falling behind ends the stream, too: the caller lists and connects again.
        let all = stream::unfold((news, watching), |(mut news, watching)| async move {
            let (from, event) = news.recv().await.ok()??;
            Some(((from, event), (news, watching)))
        });
        let ours =
            all.filter_map(move |(from, event)| async move { (from == host).then_some(event) });
        Ok(ours.boxed())
    }

    async fn images(&self) -> Result<Vec<Digest>> {
        self.enter("images").await?;
        let machine = self.engine.machine();
        let ours = machine.images.keys().filter(|(host, _)| *host == self.host);
        Ok(ours.map(|(_, manifest)| manifest.clone()).collect())
    }

    async fn has_image(&self, image: &ImageRef) -> Result<bool> {
        self.enter("has_image").await?;
        Ok(self
            .engine
            .machine()
            .images
            .contains_key(&(self.host, image.manifest.clone())))
    }

    async fn ensure_image(&self, image: &ImageRef, source: &dyn ImageSource) -> Result<()> {
        self.put_image(image, source).await
    }

    async fn remove_unused_images(&self, keep: &[ImageRef]) -> Result<Vec<Digest>> {
        self.drop_images(keep).await
    }

    async fn ensure_network(&self, network: &Network) -> Result<()> {
        self.enter("ensure_network").await?;
        self.engine.machine().ensure_network(self.host, network)?;
        self.settle().await;
        Ok(())
    }

    async fn ensure_network_absent(&self, id: NetworkId) -> Result<()> {
        self.enter("ensure_network_absent").await?;
        self.engine.machine().remove_network(self.host, id)?;
        self.settle().await;
        Ok(())
    }

    async fn list_networks(&self) -> Result<Vec<Network>> {
        self.enter("list_networks").await?;
        let machine = self.engine.machine();
        let ours = machine
            .networks
            .iter()
            .filter(|((host, _), _)| *host == self.host);
        Ok(ours.map(|(_, subnet)| subnet.network.clone()).collect())
    }

    async fn tunnel_mtu(&self, _address: Ipv4Addr) -> Result<u32> {
        self.enter("tunnel_mtu").await?;
        match self.engine.shared.inside {
            true => Err(DriverError::host_fault("a node's engine makes no tunnels")),
            false => Ok(1500),
        }
    }

    async fn ensure_overlay(&self, overlay: &Overlay) -> Result<()> {
        self.enter("ensure_overlay").await?;
        self.engine.machine().ensure_overlay(self.host, overlay)?;
        self.settle().await;
        Ok(())
    }

    async fn list_overlays(&self) -> Result<Vec<NetworkId>> {
        self.enter("list_overlays").await?;
        Ok(self
            .engine
            .overlays(self.host)
            .into_iter()
            .map(|it| it.network)
            .collect())
    }

    async fn ensure_created(&self, workload: &Workload) -> Result<()> {
        self.make(workload, None).await
    }

    async fn ensure_running(&self, id: WorkloadId) -> Result<()> {
        self.run(id).await
    }

    async fn ensure_stopped(&self, id: WorkloadId, grace: Duration) -> Result<()> {
        self.end(id, grace).await
    }

    async fn ensure_paused(&self, id: WorkloadId) -> Result<()> {
        self.freeze(id).await
    }

    async fn ensure_rebooted(&self, id: WorkloadId, order: &Reboot, grace: Duration) -> Result<()> {
        self.reboot(id, order, grace).await
    }

    async fn ensure_limits(&self, id: WorkloadId, limits: &Limits) -> Result<()> {
        self.bound(id, limits).await
    }

    async fn ensure_absent(&self, id: WorkloadId) -> Result<()> {
        self.remove(id).await
    }

    async fn ensure_sandbox(&self, pod: &Pod) -> Result<()> {
        self.put_sandbox(pod).await
    }

    async fn ensure_member(&self, pod: &Pod, name: &str) -> Result<()> {
        self.put_member(pod, name).await
    }

    async fn inspect_pod(&self, id: WorkloadId) -> Result<Option<PodHere>> {
        self.pod_here(id).await
    }

    async fn dial(
        &self,
        pod: WorkloadId,
        port: u16,
        _patience: Duration,
    ) -> Result<Box<dyn Conversation>> {
        self.open_port(pod, port).await
    }

    async fn ensure_snapshot(&self, order: &Snapshot) -> Result<ByteStream> {
        self.commit(order).await
    }

    async fn ensure_snapshot_absent(&self, image: ImageId) -> Result<()> {
        self.enter("ensure_snapshot_absent").await?;
        self.engine.machine().snapshots.remove(&(self.host, image));
        self.settle().await;
        Ok(())
    }

    async fn ensure_services(&self, services: &Services) -> Result<()> {
        self.enter("services").await?;
        if !self.engine.shared.inside {
            return Err(DriverError::Unsupported {
                driver: self.name(),
                op: "services",
            });
        }
        self.engine.machine().services = Some(services.clone());
        self.settle().await;
        Ok(())
    }

    async fn inner(&self, id: WorkloadId) -> Result<Arc<dyn Driver>> {
        let mut machine = self.engine.machine();
        let inner = machine.container(self.key(id))?.inner.as_ref();
        let inner = inner.ok_or_else(|| DriverError::conflict("the container is no node"))?;
        Ok(Arc::new(inner.engine.connect(id.into())))
    }

    async fn ensure_swarm(&self, order: &SwarmOrder) -> Result<SwarmSeen> {
        self.take_part(order).await
    }

    async fn exec(&self, id: WorkloadId, order: ExecOrder) -> Result<ExecOutput> {
        self.run_inside(id, order).await
    }

    async fn terminal(
        &self,
        id: WorkloadId,
        _command: Vec<String>,
        size: TtySize,
    ) -> Result<Terminal> {
        self.enter("terminal").await?;
        Ok(shell::open(self.engine.clone(), self.running(id)?, size))
    }

    async fn logs(&self, id: WorkloadId, tail: Option<u32>, timestamps: bool) -> Result<String> {
        self.output(id, tail, timestamps).await
    }

    async fn stats(&self, id: WorkloadId) -> Result<Stats> {
        self.counters(id).await
    }

    async fn top(&self, id: WorkloadId) -> Result<Top> {
        self.processes(id).await
    }

    async fn archive_get(&self, id: WorkloadId, path: &str) -> Result<ByteStream> {
        self.fetch(id, path).await
    }

    async fn archive_put(&self, id: WorkloadId, folder: &str, tar: Bytes) -> Result<()> {
        self.put(id, folder, tar).await
    }
}
