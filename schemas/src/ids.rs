//! Typed identifiers. Everything but identity uses UUIDs with dashes; identity uses 32 hex digits
//! (contract `client-requirements.md` §5, "Numbers and times").

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id; ids made later sort later (UUIDv7).
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// Parses the text a client or a row holds; `None` when it is no UUID.
            pub fn parse(text: &str) -> Option<Self> {
                Uuid::parse_str(text).ok().map(Self)
            }

            /// The id of a child that must be the same however often it is made.
            pub fn derived(parent: Uuid, name: &str) -> Self {
                Self(Uuid::new_v5(&parent, name.as_bytes()))
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

uuid_ids! {
    /// A Nova server.
    ServerId
    /// A Glance image.
    ImageId
    /// What an agent runs or makes: a container, or a snapshot. A server's container has the
    /// server's own UUID, a snapshot the UUID of the image it becomes.
    WorkloadId
    /// A host: an engine and the agent that drives it. A node's has the UUID of its server.
    HostId
    /// A network on engines.
    NetworkId
    /// A cluster (bay).
    ClusterId
    /// A group of a cluster's nodes.
    NodegroupId
    /// A server group.
    ServerGroupId
    /// One life of an agent process; sequence numbers count within it.
    EpochId
}

impl From<ServerId> for WorkloadId {
    fn from(id: ServerId) -> Self {
        WorkloadId(id.0)
    }
}

impl WorkloadId {
    /// Under which a cluster's services are told to its nodes.
    pub fn of_services(cluster: ClusterId) -> Self {
        WorkloadId::derived(cluster.0, "services")
    }

    /// Under which each node of a cluster is told its part in the cluster's Swarm.
    pub fn of_swarm(cluster: ClusterId) -> Self {
        WorkloadId::derived(cluster.0, "swarm")
    }

    /// Under which each machine is told how its part of a cluster's network is joined with the others.
    pub fn of_overlay(cluster: ClusterId) -> Self {
        WorkloadId::derived(cluster.0, "overlay")
    }
}

impl From<WorkloadId> for HostId {
    /// A node as a host.
    fn from(id: WorkloadId) -> Self {
        HostId(id.0)
    }
}

impl From<ImageId> for WorkloadId {
    fn from(id: ImageId) -> Self {
        WorkloadId(id.0)
    }
}

/// A new identity id: 32 hex digits without dashes, sorted by time of making.
pub fn identity_id() -> String {
    Uuid::now_v7().simple().to_string()
}
