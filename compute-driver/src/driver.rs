//! What a host's engine can be asked for.
//!
//! # Guarantees
//! - `ensure_*` is idempotent and may be cut off anywhere: calling it again finishes the work.
//! - Identity is the id we gave, kept on the engine as a label: `list` rebuilds the world after a
//!   crash of whoever asks.
//! - Every call ends within its deadline, with [`DriverError::Timeout`] if the engine does not
//!   answer; the order may have been carried out nevertheless, which the next observation shows.
//!
//! # Assumes
//! Calls about one id come one after another. Calls about different ids may run side by side.

use crate::error::{DriverError, Result};
use crate::facts::{Capabilities, EngineFacts, EventStream, Stats, Top};
use crate::image::{ByteStream, ImageSource};
use crate::pod::{Conversation, PodHere};
use crate::terminal::{ExecOrder, ExecOutput, Terminal, TtySize};
use async_trait::async_trait;
use bytes::Bytes;
use schemas::host::{Snapshot, SwarmOrder, SwarmSeen};
use schemas::ids::{ImageId, NetworkId, WorkloadId};
use schemas::workload::{
    Digest, ImageRef, Limits, Network, Observation, Overlay, Pod, Reboot, Services, Workload,
};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

/// A container engine that serves one host.
#[async_trait]
pub trait Driver: Send + Sync {
    /// Short name of the kind of driver: `docker`, `sim`.
    fn name(&self) -> &'static str;

    /// Which of the calls beyond the necessary ones this driver answers.
    fn capabilities(&self) -> Capabilities;

    /// What the engine says about itself. Facts of the machine (memory, disk) are the agent's to find.
    async fn host(&self) -> Result<EngineFacts>;

    /// Every container that carries our label for this host, running or not. Of a pod, its sandbox;
    /// when that is gone and members are left, the pod's id with [`RunState::Exited`].
    ///
    /// [`RunState::Exited`]: schemas::workload::RunState::Exited
    async fn list(&self) -> Result<Vec<Observation>>;

    /// One container; `None` when there is none.
    async fn inspect(&self, id: WorkloadId) -> Result<Option<Observation>>;

    /// Happenings from now on, each within a second of it. Ends when the engine goes away: the
    /// caller lists, and connects again.
    async fn events(&self) -> Result<EventStream>;

    /// Manifests of the images that `ensure_image` put here.
    async fn images(&self) -> Result<Vec<Digest>>;

    /// Is the whole image here?
    async fn has_image(&self, image: &ImageRef) -> Result<bool>;

    /// Makes the image available. The source is asked only when the engine lacks the image; its
    /// content is checked against what the source said it would be before it gets its name.
    async fn ensure_image(&self, image: &ImageRef, source: &dyn ImageSource) -> Result<()>;

    /// Removes our images that are neither in `keep` nor used by a container; answers which.
    async fn remove_unused_images(&self, keep: &[ImageRef]) -> Result<Vec<Digest>>;

    /// Makes the network. Containers of other networks cannot reach it.
    /// [`DriverError::Refused`] with `host_fault` when its subnet is taken on this host.
    async fn ensure_network(&self, network: &Network) -> Result<()>;

    /// Removes the network; [`DriverError::Conflict`] while a container is attached to it.
    async fn ensure_network_absent(&self, id: NetworkId) -> Result<()>;

    /// Our networks on this host.
    async fn list_networks(&self) -> Result<Vec<Network>>;

    /// Can tunnels to networks on other machines end at this address of the machine? How many bytes its
    /// interface takes at most; and from then on no container reaches their port, on any machine.
    /// [`DriverError::Refused`] with `host_fault` says why not.
    async fn tunnel_mtu(&self, _address: Ipv4Addr) -> Result<u32> {
        Err(DriverError::Unsupported {
            driver: self.name(),
            op: "tunnels",
        })
    }

    /// Joins the network's part here with those on exactly these other machines, without touching who is on
    /// it. None: it is joined with none. Packets of the network are taken from those machines alone.
    /// [`DriverError::Conflict`] when the network is not here. What joins it goes with it, too.
    async fn ensure_overlay(&self, _overlay: &Overlay) -> Result<()> {
        Err(DriverError::Unsupported {
            driver: self.name(),
            op: "ensure_overlay",
        })
    }

    /// Our networks on this host that are joined with others.
    async fn list_overlays(&self) -> Result<Vec<NetworkId>> {
        Ok(Vec::new())
    }

    /// Makes the container without starting it, with its files inside, or makes it anew when the
    /// one that is there has another incarnation. What has a [`Workload::node`] becomes a node: see
    /// [`Driver::inner`]. Image and networks have to be here already.
    /// Limits, name and networks of a container that is there are left as they are.
    ///
    /// A node has the disk of the number that [`Node::disk`] says, or else of its incarnation's. If that
    /// is here, from before the container that is replaced, the node has it as it is, with the users
    /// whose files are there; if not, an empty one. Its other disks are removed.
    ///
    /// [`Node::disk`]: schemas::workload::Node::disk
    async fn ensure_created(&self, workload: &Workload) -> Result<()>;

    /// Starts what was made or has ended, resumes what is paused.
    async fn ensure_running(&self, id: WorkloadId) -> Result<()>;

