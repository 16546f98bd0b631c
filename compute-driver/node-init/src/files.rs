//! What root inside the node must own or read, of a file system that is not his.

use crate::config::Config;
use crate::error::{During, Error, Result};
use nix::unistd::{Gid, Uid, chown};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// The node's certificate, its key, and the authority whose clients the engine serves.
pub const TLS: Tls = Tls {
    folder: "/etc/jeroboam/tls",
    ca: "/etc/jeroboam/tls/ca.pem",
    cert: "/etc/jeroboam/tls/cert.pem",
    key: "/etc/jeroboam/tls/key.pem",
};

/// Where these files lie.
pub struct Tls {
    folder: &'static str,
    /// The authority's certificate.
    pub ca: &'static str,
    /// The node's certificate.
    pub cert: &'static str,
    /// Its key.
    pub key: &'static str,
}

/// What a master of Kubernetes has beside, if it is one.
const MASTER: &str = "/etc/jeroboam/kubernetes";

/// The engine's data: a volume of its own.
pub const DATA: &str = "/var/lib/docker";

/// Hands over the engine's data, and lets the engine read its certificate and key. They stay the
/// machine's: root inside cannot change them.
pub fn hand_over(config: &Config) -> Result<()> {
    let group = Gid::from_raw(config.uid_base);
    for folder in ["/etc/jeroboam", TLS.folder] {
        permit(folder, 0o755)?;
    }
    for (file, mode) in [(TLS.ca, 0o644), (TLS.cert, 0o644), (TLS.key, 0o640)] {
        chown(file, Some(Uid::from_raw(0)), Some(group))
            .during(format!("letting the engine read {file}"))?;
        permit(file, mode)?;
    }
    if config.kubernetes.is_some() {
        for (file, content) in expected_by_kubelet()? {
            fs::write(file, content).during(format!("writing {file}"))?;
        }
    }
    if config.kubernetes.as_ref().is_some_and(|it| it.control) {
        permit(MASTER, 0o755)?;
        let doing = || format!("looking into {MASTER}");
        for file in fs::read_dir(MASTER).during(doing())? {
            let file = file.during(doing())?.path();
            let file = file.to_string_lossy();
            chown(&*file, Some(Uid::from_raw(0)), Some(group))
                .during(format!("letting the master read {file}"))?;
            permit(&file, 0o640)?;
        }
    }
    let owner = fs::metadata(DATA)
        .during(format!("looking at {DATA}"))?
        .uid();
    check_owner(owner, config.uid_base)?;
    chown(
        Path::new(DATA),
        Some(Uid::from_raw(config.uid_base)),
        Some(group),
    )
    .during(format!("handing {DATA} over to the engine"))
}

/// What kubelet will not do without, and root inside cannot make: who the machine is, and a log of its
/// kernel, in which it looks for processes that had too little memory. The true one is the machine's.
fn expected_by_kubelet() -> Result<Vec<(&'static str, String)>> {
    const IDENTITY: &str = "/etc/machine-id";
    const RANDOM: &str = "/proc/sys/kernel/random/uuid";
    let mut missing = vec![("/dev/kmsg", String::new())];
    if !Path::new(IDENTITY).exists() {
        let id = fs::read_to_string(RANDOM).during(format!("reading {RANDOM}"))?;
        missing.push((IDENTITY, id.replace('-', "")));
    }
    Ok(missing)
}

/// Data of another range of users would be readable for nobody, or for somebody else.
fn check_owner(owner: u32, uid_base: u32) -> Result<()> {
    if owner == 0 || owner == uid_base {
        return Ok(());
    }
    Err(Error::refused(format!(
        "{DATA} holds data of a node whose users begin at {owner}, not at {uid_base}: \
         a node keeps its uid_base as long as its volume"
    )))
}

fn permit(path: &str, mode: u32) -> Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
        .during(format!("setting the mode of {path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_of_another_range_of_users_is_not_taken_over() {
        assert!(check_owner(0, 1_000_000).is_ok());
        assert!(check_owner(1_000_000, 1_000_000).is_ok());
        let refused = check_owner(1_065_536, 1_000_000).unwrap_err().to_string();
        assert!(
            refused.contains("begin at 1065536, not at 1000000"),
            "{refused}"
        );
    }
}
