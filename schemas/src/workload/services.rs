//! What the services of a cluster are, for one of its nodes: names, virtual addresses, and the pods
//! behind them. The words are Kubernetes' v1 (`ServiceSpec`).

use crate::ids::ClusterId;
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddrV4};

/// All services of a cluster: full desired state, the same for each of its nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Services {
    /// Whose they are.
    pub cluster_id: ClusterId,
    /// In order of their names.
    pub services: Vec<Service>,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Its name, a DNS label.
    pub name: String,
    /// Its virtual address; `None`: its name stands for the addresses of its pods.
    pub address: Option<Ipv4Addr>,
    /// Addresses of the pods that are ready.
    pub pods: Vec<Ipv4Addr>,
    /// At which ports it is reached; without a virtual address those of its pods.
    pub ports: Vec<ServicePort>,
}

/// One port of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicePort {
    /// Its name, under which others ask for its number.
    #[serde(default)]
    pub name: Option<String>,
    /// Of its virtual address.
    pub port: u16,
    /// Of every node's own address, too (`NodePort`).
    pub node_port: Option<u16>,
    /// What is spoken.
    pub protocol: Protocol,
    /// Where connections go: one of these each, with the same chance. None: they are refused.
    pub endpoints: Vec<SocketAddrV4>,
}

/// What is spoken at a port.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// The name in Kubernetes.
    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Tcp => "TCP",
            Protocol::Udp => "UDP",
        }
    }
}
