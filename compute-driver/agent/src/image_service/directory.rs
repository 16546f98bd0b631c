//! An image service that is a directory: for clouds within one process.

use super::{ImageService, MANIFEST_MAX};
use async_trait::async_trait;
use blobs::{BlobStore, Digest, StoreError, flow};
use bytes::Bytes;
use compute_driver::ByteStream;
use futures::StreamExt;
use schemas::ids::ImageId;
use schemas::{Error, Result};
use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::task::spawn_blocking;
use tokio_stream::wrappers::ReceiverStream;

/// Blobs in a directory, and one file for each image with its manifest's bytes.
#[derive(Clone)]
pub struct DirectoryImages {
    store: BlobStore,
    manifests: Arc<PathBuf>,
}

impl DirectoryImages {
    /// Opens the directory, making it where needed.
    pub fn open(dir: impl Into<PathBuf>) -> Result<DirectoryImages> {
        let dir = dir.into();
        let manifests = dir.join("manifests");
        fs::create_dir_all(&manifests).map_err(Error::internal)?;
        Ok(DirectoryImages {
            store: BlobStore::open(dir).map_err(Error::internal)?,
            manifests: Arc::new(manifests),
        })
    }

    /// Its blobs.
    pub fn store(&self) -> &BlobStore {
        &self.store
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&DirectoryImages) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let this = self.clone();
        spawn_blocking(move || work(&this))
            .await
            .map_err(Error::internal)?
    }
}

fn refused(error: StoreError) -> Error {
    match error {
        StoreError::Absent(_) => Error::NotFound(error.to_string()),
        StoreError::Mismatch { .. } => Error::BadRequest(error.to_string()),
        StoreError::TooLarge { .. } => Error::TooLarge(error.to_string()),
        error => Error::internal(error),
    }
}

#[async_trait]
impl ImageService for DirectoryImages {
    async fn manifest(&self, image: ImageId) -> Result<Bytes> {
        self.run(move |this| {
            let path = this.manifests.join(image.to_string());
            let bytes = fs::read(path).map_err(|_| Error::not_found("Image", image))?;
            Ok(bytes.into())
        })
        .await
    }

    async fn blob(&self, _image: ImageId, digest: &Digest, offset: u64) -> Result<ByteStream> {
        let digest = *digest;
        self.run(move |this| {
            let (mut file, size) = this.store.open_blob(&digest).map_err(refused)?;
            file.seek(SeekFrom::Start(offset))
                .map_err(Error::internal)?;
            Ok((file, size.saturating_sub(offset)))
        })
        .await
        .map(|(file, left)| ReceiverStream::new(flow::outflow(file, left, 2)).boxed())
    }

    async fn has_blob(&self, _image: ImageId, digest: &Digest) -> Result<bool> {
        let digest = *digest;
        self.run(move |this| this.store.has(&digest).map_err(refused))
            .await
    }

    async fn put_blob(
        &self,
        _image: ImageId,
        digest: &Digest,
        len: u64,
        mut data: ByteStream,
    ) -> Result<()> {
        let digest = *digest;
        let mut writer = self
            .run(move |this| this.store.writer(len).map_err(refused))
            .await?;
        while let Some(part) = data.next().await {
            let part =
                part.map_err(|error| Error::Unavailable(format!("The upload broke off: {error}")))?;
            writer = self
                .run(move |_| writer.append(&part).map(|()| writer).map_err(refused))
                .await?;
        }
        self.run(move |_| writer.finish(Some(digest)).map(drop).map_err(refused))
            .await
    }

    async fn put_manifest(&self, image: ImageId, manifest: Bytes) -> Result<()> {
        if manifest.len() > MANIFEST_MAX {
            return Err(Error::TooLarge("The image's manifest is too large.".into()));
        }
        self.run(move |this| {
            let read: blobs::archive::Manifest = serde_json::from_slice(&manifest)
                .map_err(|error| Error::BadRequest(format!("That is no manifest: {error}")))?;
            for digest in read.blobs().keys() {
                if !this.store.has(digest).map_err(refused)? {
                    return Err(Error::BadRequest(format!(
                        "The blob {digest} has to be sent first."
                    )));
                }
            }
            let mut file = tempfile::NamedTempFile::new_in(this.manifests.as_path())
                .map_err(Error::internal)?;
            file.write_all(&manifest).map_err(Error::internal)?;
            file.persist(this.manifests.join(image.to_string()))
                .map_err(Error::internal)?;
            Ok(())
        })
        .await
    }
}
