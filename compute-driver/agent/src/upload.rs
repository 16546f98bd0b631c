//! A snapshot into the image service: only what it lacks, and the layers of its base as they are there.
//!
//! An engine writes layers unpacked; the base was perhaps uploaded compressed, under other digests.
//! The manifest names the base's own blobs wherever the content is the same, so a snapshot of a large
//! image costs only what the container changed.

use crate::failure::{Failure, disk_error};
use crate::images::Images;
use crate::status::Status;
use blobs::archive::{Descriptor, Manifest};
use blobs::{Digest, TakenApart, flow};
use compute_driver::DriverError;
use futures::StreamExt;
use schemas::Result;
use schemas::ids::ImageId;
use schemas::workload::ImageRef;
use std::collections::HashMap;
use std::time::Duration;
use tokio_stream::wrappers::ReceiverStream;
use tracing::{debug, info};

const TRIES: u32 = 3;

/// Uploads and answers the digest of the manifest.
pub(crate) async fn upload(
    images: &Images,
    image: ImageId,
    base: &ImageRef,
    taken: TakenApart,
    status: &Status,
) -> Result<String, Failure> {
    let service = images.service.as_ref();
    let digest = taken.manifest;
    let loading = images
        .cache
        .run(move |cache| Manifest::load(&cache.store, &digest));
    let mut manifest = loading.await?;
    let base = base_layers(images, base).await;
    let size = manifest.layers.len();
    let layers = manifest.layers.iter_mut().zip(&taken.layers);
    for (n, (descriptor, layer)) in layers.enumerate() {
        status.step(format!("uploading layer {} of {size}", n + 1));
        if let Some(there) = base.get(&layer.diff_id)
            && service.has_blob(image, &there.digest).await?
        {
            *descriptor = there.clone();
            continue;
        }
        put(images, image, descriptor.digest, descriptor.size).await?;
    }
    status.step("uploading the image's description");
    put(images, image, manifest.config.digest, manifest.config.size).await?;
    let bytes = serde_json::to_vec(&manifest).map_err(disk_error)?;
    let digest = Digest::of(&bytes);
    let copy = bytes.clone();
    images
        .cache
        .run(move |cache| cache.store.put(&copy).map(drop))
        .await?;
    service.put_manifest(image, bytes.into()).await?;
    // Held until here, so nothing of it left the cache meanwhile.
    drop(taken.pins);
    info!(%image, %digest, "the snapshot is uploaded");
    Ok(digest.to_string())
}

/// The base's layers by the digest of their unpacked form; none if it cannot be had.
async fn base_layers(images: &Images, base: &ImageRef) -> HashMap<Digest, Descriptor> {
    let reading = async {
        let (manifest, _pins) = images.manifest(base).await?;
        let (config, _, _pin) = images.layers(base, &manifest).await?;
        let pairs = config
            .rootfs
            .diff_ids
            .iter()
            .copied()
            .zip(manifest.layers.iter().cloned());
        Ok::<_, DriverError>(pairs.collect())
    };
    reading.await.unwrap_or_else(|error| {
        debug!(%error, "the snapshot's base is not known, all its layers are sent");
        HashMap::new()
    })
}

/// Gives the service one blob of the cache, unless it has it.
async fn put(images: &Images, image: ImageId, digest: Digest, size: u64) -> Result<(), Failure> {
    let service = images.service.as_ref();
    let mut tries = 0;
    loop {
        let sending = async {
            if service.has_blob(image, &digest).await? {
                return Ok(());
            }
            let opening = images
                .cache
                .run(move |cache| cache.store.open_blob(&digest));
            let (file, size) = opening.await.map_err(schemas::Error::internal)?;
            let data = ReceiverStream::new(flow::outflow(file, size, 4)).boxed();
            service.put_blob(image, &digest, size, data).await
        };
        let Err(error) = sending.await else {
            return Ok(());
        };
        tries += 1;
        if !error.retryable() || tries >= TRIES {
            return Err(error.into());
        }
        info!(%digest, size, %error, "an upload is tried again");
        tokio::time::sleep(Duration::from_secs(1) * tries).await;
    }
}
