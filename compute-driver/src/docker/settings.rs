//! Where an engine is and how long it may take.

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
    #[default]
    Check,
    /// Puts the rules there, whenever a network is ensured. Needs root and `iptables`.
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
        }
    }

    /// Is the engine on this machine?
    pub(super) fn is_local(&self) -> bool {
        self.url.starts_with("unix://") || self.url.starts_with('/')
    }
}
