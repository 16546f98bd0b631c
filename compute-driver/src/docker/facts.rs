//! What the engine says about itself and what its machine cannot keep.

use super::settings::GuardMode;
use super::{DockerDriver, guard};
use crate::error::Result;
use crate::facts::{EngineFacts, oci_architecture};
use bollard::Docker;
use bollard::models::SystemInfo;

impl DockerDriver {
    pub(super) async fn engine_facts(&self) -> Result<EngineFacts> {
        let call = self.deadlines().call();
        let version = self
            .client
            .ask("version", call, async |it: &Docker| it.version().await)
            .await?;
        let info = self
            .client
            .ask("info", call, async |it: &Docker| it.info().await)
            .await?;
        let name = version
            .platform
            .map(|platform| platform.name)
            .unwrap_or_default();
        let components = version.components.unwrap_or_default();
        let podman =
            components.iter().any(|it| it.name.contains("Podman")) || name.contains("Podman");
        let engine = if podman { "Podman" } else { "Docker" };
        let mut warnings = missing(&info);
        warnings.extend(self.guard_warning().await);
        Ok(EngineFacts {
            engine: format!("{engine} {}", version.version.unwrap_or_default()),
            architecture: oci_architecture(&info.architecture.unwrap_or_default()).to_owned(),
            root: info.docker_root_dir.filter(|_| self.settings.is_machine()),
            warnings,
        })
    }

    async fn guard_warning(&self) -> Option<String> {
        if self.settings.gateway_guard == GuardMode::Off {
            return None;
        }
        let why = if self.settings.is_local() {
            let there = match (guard::in_place().await, self.settings.gateway_guard) {
                // Somebody has taken the rules away, as restarted firewalls do.
                (Ok(false), GuardMode::Enforce) => guard::enforce().await.map(|()| true),
                (there, _) => there,
            };
            match there {
                Ok(true) => return None,
                Ok(false) => "no firewall rule is in place".to_owned(),
                Err(text) => text,
            }
        } else {
            "the engine is on another machine, whose firewall cannot be seen from here".to_owned()
        };
        Some(format!(
            "containers may reach services of the machine itself: {why}"
        ))
    }
}

/// Bounds that this machine's kernel does not keep. The engine drops them with a warning that
/// nobody sees, so containers run with less protection than asked for.
fn missing(info: &SystemInfo) -> Vec<String> {
    let bounds = [
        (
            info.memory_limit,
            "memory is not bounded: the kernel lacks the memory cgroup",
        ),
        (
            info.swap_limit,
            "swap is not bounded: the kernel does not account for it",
        ),
        (
            info.pids_limit,
            "processes are not bounded: the kernel lacks the pids cgroup",
        ),
        (
            info.cpu_shares,
            "processor shares have no effect: the kernel lacks them",
        ),
        (
            info.cpu_cfs_quota,
            "processor bounds have no effect: the kernel lacks CFS quotas",
        ),
    ];
    let mut warnings: Vec<String> = bounds
        .into_iter()
        .filter(|(there, _)| *there == Some(false))
        .map(|(_, text)| text.to_owned())
        .collect();
    let options = info.security_options.as_deref().unwrap_or_default();
    if !options.iter().any(|option| option.contains("seccomp")) {
        warnings
            .push("system calls are not filtered: the kernel or engine lacks seccomp".to_owned());
    }
    warnings.extend(info.warnings.iter().flatten().cloned());
    warnings
}
