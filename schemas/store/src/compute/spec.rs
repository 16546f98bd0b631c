//! What a server should be: the JSON in `servers.spec`. Everything the agent is told is a pure
//! function of it.

use schemas::container_infra::placing::Placing;
use schemas::ids::{ClusterId, ImageId, NodegroupId};
use schemas::workload::pod::PodSpec;
use schemas::workload::{Digest, GuestNetwork, Network, Power, Reboot};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// Desired state and settings of one server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// What it boots from.
    pub image: BootImage,
    /// Its size.
    pub flavor: Flavor,
    /// While a resize waits to be confirmed: the size to go back to.
    pub previous_flavor: Option<Flavor>,
    /// What is reserved for it on its host and in its project's usage.
    pub charged: Size,
    /// The user's metadata.
    pub metadata: BTreeMap<String, String>,
    /// The user's tags (2.26).
    pub tags: BTreeSet<String>,
    /// The user's text (2.19).
    pub description: Option<String>,
    /// Login key, as it was when the server was made.
    pub key: Option<Key>,
    /// Base64 text given at creation.
    pub user_data: Option<String>,
    /// On its project's network, or on none.
    pub networked: bool,
    /// Zone asked for; `None` lets the scheduler choose.
    pub zone: Option<String>,
    /// Host an admin asked for.
    pub wanted_host: Option<String>,
    /// `os:scheduler_hints`, as given.
    pub hints: serde_json::Value,
    /// Replaces entrypoint and command (image property or metadata `os_command_line`).
    pub command: Option<Vec<String>>,
    /// What it should be doing.
    pub power: Power,
    /// Rises with each rebuild.
    pub incarnation: u32,
    /// A reboot under way.
    pub reboot: Option<Reboot>,
    /// It is being taken off its host, to be placed again.
    pub leaving: bool,
    /// Hosts that failed it, not to be tried again for this build.
    pub avoid: Vec<String>,
    /// Which of them failed it last, and why.
    #[serde(default)]
    pub failed_on: Option<String>,
    /// Why it is locked (2.73).
    pub locked_reason: Option<String>,
    /// Shared by the servers of one request.
    pub reservation_id: String,
    /// Place within the request.
    pub launch_index: u32,
    /// An administrator said it is in ERROR: it stays so, whatever is seen, until something is asked
    /// of it.
    #[serde(default)]
    pub held_in_error: bool,
    /// `config_drive` as given; files are injected either way.
    pub config_drive: bool,
    /// Files put into it before its first start (`personality`, before 2.57).
    #[serde(default)]
    pub files: Vec<File>,
    /// `accessIPv4` as given: shown, nothing more.
    #[serde(default)]
    pub access_v4: String,
    /// `accessIPv6` as given.
    #[serde(default)]
    pub access_v6: String,
    /// It is a node of a cluster. Whoever makes it a node also writes `servers.node_of`.
    #[serde(default)]
    pub node: Option<Node>,
    /// It is placed on a node of this cluster, and on no machine.
    #[serde(default)]
    pub within: Option<ClusterId>,
    /// It is a guest of that cluster. Whoever makes it one also writes `servers.guest_of`.
    #[serde(default)]
    pub guest: Option<Guest>,
    /// It has the machine it is placed on for itself.
    #[serde(default)]
    pub lent: Option<Lent>,
}

/// A machine that is lent to one server as a whole, as it was when it was lent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lent {
    /// Bytes of its memory that the server may use.
    pub memory_bytes: u64,
}

/// What a guest of a cluster is, beyond what every server is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Guest {
    /// A container (`/containers` of 2015).
    Container {
        /// Added to the image's environment.
        env: BTreeMap<String, String>,
        /// The image as it was asked for.
        asked_image: String,
        /// The command as it was asked for.
        asked_command: Option<String>,
        /// The bound of its memory as it was asked for (`512m`).
        asked_memory: Option<String>,
        /// It was asked for in the words of the first clients, who call the image `image_id`.
        #[serde(default)]
        in_first_words: bool,
    },
    /// A pod.
    Pod {
        /// What runs in it.
        spec: PodSpec,
        /// Its containers' images as they were asked for, in order.
        asked_images: Vec<String>,
        /// Which of its cluster's nodes it may be on.
        #[serde(default)]
        placing: Placing,
    },
}

