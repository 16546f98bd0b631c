//! What an operator may set about adopted clusters.

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Settings about API servers of adopted clusters. API processes and conductors ask them: set both alike.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Networks besides the public ones in which API servers of adopted clusters may be
    /// (`10.20.0.0/16`). Tenants name the address, and this cloud's servers connect to it: allow no
    /// network that holds what they should not reach.
    #[schemars(with = "Vec<String>")]
    pub allow: Vec<IpNet>,
    /// Seconds that such a server may take for an answer, with all that belongs to it.
    pub timeout_s: u64,
    /// Seconds between looks at one that answers; one that does not is looked at more often.
    pub probe_s: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            allow: Vec::new(),
            timeout_s: 10,
            probe_s: 60,
        }
    }
}

impl Settings {
    /// For one answer.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.timeout_s.max(1))
    }

    /// Between looks at a server that answers.
    pub fn period(&self) -> Duration {
        Duration::from_secs(self.probe_s.max(1))
    }
}
