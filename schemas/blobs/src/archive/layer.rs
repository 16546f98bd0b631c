//! One look into a layer: how it is packed, the digest of its unpacked form, and that it is a tar.
//!
//! Device nodes, setuid programs and names with `..` are the engine's business, which unpacks inside the
//! container's root; here only that it *can* be read is checked, so that the tenant hears of a broken
//! layer at upload and not when the first server fails to boot.

use super::unpack::{Packing, Unpacked};
use super::{ArchiveError, Terms};
use crate::Digest;
use sha2::Digest as _;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::rc::Rc;

/// Headers of one entry; the parser holds long names in memory.
const HEADERS: u64 = 1 << 20;

/// A layer's bytes, in the store or on the way there.
pub(super) struct LayerSource {
    /// Its name in error texts.
    pub(super) what: String,
    pub(super) file: File,
    pub(super) digest: Digest,
    pub(super) size: u64,
}

/// What was seen.
pub(super) struct Facts {
    pub(super) packing: Packing,
    pub(super) diff_id: Digest,
    pub(super) unpacked: u64,
    /// Tar's end marker was there.
    pub(super) complete: bool,
    /// Of the top-level names those that make it look like an image archive, not a filesystem.
    pub(super) marks: BTreeSet<String>,
}

impl Packing {
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Packing::Plain => "application/vnd.oci.image.layer.v1.tar",
            Packing::Gzip => "application/vnd.oci.image.layer.v1.tar+gzip",
            Packing::Zstd => "application/vnd.oci.image.layer.v1.tar+zstd",
        }
    }

    pub(super) fn of_file(file: &File) -> Result<Packing, ArchiveError> {
        let mut start = [0; Packing::MAGIC];
        let n = file.read_at(&mut start, 0).map_err(ArchiveError::scratch)?;
        Packing::of(&start[..n])
    }
}

/// Reads the layer, of which at most `room` unpacked bytes are allowed. A plain one is only leafed
/// through: its digest is known.
pub(super) fn examine(
    source: LayerSource,
    room: u64,
    terms: &Terms,
) -> Result<Facts, ArchiveError> {
    let LayerSource {
        what,
        file,
        digest,
        size,
    } = source;
    let what = what.as_str();
    let packing = Packing::of_file(&file)?;
    let allowance = Allowance::default();
    let mut facts = Facts {
        packing,
        diff_id: digest,
        unpacked: size,
        complete: false,
        marks: BTreeSet::new(),
    };
    if packing == Packing::Plain {
        if size > room {
            return Err(ArchiveError::TooMuch {
                what: "unpacked bytes",
                limit: terms.unpacked,
            });
        }
        let mut archive = tar::Archive::new(allowance.guard(io::BufReader::new(file)));
        let entries = archive.entries_with_seek().map_err(ArchiveError::scratch)?;
        leaf_through(what, entries, &allowance, terms, &mut facts)?;
    } else {
        let unpacked = Unpacked::new(file, packing, size, room, terms)?;
        let hashing = Hashing {
            inner: unpacked,
            hash: sha2::Sha256::new(),
            size: 0,
        };
        let mut archive = tar::Archive::new(allowance.guard(hashing));
        let entries = archive.entries().map_err(ArchiveError::scratch)?;
        leaf_through(what, entries, &allowance, terms, &mut facts)?;
        let mut hashing = archive.into_inner().inner;
        // What follows the end marker belongs to the digest too.
        io::copy(&mut hashing, &mut io::sink()).map_err(|e| bad_layer(what, e))?;
        facts.diff_id = Digest::finish(hashing.hash);
        facts.unpacked = hashing.size;
    }
    facts.complete = allowance.at_marker();
    Ok(facts)
}

fn bad_layer(what: &str, e: io::Error) -> ArchiveError {
    ArchiveError::from_io(e, |e| ArchiveError::BadLayer {
        what: super::names::shown(what.as_bytes()),
        why: super::names::shown(e.to_string().as_bytes()),
    })
}

fn leaf_through<R: Read>(
    what: &str,
    entries: tar::Entries<'_, R>,
    allowance: &Allowance,
    terms: &Terms,
    facts: &mut Facts,
) -> Result<(), ArchiveError> {
    let mut count = 0;
    for entry in entries {
        let entry = entry.map_err(|e| bad_layer(what, e))?;
        count += 1;
        if count > terms.layer_entries {
            let what = "files in a layer";
            return Err(ArchiveError::TooMuch {
                what,
                limit: terms.layer_entries,
            });
        }
        let path = entry.path_bytes();
        if let Some(mark) = mark(&path) {
            facts.marks.insert(mark.to_owned());
        }
        // Of a sparse file the tar holds less than the file's size.
        let sparse = entry.header().entry_type().is_gnu_sparse();
        let stored = if sparse {
            entry.header().entry_size()
        } else {
            Ok(entry.size())
        };
        let stored = stored.map_err(|e| bad_layer(what, e))?;
        allowance.content(stored.checked_next_multiple_of(512).unwrap_or(u64::MAX));
    }
    Ok(())
}

fn mark(path: &[u8]) -> Option<&'static str> {
    let path = path.strip_prefix(b"./").unwrap_or(path);
    match path {
        b"manifest.json" => Some("manifest.json"),
        b"oci-layout" => Some("oci-layout"),
        _ => None,
    }
}

/// What the parser is reading, shared with the reader under it.
#[derive(Clone, Default)]
struct Allowance {
    /// Bytes of content, with padding, before the next header.
    content: Rc<Cell<u64>>,
    /// Bytes of headers since the last content.
    headers: Rc<Cell<u64>>,
    /// How many zeros the headers end with.
    zeros: Rc<Cell<u64>>,
}

impl Allowance {
    fn guard<R>(&self, inner: R) -> Guard<R> {
        Guard {
            inner,
            allowance: self.clone(),
        }
    }

    fn content(&self, stored: u64) {
        self.content.set(stored);
        self.headers.set(0);
        self.zeros.set(0);
    }

    fn at_marker(&self) -> bool {
        self.zeros.get() >= 512
    }

    fn read(&self, bytes: &[u8]) -> io::Result<()> {
        let passed = self.content.get().min(bytes.len() as u64);
        self.content.set(self.content.get() - passed);
        let headers = &bytes[passed as usize..];
        match headers.iter().rposition(|byte| *byte != 0) {
            None => self.zeros.set(self.zeros.get() + headers.len() as u64),
            Some(last) => self.zeros.set((headers.len() - 1 - last) as u64),
        }
        self.headers.set(self.headers.get() + headers.len() as u64);
        if self.headers.get() > HEADERS {
            return Err(io::Error::other("a header of more than 1 MiB"));
        }
        Ok(())
    }
}

struct Guard<R> {
    inner: R,
    allowance: Allowance,
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.allowance.read(&buf[..n])?;
        Ok(n)
    }
}

impl<R: Seek> Seek for Guard<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        // The parser seeks only over content.
        self.allowance.content.set(0);
        self.inner.seek(to)
    }
}

struct Hashing<R> {
    inner: R,
    hash: sha2::Sha256,
    size: u64,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.hash.update(&buf[..n]);
        self.size += n as u64;
        Ok(n)
    }
}
