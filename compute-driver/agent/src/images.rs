//! Images on this host: fetched once however many containers want them, only what the engine lacks,
//! through the cache.

use crate::cache::Cache;
use crate::failure::image_error;
use crate::fetch::fetch;
use crate::host::bounded;
use crate::image_service::ImageService;
use crate::keyed::KeyedLocks;
use async_trait::async_trait;
use blobs::archive::{ImageConfig, Layer, Manifest};
use blobs::{Digest, Pin, docker_archive, flow};
use compute_driver::{ByteStream, Driver, DriverError, ImageContent, ImageSource, Result};
use futures::StreamExt;
use schemas::workload::ImageRef;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_stream::wrappers::ReceiverStream;

/// A question to the engine has to be answered by then.
const QUESTION: Duration = Duration::from_secs(60);
/// Parts of it have their own, shorter bounds.
const LONGEST: Duration = Duration::from_secs(4 * 3600);

/// How far a fetch is.
#[derive(Default)]
pub(crate) struct Progress {
    done: AtomicU64,
    total: AtomicU64,
}

impl Progress {
    pub(crate) fn add(&self, bytes: u64) {
        self.done.fetch_add(bytes, Ordering::Relaxed);
    }

    fn begin(&self, total: u64) {
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    /// In words for the tenant.
    pub(crate) fn words(&self) -> String {
        let (done, total) = (
            self.done.load(Ordering::Relaxed),
            self.total.load(Ordering::Relaxed),
        );
        let mib = |bytes: u64| bytes.div_ceil(1 << 20);
        match total {
            0 => "waiting for the image".into(),
            total if done < total => {
                format!("fetching image: {} of {} MiB", done >> 20, mib(total))
            }
            _ => "loading image into the engine".into(),
        }
    }
}

/// One image on its way, for all who want it.
#[derive(Default)]
pub(crate) struct Flight {
    lead: tokio::sync::Mutex<()>,
    pub(crate) progress: Progress,
}

/// Everything about images that the containers of a host share.
pub(crate) struct Images {
    pub(crate) service: Arc<dyn ImageService>,
    pub(crate) cache: Cache,
    flights: Mutex<HashMap<String, Arc<Flight>>>,
    blobs: Arc<KeyedLocks<Digest>>,
    pub(crate) fetches: Semaphore,
}

impl Images {
    pub(crate) fn new(service: Arc<dyn ImageService>, cache: Cache, fetches: usize) -> Images {
        Images {
            service,
            cache,
            flights: Mutex::default(),
            blobs: Arc::default(),
            fetches: Semaphore::new(fetches.max(1)),
        }
    }

    /// The same for another engine on this machine: what one has fetched the other finds in the
    /// cache. An engine that hangs keeps nobody else from loading.
    pub(crate) fn beside(&self, fetches: usize) -> Images {
        Images {
            service: self.service.clone(),
            cache: self.cache.clone(),
            flights: Mutex::default(),
            blobs: self.blobs.clone(),
            fetches: Semaphore::new(fetches.max(1)),
        }
    }

    /// The image's way here, shared with others who want it.
    pub(crate) fn flight(&self, image: &ImageRef) -> Arc<Flight> {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        flights.retain(|_, flight| Arc::strong_count(flight) > 1);
        flights.entry(image.manifest.clone()).or_default().clone()
    }

    /// Makes the engine have the image. Whoever is first fetches; the others find it there.
    pub(crate) async fn ensure(
        &self,
        driver: &dyn Driver,
        image: &ImageRef,
        flight: &Flight,
    ) -> Result<()> {
        let here = || bounded("inspect image", QUESTION, driver.has_image(image));
        if here().await? {
            return Ok(());
        }
        let _lead = flight.lead.lock().await;
        if here().await? {
            return Ok(());
        }
        // Never closed.
        let _permit = self.fetches.acquire().await;
        let source = Source {
            images: self,
            image,
            progress: &flight.progress,
            pins: Mutex::default(),
        };
        bounded("load image", LONGEST, driver.ensure_image(image, &source)).await
    }

