//! What a container may do. Everything is taken away, and this short list given back; a workload
//! may ask for more (`Security`), which the plane grants by policy.
//!
//! `no-new-privileges`, the engine's default seccomp profile and its masked paths stay on. There is
//! no init of ours as process 1 (`init: false`): images with an init of their own (s6, systemd) must
//! be process 1, and an entrypoint that does not reap is bounded by the limit of processes.

use bollard::models::HostConfig;
use schemas::workload::Security;

/// Given back, with the reason. Not given, though Docker's default: `NET_RAW` (forging packets on
/// a bridge that tenants' containers share), `MKNOD` (making device files), `SETFCAP` (marking
/// files with capabilities), `SETPCAP` (not needed without the former).
const BASE: &[(&str, &str)] = &[
    (
        "CHOWN",
        "entrypoints hand their data folders to the user they will run as",
    ),
    (
        "DAC_OVERRIDE",
        "root inside expects to read and write what other users own",
    ),
    (
        "FOWNER",
        "root inside expects to change modes and times of others' files",
    ),
    (
        "FSETID",
        "changing a file must not drop its set-gid bit: shared folders rely on it",
    ),
    (
        "KILL",
        "process 1 and supervisors signal processes of other users",
    ),
    (
        "SETGID",
        "daemons start as root and change to their own group",
    ),
    (
        "SETUID",
        "daemons start as root and change to their own user",
    ),
    ("NET_BIND_SERVICE", "servers listen on ports below 1024"),
    (
        "SYS_CHROOT",
        "sshd and others lock their children into an empty folder",
    ),
    (
        "AUDIT_WRITE",
        "logins by PAM (sshd, su) fail when they cannot write an audit record",
    ),
];

/// Writes the rules into a container's configuration.
pub(super) fn apply(security: &Security, config: &mut HostConfig) {
    let base = BASE.iter().map(|(capability, _)| (*capability).to_owned());
    let more = security.cap_add.iter().map(|name| {
        let name = name.to_ascii_uppercase();
        name.strip_prefix("CAP_").map(str::to_owned).unwrap_or(name)
    });
    let mut capabilities: Vec<String> = base.chain(more).collect();
    capabilities.sort();
    capabilities.dedup();
    let mut options = Vec::new();
    if !security.allow_new_privileges {
        options.push("no-new-privileges".to_owned());
    }
    if security.seccomp_unconfined {
        options.push("seccomp=unconfined".to_owned());
    }
    config.cap_drop = Some(vec!["ALL".to_owned()]);
    config.cap_add = Some(capabilities);
    config.security_opt = Some(options);
    config.readonly_rootfs = Some(security.read_only_rootfs);
    config.privileged = Some(false);
    config.init = Some(false);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_no_privileges_are_gained_and_packets_not_forged() {
        let mut config = HostConfig::default();
        apply(&Security::default(), &mut config);
        assert_eq!(
            config.security_opt,
            Some(vec!["no-new-privileges".to_owned()])
        );
        assert_eq!(config.cap_drop, Some(vec!["ALL".to_owned()]));
        assert!(!config.cap_add.unwrap().contains(&"NET_RAW".to_owned()));
    }

    #[test]
    fn a_capability_is_added_once_however_it_is_written() {
        let mut config = HostConfig::default();
        let cap_add = vec!["CAP_NET_RAW".into(), "net_raw".into(), "CHOWN".into()];
        apply(
            &Security {
                cap_add,
                ..Security::default()
            },
            &mut config,
        );
        let added = config.cap_add.unwrap();
        assert_eq!(added.len(), BASE.len() + 1);
        assert!(added.contains(&"NET_RAW".to_owned()));
    }
}
