//! What an operator may set about container infrastructure.

use super::NodePorts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Settings of container infrastructure; every field has a default.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Longest page of a list.
    pub max_limit: usize,
    /// Clusters a project may have when its quota does not say.
    pub clusters: i64,
    /// Cluster templates (baymodels) a project may have; negative = any number.
    pub templates: i64,
    /// X.509 key pairs a project may keep; negative = any number.
    pub x509keypairs: i64,
    /// Nodes (`/nodes`, the bookkeeping of 2015) a project may keep; negative = any number.
    pub nodes: i64,
    /// Federations a project may keep; negative = any number.
    pub federations: i64,
    /// Containers (`/containers` of 2015) a project may have; negative = any number.
    pub containers: i64,
    /// Clients of 2015 take it that a container is made, started or gone when they are answered: so many
    /// seconds are they kept waiting for it, and are then answered that it has begun.
    pub container_wait_s: u64,
    /// Clusters a federation may have as members; negative = any number.
    pub federation_members: i64,
    /// Pods a project may have, those that its replication controllers should have among them; negative
    /// = any number.
    pub pods: i64,
    /// Replication controllers a project may have; negative = any number.
    pub rcs: i64,
    /// Services (of bays) a project may have; negative = any number.
    pub services: i64,
    /// Ports of nodes and machines at which services of the types NodePort and LoadBalancer are
    /// published; nothing else on the machines may listen there.
    #[schemars(with = "String")]
    pub service_node_ports: NodePorts,
    /// Containers a pod may have.
    pub pod_containers: usize,
    /// Seconds that fetching a manifest (`manifest_url`) may take. Which addresses may be asked is said
    /// by `image.web_download`.
    pub manifest_timeout_s: u64,
    /// About clusters that are adopted: as `conductor.kubernetes`.
    pub kubernetes: kubernetes::Settings,
    /// A conductor not heard of for so many seconds is shown as down.
    pub silence_s: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            max_limit: 1000,
            clusters: 20,
            templates: 100,
            x509keypairs: 100,
            nodes: 100,
            federations: 20,
            federation_members: 20,
            pods: 200,
            rcs: 50,
            services: 50,
            service_node_ports: NodePorts::default(),
            pod_containers: 32,
            manifest_timeout_s: 20,
            containers: 100,
            container_wait_s: 20,
            kubernetes: kubernetes::Settings::default(),
            silence_s: 180,
        }
    }
}

impl Settings {
    /// Patience with what is done to a container.
    pub fn container_wait(&self) -> Duration {
        Duration::from_secs(self.container_wait_s)
    }

    /// Silence after which a conductor counts as down.
    pub fn silence(&self) -> Duration {
        Duration::from_secs(self.silence_s)
    }
}
