//! Where images come from and where snapshots go.

mod directory;
mod http;
mod login;
mod settings;

pub use directory::DirectoryImages;
pub use http::{HttpImages, verdict};
pub use settings::ImageServiceSettings;

use async_trait::async_trait;
use blobs::Digest;
use bytes::Bytes;
use compute_driver::ByteStream;
use schemas::Result;
use schemas::ids::ImageId;

/// Manifests larger than this are refused: no image has so many layers.
pub const MANIFEST_MAX: usize = 4 << 20;

/// The image service as a host sees it. Every call ends in bounded time; a stream may break off
/// anywhere and is asked for again from where it broke off.
#[async_trait]
pub trait ImageService: Send + Sync {
    /// The image's manifest, as bytes: their digest is the identity of the image.
    async fn manifest(&self, image: ImageId) -> Result<Bytes>;

    /// A blob of the image, from this offset.
    async fn blob(&self, image: ImageId, digest: &Digest, offset: u64) -> Result<ByteStream>;

    /// Does the service have the blob, so that the image can refer to it?
    async fn has_blob(&self, image: ImageId, digest: &Digest) -> Result<bool>;

    /// Gives the service a blob, which it checks. One that is there already is success.
    async fn put_blob(
        &self,
        image: ImageId,
        digest: &Digest,
        len: u64,
        data: ByteStream,
    ) -> Result<()>;

    /// Makes the image consist of these blobs, all of which are there. The same twice is success.
    async fn put_manifest(&self, image: ImageId, manifest: Bytes) -> Result<()>;
}
