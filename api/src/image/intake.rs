//! An upload on its way to being an image: checked, taken apart, hashed.

use super::attempt::Attempt;
use super::feed::{BEAT, feed};
use super::pace::Pace;
use super::state::{Images, blocking};
use blobs::flow::FedReader;
use blobs::{BlobStore, Format, HashingReader, Pin, TakenApart, Terms};
use bytes::Bytes;
use futures::Stream;
use schemas::{Error, Result};
use std::io::Read;
use store::image::images::Image;
use store::image::uploads::Data;

/// What an intake leaves: what the row has to know, and the pins to hold until it knows.
pub(super) struct Taken {
    data: Data,
    pins: Vec<Pin>,
    /// Why it is not taken although it is whole.
    refusal: Option<Error>,
}

/// How an image's formats say its data is packed.
///
/// # Errors
/// `BadRequest`, in words, for what no container engine runs, and while the formats are not set.
pub(super) fn format(image: &Image) -> Result<Format> {
    let (container, disk) = (image.container_format.as_str(), image.disk_format.as_str());
    if container.is_empty() || disk.is_empty() {
        return Err(Error::BadRequest(
            "Properties disk_format, container_format must be set prior to saving data.".into(),
        ));
    }
    if disk != "raw" {
        return Err(Error::BadRequest(format!(
            "Images of disk_format {disk} are disks of virtual machines, and this cloud runs \
             containers. Upload what 'docker save' writes, an OCI image layout, or the tar of a root \
             filesystem, with disk_format raw."
        )));
    }
    container.parse().map_err(|()| {
        Error::BadRequest(format!(
            "Images of container_format {container} cannot be run here; use docker, oci, or bare, \
             which finds out by itself."
        ))
    })
}

/// Takes an upload apart while it comes in, keeping the attempt's lease.
pub(super) async fn receive(
    images: &Images,
    attempt: &Attempt,
    format: Format,
    terms: Terms,
    pace: Pace,
    pieces: impl Stream<Item = Result<Bytes>> + Unpin,
) -> Result<Taken> {
    let _turn = images.turn(Some(attempt)).await?;
    let store = images.blobs().clone();
    let work = move |reader: FedReader| take(reader, format, &store, &terms);
    feed(pieces, pace, Some(attempt), work).await
}

/// Takes apart what is in the store as one blob (staged for an import).
pub(super) async fn reread(
    images: &Images,
    attempt: &Attempt,
    format: Format,
    terms: Terms,
    digest: blobs::Digest,
) -> Result<Taken> {
    let _turn = images.turn(Some(attempt)).await?;
    let store = images.blobs().clone();
    let work = blocking(move || {
        let (file, _) = store.open_blob(&digest).map_err(Error::internal)?;
        take(file, format, &store, &terms)
    });
    tokio::pin!(work);
    let mut beat = tokio::time::interval(BEAT);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = beat.tick() => attempt.renew().await?,
        }
    }
}

fn take(
    reader: impl Read + Send,
    format: Format,
    store: &BlobStore,
    terms: &Terms,
) -> Result<Taken> {
    let mut reader = HashingReader::new(reader).map_err(Error::internal)?;
    let taken = match format {
        // Glance's default, which says nothing of what the data is.
        Format::Bare => blobs::take_apart_any(&mut reader, store, terms)?,
        format => blobs::take_apart(&mut reader, format, store, terms)?,
    };
    let hashes = reader.finish().map_err(Error::internal)?;
    Ok(Taken {
        data: data(&taken, &hashes)?,
        refusal: runs_here(&taken, terms).err(),
        pins: taken.pins,
    })
}

/// Ends an attempt with what came of it: the image is active, or waits for another attempt, with the
/// reason and nothing left behind.
pub(super) async fn end(
    attempt: Attempt,
    taken: Result<Taken>,
    announced: Option<u64>,
    limit: i64,
) -> Result<Image> {
    let taken = match taken {
        Ok(taken) => taken,
        Err(error) => {
            attempt.abandon(&error.to_string()).await;
            return Err(error);
        }
    };
    let refusal = taken.refusal.or_else(|| cut(&taken.data, announced).err());
    if let Some(refusal) = refusal {
        drop(taken.pins);
        return attempt.refuse(refusal, taken.data.blobs).await;
    }
    let image = attempt.finish(taken.data, limit).await;
    drop(taken.pins);
    image
}

fn cut(data: &Data, announced: Option<u64>) -> Result<()> {
    match announced {
        Some(size) if i64::try_from(size) != Ok(data.size) => Err(Error::BadRequest(format!(
            "{size} bytes were announced and {} came; send the data again.",
            data.size
        ))),
        _ => Ok(()),
    }
}

fn runs_here(taken: &TakenApart, terms: &Terms) -> Result<()> {
    if taken.architecture == terms.architecture || taken.architecture.is_empty() {
        return Ok(());
    }
    Err(Error::BadRequest(format!(
        "The image is for linux/{}, and this cloud's hosts run linux/{}; upload one built for them.",
        taken.architecture, terms.architecture
    )))
}

/// What the row has to know of an image that is in the store.
pub(super) fn data(taken: &TakenApart, hashes: &blobs::Hashes) -> Result<Data> {
    let bytes = |n: u64| i64::try_from(n).map_err(Error::internal);
    Ok(Data {
        manifest: taken.manifest.to_string(),
        recipe: taken.recipe.to_string(),
        blobs: taken.blobs.keys().map(ToString::to_string).collect(),
        size: bytes(hashes.size)?,
        virtual_size: bytes(taken.layers.iter().map(|layer| layer.unpacked).sum())?,
        checksum: hashes.md5.clone(),
        hash: hashes.sha512.clone(),
    })
}
