//! From an upload to blobs, in one pass over the upload.

use super::config::{ImageConfig, RunConfig};
use super::contents::Contents;
use super::layer::{self, Facts};
use super::manifest::{Layer, Manifest, chain_ids};
use super::recipe::RecipeWriter;
use super::recorder::{Recorder, Tape};
use super::unpack::{Packing, Unpacked};
use super::{ArchiveError, Format, Terms, docker, names, oci};
use crate::store::{Pin, Staged};
use crate::{BlobStore, Digest};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::rc::Rc;

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

/// Where the parts of an image are in an archive.
pub(super) struct Found {
    /// Entry numbers.
    pub(super) config: usize,
    pub(super) layers: Vec<usize>,
    pub(super) repo_tags: Vec<String>,
}

/// A checked image, nothing of which is in the store yet.
struct Image {
    manifest: Manifest,
    layers: Vec<Layer>,
    config: ImageConfig,
    repo_tags: Vec<String>,
}

/// Takes an upload apart into the store. Reads it to its very end. Refused, it leaves nothing behind.
///
/// A docker or OCI archive that is compressed as a whole is kept twice: as it came, for downloads,
/// and its parts.
pub fn take_apart(
    mut upload: impl Read + Send,
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
    recipe.blob(whole.digest, 0, whole.size)?;
    let (image, mut parts) = if format == Format::Bare {
        let image = bare(&whole, terms)?;
        let mut config = store.writer(terms.json)?;
        config.append(&json(&image.config)?)?;
        (image, vec![config.seal()?])
    } else {
        let limit = terms.unpacked.saturating_add(terms.upload);
        let plain = Unpacked::new(whole.open()?, packing, whole.size, limit, terms)?;
        let mut contents = read_all(plain, store, limit, terms)?;
        let image = resolve(&mut contents, format, terms)?;
        let wanted = image.manifest.blobs();
        // A recipe of the unpacked archive would serve nobody: only the image's own parts stay.
        let mut parts = contents.into_recipe(&mut RecipeWriter::new(store)?)?;
        parts.retain(|part| wanted.contains_key(&part.digest));
        (image, parts)
    };
    parts.push(whole);
    commit(store, image, parts, recipe)
}

/// Reads until the buffer is full or the upload ends.
fn fill(upload: &mut impl Read, buffer: &mut [u8]) -> Result<usize, ArchiveError> {
    let mut got = 0;
    while got < buffer.len() {
        match upload.read(&mut buffer[got..]) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(ArchiveError::from_io(e, ArchiveError::Upload)),
        }
    }
    Ok(got)
}

/// Keeps the upload as one blob-to-be.
fn stage(mut upload: impl Read, store: &BlobStore, terms: &Terms) -> Result<Staged, ArchiveError> {
    let mut blob = store.writer(u64::MAX)?;
    let mut buffer = vec![0; 128 * 1024];
    let mut size = 0;
    loop {
        let n = fill(&mut upload, &mut buffer)?;
        size += n as u64;
        if size > terms.upload {
            return Err(ArchiveError::TooMuch {
                what: "bytes",
                limit: terms.upload,
            });
        }
        blob.append(&buffer[..n])?;
        if n < buffer.len() {
            return Ok(blob.seal()?);
        }
    }
}

/// Reads a tar to the end of the upload, storing files as they come.
fn read_all(
    upload: impl Read,
    store: &BlobStore,
    limit: u64,
    terms: &Terms,
) -> Result<Contents, ArchiveError> {
    let tape = Tape::new(Contents::new(store)?, limit);
    let mut archive = tar::Archive::new(Recorder {
        inner: upload,
        tape: tape.clone(),
    });
    let mut count = 0;
    for entry in archive.entries().map_err(ArchiveError::scratch)? {
        let entry = entry.map_err(|e| tape.borrow_mut().why(e))?;
        count += 1;
        if count > terms.entries {
            return Err(ArchiveError::TooMuch {
                what: "entries",
                limit: terms.entries as u64,
            });
        }
        tape.borrow_mut().headers = 0;
        read_entry(entry, &tape, terms)?;
    }
    let mut recorder = archive.into_inner();
    recorder.drain()?;
    drop(recorder);
    let tape = Rc::into_inner(tape).map(RefCell::into_inner);
    let tape = tape.ok_or_else(|| ArchiveError::scratch(io::ErrorKind::Other.into()))?;
    tape.contents.check_links()?;
    Ok(tape.contents)
}

