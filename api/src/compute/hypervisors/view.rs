//! A host as a hypervisor.

use super::{number, servers_on};
use crate::compute::call::{minor, settings};
use crate::ctx::Caller;
use schemas::{Error, Result, Timestamp};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;
use store::compute::hosts::Host;

/// How one caller sees hypervisors.
pub struct View {
    minor: u16,
    now: Timestamp,
    silence: Duration,
    with_servers: bool,
    servers: HashMap<String, Vec<(String, String)>>,
}

impl View {
    /// As this call's microversion has it.
    pub fn new(caller: &Caller, with_servers: bool) -> View {
        View {
            minor: minor(caller),
            now: caller.state().clock.now(),
            silence: settings(caller).silence(),
            with_servers,
            servers: HashMap::new(),
        }
    }

    /// With the servers on these hosts, if they are wanted.
    pub async fn of(mut self, caller: &Caller, hosts: &[Host]) -> Result<View> {
        if self.with_servers {
            let lists = servers_on(caller, hosts).await?;
            let ids = hosts.iter().map(|host| host.id.clone());
            self.servers = ids.zip(lists).collect();
        }
        Ok(self)
    }

    fn id(&self, host: &Host) -> Value {
        match self.minor {
            53.. => host.id.clone().into(),
            _ => number(&host.id).into(),
        }
    }

    /// Name and state.
    pub fn short(&self, host: &Host) -> Value {
        let mut view = json!({
            "id": self.id(host),
            "hypervisor_hostname": host.hostname,
            "state": if host.is_up(self.now, self.silence) { "up" } else { "down" },
            "status": host.state,
        });
        if self.with_servers {
            let servers = self.servers.get(&host.id).map_or(&[][..], Vec::as_slice);
            // Before 2.75 a host without servers did not say so.
            if !servers.is_empty() || self.minor >= 75 {
                let list = servers
                    .iter()
                    .map(|(id, name)| json!({ "uuid": id, "name": name }));
                view["servers"] = list.collect::<Vec<_>>().into();
            }
        }
        view
    }

    /// With everything.
    pub fn whole(&self, host: &Host) -> Result<Value> {
        let inventory = host.inventory().map_err(Error::internal)?;
        let mut view = self.short(host);
        view["host_ip"] = inventory.address.clone().into();
        view["hypervisor_type"] = inventory.driver.clone().into();
        view["hypervisor_version"] = version(&inventory.engine).into();
        let mut service = json!({
            "host": host.hostname,
            "id": self.id(host),
            "disabled_reason": host.disabled_reason,
        });
        if self.minor < 53 {
            service["id"] = number(&host.id).into();
        }
        view["service"] = service;
        view["jeroboam:lending"] = json!({
            "lendable_memory_mb": inventory.lendable_bytes.map(|bytes| bytes >> 20),
            "lent_to": host.lent_to,
        });
        if self.minor >= 88 {
            view["uptime"] = uptime(host)?.into();
            return Ok(view);
        }
        // What placement tells since 2.88.
        let cpu_info = json!({ "arch": inventory.architecture, "topology": {
            "cores": host.cpus, "threads": 1, "sockets": 1,
        }});
        view["cpu_info"] = match self.minor {
            28.. => cpu_info,
            _ => cpu_info.to_string().into(),
        };
        let taken = host.taken();
        view["vcpus"] = host.cpus.into();
        view["vcpus_used"] = taken.vcpus.into();
        view["memory_mb"] = host.memory_mb.into();
        view["memory_mb_used"] = taken.memory_mb.into();
        view["free_ram_mb"] = (host.memory_mb - taken.memory_mb).into();
        view["local_gb"] = host.disk_gb.into();
        view["local_gb_used"] = taken.disk_gb.into();
        view["free_disk_gb"] = (host.disk_gb - taken.disk_gb).into();
        view["disk_available_least"] = gib(inventory.disk_free_bytes).into();
        view["running_vms"] = host.servers.into();
        view["current_workload"] = 0.into();
        Ok(view)
    }
}

fn gib(bytes: u64) -> u64 {
    bytes >> 30
}

/// "Docker 20.10.24" as Nova writes versions in one number: 20010024.
fn version(engine: &str) -> i64 {
    let digits = engine
        .split_whitespace()
        .find(|word| word.starts_with(|letter: char| letter.is_ascii_digit()))
        .unwrap_or_default();
    digits
        .split(['.', '-', '+'])
        .take(3)
        .map(|part| part.parse::<i64>().unwrap_or(0))
        .fold(0, |sum, part| sum * 1000 + part)
}

/// As the command `uptime` prints it, which is what clients take apart.
pub fn uptime(host: &Host) -> Result<String> {
    let inventory = host.inventory().map_err(Error::internal)?;
    let (days, rest) = (inventory.uptime_s / 86_400, inventory.uptime_s % 86_400);
    let time = Timestamp(host.seen_at).naive();
    let clock = time.get(11..19).unwrap_or_default();
    Ok(format!(
        " {clock} up {days} days, {:2}:{:02},  0 users,  load average: {:.2}, {:.2}, {:.2}",
        rest / 3600,
        rest % 3600 / 60,
        inventory.load,
        inventory.load,
        inventory.load
    ))
}

/// The sums of all hosts that take servers.
pub fn statistics(hosts: &[Host]) -> Result<Value> {
    let counted: Vec<&Host> = hosts
        .iter()
        .filter(|host| host.state == "enabled")
        .collect();
    let sum = |of: fn(&Host) -> i64| counted.iter().map(|host| of(host)).sum::<i64>();
    let mut least = 0;
    for host in &counted {
        least += gib(host.inventory().map_err(Error::internal)?.disk_free_bytes);
    }
    Ok(json!({
        "count": counted.len(),
        "vcpus": sum(|host| i64::from(host.cpus)),
        "vcpus_used": sum(|host| i64::from(host.taken().vcpus)),
        "memory_mb": sum(|host| host.memory_mb),
        "memory_mb_used": sum(|host| host.taken().memory_mb),
        "free_ram_mb": sum(|host| host.memory_mb - host.taken().memory_mb),
        "local_gb": sum(|host| host.disk_gb),
        "local_gb_used": sum(|host| host.taken().disk_gb),
        "free_disk_gb": sum(|host| host.disk_gb - host.taken().disk_gb),
        "disk_available_least": least,
        "running_vms": sum(|host| i64::from(host.servers)),
        "current_workload": 0,
    }))
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn an_engines_version_is_one_number() {
        assert_eq!(version("Docker 20.10.24"), 20_010_024);
        assert_eq!(version("sim 1.0"), 1000);
        assert_eq!(version("Podman 4.3.1-rc1"), 4_003_001);
        assert_eq!(version(""), 0);
    }
}
