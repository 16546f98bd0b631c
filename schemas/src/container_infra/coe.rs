//! Container orchestration engines, and which drivers of networks and volumes belong to each (contract
//! `magnum-v1.md` §1, §8.1, §9.1).

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a path belongs to: baymodels and bays, or cluster templates and clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Era {
    /// Of 2015.
    Legacy,
    /// Of today.
    Modern,
}

/// A container orchestration engine. Which of them this cloud can run is for clusters to say:
/// templates of all may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coe {
    /// Ours: the nodes' engines, placed over by this cloud.
    Docker,
    /// Kubernetes.
    Kubernetes,
    /// Docker Swarm of 2015.
    Swarm,
    /// Docker's swarm mode.
    SwarmMode,
    /// Mesos.
    Mesos,
    /// DC/OS.
    Dcos,
}

impl Coe {
    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Coe::Docker => "docker",
            Coe::Kubernetes => "kubernetes",
            Coe::Swarm => "swarm",
            Coe::SwarmMode => "swarm-mode",
            Coe::Mesos => "mesos",
            Coe::Dcos => "dcos",
        }
    }

    /// Network drivers; the first is the default.
    pub fn network_drivers(self, era: Era) -> &'static [&'static str] {
        match (self, era) {
            (Coe::Kubernetes, Era::Legacy) => &["flannel"],
            (Coe::Kubernetes, Era::Modern) => &["flannel", "calico", "cilium"],
            (Coe::Swarm | Coe::SwarmMode, _) => &["docker", "flannel"],
            (Coe::Docker | Coe::Mesos | Coe::Dcos, _) => &["docker"],
        }
    }

    /// Volume drivers; none is chosen by default.
    pub fn volume_drivers(self) -> &'static [&'static str] {
        match self {
            Coe::Docker => &[],
            Coe::Kubernetes => &["cinder"],
            Coe::Swarm | Coe::SwarmMode | Coe::Mesos | Coe::Dcos => &["rexray"],
        }
    }
}

impl fmt::Display for Coe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
