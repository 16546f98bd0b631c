//! From an upload to blobs, in one pass over the upload.

use super::config::{ImageConfig, RunConfig};
use super::manifest::Layer;
use super::reading::{fill, read_all, stage};
use super::recipe::RecipeWriter;
use super::resolve::{Image, Kind, bare, look_into, resolve};
use super::unpack::{Packing, Unpacked};
use super::{ArchiveError, Format, Terms};
use crate::store::{Pin, Staged};
use crate::{BlobStore, Digest};
use std::collections::BTreeMap;
use std::io::{self, Read};

/// An image in the store.
#[derive(Debug)]
pub struct TakenApart {
    /// Digest of the image manifest: the identity of the content.
    pub manifest: Digest,
    /// The config blob.
    pub config: Digest,
    /// Lowest first.
    pub layers: Vec<Layer>,
    /// From which [`super::Assembly::load`] gives the upload back.
    pub recipe: Digest,
    /// Every blob that image and recipe need, with its size: what the database must refer to.
    pub blobs: BTreeMap<Digest, u64>,
    /// Bytes of the upload.
    pub upload_size: u64,
    /// Bytes of those blobs that were not in the store before.
    pub new_bytes: u64,
    /// CPU in OCI's words. The caller decides if it has such hosts.
    pub architecture: String,
    /// CPU variant.
    pub variant: Option<String>,
    /// Always `linux`.
    pub os: String,
    /// Entrypoint, command, environment.
    pub run: RunConfig,
    /// Names the archive gives the image.
    pub repo_tags: Vec<String>,
    /// Drop them once the references to `blobs` are committed.
    pub pins: Vec<Pin>,
}

/// Takes an upload apart into the store. Reads it to its very end. Refused, it leaves nothing behind.
///
/// A docker or OCI archive that is compressed as a whole is kept twice: as it came, for downloads,
/// and its parts.
pub fn take_apart(
    mut upload: impl Read,
    format: Format,
    store: &BlobStore,
    terms: &Terms,
) -> Result<TakenApart, ArchiveError> {
    let mut start = [0; Packing::MAGIC];
    let got = fill(&mut upload, &mut start)?;
    if got == 0 {
        return Err(ArchiveError::Truncated);
    }
    let packing = Packing::of(&start[..got])?;
    let upload = io::Cursor::new(start).take(got as u64).chain(upload);
    let mut recipe = RecipeWriter::new(store)?;
    if format != Format::Bare && packing == Packing::Plain {
        let mut contents = read_all(upload, store, terms.upload, terms)?;
        let image = resolve(&mut contents, format, terms)?;
        let parts = contents.into_recipe(&mut recipe)?;
        return commit(store, image, parts, recipe);
    }
    let whole = stage(upload, store, terms)?;
    if format == Format::Bare {
        let image = bare(&whole, terms)?;
        return filesystem(store, whole, image, recipe, terms);
    }
    recipe.blob(whole.digest, 0, whole.size)?;
    let limit = terms.unpacked.saturating_add(terms.upload);
    let plain = Unpacked::new(whole.open()?, packing, whole.size, limit, terms)?;
    let mut contents = read_all(plain, store, limit, terms)?;
    let image = resolve(&mut contents, format, terms)?;
    let wanted = image.manifest.blobs();
    // A recipe of the unpacked archive would serve nobody: only the image's own parts stay.
    let mut parts = contents.into_recipe(&mut RecipeWriter::new(store)?)?;
    parts.retain(|part| wanted.contains_key(&part.digest));
    parts.push(whole);
    commit(store, image, parts, recipe)
}

/// Takes an upload apart whose kind nobody told: what it holds decides. What names the kind may stand
/// at its very end, so an image archive is read twice, the second time from the disk.
pub fn take_apart_any(
    upload: impl Read,
    store: &BlobStore,
    terms: &Terms,
) -> Result<TakenApart, ArchiveError> {
    let whole = stage(upload, store, terms)?;
    if whole.size == 0 {
        return Err(ArchiveError::Truncated);
    }
    match look_into(&whole, terms)? {
        Kind::Filesystem(image) => {
            filesystem(store, whole, *image, RecipeWriter::new(store)?, terms)
        }
        Kind::Archive(format, _) => take_apart(whole.open()?, format, store, terms),
    }
}

/// A root filesystem is its image's only layer.
fn filesystem(
    store: &BlobStore,
    whole: Staged,
    image: Image,
    mut recipe: RecipeWriter,
    terms: &Terms,
) -> Result<TakenApart, ArchiveError> {
    recipe.blob(whole.digest, 0, whole.size)?;
    let mut config = store.writer(terms.json)?;
    config.append(&json(&image.config)?)?;
    commit(store, image, vec![config.seal()?, whole], recipe)
}

pub(super) fn json(document: &impl serde::Serialize) -> Result<Vec<u8>, ArchiveError> {
    serde_json::to_vec(document).map_err(|e| ArchiveError::scratch(e.into()))
}

/// The only step that changes the store. An error here is ours; what was committed before it is
/// unreferenced and for the collector.
fn commit(
    store: &BlobStore,
    image: Image,
    mut parts: Vec<Staged>,
    recipe: RecipeWriter,
) -> Result<TakenApart, ArchiveError> {
    let upload_size = recipe.len();
    let recipe = recipe.finish()?;
    let mut manifest = store.writer(u64::MAX)?;
    manifest.append(&json(&image.manifest)?)?;
    let manifest = manifest.seal()?;
    let (manifest_digest, recipe_digest) = (manifest.digest, recipe.digest);
    parts.extend([manifest, recipe]);
    let (mut blobs, mut pins, mut new_bytes) = (BTreeMap::new(), Vec::new(), 0);
    for part in parts {
        if blobs.insert(part.digest, part.size).is_none() {
            let stored = part.commit()?;
            new_bytes += if stored.new { stored.size } else { 0 };
            pins.push(stored.pin);
        }
    }
    let ImageConfig {
        architecture,
        variant,
        config: run,
        ..
    } = image.config;
    Ok(TakenApart {
        manifest: manifest_digest,
        config: image.manifest.config.digest,
        layers: image.layers,
        recipe: recipe_digest,
        blobs,
        upload_size,
        new_bytes,
        architecture,
        variant,
        os: "linux".into(),
        run,
        repo_tags: image.repo_tags,
        pins,
    })
}
