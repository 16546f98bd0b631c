//! An image made of a container: committed by the engine, taken apart into the cache, uploaded as far
//! as the image service lacks it.
//!
//! The engine keeps what it committed until the service has all of it, so every attempt uploads the
//! same content; and the agent writes the result down before it tells, so it is never made twice.

use super::{Attempt, what_is};
use crate::failure::{Failure, disk_error};
use crate::host::bounded;
use crate::ledger::{Outcome, What};
use crate::upload;
use blobs::{ArchiveError, BlobStore, Format, TakenApart, Terms, flow, take_apart};
use compute_driver::{ByteStream, DriverError};
use futures::StreamExt;
use schemas::host::{Problem, Seen, Snapshot};
use schemas::workload::ImageRef;
use std::time::Duration;
use tokio::time::timeout;
use tracing::warn;

/// Silence of an engine that writes an image longer than this is its end.
const SILENCE: Duration = Duration::from_secs(120);

impl Attempt<'_> {
    pub(super) async fn snapshot(&mut self, order: &Snapshot) -> Result<Seen, Failure> {
        let host = self.host();
        let entry = host.ledger.get(self.order.id);
        let done = match &entry.what {
            What::Snapshot { manifest } => manifest.clone(),
            _ => None,
        };
        let manifest = match done {
            Some(manifest) => manifest,
            None => {
                let mut entry = entry;
                // Before the engine holds anything of it: nothing of it is ever forgotten.
                entry.what = What::Snapshot { manifest: None };
                entry.outcome = Outcome::Open;
                host.ledger.put(self.order.id, entry.clone()).await;
                let manifest = self.keeper.unless_newer(self.make(order)).await?;
                let seen = Seen::Snapshot {
                    manifest: manifest.clone(),
                };
                entry.what = what_is(self.order, &seen, entry.what);
                host.ledger.put(self.order.id, entry).await;
                manifest
            }
        };
        self.status.step("cleaning up");
        host.call("snapshot", host.driver.ensure_snapshot_absent(order.image))
            .await?;
        Ok(Seen::Snapshot { manifest })
    }

    async fn make(&self, order: &Snapshot) -> Result<String, Failure> {
        let host = self.host();
        // Never closed.
        let _permit = host.images.fetches.acquire().await;
        self.status.step("snapshotting the container");
        let archive = {
            let _turn = host.containers.lock(&order.of).await;
            host.call("snapshot", host.driver.ensure_snapshot(order))
                .await
        };
        let archive = archive.map_err(|error| match error {
            // The container is gone: no later try will find it.
            DriverError::NotFound { .. } => Failure::Failed {
                problem: Problem {
                    permanent: true,
                    ..Problem::from(&error)
                },
                again: false,
            },
            error => error.into(),
        })?;
        self.status.step("reading the snapshot");
        let taken = receive(archive, host.images.cache.store.clone()).await?;
        let base = match host.ledger.get(order.of).what {
            What::Container { image, .. } if image.manifest == order.base => Some(image),
            _ => None,
        };
        let base = base.unwrap_or(ImageRef {
            id: order.image,
            manifest: order.base.clone(),
        });
        let manifest = upload::upload(&host.images, order.image, &base, taken, self.status).await?;
        let (id, keep) = (host.id, host.ledger.images());
        let trimming = host.images.cache.run(move |cache| cache.trim(id, keep));
        if let Err(error) = trimming.await {
            warn!(%error, "the image cache is not trimmed");
        }
        Ok(manifest)
    }
}

/// Takes the engine's archive apart as it comes.
async fn receive(mut archive: ByteStream, store: BlobStore) -> Result<TakenApart, Failure> {
    let (feed, reader) = flow::pipe(8);
    let taking = tokio::task::spawn_blocking(move || {
        take_apart(reader, Format::Docker, &store, &Terms::default())
    });
    let silent = || DriverError::Timeout {
        op: "snapshot",
        after: SILENCE,
    };
    loop {
        match timeout(SILENCE, archive.next()).await {
            Ok(Some(Ok(piece))) => {
                if !feed.send(piece).await {
                    break;
                }
            }
            Ok(Some(Err(error))) => {
                let text = format!("the snapshot could not be read: {error}");
                return Err(DriverError::Engine { text }.into());
            }
            Ok(None) => {
                feed.finish().await;
                break;
            }
            Err(_) => return Err(silent().into()),
        }
    }
    let taking = async { Ok(taking.await) };
    let taken = bounded("snapshot", 10 * SILENCE, taking).await?;
    let taken = taken.map_err(disk_error)?;
    taken.map_err(|error| {
        let error = match error {
            ArchiveError::Store(error) => disk_error(error),
            error @ (ArchiveError::TooMuch { .. } | ArchiveError::Bomb(_)) => {
                DriverError::permanent(error.to_string())
            }
            error => DriverError::Engine {
                text: format!("the engine's snapshot is unusable: {error}"),
            },
        };
        error.into()
    })
}
