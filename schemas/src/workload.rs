//! What a host is asked to run, and what it is seen running. The types of `trait Driver` and of the
//! messages between conductor and agent.

pub mod field;
pub mod guests;
pub mod kubernetes;
mod node;
pub mod overlay;
pub mod pod;
pub mod services;

pub use guests::GuestNetwork;
pub use kubernetes::NodeKubernetes;
pub use node::{Node, NodeSeen, NodeTls};
pub use overlay::{Link, Overlay, Peer, Tunnel};
pub use pod::{Pod, PodSeen};
pub use services::Services;

use crate::ids::{ImageId, NetworkId, WorkloadId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `sha256:<64 hex digits>`; checked where it is parsed (crate `blobs`).
pub type Digest = String;

/// Full desired state of one container: a pure function of rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Workload {
    /// Our id; the engine knows it by label only.
    pub id: WorkloadId,
    /// The tenant it belongs to.
    pub project_id: String,
    /// The user's name for it (label only, never an engine name: two tenants may use one name).
    pub name: String,
    /// Host name inside the container.
    pub hostname: String,
    /// What to boot.
    pub image: ImageRef,
    /// Goes up when the container must be made anew from its image (rebuild).
    pub incarnation: u32,
    /// Replaces the image's entrypoint and command.
    pub command: Option<Vec<String>>,
    /// Replaces the image's command, and is given to the entrypoint.
    #[serde(default)]
    pub args: Option<Vec<String>>,
    /// Added to the image's environment.
    pub env: BTreeMap<String, String>,
    /// Bounds; changed in place on a live container.
    pub limits: Limits,
    /// What the container may do beyond the safe default.
    pub security: Security,
    /// Networks, in order of interfaces; empty = none at all (loopback only).
    pub networks: Vec<Attachment>,
    /// Put into the container between create and start.
    pub files: Vec<InjectedFile>,
    /// The user's metadata; the sim driver reads its instructions here.
    pub labels: BTreeMap<String, String>,
    /// What it should be doing.
    pub power: Power,
    /// Set while a reboot is wanted: the life that has to end. A container whose `boot` differs has
    /// been restarted already, so the order is idempotent without comparing clocks.
    pub reboot: Option<Reboot>,
    /// It is a node: it runs an engine of its own. Conductors alone set this, and only for what a
    /// cluster asked for: such a container may do more than others.
    #[serde(default)]
    pub node: Option<Node>,
    /// TCP ports of the container that are published on the machine (`Observation::published`): those
    /// of a node at ports that it keeps as long as it has its disk, all others at one that the engine
    /// chooses at every start.
    #[serde(default)]
    pub publish: Vec<u16>,
}

/// The image of a workload.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ImageRef {
    /// Glance id, under which the agent fetches the manifest and blobs.
    pub id: ImageId,
    /// Digest of the image manifest: the identity of the content.
    pub manifest: Digest,
}

/// Bounds of one container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Relative weight (cgroup v1 `cpu.shares`, 1024 = one share).
    pub cpu_shares: u32,
    /// Hard bound in thousandths of a CPU; `None` = unbounded.
    pub cpu_millis: Option<u32>,
    /// Bytes; swap is bounded to the same.
    pub memory_bytes: u64,
    /// Processes and threads.
    pub pids: u32,
}

/// What the container may do. The default is the safe one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Security {
    /// Linux capabilities added to the driver's reduced default set, without `CAP_`.
    pub cap_add: Vec<String>,
    /// Run without the engine's seccomp profile.
    pub seccomp_unconfined: bool,
    /// Allow set-uid programs to gain privileges (default: `no-new-privileges`).
    pub allow_new_privileges: bool,
    /// Mount the root filesystem read-only.
    pub read_only_rootfs: bool,
}

/// One interface.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// The network to be on.
    pub network: Network,
    /// Fixed address, if the user or the plane chose one.
    pub address: Option<String>,
    /// Further names on that network.
    pub aliases: Vec<String>,
}

/// A network on an engine. Containers of one network see each other; other networks cannot be reached.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Network {
    /// Our id.
    pub id: NetworkId,
    /// Name shown to users.
    pub name: String,
    /// Whose it is.
    pub project_id: String,
    /// Subnet in CIDR form; `None` lets the engine choose.
    pub cidr: Option<String>,
    /// It is a node's part of its cluster's network of guests.
    #[serde(default)]
    pub guests: Option<GuestNetwork>,
    /// What this machine has on it, and how large packets are.
    #[serde(default)]
    pub link: Link,
}

/// A file put into a container before its first start.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InjectedFile {
    /// Absolute path inside the container.
    pub path: String,
    /// Unix permission bits.
    pub mode: u32,
    /// Content, base64 (standard alphabet).
    pub content_b64: String,
}

impl std::fmt::Debug for InjectedFile {
    // The content may be a secret (user data), so it never reaches a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "InjectedFile({}, {} bytes)",
            self.path,
            self.content_b64.len() / 4 * 3
        )
    }
}

/// What a container should be doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Power {
    /// Processes run.
    Running,
    /// Made, and not running.
    Stopped,
    /// Frozen in memory.
    Paused,
}

/// An order to end one life of a container and begin the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reboot {
    /// `Observation::boot` of the life that has to end.
    pub boot: String,
    /// Kill at once rather than ask to stop.
    pub hard: bool,
}

/// A container as its engine reports it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// Our id, from the label.
    pub id: WorkloadId,
    /// Incarnation, from the label.
    pub incarnation: u32,
    /// State on the engine.
    pub state: RunState,
    /// Names one life: changes at every start. Empty before the first.
    pub boot: String,
    /// Exit status of the last life, when it has ended. `None` of one that has ended: nobody watched
    /// the engine then (it was down, or its agent was), so nobody can tell why it ended.
    pub exit_code: Option<i64>,
    /// Ended by the kernel for want of memory.
    pub oom_killed: bool,
    /// The engine's own last error for this container.
    pub error: Option<String>,
    /// Interfaces as they are.
    pub interfaces: Vec<Interface>,
    /// Bounds as they are.
    pub limits: Limits,
    /// Published TCP ports: the container's own, and the machine's. Empty while it does not run.
    #[serde(default, with = "node::pairs")]
    pub published: BTreeMap<u16, u16>,
    /// What is known of it as a node; `None` for every other container.
    #[serde(default)]
    pub node: Option<NodeSeen>,
}

/// State of a container on the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Made, never started.
    Created,
    /// Processes run.
    Running,
    /// Frozen.
    Paused,
    /// Ended.
    Exited,
    /// The engine is between states (restarting, removing) or cannot tell.
    Unknown,
}

/// One interface of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// The network's id and name, ours.
    pub network_id: NetworkId,
    /// Name shown to users.
    pub network_name: String,
    /// Address without prefix length.
    pub address: String,
    /// Prefix length.
    pub prefix: u8,
    /// Hardware address.
    pub mac: String,
}
