//! Who is who: users of the node in numbers of the machine.

use crate::config::Config;
use crate::error::{During, Result};
use nix::unistd::{Gid, Pid, Uid, setgroups, setresgid, setresuid};
use std::fs;

/// Gives a process in a new user namespace its users: root there is `uid_base` here.
pub fn map(holder: Pid, config: &Config) -> Result<()> {
    let line = format!("0 {} {}\n", config.uid_base, config.uid_count);
    for map in ["gid_map", "uid_map"] {
        let path = format!("/proc/{holder}/{map}");
        fs::write(&path, &line).during(format!("writing \"{}\" to {path}", line.trim()))?;
    }
    Ok(())
}

/// Makes this process root of the user namespace it is in. Until then it is nobody there.
pub fn become_root() -> Result<()> {
    let (user, group) = (Uid::from_raw(0), Gid::from_raw(0));
    setgroups(&[])
        .and_then(|()| setresgid(group, group, group))
        .and_then(|()| setresuid(user, user, user))
        .during("becoming root of the node")
}
