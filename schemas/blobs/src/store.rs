//! Blobs in a directory: `blobs/sha256/<hex>`, each written beside and renamed into place.
//!
//! ```text
//!   DIR/blobs/sha256/<hex>      whole blobs, never changed
//!   DIR/tmp/lock                held while a session begins
//!   DIR/tmp/<session>/lock      held (flock) as long as the session's process lives
//!   DIR/tmp/<session>/...       half-written blobs; swept when nobody holds the session's lock
//! ```
//!
//! # The collector and the uploader
//!
//! What is referenced stands in the database. A blob that an upload found present must not be
//! collected before the upload has written its reference. No clocks and no grace times: a [`Pin`]
//! is a shared `flock` on the blob, and the collector needs the exclusive one.
//!
//! - *Uploader*: keep the [`Pin`]s (in [`Stored`], [`crate::TakenApart`]) until the transaction that
//!   refers to the blobs is committed; then drop them.
//! - *Collector*: for each blob of [`BlobStore::list`] that looks unreferenced call
//!   [`BlobStore::remove_if`] with a question to the database. The question is asked while the blob
//!   is locked against new pins: either the uploader pinned before (the blob is in use and stays),
//!   or committed before (the answer is "no"), or comes later, finds nothing and writes it anew.
//!
//! A process that dies drops its locks with its life.

mod pin;
mod session;
mod staged;

pub use pin::Pin;
pub(crate) use staged::Staged;
pub use staged::{BlobWriter, Stored};

use crate::Digest;
use session::Session;
use sha2::Digest as _;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Disk or permissions.
    #[error("{doing} {}: {source}", .path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The blob is not there.
    #[error("blob {0} is not in the store")]
    Absent(Digest),
    /// The bytes are not those announced.
    #[error("the data has digest {found}, but {expected} was announced; send it again")]
    Mismatch {
        /// What the sender said.
        expected: Digest,
        /// What came.
        found: Digest,
    },
    /// More bytes than the writer may take.
    #[error("the data is larger than the {limit} bytes allowed")]
    TooLarge {
        /// The bound.
        limit: u64,
    },
    /// The file under this name has other content: the disk lies or somebody wrote there.
    #[error("blob {0} is damaged on disk; remove it and fetch it again")]
    Damaged(Digest),
}

impl StoreError {
    /// The disk has no room left.
    pub fn is_full(&self) -> bool {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        matches!(self, StoreError::Io { source, .. }
            if matches!(source.kind(), StorageFull | QuotaExceeded))
    }

    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
        move |source| StoreError::Io {
            doing,
            path: path.to_owned(),
            source,
        }
    }
}

impl From<StoreError> for schemas::Error {
    fn from(e: StoreError) -> Self {
        match e {
            StoreError::Mismatch { .. } => schemas::Error::BadRequest(e.to_string()),
            StoreError::TooLarge { .. } => schemas::Error::TooLarge(e.to_string()),
            e if e.is_full() => schemas::Error::Unavailable(
                "The store for images is full; ask the operator to make room, then try again."
                    .into(),
            ),
            e => schemas::Error::internal(e),
        }
    }
}

/// A blob as the collector sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobInfo {
    /// Its name.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    /// When it was written.
    pub modified: SystemTime,
}

/// What became of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It is gone.
    Removed,
    /// It was not there.
    Absent,
    /// Somebody holds a pin: ask again later.
    Pinned,
    /// The question was answered "no": it is referenced.
    Kept,
}

/// A directory of blobs. Cheap to clone; many processes may share the directory.
#[derive(Clone, Debug)]
pub struct BlobStore {
    dir: Arc<PathBuf>,
    session: Arc<Session>,
}

impl BlobStore {
    /// Opens the directory, making it where needed, and sweeps what dead writers left.
    pub fn open(dir: impl Into<PathBuf>) -> Result<BlobStore, StoreError> {
        let root = dir.into();
        let dir = root.join("blobs").join("sha256");
        fs::create_dir_all(&dir).map_err(StoreError::io("make directory", &dir))?;
        let session = Session::begin(&root.join("tmp"))?;
        Ok(BlobStore {
            dir: Arc::new(dir),
            session: Arc::new(session),
        })
    }

    /// Begins a blob of at most `limit` bytes. Dropped unfinished, it leaves nothing.
    pub fn writer(&self, limit: u64) -> Result<BlobWriter, StoreError> {
        BlobWriter::new(self, limit)
    }

