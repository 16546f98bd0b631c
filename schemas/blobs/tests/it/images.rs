//! Images made by hand, packed in every layout that is in use.

use blobs::{ArchiveError, BlobStore, Digest, Format, TakenApart, Terms, take_apart};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;

/// One entry of an outer archive.
#[derive(Clone, Debug)]
pub enum Entry {
    Dir(String),
    File(String, Vec<u8>),
    Link(String, String),
}

/// A layer tar with these files.
pub fn layer(files: &[(&str, &[u8])]) -> Vec<u8> {
    tar_of(
        &files
            .iter()
            .map(|(n, b)| Entry::File((*n).into(), b.to_vec()))
            .collect::<Vec<_>>(),
    )
}

pub fn tar_of(entries: &[Entry]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for entry in entries {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_mtime(1_700_000_000);
        match entry {
            Entry::Dir(name) => {
                header.set_entry_type(tar::EntryType::Directory);
                header.set_size(0);
                tar.append_data(&mut header, name, std::io::empty())
                    .unwrap();
            }
            Entry::File(name, bytes) => {
                header.set_entry_type(tar::EntryType::Regular);
                header.set_size(bytes.len() as u64);
                tar.append_data(&mut header, name, bytes.as_slice())
                    .unwrap();
            }
            Entry::Link(name, to) => {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_size(0);
                tar.append_link(&mut header, name, to).unwrap();
            }
        }
    }
    tar.into_inner().unwrap()
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

pub fn config(layers: &[Vec<u8>], architecture: &str) -> Vec<u8> {
    let diff_ids: Vec<Digest> = layers.iter().map(|layer| Digest::of(layer)).collect();
    json!({
        "architecture": architecture, "os": "linux",
        "config": { "Cmd": ["/bin/app"], "Env": ["A=b"], "Entrypoint": null },
        "history": [{ "created_by": "a test" }],
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
    })
    .to_string()
    .into_bytes()
}

/// As Docker up to 24: a directory per layer, equal layers by symbolic link.
pub fn docker_classic(layers: &[Vec<u8>]) -> Vec<Entry> {
    let config = config(layers, "amd64");
    let config_name = format!("{}.json", Digest::of(&config).hex());
    let (mut entries, mut names, mut first) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (i, layer) in layers.iter().enumerate() {
        let dir = Digest::of(format!("layer {i}").as_bytes()).hex();
        entries.push(Entry::Dir(format!("{dir}/")));
        entries.push(Entry::File(format!("{dir}/VERSION"), b"1.0".to_vec()));
        entries.push(Entry::File(
            format!("{dir}/json"),
            br#"{"id":"old"}"#.to_vec(),
        ));
        let name = format!("{dir}/layer.tar");
        match first.get(layer) {
            Some(same) => {
                entries.push(Entry::Link(name.clone(), format!("../{same}/layer.tar")));
            }
            None => entries.push(Entry::File(name.clone(), layer.clone())),
        }
        first.entry(layer.clone()).or_insert(dir);
        names.push(name);
    }
    entries.push(Entry::File(config_name.clone(), config));
    let manifest = json!([{"Config": config_name, "RepoTags": ["app:1"], "Layers": names}]);
    entries.push(Entry::File(
        "manifest.json".into(),
        manifest.to_string().into_bytes(),
    ));
    entries.push(Entry::File(
        "repositories".into(),
        br#"{"app":{"1":"x"}}"#.to_vec(),
    ));
    entries
}

pub fn blob(bytes: &[u8]) -> Entry {
    Entry::File(
        format!("blobs/sha256/{}", Digest::of(bytes).hex()),
        bytes.to_vec(),
    )
}

pub fn descriptor(media_type: &str, bytes: &[u8]) -> serde_json::Value {
    json!({ "mediaType": media_type, "digest": Digest::of(bytes), "size": bytes.len() })
}

pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// Config, layers and manifest of one image, each blob once.
pub fn oci_blobs(
    layers: &[Vec<u8>],
    architecture: &str,
    pack: &dyn Fn(&[u8]) -> Vec<u8>,
) -> (Vec<Entry>, Vec<u8>) {
    let config = config(layers, architecture);
    let packed: Vec<Vec<u8>> = layers.iter().map(|layer| pack(layer)).collect();
    let media_type = |packed: &[u8]| match packed {
        [0x1f, 0x8b, ..] => format!("{LAYER}+gzip"),
        [0x28, 0xb5, ..] => format!("{LAYER}+zstd"),
        _ => LAYER.to_owned(),
    };
    let descriptors: Vec<_> = packed
        .iter()
        .map(|packed| descriptor(&media_type(packed), packed))
        .collect();
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": descriptor(CONFIG, &config), "layers": descriptors,
    })
    .to_string()
    .into_bytes();
    let mut blobs: BTreeMap<Digest, Vec<u8>> = BTreeMap::new();
    for bytes in packed.into_iter().chain([config, manifest.clone()]) {
        blobs.insert(Digest::of(&bytes), bytes);
    }
    (blobs.values().map(|bytes| blob(bytes)).collect(), manifest)
}