    /// Asks the container to end, and kills it after `grace`. What never ran stays as it is.
    async fn ensure_stopped(&self, id: WorkloadId, grace: Duration) -> Result<()>;

    /// Freezes the container; one that does not run is started first.
    async fn ensure_paused(&self, id: WorkloadId) -> Result<()>;

    /// Ends the life named by the order and begins the next, unless that has happened already.
    /// A soft reboot kills after `grace`; a hard one kills at once.
    async fn ensure_rebooted(&self, id: WorkloadId, order: &Reboot, grace: Duration) -> Result<()>;

    /// Changes bounds in place, whether the container runs or not.
    async fn ensure_limits(&self, id: WorkloadId, limits: &Limits) -> Result<()>;

    /// Removes the container from any state, with its anonymous volumes, and with all that a node or
    /// a pod holds: also what is left when the container is gone. Nothing there is success.
    async fn ensure_absent(&self, id: WorkloadId) -> Result<()>;

    /// Makes and starts what holds a pod together, with its folders. One that has ended, or is of
    /// another incarnation, is made anew, and all members go before. Networks have to be here already.
    async fn ensure_sandbox(&self, pod: &Pod) -> Result<()>;

    /// Makes a container of a pod without starting it, named as in [`Pod::member_id`]; one that is
    /// there with this incarnation is left as it is. Its image has to be here already, and the pod's
    /// sandbox to run.
    async fn ensure_member(&self, pod: &Pod, name: &str) -> Result<()>;

    /// A pod as it is; `None` when nothing of it is here (or it is no pod).
    async fn inspect_pod(&self, id: WorkloadId) -> Result<Option<PodHere>>;

    /// Connects to a TCP port of a pod, at its address, within `patience`.
    /// [`DriverError::Conflict`] when nobody listens there, or the pod's sandbox does not run.
    async fn dial(
        &self,
        pod: WorkloadId,
        port: u16,
        patience: Duration,
    ) -> Result<Box<dyn Conversation>>;

    /// Makes an image of the container's filesystem and answers it as a `docker save` tar. The
    /// image stays on the engine until `ensure_snapshot_absent`; asked again before that, the same
    /// content comes back even when the container has changed or gone.
    async fn ensure_snapshot(&self, order: &Snapshot) -> Result<ByteStream>;

    /// Removes what `ensure_snapshot` keeps on the engine.
    async fn ensure_snapshot_absent(&self, image: ImageId) -> Result<()>;

    /// Makes a node serve exactly these services, at once: names, virtual addresses and ports of its own
    /// lead to the endpoints. What is under way at an endpoint that is no longer named goes on.
    async fn ensure_services(&self, _services: &Services) -> Result<()> {
        Err(DriverError::Unsupported {
            driver: self.name(),
            op: "services",
        })
    }

    /// The engine inside a node's container, to be driven as a host of its own: its id is the
    /// container's. It is connected to when first asked something, so it need not be up yet.
    /// [`DriverError::Conflict`] when the container is no node.
    async fn inner(&self, _id: WorkloadId) -> Result<Arc<dyn Driver>> {
        Err(DriverError::Unsupported {
            driver: self.name(),
            op: "inner",
        })
    }

    /// Makes the engine part of a Swarm as the order says, or keeps it as it is; answers what it is
    /// then. Of a node's engine only. What takes longer than a call (a node changes its role, tasks
    /// move away) is under way then, and goes on when this is called again.
    async fn ensure_swarm(&self, _order: &SwarmOrder) -> Result<SwarmSeen> {
        Err(DriverError::Unsupported {
            driver: self.name(),
            op: "ensure_swarm",
        })
    }

    /// Runs a command in the container to its end.
    async fn exec(&self, _id: WorkloadId, _order: ExecOrder) -> Result<ExecOutput> {
        Err(DriverError::Unsupported {
            driver: self.name(),
            op: "exec",
        })
    }

    /// Runs a command in the container on a terminal.
    async fn terminal(
        &self,
        _id: WorkloadId,
        _command: Vec<String>,
        _size: TtySize,
    ) -> Result<Terminal> {
        Err(DriverError::Unsupported {
            driver: self.name(),
            op: "terminal",
        })
    }

    /// The end of the container's output: at most `tail` lines, and never more than the driver's bound.
    async fn logs(&self, _id: WorkloadId, _tail: Option<u32>, _timestamps: bool) -> Result<String> {
        Err(DriverError::Unsupported {
            driver: self.name(),
            op: "logs",
        })
    }

    /// Counters of a running container.
    async fn stats(&self, _id: WorkloadId) -> Result<Stats> {
        Err(DriverError::Unsupported {
            driver: self.name(),
            op: "stats",
        })
    }

    /// Processes of a running container.
    async fn top(&self, _id: WorkloadId) -> Result<Top> {
        Err(DriverError::Unsupported {
            driver: self.name(),
            op: "top",
        })
    }

    /// A file or folder of the container, as tar.
    async fn archive_get(&self, _id: WorkloadId, _path: &str) -> Result<ByteStream> {
        Err(DriverError::Unsupported {
            driver: self.name(),
            op: "archive",
        })
    }

    /// Unpacks a tar into a folder of the container.
    async fn archive_put(&self, _id: WorkloadId, _folder: &str, _tar: Bytes) -> Result<()> {
        Err(DriverError::Unsupported {
            driver: self.name(),
            op: "archive",
        })
    }
}
