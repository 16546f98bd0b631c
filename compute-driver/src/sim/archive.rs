//! Reads and writes the tar of `docker load` and `docker save`.

use super::files::{File, FileKind, Files, read_tar, write_tar};
use crate::error::{DriverError, Result};
use crate::image::ImageContent;
use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::io::Read;

/// An image on the simulated engine.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) content: ImageContent,
    pub(super) config: Bytes,
    /// Uncompressed tars, lowest first.
    pub(super) layers: Vec<Bytes>,
}

/// `sha256:…` of some bytes.
pub(super) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{:x}", Sha256::digest(bytes))
}

/// Reads an image; layers whose files were left out are taken from `present`. Everything is
/// checked by digest, as a real engine does.
pub(super) fn load(tar: &[u8], present: &[Bytes]) -> Result<Image> {
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
pub(super) fn save(image: &Image) -> Result<Bytes> {
    let content = |bytes: &Bytes| File {
        mode: 0o644,
        kind: FileKind::Content(bytes.clone()),
    };
    let bare = |digest: &str| digest.trim_start_matches("sha256:").to_owned();
    let config = format!("{}.json", bare(&image.content.config));
    let mut files = Files::from([(config.clone(), content(&image.config))]);
    let mut names = Vec::new();
    for (layer, diff_id) in image.layers.iter().zip(&image.content.diff_ids) {
        let name = format!("{}/layer.tar", bare(diff_id));
        files.insert(name.clone(), content(layer));
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
    match files
        .get(&super::files::absolute(name))
        .map(|file| &file.kind)
    {
        Some(FileKind::Content(content)) => Ok(content),
        _ => Err(broken(format!("the archive has no file '{name}'"))),
    }
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

pub(super) fn parse(json: &[u8]) -> Result<Value> {
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
