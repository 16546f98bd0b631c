//! Sockets for the machine's agent.
//!
//! They are made by the machine's root in a folder that nobody inside may write to; the engine is
//! handed its own. Were it made by the engine, whoever is root inside could put a link in its
//! place, and the agent would speak to what the link names: the machine's own engine, say.

use crate::error::{During, Result};
use nix::unistd::{Gid, Uid, chown};
use std::fs::{self, Permissions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;

/// The agent's folder for this node.
pub const FOLDER: &str = "/var/lib/jeroboam";

/// The engine's.
pub const ENGINE: &str = "docker.sock";

/// That of the services.
pub const SERVICES: &str = "services.sock";

/// Listens in the agent's folder. The socket belongs to whom the folder belongs to, and to him alone.
pub fn listen(folder: &Path, name: &str) -> Result<OwnedFd> {
    let path = folder.join(name);
    let doing = || format!("making the socket {}", path.display());
    // That of an earlier life answers nobody.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error).during(doing())?,
        _ => {}
    }
    let listener = UnixListener::bind(&path).during(doing())?;
    let owner = fs::metadata(folder).during(doing())?;
    fs::set_permissions(&path, Permissions::from_mode(0o600)).during(doing())?;
    let (user, group) = (Uid::from_raw(owner.uid()), Gid::from_raw(owner.gid()));
    chown(&path, Some(user), Some(group)).during(doing())?;
    Ok(listener.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn the_socket_is_made_anew_over_that_of_an_earlier_life() {
        let folder = tempfile::tempdir().unwrap();
        drop(listen(folder.path(), ENGINE).unwrap());
        let path = folder.path().join(ENGINE);
        assert!(UnixStream::connect(&path).is_err(), "nobody listens");
        let _listener = listen(folder.path(), ENGINE).unwrap();
        assert!(UnixStream::connect(&path).is_ok());
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }
}
