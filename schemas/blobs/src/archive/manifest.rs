//! The manifest under which an image is kept: OCI's, written by us in one canonical form.

use super::config::ImageConfig;
use crate::{BlobStore, Digest, StoreError};
use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use std::collections::BTreeMap;

pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// Largest document read back from the store.
pub(super) const DOCUMENT: u64 = 64 << 20;
/// Annotation of a layer: bytes of its unpacked form. Needed to write the tar header of a layer that is
/// decompressed on the way to an engine, and told to tenants as the image's size.
const UNPACKED: &str = "org.jeroboam.layer.unpacked-size";

/// An OCI image manifest. Field order is the canonical order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// 2.
    pub schema_version: u32,
    /// OCI's manifest type.
    pub media_type: String,
    /// The config blob.
    pub config: Descriptor,
    /// Lowest first.
    pub layers: Vec<Descriptor>,
}

/// A reference to a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    pub media_type: String,
    /// Its name.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    /// Remarks.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// A layer of a stored image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The blob, as it came.
    pub digest: Digest,
    /// Bytes of the blob.
    pub size: u64,
    /// OCI's type: how the blob is compressed.
    pub media_type: String,
    /// Digest of the unpacked tar.
    pub diff_id: Digest,
    /// Name of this layer on top of those below: engines know layers by it.
    pub chain_id: Digest,
    /// Bytes of the unpacked tar.
    pub unpacked: u64,
}

impl Manifest {
    pub(super) fn new(config: Digest, config_size: u64, layers: &[Layer]) -> Manifest {
        let descriptor = |media_type: &str, digest, size, annotations| Descriptor {
            media_type: media_type.to_owned(),
            digest,
            size,
            annotations,
        };
        let layers = layers.iter().map(|layer| {
            let unpacked = BTreeMap::from([(UNPACKED.to_owned(), layer.unpacked.to_string())]);
            descriptor(&layer.media_type, layer.digest, layer.size, unpacked)
        });
        Manifest {
            schema_version: 2,
            media_type: MANIFEST.into(),
            config: descriptor(CONFIG, config, config_size, BTreeMap::new()),
            layers: layers.collect(),
        }
    }

    /// Of a stored image.
    pub fn load(store: &BlobStore, digest: &Digest) -> Result<Manifest, StoreError> {
        let bytes = store.read(digest, DOCUMENT)?;
        serde_json::from_slice(&bytes).map_err(|_| StoreError::Damaged(*digest))
    }

    /// The layers with all that is known of them.
    pub fn layers(&self, config: &ImageConfig) -> Result<Vec<Layer>, StoreError> {
        let diff_ids = &config.rootfs.diff_ids;
        if diff_ids.len() != self.layers.len() {
            return Err(StoreError::Damaged(self.config.digest));
        }
        let chain = chain_ids(diff_ids);
        let layers = self.layers.iter().zip(diff_ids).zip(chain);
        layers
            .map(|((layer, diff_id), chain_id)| {
                let unpacked = layer
                    .annotations
                    .get(UNPACKED)
                    .and_then(|text| text.parse().ok());
                Ok(Layer {
                    digest: layer.digest,
                    size: layer.size,
                    media_type: layer.media_type.clone(),
                    diff_id: *diff_id,
                    chain_id,
                    unpacked: unpacked.ok_or(StoreError::Damaged(layer.digest))?,
                })
            })
            .collect()
    }

    /// What a host needs to run it: config and layers, each once.
    pub fn blobs(&self) -> BTreeMap<Digest, u64> {
        let all = std::iter::once(&self.config).chain(&self.layers);
        all.map(|descriptor| (descriptor.digest, descriptor.size))
            .collect()
    }
}

/// Names of stacks of layers, as OCI defines: the lowest is named by its diff id, each further one by the
/// digest of the name below and its own diff id.
pub fn chain_ids(diff_ids: &[Digest]) -> Vec<Digest> {
    let mut chain: Vec<Digest> = Vec::with_capacity(diff_ids.len());
    for diff_id in diff_ids {
        let id = match chain.last() {
            None => *diff_id,
            Some(below) => {
                Digest::finish(sha2::Sha256::new_with_prefix(format!("{below} {diff_id}")))
            }
        };
        chain.push(id);
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chain_ids_fold_from_the_lowest_layer() {
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        let ab = Digest::of(format!("{a} {b}").as_bytes());
        assert_eq!(
            chain_ids(&[a, b, a]),
            [a, ab, Digest::of(format!("{ab} {a}").as_bytes())]
        );
        assert_eq!(chain_ids(&[]), []);
    }
}
