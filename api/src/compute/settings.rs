//! What an operator may set about compute.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Settings of the compute API; those that conductors know too must be the same there.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// A build that takes longer than this many seconds is given up with its reason.
    pub build_deadline_s: u64,
    /// Other changes (stop, reboot, …).
    pub change_deadline_s: u64,
    /// A host not heard of for so many seconds is shown as down.
    pub silence_s: u64,
    /// An agent has this many seconds to answer for logs and counters.
    pub call_deadline_s: u64,
    /// A console's address is good for this many seconds.
    pub console_lifetime_s: u64,
    /// Consoles of a server that may be asked for and not yet opened; negative = any number.
    pub consoles: i64,
    /// Terminals a project may have open at once in each API process.
    pub terminals: usize,
    /// Longest page of a list.
    pub max_limit: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            build_deadline_s: 1800,
            change_deadline_s: 300,
            silence_s: 60,
            call_deadline_s: 15,
            console_lifetime_s: 600,
            consoles: 10,
            terminals: 20,
            max_limit: 1000,
        }
    }
}

impl Settings {
    /// Patience with builds.
    pub fn build(&self) -> Duration {
        Duration::from_secs(self.build_deadline_s)
    }

    /// Patience with other changes.
    pub fn change(&self) -> Duration {
        Duration::from_secs(self.change_deadline_s)
    }

    /// Silence after which a host counts as down.
    pub fn silence(&self) -> Duration {
        Duration::from_secs(self.silence_s)
    }

    /// Patience with an agent's answer.
    pub fn call(&self) -> Duration {
        Duration::from_secs(self.call_deadline_s)
    }
}
