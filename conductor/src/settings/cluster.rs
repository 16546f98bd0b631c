//! What an operator may set about clusters.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Settings of clusters.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClusterSettings {
    /// Servers made for one node, each after the one before has failed, until the cluster's operation
    /// fails.
    pub node_tries: u32,
    /// A node that runs, and whose engine does not answer in so many seconds, has failed.
    pub engine_deadline_s: u64,
    /// A node of Kubernetes that its API server does not list as ready after so many seconds has failed.
    pub kubernetes_deadline_s: u64,
    /// A node whose engine has not been heard of, or does not work, for so many seconds is replaced
    /// (unless the cluster's label `auto_healing_enabled` is `false`).
    pub heal_grace_s: u64,
    /// When replacements fail, too, the next is made after so many seconds.
    pub heal_again_s: u64,
    /// Address and prefix of the bridge inside each node. Must not meet `network_pool` nor anything
    /// that nodes have to reach.
    pub node_bip: String,
    /// Networks inside each node have their subnets from here; the same holds.
    pub node_address_pool: String,
    /// Prefix length of those subnets.
    pub node_address_pool_size: u8,
    /// Overlay networks of Swarms have their subnets from here; the same holds.
    pub swarm_address_pool: String,
    /// Prefix length of those subnets.
    pub swarm_address_pool_size: u8,
    /// Days before its end that a node's certificate counts as old: nodes are replaced by and by.
    pub renew_days: u32,
}

impl Default for ClusterSettings {
    fn default() -> Self {
        ClusterSettings {
            node_tries: 3,
            engine_deadline_s: 120,
            kubernetes_deadline_s: 300,
            heal_grace_s: 120,
            heal_again_s: 600,
            node_bip: "172.31.0.1/24".into(),
            node_address_pool: "172.30.0.0/16".into(),
            node_address_pool_size: 24,
            swarm_address_pool: "172.28.0.0/16".into(),
            swarm_address_pool_size: 24,
            renew_days: 30,
        }
    }
}

impl ClusterSettings {
    /// How long an engine may take to answer.
    pub fn engine_deadline(&self) -> Duration {
        Duration::from_secs(self.engine_deadline_s)
    }

    /// How long a node of Kubernetes may take to be ready.
    pub fn kubernetes_deadline(&self) -> Duration {
        Duration::from_secs(self.kubernetes_deadline_s)
    }

    /// How long after a node was given up it is tried again.
    pub fn heal_again(&self) -> Duration {
        Duration::from_secs(self.heal_again_s)
    }

    /// How long a node may be unwell.
    pub fn heal_grace(&self) -> Duration {
        Duration::from_secs(self.heal_grace_s)
    }

    /// How long before its end a certificate counts as old.
    pub fn renew(&self) -> Duration {
        Duration::from_secs(u64::from(self.renew_days) * 24 * 3600)
    }
}
