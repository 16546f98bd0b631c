//! What an operator says about a host.

use crate::image_service::ImageServiceSettings;
use crate::pod::BackOff;
use schemars::JsonSchema;
use schemas::ids::HostId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Settings of one agent. All have defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AgentSettings {
    /// Id of this host; without, one is made at the first start and kept in `state_dir`.
    #[schemars(with = "Option<String>")]
    pub host: Option<HostId>,
    /// Where the agent remembers what it has finished. Must outlive restarts.
    pub state_dir: PathBuf,
    /// Name shown for the host; without, the machine's.
    pub hostname: Option<String>,
    /// Address that others reach the host at.
    pub address: String,
    /// Availability zone.
    pub zone: String,
    /// Operator's own facts about the host, for filters.
    pub traits: BTreeMap<String, String>,
    /// Seconds between heartbeats.
    pub heartbeat_s: u64,
    /// An engine that does not answer for so many seconds is told to be down, and builds go elsewhere;
    /// one that is only restarted is waited for.
    pub engine_grace_s: u64,
    /// Containers worked on at once; 0 = twice the CPUs, at least 4.
    pub concurrency: usize,
    /// Images fetched at once.
    pub fetches: usize,
    /// Seconds that a container has to end by itself before it is killed.
    pub stop_grace_s: u64,
    /// Blobs of images; without, `cache` in `state_dir`.
    pub cache_dir: Option<PathBuf>,
    /// Bytes of blobs that are kept though nothing here needs them.
    pub cache_bytes: u64,
    /// Unused images leave the engine when less than this part of its disk is free.
    pub min_free_percent: u8,
    /// Where terminals are served.
    pub stream_listen: SocketAddr,
    /// `host:port` under which the API reaches `stream_listen`; without, the address bound.
    pub stream_advertise: Option<String>,
    /// Address of this machine at which services of clusters are published (`NodePort`,
    /// `LoadBalancer`), each at the port it was given; without, they are reached at their nodes' own
    /// addresses only.
    pub publish_address: Option<IpAddr>,
    /// IPv4 address of this machine at which tunnels to other machines end, so that nodes of one cluster
    /// may be on several; without, it is `address`, unless that is a name, IPv6 or of the machine alone.
    /// All machines have to reach each other's by UDP port 4789, and be alone on that net or trust it:
    /// what goes there is not encrypted.
    pub tunnel_address: Option<Ipv4Addr>,
    /// The machine may be lent as a whole: to one server, whose flavor says
    /// `resources:CUSTOM_BAREMETAL = 1` (nodes of clusters whose `server_type` is `bm`), while nothing
    /// else is placed on it. That server may use all its CPUs and, but for `lendable_reserve_mb`, all
    /// its memory.
    pub lendable: bool,
    /// MiB of memory that are kept from whoever the machine is lent to: for its kernel, the engine
    /// and the agent.
    pub lendable_reserve_mb: u64,
    /// How pods are kept.
    pub pods: PodSettings,
    /// Where images come from and snapshots go.
    pub images: ImageServiceSettings,
}

impl Default for AgentSettings {
    fn default() -> Self {
        AgentSettings {
            host: None,
            state_dir: "/var/lib/jeroboam/agent".into(),
            hostname: None,
            address: "127.0.0.1".into(),
            zone: "nova".into(),
            traits: BTreeMap::new(),
            heartbeat_s: 5,
            engine_grace_s: 30,
            concurrency: 0,
            fetches: 3,
            stop_grace_s: 10,
            cache_dir: None,
            cache_bytes: 20 << 30,
            min_free_percent: 10,
            stream_listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            stream_advertise: None,
            publish_address: Some(Ipv4Addr::UNSPECIFIED.into()),
            tunnel_address: None,
            lendable: false,
            lendable_reserve_mb: 1024,
            pods: PodSettings::default(),
            images: ImageServiceSettings::default(),
        }
    }
}

/// How an agent keeps its pods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PodSettings {
    /// Seconds that a container waits which has ended twice in a row, before it begins again (the
    /// first time it does so at once); the wait doubles each time.
    pub backoff_s: u64,
    /// Its longest wait, in seconds.
    pub backoff_max_s: u64,
    /// A container that has run for so many seconds has recovered: what was before does not count.
    pub backoff_reset_s: u64,
}

