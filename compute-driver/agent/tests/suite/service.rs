//! An image service that can be cut, slow or away.

use agent::image_service::{DirectoryImages, ImageService};
use async_trait::async_trait;
use blobs::Digest;
use bytes::Bytes;
use compute_driver::ByteStream;
use futures::{StreamExt, stream};
use schemas::ids::ImageId;
use schemas::{Error, Result};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

pub struct Images {
    pub inner: DirectoryImages,
    dir: PathBuf,
    /// Streams break off after so many bytes, while there are cuts left.
    pub cut_after: AtomicU64,
    pub cuts: AtomicU64,
    /// Virtual milliseconds for each KiB.
    pub ms_per_kib: AtomicU64,
    pub down: AtomicBool,
    /// Offsets asked for, by blob.
    pub asked: Mutex<BTreeMap<String, Vec<u64>>>,
    /// Blobs that were put.
    pub put: Mutex<Vec<String>>,
}

impl Images {
    pub fn open(dir: PathBuf) -> Images {
        Images {
            inner: DirectoryImages::open(&dir).unwrap(),
            dir,
            cut_after: AtomicU64::new(u64::MAX),
            cuts: AtomicU64::new(0),
            ms_per_kib: AtomicU64::new(0),
            down: AtomicBool::new(false),
            asked: Mutex::default(),
            put: Mutex::default(),
        }
    }

    pub fn add_manifest(&self, id: ImageId, manifest: &[u8]) {
        std::fs::write(self.dir.join("manifests").join(id.to_string()), manifest).unwrap();
    }

    fn note(&self, digest: &Digest, offset: u64) {
        let mut asked = self.asked.lock().unwrap();
        asked.entry(digest.to_string()).or_default().push(offset);
    }

    fn up(&self) -> Result<()> {
        match self.down.load(Ordering::SeqCst) {
            true => Err(Error::Unavailable("The image service is away.".into())),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl ImageService for Images {
    async fn manifest(&self, image: ImageId) -> Result<Bytes> {
        self.up()?;
        self.inner.manifest(image).await
    }

    async fn blob(&self, image: ImageId, digest: &Digest, offset: u64) -> Result<ByteStream> {
        self.up()?;
        self.note(digest, offset);
        let mut data = self.inner.blob(image, digest, offset).await?;
        let mut all = Vec::new();
        while let Some(piece) = data.next().await {
            all.extend_from_slice(&piece.unwrap());
        }
        let cut = self.cut_after.load(Ordering::SeqCst);
        let left = self.cuts.load(Ordering::SeqCst);
        let broken = left > 0 && all.len() as u64 > cut;
        if broken {
            all.truncate(cut as usize);
            self.cuts.store(left - 1, Ordering::SeqCst);
        }
        let mut pieces: Vec<io::Result<Bytes>> = all
            .chunks(1024)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        if broken {
            pieces.push(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let pause = Duration::from_millis(self.ms_per_kib.load(Ordering::SeqCst));
        let slowly = stream::iter(pieces).then(move |piece| async move {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            piece
        });
        Ok(slowly.boxed())
    }

    async fn has_blob(&self, image: ImageId, digest: &Digest) -> Result<bool> {
        self.up()?;
        self.inner.has_blob(image, digest).await
    }

    async fn put_blob(
        &self,
        image: ImageId,
        digest: &Digest,
        len: u64,
        data: ByteStream,
    ) -> Result<()> {
        self.up()?;
        self.put.lock().unwrap().push(digest.to_string());
        self.inner.put_blob(image, digest, len, data).await
    }

    async fn put_manifest(&self, image: ImageId, manifest: Bytes) -> Result<()> {
        self.up()?;
        self.inner.put_manifest(image, manifest).await
    }
}
