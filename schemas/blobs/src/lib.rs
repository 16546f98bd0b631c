//! Content-addressed blobs in a directory, and the image archives they come from and go to.
//!
//! The image service keeps its data here; every host keeps a cache of the same shape. Code is
//! synchronous and of constant memory: call it from `spawn_blocking`, fed through [`flow`].
//!
//! ```text
//!   upload ─► flow::pipe ─► HashingReader ─► take_apart ─► blobs: layers, config, manifest, recipe
//!   download ◄─ flow::outflow ◄─ AssemblyReader ◄─ Assembly::load         (the very bytes uploaded)
//!   docker load ◄─ AssemblyReader ◄─ docker_archive(manifest)             (any image, whatever it came as)
//! ```
//!
//! *Guarantees*: a blob is there whole or not at all, after a crash too; a refused archive leaves
//! nothing behind. *Assumes*: a local filesystem with `flock` and atomic `rename`, one directory
//! for all of a store. Who refers to which blob is the database's matter: see [`store`] for what
//! its collector must do.

pub mod archive;
mod digest;
pub mod flow;
mod hash;
pub mod store;

pub use archive::{
    ArchiveError, Assembly, Format, TakenApart, Terms, adopt, docker_archive, oci_archive,
    take_apart, take_apart_any,
};
pub use digest::{Digest, InvalidDigest};
pub use hash::{Hashes, HashingReader, MultiHash};
pub use store::{BlobInfo, BlobStore, BlobWriter, Pin, Removal, StoreError, Stored};
