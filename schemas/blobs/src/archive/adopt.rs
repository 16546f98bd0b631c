//! An image whose blobs came one by one: a snapshot, of which a host sends only what is new.
//!
//! ```text
//!   host:     docker save | take_apart into the host's cache
//!             sends config, manifest and the layers that the service lacks
//!   service:  keeps the pins of what it was sent; adopt(manifest) checks all and makes a download
//! ```

use super::config::ImageConfig;
use super::layer::LayerSource;
use super::manifest::Manifest;
use super::put_together::docker_archive;
use super::resolve::check_layers;
use super::take_apart::json;
use super::{ArchiveError, TakenApart, Terms};
use crate::store::Pin;
use crate::{BlobStore, Digest};
use std::collections::BTreeMap;

/// Makes an image of a manifest and blobs that are in the store. They are checked as those of an upload
/// are. Its download is what [`docker_archive`] makes, kept as a recipe, so it never changes.
pub fn adopt(
    store: &BlobStore,
    manifest: &Digest,
    repo_tag: Option<&str>,
    terms: &Terms,
) -> Result<TakenApart, ArchiveError> {
    let mut pins = BTreeMap::new();
    let mut pinned = |digest: &Digest| -> Result<u64, ArchiveError> {
        let missing = || ArchiveError::Missing(digest.to_string());
        if !pins.contains_key(digest) {
            let pin: Pin = store.pin(digest)?.ok_or_else(missing)?;
            pins.insert(*digest, pin);
        }
        store.size(digest)?.ok_or_else(missing)
    };
    let manifest_size = pinned(manifest)?;
    let bytes = store.read(manifest, terms.json)?;
    let bad = |why: String| ArchiveError::BadDocument {
        what: manifest.to_string(),
        why,
    };
    let said: Manifest = serde_json::from_slice(&bytes).map_err(|e| bad(e.to_string()))?;
    let config_size = pinned(&said.config.digest)?;
    let what = said.config.digest.to_string();
    let config = ImageConfig::parse(&what, &store.read(&said.config.digest, terms.json)?)?;
    let layers = check_layers(&what, &config, said.layers.len(), terms, &mut |number| {
        let digest = said.layers[number].digest;
        pinned(&digest)?;
        let (file, size) = store.open_blob(&digest)?;
        Ok(LayerSource {
            what: digest.to_string(),
            file,
            digest,
            size,
        })
    })?;
    // What we would write of these parts: sizes, types and form are then right too.
    let ours = Manifest::new(said.config.digest, config_size, &layers);
    if json(&ours)? != bytes {
        return Err(bad("it is not the canonical manifest of its parts".into()));
    }
    let archive = docker_archive(store, manifest, repo_tag, &|_| false)?;
    let recipe = archive.save(store)?;
    let mut blobs = ours.blobs();
    blobs.insert(*manifest, manifest_size);
    blobs.insert(recipe.digest, recipe.size);
    Ok(TakenApart {
        manifest: *manifest,
        config: said.config.digest,
        layers,
        recipe: recipe.digest,
        blobs,
        upload_size: archive.len(),
        new_bytes: if recipe.new { recipe.size } else { 0 },
        architecture: config.architecture,
        variant: config.variant,
        os: "linux".into(),
        run: config.config,
        repo_tags: repo_tag.map(str::to_owned).into_iter().collect(),
        pins: pins.into_values().chain([recipe.pin]).collect(),
    })
}
