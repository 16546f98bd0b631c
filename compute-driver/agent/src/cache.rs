//! Blobs of images on this host, bounded: what was not used for longest goes first, and what a
//! container here needs never goes.

use crate::failure::disk_error;
use blobs::archive::Manifest;
use blobs::{BlobStore, Digest};
use compute_driver::DriverError;
use process::Clock;
use schemas::ids::HostId;
use schemas::workload::ImageRef;
use schemas::{Error, Result};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use tracing::{info, warn};

/// No manifest is larger; larger blobs are not looked into.
const MANIFEST_SIZE: u64 = 256 << 10;

/// The cache; cheap to clone.
#[derive(Clone)]
pub(crate) struct Cache {
    pub(crate) store: BlobStore,
    limit: u64,
    clock: Clock,
    /// Which of the small blobs are manifests: content never changes, so each is read once.
    known: Arc<Mutex<HashMap<Digest, Option<Arc<Manifest>>>>>,
    /// Images of the containers of each host that shares it.
    needs: Arc<Mutex<HashMap<HostId, Vec<ImageRef>>>>,
}

impl Cache {
    pub(crate) fn open(dir: &Path, limit: u64, clock: Clock) -> Result<Cache> {
        let store = BlobStore::open(dir).map_err(|error| {
            Error::Unavailable(format!("The image cache cannot be used: {error}"))
        })?;
        Ok(Cache {
            store,
            limit,
            clock,
            known: Arc::default(),
            needs: Arc::default(),
        })
    }

    /// Works on the cache where blocking is allowed.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Cache) -> Result<T, blobs::StoreError> + Send + 'static,
    ) -> Result<T, DriverError> {
        let this = self.clone();
        match tokio::task::spawn_blocking(move || work(&this)).await {
            Ok(result) => result.map_err(disk_error),
            Err(error) => Err(disk_error(error)),
        }
    }

    /// The manifest, if it is here. Blocks.
    pub(crate) fn manifest(&self, digest: &Digest) -> Option<Arc<Manifest>> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known().get(digest) {
            return found
                .clone()
                .filter(|_| self.store.has(digest).unwrap_or(false));
        }
        let size = self.store.size(digest).ok()??;
        let found = (size <= MANIFEST_SIZE)
            .then(|| Manifest::load(&self.store, digest).ok().map(Arc::new))
            .flatten();
        known().insert(*digest, found.clone());
        found
    }

    /// Notes that it was of use. Blocks.
    pub(crate) fn touch(&self, digest: &Digest) {
        let now = u64::try_from(self.clock.now().0).unwrap_or_default();
        let now = SystemTime::UNIX_EPOCH + Duration::from_micros(now);
        if let Ok((file, _)) = self.store.open_blob(digest)
            && let Err(error) = file.set_modified(now)
        {
            warn!(%digest, %error, "the use of a blob is not noted");
        }
    }

    /// Images that are here with all their blobs. Blocks.
    pub(crate) fn whole_images(&self) -> Result<Vec<Digest>, blobs::StoreError> {
        let mut here = BTreeSet::new();
        for blob in self.store.list()? {
            here.insert(blob?.digest);
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|digest, _| here.contains(digest));
        drop(known);
        let whole = here.iter().filter(|digest| {
            self.manifest(digest)
                .is_some_and(|manifest| manifest.blobs().keys().all(|blob| here.contains(blob)))
        });
        Ok(whole.copied().collect())
    }

    fn needs(&self) -> MutexGuard<'_, HashMap<HostId, Vec<ImageRef>>> {
        self.needs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The host is gone: what its containers needed may leave.
    pub(crate) fn forget(&self, host: HostId) {
        self.needs().remove(&host);
    }

    /// Removes what was used longest ago until the rest fits; of what hosts that share the cache need,
    /// nothing. Blocks.
    pub(crate) fn trim(&self, host: HostId, keep: Vec<ImageRef>) -> Result<(), blobs::StoreError> {
        self.needs().insert(host, keep);
        let mut blobs = self.store.list()?.collect::<Result<Vec<_>, _>>()?;
        let mut total: u64 = blobs.iter().map(|blob| blob.size).sum();
        if total <= self.limit {
            return Ok(());
        }
        let mut needed: BTreeSet<Digest> = {
            let needs = self.needs();
            let manifests = needs.values().flatten().map(|image| &image.manifest);
            manifests.filter_map(|digest| digest.parse().ok()).collect()
        };
        for digest in needed.clone() {
            needed.extend(
                self.manifest(&digest)
                    .iter()
                    .flat_map(|it| it.blobs().into_keys()),
            );
        }
        blobs.sort_by_key(|blob| blob.modified);
        for blob in blobs {
            if total <= self.limit {
                break;
            }
            // Whoever reads it holds a pin.
            if !needed.contains(&blob.digest)
                && self.store.remove(&blob.digest)? == blobs::Removal::Removed
            {
                info!(digest = %blob.digest, bytes = blob.size, "a blob left the cache");
                total -= blob.size;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_used_longest_ago_leaves_first_and_what_is_read_stays() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::open(dir.path(), 250, Clock::virtual_now()).unwrap();
        let mut blobs = Vec::new();
        for n in 0..4u8 {
            let stored = cache.store.put(&[n; 100]).unwrap();
            cache.touch(&stored.digest);
            blobs.push(stored);
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        cache.touch(&blobs[1].digest);
        let digests: Vec<Digest> = blobs.iter().map(|it| it.digest).collect();
        let read = blobs.remove(2);
        drop(blobs);
        cache.trim(HostId::new(), vec![]).unwrap();
        let here = digests
            .iter()
            .map(|digest| cache.store.has(digest).unwrap());
        assert_eq!(here.collect::<Vec<_>>(), [false, true, true, false]);
        drop(read);
    }
}