    /// Stores bytes that are in memory anyway.
    pub fn put(&self, bytes: &[u8]) -> Result<Stored, StoreError> {
        let digest = Digest::of(bytes);
        if let Some(pin) = staged::present(self, &digest, bytes.len() as u64)? {
            return Ok(Stored {
                digest,
                size: bytes.len() as u64,
                pin,
                new: false,
            });
        }
        let mut writer = self.writer(bytes.len() as u64)?;
        writer.append(bytes)?;
        writer.finish(Some(digest))
    }

    /// Opens for reading; seek for ranges. The data stays readable although the blob be removed.
    pub fn open_blob(&self, digest: &Digest) -> Result<(File, u64), StoreError> {
        let path = self.path(digest);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::Absent(*digest));
            }
            Err(e) => return Err(StoreError::io("open", &path)(e)),
        };
        let size = file
            .metadata()
            .map_err(StoreError::io("look at", &path))?
            .len();
        Ok((file, size))
    }

    /// Reads a small blob into memory; one larger than `limit` is refused.
    pub fn read(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>, StoreError> {
        let (file, size) = self.open_blob(digest)?;
        if size > limit {
            return Err(StoreError::TooLarge { limit });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        file.take(limit)
            .read_to_end(&mut bytes)
            .map_err(StoreError::io("read", &self.path(digest)))?;
        Ok(bytes)
    }

    /// Is it there?
    pub fn has(&self, digest: &Digest) -> Result<bool, StoreError> {
        Ok(self.size(digest)?.is_some())
    }

    /// Bytes, if it is there.
    pub fn size(&self, digest: &Digest) -> Result<Option<u64>, StoreError> {
        let path = self.path(digest);
        match fs::metadata(&path) {
            Ok(meta) => Ok(Some(meta.len())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(StoreError::io("look at", &path)(e)),
        }
    }

    /// Keeps the blob from being removed while the pin lives. `None`: it is not there.
    pub fn pin(&self, digest: &Digest) -> Result<Option<Pin>, StoreError> {
        Pin::take(&self.path(digest))
    }

    /// Removes the blob unless it is pinned.
    pub fn remove(&self, digest: &Digest) -> Result<Removal, StoreError> {
        self.remove_if(digest, || true)
    }

    /// Removes the blob if it is not pinned and `unreferenced` says so. The question is asked under
    /// the blob's lock, so it must be short, and must look at committed references only.
    pub fn remove_if(
        &self,
        digest: &Digest,
        unreferenced: impl FnOnce() -> bool,
    ) -> Result<Removal, StoreError> {
        let path = self.path(digest);
        pin::remove_if(&path, unreferenced)
    }

    /// All blobs, in no order, as the directory is read. Files of other names are passed over.
    pub fn list(&self) -> Result<impl Iterator<Item = Result<BlobInfo, StoreError>>, StoreError> {
        let dir = self.dir.clone();
        let entries = fs::read_dir(dir.as_path()).map_err(StoreError::io("list", &dir))?;
        Ok(entries.filter_map(move |entry| {
            let entry = match entry {
                Ok(entry) => entry,
                Err(e) => return Some(Err(StoreError::io("list", &dir)(e))),
            };
            let digest = Digest::from_hex(entry.file_name().to_str()?).ok()?;
            // Gone since: not an error of a list that others change.
            let meta = entry.metadata().ok()?;
            let modified = meta.modified().ok()?;
            Some(Ok(BlobInfo {
                digest,
                size: meta.len(),
                modified,
            }))
        }))
    }

    /// Reads the blob and compares: bit rot shows here.
    pub fn verify(&self, digest: &Digest) -> Result<(), StoreError> {
        let (mut file, _) = self.open_blob(digest)?;
        let mut hash = sha2::Sha256::new();
        let mut buffer = vec![0; 128 * 1024];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => hash.update(&buffer[..n]),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(StoreError::io("read", &self.path(digest))(e)),
            }
        }
        if Digest::finish(hash) == *digest {
            Ok(())
        } else {
            Err(StoreError::Damaged(*digest))
        }
    }

    pub(crate) fn path(&self, digest: &Digest) -> PathBuf {
        self.dir.join(digest.hex())
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// A nameless scratch file of this session.
    pub(crate) fn scratch(&self) -> Result<File, StoreError> {
        let dir = self.session.dir();
        tempfile::tempfile_in(dir).map_err(StoreError::io("make a file in", dir))
    }

    pub(crate) fn temp_file(&self) -> Result<tempfile::NamedTempFile, StoreError> {
        let dir = self.session.dir();
        tempfile::NamedTempFile::new_in(dir).map_err(StoreError::io("make a file in", dir))
    }
}
