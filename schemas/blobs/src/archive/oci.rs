//! An OCI image layout: `index.json` leads, maybe through further indexes, to the manifest for one platform.

use super::contents::Contents;
use super::resolve::Found;
use super::{ArchiveError, Format, Terms, names};
use crate::Digest;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

const DEPTH: usize = 4;
const MANIFESTS: usize = 128;
const INDEXES: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];
const IMAGES: [&str; 2] = [
    super::manifest::MANIFEST,
    "application/vnd.docker.distribution.manifest.v2+json",
];
const CONFIGS: [&str; 2] = [
    super::manifest::CONFIG,
    "application/vnd.docker.container.image.v1+json",
];
const LAYERS: [&str; 5] = [
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layout {
    image_layout_version: String,
}

#[derive(Deserialize)]
struct Index {
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Image {
    config: Descriptor,
    layers: Vec<Descriptor>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
    size: u64,
    platform: Option<Platform>,
    #[serde(default, deserialize_with = "super::config::null_is_default")]
    annotations: BTreeMap<String, String>,
}

#[derive(Clone, Deserialize)]
struct Platform {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
}

pub(super) fn find(contents: &mut Contents, terms: &Terms) -> Result<Found, ArchiveError> {
    let wrong = |why: &str, remedy: &str| ArchiveError::WrongFormat {
        said: Format::Oci,
        why: why.into(),
        remedy: remedy.into(),
    };
    let (Some(layout), Some(index)) = (contents.find("oci-layout"), contents.find("index.json"))
    else {
        let remedy = if contents.has("manifest.json") {
            "It is what 'docker save' writes: create the image with container_format 'docker'."
        } else {
            "Upload a tar of an OCI image layout, or use container_format 'bare' for a root filesystem."
        };
        return Err(wrong("it lacks oci-layout or index.json", remedy));
    };
    let layout: Layout = document(contents, layout, terms)?;
    if !layout.image_layout_version.starts_with("1.") {
        return Err(wrong(
            "its layout has another version than 1",
            "Write it as version 1.0.0.",
        ));
    }
    let index: Index = document(contents, index, terms)?;
    let mut all = Candidates::default();
    collect(contents, terms, index, DEPTH, &mut all)?;
    let chosen = choose(&all.manifests, terms)?;
    let repo_tags = [
        "io.containerd.image.name",
        "org.opencontainers.image.ref.name",
    ]
    .iter()
    .find_map(|key| chosen.annotations.get(*key).cloned());
    let manifest = blob(contents, chosen)?;
    let image: Image = document(contents, manifest, terms)?;
    if !CONFIGS.contains(&image.config.media_type.as_str()) {
        return Err(wrong(
            &format!(
                "it holds '{}'",
                names::shown(image.config.media_type.as_bytes())
            ),
            "Only container images can be booted.",
        ));
    }
    let config = blob(contents, &image.config)?;
    let layers = image.layers.iter().map(|layer| {
        if !LAYERS.contains(&layer.media_type.as_str()) {
            return Err(ArchiveError::ForeignLayer(names::shown(
                layer.media_type.as_bytes(),
            )));
        }
        blob(contents, layer)
    });
    let layers = layers.collect::<Result<_, ArchiveError>>()?;
    Ok(Found {
        config,
        layers,
        repo_tags: repo_tags.into_iter().collect(),
    })
}

#[derive(Default)]
struct Candidates {
    manifests: Vec<Descriptor>,
    /// Entries of the archive that were followed.
    indexes: BTreeSet<usize>,
}

/// All image manifests that could be meant, without attestations.
fn collect(
    contents: &mut Contents,
    terms: &Terms,
    index: Index,
    depth: usize,
    found: &mut Candidates,
) -> Result<(), ArchiveError> {
    for descriptor in index.manifests {
        if INDEXES.contains(&descriptor.media_type.as_str()) {
            let nested = (depth > 0).then(|| blob(contents, &descriptor)).ok_or(
                ArchiveError::TooMuch {
                    what: "nested indexes",
                    limit: DEPTH as u64,
                },
            )??;
            // Indexes that name each other many times over would be a maze without end.
            if !found.indexes.insert(nested) {
                continue;
            }
            let nested: Index = document(contents, nested, terms)?;
            collect(contents, terms, nested, depth - 1, found)?;
        } else if IMAGES.contains(&descriptor.media_type.as_str())
            && !descriptor
                .annotations
                .contains_key("vnd.docker.reference.type")
        {
            if found.manifests.len() >= MANIFESTS {
                return Err(ArchiveError::TooMuch {
                    what: "manifests",
                    limit: MANIFESTS as u64,
                });
            }
            found.manifests.push(descriptor);
        }
    }
    Ok(())
}

/// One image for the wanted platform. An only manifest is taken whatever it says: the config decides.
fn choose<'a>(found: &'a [Descriptor], terms: &Terms) -> Result<&'a Descriptor, ArchiveError> {
    let distinct: BTreeSet<&str> = found.iter().map(|d| d.digest.as_str()).collect();
    if let ([first, ..], 1) = (found, distinct.len()) {
        return Ok(first);
    }
    let fits = |descriptor: &&Descriptor| {
        let platform = descriptor.platform.as_ref();
        platform.is_some_and(|p| p.os == "linux" && p.architecture == terms.architecture)
    };
    let fitting: Vec<&Descriptor> = found.iter().filter(fits).collect();
    let distinct: BTreeSet<&str> = fitting.iter().map(|d| d.digest.as_str()).collect();
    match (fitting.as_slice(), distinct.len()) {
        ([first, ..], 1) => Ok(first),
        ([], _) if found.is_empty() => Err(ArchiveError::NoImage),
        ([], _) => {
            let platforms = found.iter().map(|descriptor| match &descriptor.platform {
                Some(p) => names::shown(format!("{}/{}", p.os, p.architecture).as_bytes()),
                None => "an unnamed platform".into(),
            });
            Err(ArchiveError::NoSuchPlatform {
                wanted: terms.architecture.clone(),
                found: platforms.take(16).collect::<Vec<_>>().join(", "),
            })
        }
        (_, many) => Err(ArchiveError::ManyImages(many)),
    }
}