pub fn oci_frame(index: &serde_json::Value) -> Vec<Entry> {
    vec![
        Entry::Dir("blobs/".into()),
        Entry::Dir("blobs/sha256/".into()),
        Entry::File(
            "oci-layout".into(),
            br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec(),
        ),
        Entry::File("index.json".into(), index.to_string().into_bytes()),
    ]
}

pub fn oci(layers: &[Vec<u8>], pack: &dyn Fn(&[u8]) -> Vec<u8>) -> Vec<Entry> {
    let (blobs, manifest) = oci_blobs(layers, "amd64", pack);
    let index = json!({ "schemaVersion": 2, "manifests": [descriptor(MANIFEST, &manifest)] });
    let mut entries = oci_frame(&index);
    entries.extend(blobs);
    entries
}

/// As Docker from 25: an OCI layout that also has a `manifest.json`.
pub fn docker_new(layers: &[Vec<u8>]) -> Vec<Entry> {
    let mut entries = oci(layers, &|layer| layer.to_vec());
    let path = |bytes: &[u8]| format!("blobs/sha256/{}", Digest::of(bytes).hex());
    let names: Vec<String> = layers.iter().map(|layer| path(layer)).collect();
    let saved = json!([{
        "Config": path(&config(layers, "amd64")), "RepoTags": null, "Layers": names,
        "LayerSources": {},
    }]);
    entries.push(Entry::File(
        "manifest.json".into(),
        saved.to_string().into_bytes(),
    ));
    entries
}

/// Pseudo-random bytes: nothing compresses them, every seed gives others.
pub fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut step = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..len).map(|_| step()).collect()
}

/// A store in a directory of its own.
pub struct TempStore {
    pub dir: tempfile::TempDir,
    pub store: BlobStore,
}

impl TempStore {
    pub fn new() -> TempStore {
        let dir = tempfile::tempdir().unwrap();
        let store = BlobStore::open(dir.path()).unwrap();
        TempStore { dir, store }
    }

    pub fn take(&self, bytes: &[u8], format: Format) -> Result<TakenApart, ArchiveError> {
        take_apart(bytes, format, &self.store, &Terms::default())
    }

    /// Every file under the directory but locks.
    pub fn files(&self) -> Vec<String> {
        fn walk(dir: &Path, found: &mut Vec<String>) {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, found);
                } else if path.file_name().unwrap() != "lock" {
                    found.push(path.display().to_string());
                }
            }
        }
        let mut found = Vec::new();
        walk(self.dir.path(), &mut found);
        found.sort();
        found
    }

    /// The upload, as the recipe gives it back.
    pub fn given_back(&self, taken: &TakenApart) -> Vec<u8> {
        let mut bytes = Vec::new();
        blobs::Assembly::load(&self.store, &taken.recipe)
            .unwrap()
            .reader(&self.store)
            .unwrap()
            .read_to_end(&mut bytes)
            .unwrap();
        bytes
    }
}