impl Default for PodSettings {
    fn default() -> Self {
        PodSettings {
            backoff_s: 10,
            backoff_max_s: 300,
            backoff_reset_s: 600,
        }
    }
}

impl PodSettings {
    pub(crate) fn back_off(&self) -> BackOff {
        BackOff {
            first: Duration::from_secs(self.backoff_s),
            longest: Duration::from_secs(self.backoff_max_s),
            reset: Duration::from_secs(self.backoff_reset_s),
        }
    }
}

impl AgentSettings {
    pub(crate) fn heartbeat(&self) -> Duration {
        Duration::from_secs(self.heartbeat_s.max(1))
    }

    /// Where tunnels end, or why there are none.
    pub(crate) fn tunnel(&self) -> Result<Ipv4Addr, String> {
        if let Some(address) = self.tunnel_address {
            return Ok(address);
        }
        let address = self.address.parse::<Ipv4Addr>();
        let usable = |it: &Ipv4Addr| !it.is_loopback() && !it.is_unspecified();
        address.ok().filter(usable).ok_or_else(|| {
            format!(
                "other machines cannot reach tunnels at its address {} (agent.tunnel_address names one)",
                self.address
            )
        })
    }

    pub(crate) fn engine_grace(&self) -> Duration {
        Duration::from_secs(self.engine_grace_s)
    }

    pub(crate) fn stop_grace(&self) -> Duration {
        Duration::from_secs(self.stop_grace_s)
    }

    /// What may be used of a machine with so many bytes of memory that is lent as a whole.
    pub(crate) fn lendable_bytes(&self, memory_bytes: u64) -> Option<u64> {
        let kept = self.lendable_reserve_mb.saturating_mul(1 << 20);
        self.lendable.then(|| memory_bytes.saturating_sub(kept))
    }

    pub(crate) fn cache_dir(&self) -> PathBuf {
        let own = || self.state_dir.join("cache");
        self.cache_dir.clone().unwrap_or_else(own)
    }

    pub(crate) fn concurrency(&self) -> usize {
        if self.concurrency > 0 {
            return self.concurrency;
        }
        let cpus = std::thread::available_parallelism().map_or(1, |cpus| cpus.get());
        (2 * cpus).max(4)
    }

    pub(crate) fn hostname(&self) -> String {
        let machine = || {
            let name = nix::unistd::gethostname().unwrap_or_default();
            name.to_string_lossy().into_owned()
        };
        self.hostname.clone().unwrap_or_else(machine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tunnels_end_where_other_machines_can_reach_them() {
        let at = |address: &str, tunnel| {
            AgentSettings {
                address: address.into(),
                tunnel_address: tunnel,
                ..AgentSettings::default()
            }
            .tunnel()
        };
        let there = Ipv4Addr::new(192, 0, 2, 7);
        assert_eq!(at("192.0.2.7", None), Ok(there));
        assert_eq!(at("machine-7", Some(there)), Ok(there));
        for nowhere in ["127.0.0.1", "0.0.0.0", "machine-7", "2001:db8::7"] {
            assert!(at(nowhere, None).unwrap_err().contains(nowhere));
        }
    }

    #[test]
    fn a_misspelt_setting_is_refused() {
        let read = |text| serde_json::from_str::<AgentSettings>(text);
        assert_eq!(read(r#"{"zone": "az2"}"#).unwrap().zone, "az2");
        assert!(read(r#"{"heartbeats": 5}"#).is_err());
    }

    #[test]
    fn a_machine_is_lent_only_if_its_operator_says_so_and_keeps_something_for_itself() {
        let mut settings = AgentSettings::default();
        assert_eq!(settings.lendable_bytes(4 << 30), None);
        settings.lendable = true;
        settings.lendable_reserve_mb = 512;
        assert_eq!(settings.lendable_bytes(4 << 30), Some(3584 << 20));
        assert_eq!(
            settings.lendable_bytes(1 << 20),
            Some(0),
            "too small to lend"
        );
    }
}
