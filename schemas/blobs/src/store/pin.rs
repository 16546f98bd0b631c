//! Locks on single blobs: shared by those who are about to refer to one, exclusive for its removal.

use super::{Removal, StoreError};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// While it lives, the blob cannot be removed by any process. Costs one file descriptor.
#[derive(Debug)]
pub struct Pin {
    shared: Flock<File>,
}

impl Pin {
    /// Of a file that has no name among the blobs yet.
    pub(super) fn of(file: File, path: &Path) -> Result<Pin, StoreError> {
        Ok(Pin {
            shared: lock(file, FlockArg::LockShared, path)?,
        })
    }

    /// The blob's file, for reads at an offset.
    pub(crate) fn file(&self) -> &File {
        &self.shared
    }

    /// Waits while a collector asks its question about this very blob.
    pub(super) fn take(path: &Path) -> Result<Option<Pin>, StoreError> {
        loop {
            let Some(file) = open(path)? else {
                return Ok(None);
            };
            let shared = lock(file, FlockArg::LockShared, path)?;
            // Removed (and maybe written anew) between open and lock: look again.
            if still_named(&shared, path)? {
                return Ok(Some(Pin { shared }));
            }
        }
    }
}

pub(super) fn remove_if(
    path: &Path,
    unreferenced: impl FnOnce() -> bool,
) -> Result<Removal, StoreError> {
    let Some(file) = open(path)? else {
        return Ok(Removal::Absent);
    };
    let exclusive = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(exclusive) => exclusive,
        Err((_, Errno::EWOULDBLOCK)) => return Ok(Removal::Pinned),
        Err((_, errno)) => return Err(StoreError::io("lock", path)(errno.into())),
    };
    if !still_named(&exclusive, path)? {
        return Ok(Removal::Absent);
    }
    if !unreferenced() {
        return Ok(Removal::Kept);
    }
    match fs::remove_file(path) {
        Ok(()) => Ok(Removal::Removed),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Removal::Absent),
        Err(e) => Err(StoreError::io("remove", path)(e)),
    }
}

fn open(path: &Path) -> Result<Option<File>, StoreError> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(StoreError::io("open", path)(e)),
    }
}

pub(super) fn lock(mut file: File, how: FlockArg, path: &Path) -> Result<Flock<File>, StoreError> {
    loop {
        match Flock::lock(file, how) {
            Ok(lock) => return Ok(lock),
            Err((back, Errno::EINTR)) => file = back,
            Err((_, errno)) => return Err(StoreError::io("lock", path)(errno.into())),
        }
    }
}

fn still_named(file: &File, path: &Path) -> Result<bool, StoreError> {
    let held = file.metadata().map_err(StoreError::io("look at", path))?;
    match fs::metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (held.dev(), held.ino())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(StoreError::io("look at", path)(e)),
    }
}
