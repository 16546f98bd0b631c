//! How an image gets onto an engine: the caller describes it and delivers a `docker load` tar.

use crate::error::Result;
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use schemas::workload::Digest;

/// Bytes as they come.
pub type ByteStream = BoxStream<'static, std::io::Result<Bytes>>;

/// What an image consists of, as its config says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageContent {
    /// Digest of the config: the image's id on an engine with a classic image store.
    pub config: Digest,
    /// Digests of the uncompressed layers, lowest first.
    pub diff_ids: Vec<Digest>,
}

/// Where an engine gets an image that it lacks.
#[async_trait]
pub trait ImageSource: Send + Sync {
    /// What the image consists of. The driver holds the engine to it after loading.
    async fn content(&self) -> Result<ImageContent>;

    /// The image as a `docker load` tar: `manifest.json` with one entry, which names the config,
    /// no tags (`"RepoTags": null`; the driver names the image once it is checked) and *all*
    /// layers, in order; and the files it names. The engine has the lowest `present` layers
    /// already: their files may be left out.
    async fn open(&self, present: usize) -> Result<ByteStream>;
}

/// Is what the engine has what the source said? The config's digest covers everything; an engine
/// that names images otherwise is held to the layers.
pub(crate) fn check(wanted: &ImageContent, got: &ImageContent) -> Result<()> {
    if got.config == wanted.config || got.diff_ids == wanted.diff_ids {
        return Ok(());
    }
    let text = format!(
        "its content is {}, not {} as announced",
        got.config, wanted.config
    );
    Err(crate::DriverError::ImageData {
        text,
        permanent: true,
    })
}
