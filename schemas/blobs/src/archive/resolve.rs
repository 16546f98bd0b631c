//! Which image an archive holds, and that all of it is what it is said to be.

use super::config::ImageConfig;
use super::contents::Contents;
use super::layer::{self, Facts, LayerSource};
use super::manifest::{Layer, Manifest, chain_ids};
use super::take_apart::json;
use super::{ArchiveError, Format, Terms, docker, names, oci};
use crate::Digest;
use crate::store::Staged;
use std::collections::BTreeMap;

/// Where the parts of an image are in an archive.
pub(super) struct Found {
    /// Entry numbers.
    pub(super) config: usize,
    pub(super) layers: Vec<usize>,
    pub(super) repo_tags: Vec<String>,
}

/// A checked image, nothing of which is in the store yet.
pub(super) struct Image {
    pub(super) manifest: Manifest,
    pub(super) layers: Vec<Layer>,
    pub(super) config: ImageConfig,
    pub(super) repo_tags: Vec<String>,
}

/// Finds the image in an archive, checks it, and makes its parts blobs-to-be.
pub(super) fn resolve(
    contents: &mut Contents,
    format: Format,
    terms: &Terms,
) -> Result<Image, ArchiveError> {
    let found = match format {
        Format::Oci => oci::find(contents, terms)?,
        _ => docker::find(contents, terms)?,
    };
    let what = names::shown(contents.entry(found.config).name.as_bytes());
    let config = ImageConfig::parse(&what, &contents.read(found.config, terms.json)?)?;
    let layers = check_layers(&what, &config, found.layers.len(), terms, &mut |number| {
        let index = found.layers[number];
        let staged = contents.promote(index)?;
        let (file, digest, size) = (staged.open()?, staged.digest, staged.size);
        let what = names::shown(contents.entry(index).name.as_bytes());
        Ok(LayerSource {
            what,
            file,
            digest,
            size,
        })
    })?;
    let staged = contents.promote(found.config)?;
    let manifest = Manifest::new(staged.digest, staged.size, &layers);
    Ok(Image {
        manifest,
        layers,
        config,
        repo_tags: found.repo_tags,
    })
}

/// The layers are those that the config names, and can be unpacked. `what` is the config's name.
pub(super) fn check_layers(
    what: &str,
    config: &ImageConfig,
    count: usize,
    terms: &Terms,
    open: &mut dyn FnMut(usize) -> Result<LayerSource, ArchiveError>,
) -> Result<Vec<Layer>, ArchiveError> {
    let bad = |why| ArchiveError::BadDocument {
        what: what.to_owned(),
        why,
    };
    let diff_ids = &config.rootfs.diff_ids;
    if diff_ids.len() != count {
        return Err(bad(format!(
            "it names {} layers, the archive {count}",
            diff_ids.len()
        )));
    }
    if count == 0 {
        return Err(bad(
            "the image has no layers, so there is nothing to run".into()
        ));
    }
    if count > terms.layers {
        return Err(ArchiveError::TooMuch {
            what: "layers",
            limit: terms.layers as u64,
        });
    }
    let mut seen: BTreeMap<Digest, Layer> = BTreeMap::new();
    let mut layers = Vec::with_capacity(count);
    let mut room = terms.unpacked;
    for (number, (diff_id, chain_id)) in diff_ids.iter().zip(chain_ids(diff_ids)).enumerate() {
        let source = open(number)?;
        let (what, digest, size) = (source.what.clone(), source.digest, source.size);
        let layer = match seen.get(&digest) {
            Some(layer) => Layer {
                chain_id,
                ..layer.clone()
            },
            None => layer_of(digest, size, layer::examine(source, room, terms)?, chain_id),
        };
        if layer.diff_id != *diff_id {
            let (said, found) = (diff_id.to_string(), layer.diff_id.to_string());
            return Err(ArchiveError::Lying { what, said, found });
        }
        room = room
            .checked_sub(layer.unpacked)
            .ok_or(ArchiveError::TooMuch {
                what: "unpacked bytes",
                limit: terms.unpacked,
            })?;
        seen.insert(digest, layer.clone());
        layers.push(layer);
    }
    Ok(layers)
}

fn layer_of(digest: Digest, size: u64, facts: Facts, chain_id: Digest) -> Layer {
    Layer {
        digest,
        size,
        media_type: facts.packing.media_type().into(),
        diff_id: facts.diff_id,
        chain_id,
        unpacked: facts.unpacked,
    }
}

/// What a tar of no announced kind turns out to be.
pub(super) enum Kind {
    /// A root filesystem: an image of one layer, which is the whole upload.
    Filesystem(Box<Image>),
    /// An image archive, by this file at its top.
    Archive(Format, String),
}

/// Looks into a whole upload.
pub(super) fn look_into(whole: &Staged, terms: &Terms) -> Result<Kind, ArchiveError> {
    let (digest, size) = (whole.digest, whole.size);
    let source = LayerSource {
        what: "the upload".into(),
        file: whole.open()?,
        digest,
        size,
    };
    let facts = layer::examine(source, terms.unpacked, terms).map_err(|e| match e {
        ArchiveError::BadLayer { why, .. } => ArchiveError::not_tar(&why),
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
        return Ok(Kind::Archive(format, mark.clone()));
    }
    let config = ImageConfig::bare(&terms.architecture, &terms.bare_cmd, facts.diff_id);
    let layers = vec![layer_of(digest, size, facts, config.rootfs.diff_ids[0])];
    let bytes = json(&config)?;
    let manifest = Manifest::new(Digest::of(&bytes), bytes.len() as u64, &layers);
    Ok(Kind::Filesystem(Box::new(Image {
        manifest,
        layers,
        config,
        repo_tags: Vec::new(),
    })))
}

/// An image of one layer, which is the whole upload.
pub(super) fn bare(whole: &Staged, terms: &Terms) -> Result<Image, ArchiveError> {
    match look_into(whole, terms)? {
        Kind::Filesystem(image) => Ok(*image),
        Kind::Archive(format, mark) => Err(ArchiveError::WrongFormat {
            said: Format::Bare,
            why: format!("it has {mark} at its top, so it is an image archive"),
            remedy: format!("Create the image with container_format '{format}'."),
        }),
    }
}