fn read_entry<R: Read>(
    mut entry: tar::Entry<'_, R>,
    tape: &Rc<RefCell<Tape>>,
    terms: &Terms,
) -> Result<(), ArchiveError> {
    let raw = entry.path_bytes().into_owned();
    let name = names::normal(&raw)?;
    let kind = entry.header().entry_type();
    match kind {
        tar::EntryType::Directory => return tape.borrow_mut().contents.directory(name),
        // Comments of git and others; for no file in particular.
        tar::EntryType::XGlobalHeader => return Ok(()),
        tar::EntryType::Symlink => {
            let to = entry.link_name_bytes().unwrap_or_default();
            let to = names::target(&name, &to)?;
            return tape.borrow_mut().contents.link(name, to);
        }
        tar::EntryType::Regular if !name.is_empty() => {}
        _ => return Err(ArchiveError::BadType(names::shown(&raw))),
    }
    let size = entry.size();
    let mut blob = {
        let mut tape = tape.borrow_mut();
        if size > tape.room() {
            return Err(ArchiveError::TooMuch {
                what: "bytes",
                limit: terms.upload,
            });
        }
        tape.in_content = true;
        tape.contents.begin(size, terms)?
    };
    let mut buffer = vec![0; 64 * 1024];
    let mut small = Vec::new();
    let mut got = 0;
    loop {
        let n = match entry.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(tape.borrow_mut().why(e)),
        };
        got += n as u64;
        match &mut blob {
            Some(blob) => blob.append(&buffer[..n])?,
            None => small.extend_from_slice(&buffer[..n]),
        }
    }
    if got != size {
        return Err(ArchiveError::Truncated);
    }
    let mut tape = tape.borrow_mut();
    tape.in_content = false;
    match blob {
        Some(blob) => tape.contents.large(name, blob),
        None => tape.contents.small(name, &small),
    }
}

/// Finds the image in an archive, checks it, and makes its parts blobs-to-be.
fn resolve(contents: &mut Contents, format: Format, terms: &Terms) -> Result<Image, ArchiveError> {
    let found = match format {
        Format::Oci => oci::find(contents, terms)?,
        _ => docker::find(contents, terms)?,
    };
    let what = names::shown(contents.entry(found.config).name.as_bytes());
    let config = ImageConfig::parse(&what, &contents.read(found.config, terms.json)?)?;
    let diff_ids = &config.rootfs.diff_ids;
    if diff_ids.len() != found.layers.len() {
        let why = format!(
            "it names {} layers, the archive {}",
            diff_ids.len(),
            found.layers.len()
        );
        return Err(ArchiveError::BadDocument { what, why });
    }
    if diff_ids.is_empty() {
        let why = "the image has no layers, so there is nothing to run".into();
        return Err(ArchiveError::BadDocument { what, why });
    }
    if diff_ids.len() > terms.layers {
        return Err(ArchiveError::TooMuch {
            what: "layers",
            limit: terms.layers as u64,
        });
    }
    let mut seen: BTreeMap<usize, Layer> = BTreeMap::new();
    let mut layers = Vec::with_capacity(diff_ids.len());
    let mut room = terms.unpacked;
    for ((index, diff_id), chain_id) in found.layers.iter().zip(diff_ids).zip(chain_ids(diff_ids)) {
        let what = contents.entry(*index).name.clone();
        let layer = match seen.get(index) {
            Some(layer) => Layer {
                chain_id,
                ..layer.clone()
            },
            None => {
                let staged = contents.promote(*index)?;
                layer_of(
                    staged,
                    layer::examine(&what, staged, room, terms)?,
                    chain_id,
                )
            }
        };
        if layer.diff_id != *diff_id {
            let (said, found) = (diff_id.to_string(), layer.diff_id.to_string());
            return Err(ArchiveError::Lying {
                what: names::shown(what.as_bytes()),
                said,
                found,
            });
        }
        room = room
            .checked_sub(layer.unpacked)
            .ok_or(ArchiveError::TooMuch {
                what: "unpacked bytes",
                limit: terms.unpacked,
            })?;
        seen.insert(*index, layer.clone());
        layers.push(layer);
    }
    let staged = contents.promote(found.config)?;
    let manifest = Manifest::new(staged.digest, staged.size, &layers);
    Ok(Image {
        manifest,
        layers,
        config,
        repo_tags: found.repo_tags,
    })
}

fn layer_of(staged: &Staged, facts: Facts, chain_id: Digest) -> Layer {
    Layer {
        digest: staged.digest,
        size: staged.size,
        media_type: facts.packing.media_type().into(),
        diff_id: facts.diff_id,
        chain_id,
        unpacked: facts.unpacked,
    }
}

/// An image of one layer, which is the whole upload.
fn bare(whole: &Staged, terms: &Terms) -> Result<Image, ArchiveError> {
    let facts =
        layer::examine("the upload", whole, terms.unpacked, terms).map_err(|e| match e {
            ArchiveError::BadLayer { why, .. } => ArchiveError::NotTar(why),
            other => other,
        })?;
    if !facts.complete {
        return Err(ArchiveError::Truncated);
    }
    if let Some(mark) = facts.marks.first() {
        let format = if mark == "oci-layout" {
            Format::Oci
        } else {
            Format::Docker
        };
        return Err(ArchiveError::WrongFormat {
            said: Format::Bare,
            why: format!("it has {mark} at its top, so it is an image archive"),
            remedy: format!("Create the image with container_format '{format}'."),
        });
    }
    let config = ImageConfig::bare(&terms.architecture, &terms.bare_cmd, facts.diff_id);
    let layers = vec![layer_of(whole, facts, config.rootfs.diff_ids[0])];
    let bytes = json(&config)?;
    let manifest = Manifest::new(Digest::of(&bytes), bytes.len() as u64, &layers);
    Ok(Image {
        manifest,
        layers,
        config,
        repo_tags: Vec::new(),
    })
}

fn json(document: &impl serde::Serialize) -> Result<Vec<u8>, ArchiveError> {
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
