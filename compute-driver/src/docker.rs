//! Docker, and Podman by its compatible socket: any engine that speaks the Docker API 1.41 or later.
//! Of Swarm, only the engines inside nodes of clusters are part (module `swarm`).
//!
//! # Guarantees
//! - What is on the engine carries our labels (module `labels`) with our id and host; names are made
//!   from ids, so nobody's choice of a name collides with another's.
//! - A container is safe by default (module `security`) and bounded in processor, memory, swap, processes
//!   and output. Where the machine cannot keep a bound, [`Driver::host`] warns.
//! - An image gets its name only after its content was checked (module `image`).
//!
//! # Assumes
//! Whoever may talk to the engine's socket owns the machine: it is reachable for the agent alone.
//!
//! # Fails when
//! The engine hangs: every call ends by its deadline ([`Deadlines`]), the connection is made anew.

mod client;
mod create;
mod dial;
mod disks;
mod events;
mod exec;
mod facts;
pub mod guard;
mod image;
mod labels;
mod limits;
mod network;
mod node;
mod observe;
mod output;
mod overlay;
mod pause;
mod pods;
mod power;
mod security;
mod services;
mod settings;
mod snapshot;
mod swarm;
mod volumes;
mod words;

pub use settings::{Deadlines, DockerSettings, GuardMode, NodeSettings, TlsFiles};

use crate::watch::Watch;
use crate::*;
use async_trait::async_trait;
use bollard::Docker;
use bytes::Bytes;
use client::Client;
use schemas::Timestamp;
use schemas::host::{Snapshot, SwarmOrder, SwarmSeen};
use schemas::ids::{HostId, ImageId, NetworkId, WorkloadId};
use schemas::workload::{
    Digest, ImageRef, Limits, Network, Observation, Overlay, Pod, Reboot, Services, Workload,
};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;
use tokio::sync::Mutex;

/// One host's connection to its engine.
pub struct DockerDriver {
    settings: DockerSettings,
    client: Arc<Client>,
    watch: Watch<Timestamp>,
    /// Held while a node's range of user ids is chosen and written down.
    ranges: Mutex<()>,
    /// The image of sandboxes was on the engine when last looked for.
    has_pause: AtomicBool,
    /// The kernel has made a tunnel.
    can_tunnel: AtomicBool,
    /// The networks that are joined with others, as told last.
    joined: StdMutex<BTreeMap<NetworkId, Overlay>>,
}

impl DockerDriver {
    /// Connects when first asked something; an engine that is down now may be up by then.
    pub fn new(settings: DockerSettings) -> Self {
        let client = Arc::new(Client::new(settings.clone()));
        Self {
            settings,
            client,
            watch: Watch::default(),
            ranges: Mutex::default(),
            has_pause: AtomicBool::default(),
            can_tunnel: AtomicBool::default(),
            joined: StdMutex::default(),
        }
    }

    fn host_id(&self) -> HostId {
        self.settings.host
    }

    fn deadlines(&self) -> &Deadlines {
        &self.settings.deadlines
    }
}

#[async_trait]
impl Driver for DockerDriver {
    fn name(&self) -> &'static str {
        "docker"
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
            // A node's directory is bound into it, so both have to be on the engine's machine.
            nodes: self.settings.is_machine(),
        }
    }

    async fn host(&self) -> Result<EngineFacts> {
        self.engine_facts().await
    }

    async fn list(&self) -> Result<Vec<Observation>> {
        self.observe_all().await
    }

    async fn inspect(&self, id: WorkloadId) -> Result<Option<Observation>> {
        self.observe(id).await
    }

    async fn events(&self) -> Result<EventStream> {
        self.watch().await
    }

    async fn images(&self) -> Result<Vec<Digest>> {
        self.image_list().await
    }

    async fn has_image(&self, image: &ImageRef) -> Result<bool> {
        self.image_is_here(image).await
    }

    async fn ensure_image(&self, image: &ImageRef, source: &dyn ImageSource) -> Result<()> {
        self.put_image(image, source).await
    }

    async fn remove_unused_images(&self, keep: &[ImageRef]) -> Result<Vec<Digest>> {
        self.drop_images(keep).await
    }

    async fn ensure_network(&self, network: &Network) -> Result<()> {
        self.put_network(network).await
    }

    async fn ensure_network_absent(&self, id: NetworkId) -> Result<()> {
        self.drop_network(id).await
    }

    async fn list_networks(&self) -> Result<Vec<Network>> {
        self.network_list().await
    }

    async fn tunnel_mtu(&self, address: Ipv4Addr) -> Result<u32> {
        self.tunnels_from(address).await
    }

    async fn ensure_overlay(&self, overlay: &Overlay) -> Result<()> {
        self.join_network(overlay).await
    }

    async fn list_overlays(&self) -> Result<Vec<NetworkId>> {
        self.joined().await
    }

    async fn ensure_created(&self, workload: &Workload) -> Result<()> {
        self.make(workload, None).await
    }

    async fn ensure_running(&self, id: WorkloadId) -> Result<()> {
        self.run(id).await
    }

    async fn ensure_stopped(&self, id: WorkloadId, grace: Duration) -> Result<()> {
        self.stop(id, grace).await
    }

    async fn ensure_paused(&self, id: WorkloadId) -> Result<()> {
        self.freeze(id).await
    }

    async fn ensure_rebooted(&self, id: WorkloadId, order: &Reboot, grace: Duration) -> Result<()> {
        self.reboot(id, order, grace).await
    }

    async fn ensure_limits(&self, id: WorkloadId, limits: &Limits) -> Result<()> {
        let (seen, name) = self.existing(id).await?;
        if seen.limits == limits::kept(limits) {
            return Ok(());
        }
        let body = limits::update(limits);
        let update = async |docker: &Docker| docker.update_container(&name, body).await;
        self.client
            .ask("limits", self.deadlines().effect(), update)
            .await
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
        patience: Duration,
    ) -> Result<Box<dyn Conversation>> {
        self.open_port(pod, port, patience).await
    }

    async fn ensure_snapshot(&self, order: &Snapshot) -> Result<ByteStream> {
        self.commit(order).await
    }

    async fn ensure_snapshot_absent(&self, image: ImageId) -> Result<()> {
        self.drop_snapshot(image).await
    }

    async fn ensure_services(&self, services: &Services) -> Result<()> {
        self.tell_services(services).await
    }

    async fn inner(&self, id: WorkloadId) -> Result<Arc<dyn Driver>> {
        Ok(Arc::new(self.inner_engine(id).await?))
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
        command: Vec<String>,
        size: TtySize,
    ) -> Result<Terminal> {
        self.open_terminal(id, command, size).await
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
        self.download(id, path).await
    }

    async fn archive_put(&self, id: WorkloadId, folder: &str, tar: Bytes) -> Result<()> {
        let (_, name) = self.existing(id).await?;
        self.upload(&name, folder, tar).await
    }
}