/// The file of a descriptor. That its content has the digest was checked when it came.
fn blob(contents: &Contents, descriptor: &Descriptor) -> Result<usize, ArchiveError> {
    let shown = || names::shown(descriptor.digest.as_bytes());
    let digest: Digest = descriptor
        .digest
        .parse()
        .map_err(|_| ArchiveError::BadDocument {
            what: shown(),
            why: "it is not a sha256 digest".into(),
        })?;
    let index = contents
        .find(&format!("blobs/sha256/{}", digest.hex()))
        .ok_or_else(|| ArchiveError::Missing(shown()))?;
    let entry = contents.entry(index);
    // A link may lead to another blob.
    if entry.digest != digest {
        let found = entry.digest.to_string();
        return Err(ArchiveError::Lying {
            what: entry.name.clone(),
            said: shown(),
            found,
        });
    }
    if entry.size != descriptor.size {
        return Err(ArchiveError::BadDocument {
            what: shown(),
            why: format!(
                "{} bytes are announced, {} are there",
                descriptor.size, entry.size
            ),
        });
    }
    Ok(index)
}

fn document<T: serde::de::DeserializeOwned>(
    contents: &mut Contents,
    index: usize,
    terms: &Terms,
) -> Result<T, ArchiveError> {
    let bytes = contents.read(index, terms.json)?;
    serde_json::from_slice(&bytes).map_err(|e| ArchiveError::BadDocument {
        what: names::shown(contents.entry(index).name.as_bytes()),
        why: e.to_string(),
    })
}