/// What makes a server a node. Only [`crate::compute::nodes::launch`] writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// The cluster.
    pub cluster_id: ClusterId,
    /// The group of nodes within it.
    pub nodegroup_id: NodegroupId,
    /// Place within the group, from 0.
    pub ordinal: u32,
    /// The cluster's network, with a chosen subnet.
    pub network: Network,
    /// The node's own IPv4 address there.
    pub address: String,
    /// User ids of the machine that are its own.
    pub uid_count: u32,
    /// See [`schemas::workload::Node::bip`]; meets no other network of the node's.
    pub bip: String,
    /// See [`schemas::workload::Node::address_pool`].
    pub address_pool: String,
    /// See [`schemas::workload::Node::address_pool_size`].
    pub address_pool_size: u8,
    /// See [`schemas::workload::Node::guests`].
    #[serde(default)]
    pub guests: Option<GuestNetwork>,
    /// The cluster's labels.
    pub labels: BTreeMap<String, String>,
    /// TCP ports published on the machine.
    pub publish: Vec<u16>,
    /// It is a node of Kubernetes.
    #[serde(default)]
    pub kubernetes: Option<Kubernetes>,
    /// See [`schemas::workload::Node::disk`].
    #[serde(default)]
    pub disk: Option<u32>,
}

/// What makes a node one of Kubernetes, but for its secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kubernetes {
    /// See [`schemas::workload::NodeKubernetes::name`]; stays, whatever becomes of the server's name.
    pub name: String,
    /// See [`schemas::workload::NodeKubernetes::api`].
    pub api: String,
    /// See [`schemas::workload::NodeKubernetes::service_address`].
    pub service_address: Ipv4Addr,
    /// See [`schemas::workload::NodeKubernetes::labels`].
    pub labels: BTreeMap<String, String>,
    /// See [`schemas::workload::NodeKubernetes::taints`].
    pub taints: Vec<String>,
    /// It has the control plane on it.
    pub control: bool,
}

/// A file the user gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Where, absolute.
    pub path: String,
    /// Base64.
    pub content_b64: String,
}

/// The image a server boots from, resolved when it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootImage {
    /// Glance id.
    pub id: ImageId,
    /// Content.
    pub manifest: Digest,
}

/// A flavor, embedded as it was when chosen: later changes do not touch running servers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Flavor {
    /// Flavor id (any text).
    pub id: String,
    /// Name (`original_name` since 2.47).
    pub name: String,
    /// CPUs.
    pub vcpus: u32,
    /// MiB.
    pub ram_mb: u64,
    /// GiB.
    pub disk_gb: u64,
    /// GiB.
    pub ephemeral_gb: u64,
    /// MiB.
    pub swap_mb: u64,
    /// Driver hints and limits.
    pub extra_specs: BTreeMap<String, String>,
}

/// Amounts reserved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// CPUs.
    pub vcpus: i32,
    /// MiB.
    pub memory_mb: i64,
    /// GiB.
    pub disk_gb: i64,
}

/// A key pair's public half.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Its name.
    pub name: String,
    /// OpenSSH form.
    pub public_key: String,
}

/// Extra spec of flavors whose servers have a machine for themselves, as with Nova and Ironic: one unit of the resource
/// class that whole machines are. The only amounts are `0` and `1`.
pub const WHOLE_MACHINE: &str = "resources:CUSTOM_BAREMETAL";

impl Flavor {
    /// A server of this flavor has a machine for itself. Then the flavor's sizes are the least that machine has, and
    /// what quotas count.
    pub fn whole_machine(&self) -> bool {
        self.extra_specs
            .get(WHOLE_MACHINE)
            .is_some_and(|amount| amount == "1")
    }

    /// What a server of this flavor takes on a host.
    pub fn size(&self) -> Size {
        Size {
            vcpus: i32::try_from(self.vcpus).unwrap_or(i32::MAX),
            memory_mb: i64::try_from(self.ram_mb).unwrap_or(i64::MAX),
            disk_gb: i64::try_from(self.disk_gb + self.ephemeral_gb).unwrap_or(i64::MAX),
        }
    }
}

impl Size {
    /// Room for either of two sizes: what a resize holds until it is confirmed.
    pub fn max(self, other: Size) -> Size {
        Size {
            vcpus: self.vcpus.max(other.vcpus),
            memory_mb: self.memory_mb.max(other.memory_mb),
            disk_gb: self.disk_gb.max(other.disk_gb),
        }
    }
}

impl std::ops::Sub for Size {
    type Output = Size;
    fn sub(self, other: Size) -> Size {
        Size {
            vcpus: self.vcpus - other.vcpus,
            memory_mb: self.memory_mb - other.memory_mb,
            disk_gb: self.disk_gb - other.disk_gb,
        }
    }
}
