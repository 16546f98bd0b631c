//! What all requests about images share.

use super::Settings;
use super::attempt::Attempt;
use super::feed::BEAT;
use blobs::BlobStore;
use schemas::{Error, Result};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// The directory of blobs, and turns at the work that costs most.
pub struct Images {
    blobs: BlobStore,
    turns: Arc<Semaphore>,
    patience: Duration,
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
            patience: Duration::from_secs(settings.turn_s),
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

    /// Waits for a turn at taking an upload apart, keeping the attempt's lease.
    ///
    /// # Errors
    /// `Unavailable` when others do not end in time; `Gone` when the lease was lost.
    pub(super) async fn turn(&self, attempt: Option<&Attempt>) -> Result<OwnedSemaphorePermit> {
        let turn = tokio::time::timeout(self.patience, self.turns.clone().acquire_owned());
        tokio::pin!(turn);
        let mut beat = tokio::time::interval_at(Instant::now() + BEAT, BEAT);
        loop {
            tokio::select! {
                turn = &mut turn => {
                    let turn = turn.map_err(|_| busy())?;
                    return turn.map_err(Error::internal);
                }
                _ = beat.tick(), if attempt.is_some() => {
                    if let Some(attempt) = attempt {
                        attempt.renew().await?;
                    }
                }
            }
        }
    }
}

fn busy() -> Error {
    Error::Unavailable(
        "Other uploads take all the turns that this cloud has; send the data again later.".into(),
    )
}

/// Runs blocking work on blobs.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)?
}
