//! Where half-written files live, and how those of the dead are told from those of the living.
//!
//! A session holds the `flock` of its own directory's `lock` file; the kernel lets go of it however
//! the process ends. So the sweep needs no clock and takes nothing from a writer that is only slow.

use super::{StoreError, pin};
use nix::fcntl::{Flock, FlockArg};
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

const LOCK: &str = "lock";

/// One opened store's own directory for temporary files.
#[derive(Debug)]
pub(super) struct Session {
    dir: PathBuf,
    _alive: Flock<File>,
}

impl Session {
    /// Makes a session under `tmp` and sweeps the sessions nobody holds.
    pub(super) fn begin(tmp: &Path) -> Result<Session, StoreError> {
        fs::create_dir_all(tmp).map_err(StoreError::io("make directory", tmp))?;
        // One at a time: between making a session and locking it, it looks dead.
        let _turn = lock(&tmp.join(LOCK), FlockArg::LockExclusive)?;
        sweep(tmp)?;
        let dir = tempfile::Builder::new()
            .prefix("session-")
            .tempdir_in(tmp)
            .map_err(StoreError::io("make a directory in", tmp))?
            .keep();
        let alive = lock(&dir.join(LOCK), FlockArg::LockExclusive)?;
        Ok(Session { dir, _alive: alive })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // What stays is swept by the next who opens the store.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn sweep(tmp: &Path) -> Result<(), StoreError> {
    for entry in fs::read_dir(tmp).map_err(StoreError::io("list", tmp))? {
        let path = entry.map_err(StoreError::io("list", tmp))?.path();
        if !path.is_dir() {
            continue;
        }
        let held = match File::open(path.join(LOCK)) {
            Ok(file) => Flock::lock(file, FlockArg::LockExclusiveNonblock).is_err(),
            // It died before it had a lock.
            Err(_) => false,
        };
        if !held && let Err(e) = fs::remove_dir_all(&path) {
            // Its owner may have removed it in this moment.
            tracing::debug!(path = %path.display(), error = %e, "could not sweep");
        }
    }
    Ok(())
}

fn lock(path: &Path, how: FlockArg) -> Result<Flock<File>, StoreError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(StoreError::io("open", path))?;
    pin::lock(file, how, path)
}
