//! What a service of a cluster is, as far as its manifest says: how it is reached, and at which ports
//! (Kubernetes' v1 `ServiceSpec`).

use crate::workload::services::Protocol;
use serde::{Deserialize, Serialize};

/// How a service is reached (`spec.type` and `clusterIP`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reach {
    /// At its virtual address.
    #[default]
    ClusterIp,
    /// By its name only, which stands for its pods (`clusterIP: None`).
    Headless,
    /// At a port of every node and of the machines under them, too.
    NodePort,
    /// The same: the machines are what balances.
    LoadBalancer,
}

impl Reach {
    /// Has such a service ports of nodes and machines?
    pub fn is_published(self) -> bool {
        matches!(self, Reach::NodePort | Reach::LoadBalancer)
    }
}

/// One port of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// Its name, where there are several.
    pub name: Option<String>,
    /// What is spoken.
    pub protocol: Protocol,
    /// Of the virtual address.
    pub port: u16,
    /// Of the pods.
    pub target: Target,
    /// Of nodes and machines, of one that is published.
    pub node_port: Option<u16>,
}

/// A port of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Target {
    /// By number.
    Number(u16),
    /// By the name that the pod's containers give it.
    Name(String),
}
