//! What `docker save` writes, old (`<id>/layer.tar`) and new (`blobs/sha256/...`): `manifest.json` names
//! the config and the layers by path.

use super::config::null_is_default;
use super::contents::Contents;
use super::resolve::Found;
use super::{ArchiveError, Format, Terms, names};
use crate::Digest;
use serde::Deserialize;

const MANIFEST: &str = "manifest.json";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    #[serde(default, deserialize_with = "null_is_default")]
    repo_tags: Vec<String>,
    #[serde(default, deserialize_with = "null_is_default")]
    layers: Vec<String>,
}

pub(super) fn find(contents: &mut Contents, terms: &Terms) -> Result<Found, ArchiveError> {
    let Some(index) = contents.find(MANIFEST) else {
        let remedy = if contents.has("oci-layout") {
            "It is an OCI image layout: create the image with container_format 'oci'."
        } else {
            "Upload what 'docker save IMAGE' writes, or use container_format 'bare' for a root filesystem."
        };
        return Err(ArchiveError::WrongFormat {
            said: Format::Docker,
            why: "it has no manifest.json".into(),
            remedy: remedy.into(),
        });
    };
    let bytes = contents.read(index, terms.json)?;
    let saved: Vec<Saved> =
        serde_json::from_slice(&bytes).map_err(|e| ArchiveError::BadDocument {
            what: MANIFEST.into(),
            why: e.to_string(),
        })?;
    let [saved] = saved.as_slice() else {
        let none = saved.is_empty();
        return Err(if none {
            ArchiveError::NoImage
        } else {
            ArchiveError::ManyImages(saved.len())
        });
    };
    let config = file(contents, &saved.config)?;
    if let Some(said) = named_digest(&saved.config) {
        let found = contents.entry(config).digest;
        if said != found {
            return Err(ArchiveError::Lying {
                what: names::shown(saved.config.as_bytes()),
                said: said.hex(),
                found: found.hex(),
            });
        }
    }
    let layers = saved.layers.iter().map(|name| file(contents, name));
    let layers = layers.collect::<Result<_, ArchiveError>>()?;
    Ok(Found {
        config,
        layers,
        repo_tags: saved.repo_tags.clone(),
    })
}

fn file(contents: &Contents, name: &str) -> Result<usize, ArchiveError> {
    let missing = || ArchiveError::Missing(names::shown(name.as_bytes()));
    contents
        .find(&names::normal(name.as_bytes())?)
        .ok_or_else(missing)
}

/// Docker names the config by its digest: `<hex>.json`.
fn named_digest(path: &str) -> Option<Digest> {
    Digest::from_hex(path.strip_suffix(".json")?).ok()
}
