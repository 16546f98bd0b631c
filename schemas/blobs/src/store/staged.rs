//! How a blob comes to be: written beside, sealed (its digest is known), committed (renamed).
//!
//! What is only sealed is no blob yet: an archive that is refused at its end drops its sealed files
//! and the store is as before.

use super::{BlobStore, Pin, StoreError};
use crate::Digest;
use sha2::Digest as _;
use std::fs::File;
use std::io::{self, Write};
use tempfile::{NamedTempFile, TempPath};

/// A blob being written.
#[derive(Debug)]
pub struct BlobWriter {
    store: BlobStore,
    file: NamedTempFile,
    hash: sha2::Sha256,
    size: u64,
    limit: u64,
}

/// A blob that is in the store, and stays while `pin` lives.
#[derive(Debug)]
pub struct Stored {
    /// Its name.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    /// Drop it once the reference to the blob is committed.
    pub pin: Pin,
    /// False if it was there before.
    pub new: bool,
}

impl BlobWriter {
    pub(super) fn new(store: &BlobStore, limit: u64) -> Result<BlobWriter, StoreError> {
        let file = store.temp_file()?;
        Ok(BlobWriter {
            store: store.clone(),
            file,
            hash: sha2::Sha256::new(),
            size: 0,
            limit,
        })
    }

    /// Adds bytes.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let size = self.size.saturating_add(bytes.len() as u64);
        if size > self.limit {
            return Err(StoreError::TooLarge { limit: self.limit });
        }
        let path = self.file.path().to_owned();
        self.file
            .write_all(bytes)
            .map_err(StoreError::io("write", &path))?;
        self.hash.update(bytes);
        self.size = size;
        Ok(())
    }

    /// Makes it a blob: durable and under its name when this returns. With an expected digest,
    /// other content is refused and leaves nothing. A blob that is there already is used as it is.
    pub fn finish(self, expected: Option<Digest>) -> Result<Stored, StoreError> {
        let staged = self.seal()?;
        match expected {
            Some(expected) if expected != staged.digest => Err(StoreError::Mismatch {
                expected,
                found: staged.digest,
            }),
            _ => staged.commit(),
        }
    }

    pub(crate) fn seal(self) -> Result<Staged, StoreError> {
        let path = self.file.into_temp_path();
        Ok(Staged {
            store: self.store,
            path,
            digest: Digest::finish(self.hash),
            size: self.size,
        })
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.append(bytes).map_err(|e| match e {
            StoreError::Io { source, .. } => source,
            other => io::Error::new(io::ErrorKind::FileTooLarge, other),
        })?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// All bytes are written and hashed, but it is not in the store.
#[derive(Debug)]
pub(crate) struct Staged {
    store: BlobStore,
    path: TempPath,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
}

impl Staged {
    pub(crate) fn open(&self) -> Result<File, StoreError> {
        File::open(&self.path).map_err(StoreError::io("open", &self.path))
    }

    /// `fsync`, rename, `fsync` of the directory, unless an equal blob is there.
    pub(crate) fn commit(self) -> Result<Stored, StoreError> {
        let Staged {
            store,
            mut path,
            digest,
            size,
        } = self;
        if let Some(pin) = present(&store, &digest, size)? {
            return Ok(Stored {
                digest,
                size,
                pin,
                new: false,
            });
        }
        let file = File::open(&path).map_err(StoreError::io("open", &path))?;
        file.sync_all().map_err(StoreError::io("sync", &path))?;
        // Pinned before it has its name: no collector can come between.
        let pin = Pin::of(file, &path)?;
        let to = store.path(&digest);
        loop {
            // Another writer of the same content may have been faster, and his pin must stay on the
            // file of that name: so the name is taken only where it is free.
            match path.persist_noclobber(&to) {
                Ok(()) => {
                    let dir = store.dir();
                    File::open(dir)
                        .and_then(|dir| dir.sync_all())
                        .map_err(StoreError::io("sync", dir))?;
                    return Ok(Stored {
                        digest,
                        size,
                        pin,
                        new: true,
                    });
                }
                Err(e) if e.error.kind() == io::ErrorKind::AlreadyExists => path = e.path,
                Err(e) => return Err(StoreError::io("rename to", &to)(e.error)),
            }
            if let Some(pin) = present(&store, &digest, size)? {
                return Ok(Stored {
                    digest,
                    size,
                    pin,
                    new: false,
                });
            }
        }
    }
}

/// A pin on the blob if it is there, and has at least the right size.
pub(super) fn present(
    store: &BlobStore,
    digest: &Digest,
    size: u64,
) -> Result<Option<Pin>, StoreError> {
    let Some(pin) = store.pin(digest)? else {
        return Ok(None);
    };
    match store.size(digest)? {
        Some(found) if found != size => Err(StoreError::Damaged(*digest)),
        _ => Ok(Some(pin)),
    }
}