    /// The image's manifest, checked; into the cache if it is not there.
    pub(crate) async fn manifest(&self, image: &ImageRef) -> Result<(Arc<Manifest>, Vec<Pin>)> {
        let digest = digest_of(image)?;
        let here = self.cache.run(move |cache| {
            let pin = cache.store.pin(&digest)?;
            cache.touch(&digest);
            Ok(pin.and_then(|pin| Some((cache.manifest(&digest)?, vec![pin]))))
        });
        if let Some(found) = here.await? {
            return Ok(found);
        }
        let bytes = self.service.manifest(image.id).await.map_err(image_error)?;
        if Digest::of(&bytes) != digest {
            return Err(odd(format!(
                "the image {} has other content than it had",
                image.id
            )));
        }
        let manifest = serde_json::from_slice(&bytes)
            .map_err(|error| odd(format!("its manifest is unreadable: {error}")))?;
        let stored = self.cache.run(move |cache| cache.store.put(&bytes)).await?;
        Ok((Arc::new(manifest), vec![stored.pin]))
    }

    /// Has a blob in the cache, fetching it unless it is there. Two who want it fetch it once.
    async fn blob(
        &self,
        image: &ImageRef,
        digest: Digest,
        size: u64,
        progress: &Progress,
    ) -> Result<Pin> {
        let _turn = self.blobs.lock(&digest).await;
        let here = self.cache.run(move |cache| {
            cache.touch(&digest);
            cache.store.pin(&digest)
        });
        if let Some(pin) = here.await? {
            progress.add(size);
            return Ok(pin);
        }
        fetch(
            self.service.as_ref(),
            &self.cache,
            image.id,
            digest,
            size,
            progress,
        )
        .await
    }

    /// The layers, lowest first, with all that is known of them.
    pub(crate) async fn layers(
        &self,
        image: &ImageRef,
        manifest: &Arc<Manifest>,
    ) -> Result<(ImageConfig, Vec<Layer>, Pin)> {
        let (digest, size) = (manifest.config.digest, manifest.config.size);
        let pin = self.blob(image, digest, size, &Progress::default()).await?;
        let manifest = manifest.clone();
        let read = self.cache.run(move |cache| {
            let config = ImageConfig::load(&cache.store, &digest)?;
            let layers = manifest.layers(&config)?;
            Ok((config, layers))
        });
        let (config, layers) = read.await?;
        Ok((config, layers, pin))
    }
}

fn digest_of(image: &ImageRef) -> Result<Digest> {
    image
        .manifest
        .parse()
        .map_err(|error| odd(format!("{error}")))
}

fn odd(text: String) -> DriverError {
    DriverError::ImageData {
        text,
        permanent: true,
    }
}

/// One image for an engine that lacks it.
struct Source<'a> {
    images: &'a Images,
    image: &'a ImageRef,
    progress: &'a Progress,
    /// What must not be evicted before the engine has it.
    pins: Mutex<Vec<Pin>>,
}

impl Source<'_> {
    fn hold(&self, pins: impl IntoIterator<Item = Pin>) {
        self.pins
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(pins);
    }

    async fn open_up(&self) -> Result<(ImageConfig, Vec<Layer>, Digest)> {
        let (manifest, pins) = self.images.manifest(self.image).await?;
        self.hold(pins);
        let (config, layers, pin) = self.images.layers(self.image, &manifest).await?;
        self.hold([pin]);
        Ok((config, layers, manifest.config.digest))
    }
}

#[async_trait]
impl ImageSource for Source<'_> {
    async fn content(&self) -> Result<ImageContent> {
        let (config, _, digest) = self.open_up().await?;
        Ok(ImageContent {
            config: digest.to_string(),
            diff_ids: config
                .rootfs
                .diff_ids
                .iter()
                .map(Digest::to_string)
                .collect(),
        })
    }

    async fn open(&self, present: usize) -> Result<ByteStream> {
        let (_, layers, _) = self.open_up().await?;
        let present = present.min(layers.len());
        let lower: BTreeSet<Digest> = layers[..present]
            .iter()
            .map(|layer| layer.chain_id)
            .collect();
        let wanted = &layers[present..];
        self.progress
            .begin(wanted.iter().map(|layer| layer.size).sum::<u64>().max(1));
        for layer in wanted {
            let pin = self
                .images
                .blob(self.image, layer.digest, layer.size, self.progress);
            self.hold([pin.await?]);
        }
        let manifest = digest_of(self.image)?;
        let opened = self.images.cache.run(move |cache| {
            let archive = docker_archive(&cache.store, &manifest, None, &|chain| {
                lower.contains(chain)
            })?;
            Ok((archive.reader(&cache.store)?, archive.len()))
        });
        let (reader, len) = opened.await?;
        self.progress.add(1);
        Ok(ReceiverStream::new(flow::outflow(reader, len, 4)).boxed())
    }
}
