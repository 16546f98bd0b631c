//! Archives for engines and for people, of any stored image, whatever it came as.
//!
//! The same image always gives the same bytes: no times, no owners, fixed order.

use super::assembly::{Assembly, Literals, Segment, Source};
use super::config::ImageConfig;
use super::manifest::{CONFIG, Layer, MANIFEST, Manifest};
use crate::{BlobStore, Digest, StoreError};
use serde_json::json;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// What `docker load` takes. Layers whose chain id `leave_out` knows to be on the engine are named but not
/// sent: Docker looks for the chain id before it opens the file. Gzip layers go as they are, the engine
/// unpacks them; zstd layers are unpacked on the way, Docker before 23 cannot.
pub fn docker_archive(
    store: &BlobStore,
    manifest: &Digest,
    repo_tag: Option<&str>,
    leave_out: &dyn Fn(&Digest) -> bool,
) -> Result<Assembly, StoreError> {
    let (manifest, layers) = open(store, manifest)?;
    let name = |layer: &Layer| format!("{}/layer.tar", layer.diff_id.hex());
    let config_name = format!("{}.json", manifest.config.digest.hex());
    let tags: Vec<&str> = repo_tag.into_iter().collect();
    let names: Vec<String> = layers.iter().map(name).collect();
    let saved = json!([{ "Config": &config_name, "RepoTags": tags, "Layers": names }]);

    let mut tar = Tar::default();
    tar.file("manifest.json", saved.to_string().as_bytes())?;
    tar.blob(&config_name, manifest.config.digest, manifest.config.size)?;
    let mut written = BTreeSet::new();
    for layer in &layers {
        if leave_out(&layer.chain_id) || !written.insert(layer.diff_id) {
            continue;
        }
        if layer.media_type.ends_with("+zstd") {
            tar.unpacked(&name(layer), layer.digest, layer.unpacked)?;
        } else {
            tar.blob(&name(layer), layer.digest, layer.size)?;
        }
    }
    Ok(tar.finish())
}

/// An OCI image layout with this image.
pub fn oci_archive(
    store: &BlobStore,
    manifest: &Digest,
    repo_tag: Option<&str>,
) -> Result<Assembly, StoreError> {
    let (image, _) = open(store, manifest)?;
    let size = store.size(manifest)?.ok_or(StoreError::Absent(*manifest))?;
    let mut descriptor = json!({ "mediaType": MANIFEST, "digest": manifest, "size": size });
    if let Some(tag) = repo_tag {
        descriptor["annotations"] = json!({ "org.opencontainers.image.ref.name": tag });
    }
    let index = json!({ "schemaVersion": 2, "manifests": [descriptor] });

    let mut tar = Tar::default();
    tar.file("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
    tar.file("index.json", index.to_string().as_bytes())?;
    let mut blobs = image.blobs();
    blobs.insert(*manifest, size);
    for (digest, size) in blobs {
        tar.blob(&format!("blobs/sha256/{}", digest.hex()), digest, size)?;
    }
    Ok(tar.finish())
}

fn open(store: &BlobStore, digest: &Digest) -> Result<(Manifest, Vec<Layer>), StoreError> {
    let manifest = Manifest::load(store, digest)?;
    if manifest.media_type != MANIFEST || manifest.config.media_type != CONFIG {
        return Err(StoreError::Damaged(*digest));
    }
    let config = ImageConfig::load(store, &manifest.config.digest)?;
    let layers = manifest.layers(&config)?;
    Ok((manifest, layers))
}

/// A tar in the making.
#[derive(Default)]
struct Tar {
    literals: Vec<u8>,
    /// Literals before this are in a segment.
    cut: usize,
    segments: Vec<Segment>,
    at: u64,
}

impl Tar {
    fn header(&mut self, name: &str, size: u64) -> Result<(), StoreError> {
        let mut header = tar::Header::new_gnu();
        header
            .set_path(name)
            .map_err(|e: io::Error| StoreError::io("name", Path::new(name))(e))?;
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(size);
        header.set_cksum();
        self.literals.extend_from_slice(header.as_bytes());
        Ok(())
    }

    fn file(&mut self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.header(name, bytes.len() as u64)?;
        self.literals.extend_from_slice(bytes);
        self.pad(bytes.len() as u64);
        Ok(())
    }

    fn blob(&mut self, name: &str, digest: Digest, size: u64) -> Result<(), StoreError> {
        self.header(name, size)?;
        self.segment(size, Source::Blob { digest, from: 0 });
        self.pad(size);
        Ok(())
    }

    fn unpacked(&mut self, name: &str, digest: Digest, size: u64) -> Result<(), StoreError> {
        self.header(name, size)?;
        self.segment(size, Source::Unpacked { digest });
        self.pad(size);
        Ok(())
    }

    fn pad(&mut self, size: u64) {
        let padding = (512 - size % 512) % 512;
        self.literals
            .resize(self.literals.len() + padding as usize, 0);
    }

    /// Ends the literals so far.
    fn cut(&mut self) {
        let (from, len) = (self.cut as u64, (self.literals.len() - self.cut) as u64);
        self.cut = self.literals.len();
        self.push(len, Source::Literal { from });
    }

    fn segment(&mut self, len: u64, source: Source) {
        self.cut();
        self.push(len, source);
    }

    fn push(&mut self, len: u64, source: Source) {
        if len > 0 {
            self.segments.push(Segment {
                at: self.at,
                len,
                source,
            });
            self.at += len;
        }
    }

    fn finish(mut self) -> Assembly {
        self.literals.resize(self.literals.len() + 1024, 0);
        self.cut();
        Assembly::new(self.segments, Literals::Memory(self.literals))
    }
}
