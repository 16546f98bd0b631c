//! How patient the conductor is, and how full it fills hosts.

mod cluster;

pub use cluster::ClusterSettings;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;
use store::compute::hosts::OverCommit;

/// Settings of the conductor; every one has a default that suits one machine as well as a thousand.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// A host not heard of for so many seconds is silent: nothing new is placed there.
    pub silence_s: u64,
    /// The name of this machine among the services; its own when not given.
    pub hostname: Option<String>,
    /// Seconds between the signs of life that this conductor gives.
    pub heartbeat_s: u64,
    /// A telling that is not answered is repeated after so many seconds.
    pub resend_s: u64,
    /// A build that takes longer than this many seconds is given up with its reason.
    pub build_deadline_s: u64,
    /// Other changes (stop, reboot, …).
    pub change_deadline_s: u64,
    /// Hosts tried for one build when hosts fail it.
    pub build_tries: usize,
    /// Looks at the same time.
    pub concurrency: usize,
    /// Seconds between looks at the work table: the guarantee when hints are lost.
    pub poll_s: u64,
    /// CPUs promised per CPU there is.
    pub cpu_allocation_ratio: f64,
    /// Memory promised per memory there is.
    pub ram_allocation_ratio: f64,
    /// Disk promised per disk there is.
    pub disk_allocation_ratio: f64,
    /// IPv4 pool of the projects' networks, cut into /24 (first two octets and prefix length ≤ 16).
    pub network_pool: String,
    /// The first number (VNI, of 24 bits) of clusters' networks in the tunnels between machines; as many from
    /// there on as `network_pool` has networks are this cloud's, on whatever net its machines are.
    pub first_vni: u32,
    /// Days that a thing that is gone is remembered: what was done to a server (instance actions), its hours
    /// in usage reports. The default is a year and a month, so that the same month of last year is there.
    pub history_days: u64,
    /// Things of one project that are gone and remembered; of more, the oldest are forgotten sooner.
    /// Negative = any number.
    pub history_things: i64,
    /// Processes and threads of a server whose flavor does not say (`quota:pids_limit`).
    pub default_pids: u32,
    /// Where the keys lie that seal the keys of clusters: the same directory as `api.key_dir`, or a
    /// copy of it.
    pub key_dir: PathBuf,
    /// About clusters.
    pub cluster: ClusterSettings,
    /// About clusters that are adopted: as `api.container_infra.kubernetes`.
    pub kubernetes: kubernetes::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        let over = OverCommit::default();
        Settings {
            silence_s: 60,
            hostname: None,
            heartbeat_s: 15,
            resend_s: 5,
            build_deadline_s: 1800,
            change_deadline_s: 300,
            build_tries: 3,
            concurrency: 64,
            poll_s: 2,
            cpu_allocation_ratio: over.cpu,
            ram_allocation_ratio: over.memory,
            disk_allocation_ratio: over.disk,
            network_pool: "10.128.0.0/10".into(),
            first_vni: 0x4a_0000,
            history_days: 400,
            history_things: 50_000,
            default_pids: 4096,
            key_dir: PathBuf::from("keys"),
            cluster: ClusterSettings::default(),
            kubernetes: kubernetes::Settings::default(),
        }
    }
}

impl Settings {
    /// How full hosts may be.
    pub fn over_commit(&self) -> OverCommit {
        OverCommit {
            cpu: self.cpu_allocation_ratio,
            memory: self.ram_allocation_ratio,
            disk: self.disk_allocation_ratio,
        }
    }

    /// The name of this machine among the services.
    pub fn hostname(&self) -> String {
        self.hostname.clone().unwrap_or_else(|| {
            let name = nix::unistd::gethostname().unwrap_or_default();
            name.to_string_lossy().into_owned()
        })
    }

    /// Silence after which a host is not trusted.
    pub fn silence(&self) -> Duration {
        Duration::from_secs(self.silence_s)
    }

    /// How long things that are gone are remembered.
    pub fn history(&self) -> Duration {
        Duration::from_secs(self.history_days.saturating_mul(86_400))
    }

    /// The `number`th /24 of the pool; `None` when the pool is used up or malformed.
    pub fn subnet(&self, number: i64) -> Option<String> {
        let (base, prefix) = self.network_pool.split_once('/')?;
        let base = u32::from(base.parse::<std::net::Ipv4Addr>().ok()?);
        let prefix: u32 = prefix.parse().ok().filter(|prefix| *prefix <= 24)?;
        let number = u32::try_from(number)
            .ok()
            .filter(|n| *n < 1 << (24 - prefix))?;
        Some(format!(
            "{}/24",
            std::net::Ipv4Addr::from(base + (number << 8))
        ))
    }
}

impl Settings {
    /// The number in tunnels of the network with the `number`th subnet; `None` when there is none left.
    pub fn vni(&self, number: i64) -> Option<u32> {
        let vni = u32::try_from(number).ok()?.checked_add(self.first_vni)?;
        (vni > 0 && vni < 1 << 24).then_some(vni)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subnets_are_cut_from_the_pool_until_it_is_used_up() {
        let settings = Settings {
            network_pool: "10.128.0.0/15".into(),
            ..Settings::default()
        };
        assert_eq!(settings.subnet(0).as_deref(), Some("10.128.0.0/24"));
        assert_eq!(settings.subnet(300).as_deref(), Some("10.129.44.0/24"));
        assert_eq!(settings.subnet(512), None);
    }

    #[test]
    fn numbers_in_tunnels_have_24_bits() {
        let settings = Settings::default();
        assert_eq!(settings.vni(3), Some(0x4a_0003));
        assert_eq!(settings.vni(1 << 24), None);
    }
}
