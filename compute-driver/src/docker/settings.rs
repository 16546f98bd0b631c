//! Where an engine is and how long it may take.

use crate::node::{END_PORT, END_UID, FIRST_PORT, FIRST_UID, Uids};
use schemars::JsonSchema;
use schemas::ids::HostId;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// What [`super::DockerDriver`] needs to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DockerSettings {
    /// `unix:///var/run/docker.sock`, `tcp://host:2375` (only in a trusted network), or
    /// `tcp://host:2376` with `tls`.
    pub url: String,
    /// Certificates, for an engine that asks for them.
    #[serde(default)]
    pub tls: Option<TlsFiles>,
    /// The host that this engine serves. Several hosts may share one engine: each sees its own only.
    pub host: HostId,
    /// How long calls may take.
    #[serde(default)]
    pub deadlines: Deadlines,
    /// What a container's output may take on disk, in bytes.
    #[serde(default = "log_bytes")]
    pub log_bytes: u64,
    /// Whether containers are kept from the services of the machine itself.
    #[serde(default)]
    pub gateway_guard: GuardMode,
    /// Containers that are nodes.
    #[serde(default)]
    pub nodes: NodeSettings,
    /// The engine is inside the node with these users, and they are not trusted: its socket has to
    /// be theirs, or of him who owns the folder that it is in.
    #[serde(skip)]
    pub socket_owner: Option<Uids>,
}

/// What containers that are nodes of clusters get of the machine.
///
/// The root user of a node is a plain user of the machine, with a range of ids of its own; the lowest
/// free one is given. Between the defaults there is room for 4094 nodes of 65536 ids, which neither
/// systemd nor `/etc/subuid` usually give to others. Agents that share an engine need different ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NodeSettings {
    /// Holds a folder for each node, in which its engine listens for the agent. Without, it is
    /// `nodes` in the agent's `state_dir`.
    pub dir: Option<PathBuf>,
    /// The first user id that may be a node's.
    pub first_uid: u32,
    /// The first user id that may not.
    pub end_uid: u32,
    /// The first port of the machine at which a node may be published (its engine, or the API server
    /// of its cluster). A node keeps its port as long as it has its disk. When all are taken, the
    /// engine of the machine chooses one at every start.
    pub first_port: u16,
    /// The first port at which none may.
    pub end_port: u16,
}

impl Default for NodeSettings {
    fn default() -> Self {
        NodeSettings {
            dir: None,
            first_uid: FIRST_UID,
            end_uid: END_UID,
            first_port: FIRST_PORT,
            end_port: END_PORT,
        }
    }
}

/// Files in PEM form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// Authority that signed the engine's certificate.
    pub ca: PathBuf,
    /// Our certificate.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// What the driver does about packets from containers to the machine itself
/// (see [`super::guard`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GuardMode {
    /// Looks whether the rules are there and warns if not.
    Check,
    /// Puts the rules there before the first network, and again when they are gone. Needs root and
    /// `iptables`.
    #[default]
    Enforce,
    /// Neither: somebody else's firewall does it.
    Off,
}

/// Deadlines by class of call, in seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Deadlines {
    /// Observations and small changes.
    pub call_s: u64,
    /// Making, starting, removing; stopping takes the grace on top.
    pub effect_s: u64,
    /// Loading or committing an image.
    pub image_s: u64,
    /// Silence within a stream of data.
    pub silence_s: u64,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            call_s: 20,
            effect_s: 60,
            image_s: 1800,
            silence_s: 120,
        }
    }
}

impl Deadlines {
    pub(super) fn call(&self) -> Duration {
        Duration::from_secs(self.call_s)
    }

    pub(super) fn effect(&self) -> Duration {
        Duration::from_secs(self.effect_s)
    }

    pub(super) fn image(&self) -> Duration {
        Duration::from_secs(self.image_s)
    }

    pub(super) fn silence(&self) -> Duration {
        Duration::from_secs(self.silence_s)
    }
}

fn log_bytes() -> u64 {
    20 << 20
}

impl DockerSettings {
    /// The usual settings for an engine at this address.
    pub fn new(url: impl Into<String>, host: HostId) -> Self {
        Self {
            url: url.into(),
            tls: None,
            host,
            deadlines: Deadlines::default(),
            log_bytes: log_bytes(),
            gateway_guard: GuardMode::default(),
            nodes: NodeSettings::default(),
            socket_owner: None,
        }
    }

    /// Is it the engine of this very machine, and not one inside a node?
    pub(super) fn is_machine(&self) -> bool {
        self.is_local() && self.socket_owner.is_none()
    }

    /// Is the engine on this machine?
    pub(super) fn is_local(&self) -> bool {
        self.url.starts_with("unix://") || self.url.starts_with('/')
    }
}
