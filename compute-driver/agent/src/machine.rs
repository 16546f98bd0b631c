//! What the machine under the engine is.

use nix::sys::statvfs::statvfs;
use std::fs;
use std::path::Path;

/// Facts that no engine tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MachineFacts {
    /// CPU architecture in OCI's words.
    pub architecture: String,
    /// Logical CPUs.
    pub cpus: u32,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Bytes of memory not in use by anybody.
    pub memory_free_bytes: u64,
    /// Bytes of the filesystem that holds containers.
    pub disk_bytes: u64,
    /// Bytes free there.
    pub disk_free_bytes: u64,
    /// Load average over one minute.
    pub load: f64,
    /// Seconds since boot.
    pub uptime_s: u64,
}

/// Somebody who knows the machine. May block for a moment.
pub trait Machine: Send + Sync {
    /// As it is now; `root` is the folder whose filesystem holds containers.
    fn facts(&self, root: &Path) -> MachineFacts;
}

/// The machine this process runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinuxMachine;

impl Machine for LinuxMachine {
    fn facts(&self, root: &Path) -> MachineFacts {
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kib = |name: &str| meminfo(&memory, name).unwrap_or(0) * 1024;
        let system = nix::sys::sysinfo::sysinfo().ok();
        let disk = statvfs(root).ok();
        let blocks = |count: fn(&nix::sys::statvfs::Statvfs) -> u64| {
            disk.as_ref()
                .map_or(0, |disk| count(disk) * disk.fragment_size())
        };
        let cpus = std::thread::available_parallelism().map_or(1, |cpus| cpus.get());
        MachineFacts {
            architecture: compute_driver::oci_architecture(std::env::consts::ARCH).to_owned(),
            cpus: u32::try_from(cpus).unwrap_or(u32::MAX),
            memory_bytes: kib("MemTotal"),
            memory_free_bytes: kib("MemAvailable"),
            disk_bytes: blocks(|disk| disk.blocks()),
            disk_free_bytes: blocks(|disk| disk.blocks_available()),
            load: system.as_ref().map_or(0.0, |it| it.load_average().0),
            uptime_s: system.as_ref().map_or(0, |it| it.uptime().as_secs()),
        }
    }
}

/// `Name:   123 kB` out of `/proc/meminfo`.
fn meminfo(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = lines.find(|(found, _)| *found == name)?;
    value.split_whitespace().next()?.parse().ok()
}

/// A machine that is as it is told: the one under a simulated engine.
#[derive(Clone, Debug, Default)]
pub struct FixedMachine(pub MachineFacts);

impl Machine for FixedMachine {
    fn facts(&self, _root: &Path) -> MachineFacts {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_memory_disk_and_cpus() {
        let facts = LinuxMachine.facts(Path::new("/"));
        assert!(facts.cpus > 0 && facts.disk_bytes > 0);
        assert!(facts.memory_bytes >= facts.memory_free_bytes && facts.memory_free_bytes > 0);
    }

    #[test]
    fn meminfo_is_read_by_name() {
        let text = "MemTotal:       16 kB\nMemAvailable:   7 kB\n";
        assert_eq!(meminfo(text, "MemAvailable"), Some(7));
        assert_eq!(meminfo(text, "Mem"), None);
    }
}
