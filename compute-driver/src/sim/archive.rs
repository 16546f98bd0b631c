//! Reads and writes the tar of `docker load` and `docker save`.

use super::files::{File, FileKind, Files, absolute, read_tar, write_tar};
use crate::error::{DriverError, Result};
use crate::image::ImageContent;
use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::io::Read;

/// An image on the simulated engine.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) content: ImageContent,
    pub(crate) config: Bytes,
    /// Uncompressed tars, lowest first.
    pub(crate) layers: Vec<Bytes>,
}

/// `sha256:…` of some bytes.
pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{:x}", Sha256::digest(bytes))
}

/// Reads an image; layers whose files were left out are taken from `present`. Everything is
/// checked by digest, as a real engine does.
pub(crate) fn load(tar: &[u8], present: &[Bytes]) -> Result<Image> {
    let files = read_tar("/", tar).map_err(|error| broken(format!("no tar: {error}")))?;
    let manifest = parse(find(&files, "manifest.json")?)?;
    let entry = &manifest[0];
    let config = entry["Config"]
        .as_str()
        .ok_or_else(|| broken("manifest.json names no config"))?;
    let config = find(&files, config)?;
    let diff_ids = texts(&parse(config)?["rootfs"]["diff_ids"]);
    let names = texts(&entry["Layers"]);
    if names.len() != diff_ids.len() {
        let (named, told) = (names.len(), diff_ids.len());
        return Err(broken(format!(
            "{named} layers in manifest.json, {told} in the config"
        )));
    }
    let mut layers = Vec::with_capacity(names.len());
    for (position, (name, diff_id)) in names.iter().zip(&diff_ids).enumerate() {
        let layer = match present.get(position) {
            Some(layer) => layer.clone(),
            None => inflated(find(&files, name)?)?,
        };
        if digest(&layer) != *diff_id {
            return Err(broken(format!("layer {position} is not {diff_id}")));
        }
        layers.push(layer);
    }
    let content = ImageContent {
        config: digest(config),
        diff_ids,
    };
    Ok(Image {
        content,
        config: config.clone(),
        layers,
    })
}

/// Writes an image as `docker save` does.
pub(crate) fn save(image: &Image) -> Result<Bytes> {
    save_above(image, 0)
}

/// The same without the files of the lowest layers.
pub(crate) fn save_above(image: &Image, left_out: usize) -> Result<Bytes> {
    let content = |bytes: &Bytes| File {
        mode: 0o644,
        kind: FileKind::Content(bytes.clone()),
    };
    let bare = |digest: &str| digest.trim_start_matches("sha256:").to_owned();
    let config = format!("{}.json", bare(&image.content.config));
    let mut files = Files::from([(config.clone(), content(&image.config))]);
    let mut names = Vec::new();
    for (position, (layer, diff_id)) in image.layers.iter().zip(&image.content.diff_ids).enumerate()
    {
        let name = format!("{}/layer.tar", bare(diff_id));
        if position >= left_out {
            files.insert(name.clone(), content(layer));
        }
        names.push(name);
    }
    let manifest = json!([{ "Config": config, "RepoTags": null, "Layers": names }]);
    files.insert(
        "manifest.json".into(),
        content(&Bytes::from(manifest.to_string())),
    );
    write_tar(&files, str::to_owned).map_err(|error| broken(error.to_string()))
}

fn find<'a>(files: &'a Files, name: &str) -> Result<&'a Bytes> {
    let mut path = absolute(name);
    // Engines save a layer that occurs twice as a link to the first.
    for _ in 0..2 {
        match files.get(&path).map(|file| &file.kind) {
            Some(FileKind::Content(content)) => return Ok(content),
            Some(FileKind::Link(target)) => path = absolute(target),
            _ => break,
        }
    }
    Err(broken(format!("the archive has no file '{name}'")))
}

fn inflated(layer: &Bytes) -> Result<Bytes> {
    if !layer.starts_with(&[0x1f, 0x8b]) {
        return Ok(layer.clone());
    }
    let mut plain = Vec::new();
    let read = flate2::read::MultiGzDecoder::new(layer.as_ref()).read_to_end(&mut plain);
    read.map_err(|error| broken(format!("a layer is not gzip: {error}")))?;
    Ok(plain.into())
}

pub(crate) fn parse(json: &[u8]) -> Result<Value> {
    serde_json::from_slice(json).map_err(|error| broken(format!("not JSON: {error}")))
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .filter_map(|text| text.as_str().map(str::to_owned))
        .collect()
}

fn broken(text: impl Into<String>) -> DriverError {
    DriverError::ImageData {
        text: text.into(),
        permanent: true,
    }
}
