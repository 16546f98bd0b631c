//! Messages between conductor and agent. Down goes the full desired state with a generation, never a
//! delta; up come observations. Any of them may be lost, doubled, late or reordered.

mod swarm;

pub use swarm::{
    JoinToken, JoinTokens, SWARM_LABEL, SWARM_PORT, SwarmDuties, SwarmEntry, SwarmMember,
    SwarmNode, SwarmOrder, SwarmRole, SwarmSeen, TokenDuty,
};

use crate::Timestamp;
use crate::ids::{ClusterId, EpochId, HostId, ImageId, WorkloadId};
use crate::workload::{Digest, Observation, Overlay, Pod, PodSeen, Services, Tunnel, Workload};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// conductor → agent: what one id should be. Resent until observed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Converge {
    /// Whom this is about.
    pub id: WorkloadId,
    /// Rises with every change of the desired state; the agent drops what is older than it has.
    pub generation: u64,
    /// The request that caused it, for logs from client to engine and back.
    pub request_id: String,
    /// What should be.
    pub desired: Desired,
}

/// What an id should be on a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Desired {
    /// A container with exactly this state.
    Container(Box<Workload>),
    /// A pod with exactly this state.
    Pod(Box<Pod>),
    /// An image made of a container's filesystem, uploaded to the image service.
    Snapshot(Snapshot),
    /// The services of the cluster whose node the host is.
    Services(Services),
    /// A node's part in its cluster's Swarm.
    Swarm(Box<SwarmOrder>),
    /// How a machine's part of a cluster's network is joined with those on other machines.
    Overlay(Overlay),
    /// Nothing.
    Absent,
}

/// Make an image of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The container.
    pub of: WorkloadId,
    /// The image row that waits for its data.
    pub image: ImageId,
    /// Manifest of the image the container was booted from: its layers are in the service already.
    pub base: Digest,
    /// Freeze the container meanwhile, for a consistent filesystem.
    pub pause: bool,
}

/// agent → conductor: what one id is. Acknowledged to the broker after the conductor's commit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// Who saw it.
    pub host: HostId,
    /// The agent's life; an older life's news is dropped.
    pub epoch: EpochId,
    /// Counts observations within the epoch; older is dropped.
    pub seq: u64,
    /// Whom it is about.
    pub id: WorkloadId,
    /// Generation of the last `Converge` the agent has finished (or given up) with; 0 = none yet.
    pub generation: u64,
    /// What is there.
    pub state: Seen,
    /// Why the desired state is not reached, in words for the tenant; empty when it is.
    pub problem: Option<Problem>,
}

/// What an agent found under an id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Seen {
    /// A container.
    Container(Observation),
    /// A pod.
    Pod(PodSeen),
    /// A finished snapshot: the image's manifest in the image service.
    Snapshot {
        /// Digest of the new image manifest.
        manifest: Digest,
    },
    /// The node serves the services it was told of; or, beside a problem, does not.
    Services,
    /// A node's part in its cluster's Swarm.
    Swarm(Box<SwarmSeen>),
    /// The machine's part of a network is joined with the others as it was told; or, beside a problem,
    /// is not.
    Overlay,
    /// Nothing.
    Absent,
    /// Work goes on; the text says which step (for progress and for `status_reason`).
    Busy {
        /// "fetching image: 3 of 12 MiB".
        step: String,
    },
}

/// Why a host could not do as asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Words for the tenant: cause and, where there is one, remedy.
    pub text: String,
    /// Will stay so until the desired state changes (bad image, bad command): do not retry.
    pub permanent: bool,
    /// The host, not the workload, is at fault: try another host.
    pub host_fault: bool,
}

/// agent → conductor, at start and after each reconnection, followed by one `Observed` for all it has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// Who.
    pub host: HostId,
    /// This life of the agent.
    pub epoch: EpochId,
    /// What the machine is.
    pub inventory: Inventory,
    /// Everything on the engine that carries our label. Of a pod, what holds it together, under the
    /// pod's id; its containers are the agent's own business.
    pub present: Vec<Observation>,
}

