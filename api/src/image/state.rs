//! What all requests about images share.

use super::Settings;
use blobs::BlobStore;
use schemas::{Error, Result};
use std::sync::Arc;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// The directory of blobs, and turns at the work that costs most.
pub struct Images {
    blobs: BlobStore,
    turns: Arc<Semaphore>,
    wake: Notify,
}

impl Images {
    /// Opens the directory, making it where needed.
    ///
    /// # Errors
    /// `Unavailable` with the reason when it cannot be used.
    pub fn open(settings: &Settings) -> Result<Images> {
        let dir = settings.dir.clone();
        let blobs = BlobStore::open(&dir).map_err(|error| {
            Error::Unavailable(format!(
                "The directory of images {} cannot be used: {error}.",
                dir.display()
            ))
        })?;
        Ok(Images {
            blobs,
            turns: Arc::new(Semaphore::new(settings.uploads.max(1))),
            wake: Notify::new(),
        })
    }

    /// The blobs.
    pub fn blobs(&self) -> &BlobStore {
        &self.blobs
    }

    /// There is work for the upkeep.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Waits until there is.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Waits for a turn at taking an upload apart.
    pub(super) async fn turn(&self) -> Result<OwnedSemaphorePermit> {
        let turns = Arc::clone(&self.turns);
        turns.acquire_owned().await.map_err(Error::internal)
    }
}

/// Runs blocking work on blobs.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)?
}
