//! Which container engine an agent drives.

use compute_driver::docker::{Deadlines, GuardMode, NodeSettings, TlsFiles};
use compute_driver::{DockerDriver, DockerSettings, Driver, SimEngine, SimTimings};
use schemars::JsonSchema;
use schemas::ids::HostId;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::{Arc, LazyLock};

/// The engine under the agent.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EngineSettings {
    /// `docker`, or `sim`: containers that exist in memory only, to try the plane without an engine.
    pub driver: DriverKind,
    /// `unix:///path`, `tcp://host:2375` (only in a trusted network), or `tcp://host:2376` with `tls`.
    pub url: String,
    /// Certificates, for an engine that asks for them: files `ca`, `cert`, `key`.
    pub tls: Option<TlsFiles>,
    /// How long calls may take, in seconds by class.
    pub deadlines: Deadlines,
    /// Bytes that a container's output may take on disk.
    pub log_bytes: u64,
    /// Packets from containers to the machine itself: `check` warns when rules are missing, `enforce`
    /// writes them (needs root and iptables), `off` leaves it to another firewall.
    pub gateway_guard: GuardMode,
    /// What containers that are nodes of clusters get of the machine.
    pub nodes: NodeSettings,
}

/// Kinds of engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DriverKind {
    /// Docker, or what speaks its API.
    Docker,
    /// Memory.
    Sim,
}

impl Default for EngineSettings {
    fn default() -> Self {
        let docker = DockerSettings::new("unix:///var/run/docker.sock", HostId::new());
        EngineSettings {
            driver: DriverKind::Docker,
            url: docker.url,
            tls: None,
            deadlines: docker.deadlines,
            log_bytes: docker.log_bytes,
            gateway_guard: docker.gateway_guard,
            nodes: docker.nodes,
        }
    }
}

impl EngineSettings {
    /// A connection to the engine for this host, whose agent keeps its state there; nothing is asked
    /// yet.
    pub fn driver(&self, host: HostId, state_dir: &Path) -> Arc<dyn Driver> {
        match self.driver {
            DriverKind::Docker => Arc::new(DockerDriver::new(DockerSettings {
                url: self.url.clone(),
                tls: self.tls.clone(),
                host,
                deadlines: self.deadlines.clone(),
                log_bytes: self.log_bytes,
                gateway_guard: self.gateway_guard,
                nodes: NodeSettings {
                    dir: self.nodes.dir.clone().or(Some(state_dir.join("nodes"))),
                    ..self.nodes.clone()
                },
                socket_owner: None,
            })),
            DriverKind::Sim => {
                // A machine outlives its agents.
                static MACHINE: LazyLock<SimEngine> =
                    LazyLock::new(|| SimEngine::new(SimTimings::default()));
                Arc::new(MACHINE.connect(host))
            }
        }
    }
}