/// agent → conductor, every few seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Who.
    pub host: HostId,
    /// This life of the agent.
    pub epoch: EpochId,
    /// When, by the host's clock (only for display of skew).
    pub at: Timestamp,
    /// What the machine is now.
    pub inventory: Inventory,
    /// Containers that are here or in the making. So a telling to be gone that was lost is found
    /// out, and an observation that was lost too.
    #[serde(default)]
    pub holds: Vec<Held>,
}

/// A container in a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Which.
    pub id: WorkloadId,
    /// The last generation finished.
    pub generation: u64,
    /// Number of the last observation told in this life; 0 = none, or so lately that it may still be
    /// on its way.
    pub seq: u64,
}

/// Facts about a host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    /// Host name, as shown by `hypervisor list`.
    pub hostname: String,
    /// Address that others reach it at.
    pub address: String,
    /// `docker`, `sim`.
    pub driver: String,
    /// Engine name and version ("Docker 20.10.24").
    pub engine: String,
    /// Engine answers; why not, otherwise.
    pub engine_problem: Option<String>,
    /// CPU architecture in OCI's words (`amd64`).
    pub architecture: String,
    /// Logical CPUs.
    pub cpus: u32,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Bytes of memory not in use by anybody.
    pub memory_free_bytes: u64,
    /// Bytes of the filesystem that holds containers.
    pub disk_bytes: u64,
    /// Bytes free there.
    pub disk_free_bytes: u64,
    /// Load average over one minute.
    pub load: f64,
    /// Seconds since the machine booted.
    pub uptime_s: u64,
    /// Availability zone from the agent's settings.
    pub zone: String,
    /// Manifests whose layers are all on this host (image locality).
    pub images: Vec<Digest>,
    /// Operator's own facts about the host, for filters.
    pub traits: BTreeMap<String, String>,
    /// The cluster whose node this is; `None` for a machine.
    #[serde(default)]
    pub cluster: Option<ClusterId>,
    /// Where tunnels between networks of clusters end on this machine; `None`: it can have none.
    #[serde(default)]
    pub tunnel: Option<Tunnel>,
    /// Why it can have none, in words for its operator.
    #[serde(default)]
    pub tunnel_problem: Option<String>,
    /// Bytes of memory that one server may use which has the whole machine for itself; `None` when
    /// its operator does not lend the machine as a whole.
    #[serde(default)]
    pub lendable_bytes: Option<u64>,
}

/// api → agent, at most once, with a deadline: things that are asked, not kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Whom it is about.
    pub id: WorkloadId,
    /// The request, for logs.
    pub request_id: String,
    /// What to do.
    pub op: Op,
}

/// The operations of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "op")]
pub enum Op {
    /// Nothing but an answer (benchmarks, reachability).
    Ping,
    /// The last lines of output.
    Logs {
        /// How many lines; `None` = all the engine keeps, bounded by the agent.
        tail: Option<u32>,
        /// Prefix each line with its time.
        timestamps: bool,
        /// Of a pod: which container; without, its first.
        #[serde(default)]
        container: Option<String>,
    },
    /// Run a command to its end.
    Exec {
        /// Program and arguments.
        command: Vec<String>,
        /// Of a pod: which container; without, its first.
        #[serde(default)]
        container: Option<String>,
    },
    /// Processes.
    Top,
    /// Counters.
    Stats,
    /// Open a terminal; the agent answers with the ticket of a stream it serves over websocket.
    Terminal {
        /// Program and arguments.
        command: Vec<String>,
    },
}

/// agent → api.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reply")]
pub enum Reply {
    /// Done, with output as text.
    Text {
        /// What the operation printed.
        text: String,
        /// Exit status, for `Exec`.
        exit_code: Option<i64>,
    },
    /// Done, with structured output.
    Json {
        /// As the operation defines it.
        value: serde_json::Value,
    },
    /// Refused or failed.
    Failed {
        /// Words for the tenant.
        text: String,
        /// `not_found`, `conflict`, `timeout`, `unsupported`, `internal`.
        code: String,
    },
}
