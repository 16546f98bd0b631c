//! Image archives: taken apart into blobs at upload, put together for downloads and engines.
//!
//! [`take_apart`] reads an upload once, whatever the order of its entries: large files become
//! blobs-to-be as they come, all other bytes (headers, padding, small files) go to a spool. At the end
//! the image is resolved and checked, and only then does anything enter the store. What it leaves:
//!
//! - an OCI **manifest** in canonical JSON; its digest is the identity of the image's content, equal
//!   for the same config and layers, whatever archive they came in;
//! - the **config** and the **layers**, as they came (a gzip layer stays gzip);
//! - a **recipe**, from which [`Assembly::load`] gives the upload back, byte for byte, at any offset.

mod adopt;
mod assembly;
mod config;
mod contents;
mod docker;
mod error;
mod layer;
mod manifest;
mod names;
mod oci;
mod put_together;
mod reading;
mod recipe;
mod recorder;
mod resolve;
mod take_apart;
mod unpack;

pub use adopt::adopt;
pub use assembly::{Assembly, AssemblyReader};
pub use config::{ImageConfig, RootFs, RunConfig};
pub use error::ArchiveError;
pub use manifest::{Descriptor, Layer, Manifest, chain_ids};
pub use put_together::{docker_archive, oci_archive};
pub use take_apart::{TakenApart, take_apart, take_apart_any};

use std::str::FromStr;

/// How an upload is packed: Glance's `container_format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// What `docker save` writes.
    Docker,
    /// An OCI image layout in a tar.
    Oci,
    /// A root filesystem in a tar, plain or compressed with gzip or zstd.
    Bare,
}

impl FromStr for Format {
    type Err = ();

    fn from_str(text: &str) -> Result<Format, ()> {
        match text {
            "docker" => Ok(Format::Docker),
            "oci" => Ok(Format::Oci),
            "bare" => Ok(Format::Bare),
            _ => Err(()),
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Format::Docker => "docker",
            Format::Oci => "oci",
            Format::Bare => "bare",
        })
    }
}

/// What an upload may be, and what is assumed where it does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Which platform to pick of an OCI index; what a `bare` filesystem is for. OCI's words.
    pub architecture: String,
    /// What an image made of a `bare` filesystem runs.
    pub bare_cmd: Vec<String>,
    /// Bytes of the upload.
    pub upload: u64,
    /// Bytes of all layers together, unpacked.
    pub unpacked: u64,
    /// How much larger than its compressed form data may be, once it is beyond 64 MiB.
    pub ratio: u64,
    /// Entries of the archive.
    pub entries: usize,
    /// Layers of the image.
    pub layers: usize,
    /// Entries of one layer.
    pub layer_entries: u64,
    /// Files of the archive large enough to be blobs of their own.
    pub blobs: usize,
    /// Bytes of one JSON document.
    pub json: u64,
}

impl Default for Terms {
    fn default() -> Self {
        Terms {
            architecture: "amd64".into(),
            bare_cmd: vec!["/bin/sh".into()],
            upload: 32 << 30,
            unpacked: 64 << 30,
            ratio: 256,
            entries: 8192,
            layers: 127,
            layer_entries: 2_000_000,
            blobs: 512,
            json: 4 << 20,
        }
    }
}
