//! A driver with a crash point before and after every call that changes something.

use crate::*;
use async_trait::async_trait;
use bytes::Bytes;
use process::Faults;
use schemas::host::{Snapshot, SwarmOrder, SwarmSeen};
use schemas::ids::{ImageId, NetworkId, WorkloadId};
use schemas::workload::{
    Digest, ImageRef, Limits, Network, Observation, Overlay, Pod, Reboot, Services, Workload,
};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

/// Passes every call on; those with an effect through [`Faults::around`] as `driver.<call>`.
pub struct FaultyDriver {
    inner: Arc<dyn Driver>,
    faults: Faults,
}

impl FaultyDriver {
    /// Wraps a driver.
    pub fn new(inner: Arc<dyn Driver>, faults: Faults) -> Self {
        Self { inner, faults }
    }
}

#[async_trait]
impl Driver for FaultyDriver {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn host(&self) -> Result<EngineFacts> {
        self.inner.host().await
    }

    async fn list(&self) -> Result<Vec<Observation>> {
        self.inner.list().await
    }

    async fn inspect(&self, id: WorkloadId) -> Result<Option<Observation>> {
        self.inner.inspect(id).await
    }

    async fn events(&self) -> Result<EventStream> {
        self.inner.events().await
    }

    async fn images(&self) -> Result<Vec<Digest>> {
        self.inner.images().await
    }

    async fn has_image(&self, image: &ImageRef) -> Result<bool> {
        self.inner.has_image(image).await
    }

    async fn ensure_image(&self, image: &ImageRef, source: &dyn ImageSource) -> Result<()> {
        self.faults
            .around(
                "driver.ensure_image",
                self.inner.ensure_image(image, source),
            )
            .await
    }

    async fn remove_unused_images(&self, keep: &[ImageRef]) -> Result<Vec<Digest>> {
        let effect = self.inner.remove_unused_images(keep);
        self.faults
            .around("driver.remove_unused_images", effect)
            .await
    }

    async fn ensure_network(&self, network: &Network) -> Result<()> {
        self.faults
            .around("driver.ensure_network", self.inner.ensure_network(network))
            .await
    }

    async fn ensure_network_absent(&self, id: NetworkId) -> Result<()> {
        let effect = self.inner.ensure_network_absent(id);
        self.faults
            .around("driver.ensure_network_absent", effect)
            .await
    }

    async fn list_networks(&self) -> Result<Vec<Network>> {
        self.inner.list_networks().await
    }

    async fn tunnel_mtu(&self, address: Ipv4Addr) -> Result<u32> {
        self.inner.tunnel_mtu(address).await
    }

    async fn ensure_overlay(&self, overlay: &Overlay) -> Result<()> {
        self.faults
            .around("driver.ensure_overlay", self.inner.ensure_overlay(overlay))
            .await
    }

    async fn list_overlays(&self) -> Result<Vec<NetworkId>> {
        self.inner.list_overlays().await
    }

    async fn ensure_created(&self, workload: &Workload) -> Result<()> {
        self.faults
            .around("driver.ensure_created", self.inner.ensure_created(workload))
            .await
    }

    async fn ensure_running(&self, id: WorkloadId) -> Result<()> {
        self.faults
            .around("driver.ensure_running", self.inner.ensure_running(id))
            .await
    }

    async fn ensure_stopped(&self, id: WorkloadId, grace: Duration) -> Result<()> {
        self.faults
            .around(
                "driver.ensure_stopped",
                self.inner.ensure_stopped(id, grace),
            )
            .await
    }

    async fn ensure_paused(&self, id: WorkloadId) -> Result<()> {
        self.faults
            .around("driver.ensure_paused", self.inner.ensure_paused(id))
            .await
    }

    async fn ensure_rebooted(&self, id: WorkloadId, order: &Reboot, grace: Duration) -> Result<()> {
        let effect = self.inner.ensure_rebooted(id, order, grace);
        self.faults.around("driver.ensure_rebooted", effect).await
    }

    async fn ensure_limits(&self, id: WorkloadId, limits: &Limits) -> Result<()> {
        self.faults
            .around("driver.ensure_limits", self.inner.ensure_limits(id, limits))
            .await
    }

    async fn ensure_absent(&self, id: WorkloadId) -> Result<()> {
        self.faults
            .around("driver.ensure_absent", self.inner.ensure_absent(id))
            .await
    }

    async fn ensure_sandbox(&self, pod: &Pod) -> Result<()> {
        self.faults
            .around("driver.ensure_sandbox", self.inner.ensure_sandbox(pod))
            .await
    }

    async fn ensure_member(&self, pod: &Pod, name: &str) -> Result<()> {
        self.faults
            .around("driver.ensure_member", self.inner.ensure_member(pod, name))
            .await
    }

    async fn inspect_pod(&self, id: WorkloadId) -> Result<Option<PodHere>> {
        self.inner.inspect_pod(id).await
    }

    async fn dial(
        &self,
        pod: WorkloadId,
        port: u16,
        patience: Duration,
    ) -> Result<Box<dyn Conversation>> {
        self.inner.dial(pod, port, patience).await
    }

    async fn ensure_snapshot(&self, order: &Snapshot) -> Result<ByteStream> {
        self.faults
            .around("driver.ensure_snapshot", self.inner.ensure_snapshot(order))
            .await
    }

    async fn ensure_snapshot_absent(&self, image: ImageId) -> Result<()> {
        let effect = self.inner.ensure_snapshot_absent(image);
        self.faults
            .around("driver.ensure_snapshot_absent", effect)
            .await
    }

    async fn ensure_services(&self, services: &Services) -> Result<()> {
        let effect = self.inner.ensure_services(services);
        self.faults.around("driver.ensure_services", effect).await
    }

    async fn inner(&self, id: WorkloadId) -> Result<Arc<dyn Driver>> {
        let inner = self.inner.inner(id).await?;
        Ok(Arc::new(FaultyDriver::new(inner, self.faults.clone())))
    }

    async fn ensure_swarm(&self, order: &SwarmOrder) -> Result<SwarmSeen> {
        let effect = self.inner.ensure_swarm(order);
        self.faults.around("driver.ensure_swarm", effect).await
    }

    async fn exec(&self, id: WorkloadId, order: ExecOrder) -> Result<ExecOutput> {
        self.inner.exec(id, order).await
    }

    async fn terminal(
        &self,
        id: WorkloadId,
        command: Vec<String>,
        size: TtySize,
    ) -> Result<Terminal> {
        self.inner.terminal(id, command, size).await
    }

    async fn logs(&self, id: WorkloadId, tail: Option<u32>, timestamps: bool) -> Result<String> {
        self.inner.logs(id, tail, timestamps).await
    }

    async fn stats(&self, id: WorkloadId) -> Result<Stats> {
        self.inner.stats(id).await
    }

    async fn top(&self, id: WorkloadId) -> Result<Top> {
        self.inner.top(id).await
    }

    async fn archive_get(&self, id: WorkloadId, path: &str) -> Result<ByteStream> {
        self.inner.archive_get(id, path).await
    }

    async fn archive_put(&self, id: WorkloadId, folder: &str, tar: Bytes) -> Result<()> {
        self.faults
            .around(
                "driver.archive_put",
                self.inner.archive_put(id, folder, tar),
            )
            .await
    }
}
