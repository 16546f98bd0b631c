//! A stream put together of literal bytes and of blobs: what an upload's recipe says, or an archive
//! made for an engine. Its length is known and any offset can be read at once.

use super::recipe::{FRAME, Frames};
use super::unpack::{Packing, decoder};
use crate::{BlobStore, Digest, Pin, StoreError};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// Which bytes, in order. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Assembly(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    segments: Vec<Segment>,
    literals: Literals,
}

/// A run of bytes from one source.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) at: u64,
    pub(super) len: u64,
    pub(super) source: Source,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// From this offset of the literals.
    Literal { from: u64 },
    /// From this offset of a blob.
    Blob { digest: Digest, from: u64 },
    /// A blob, decompressed, from its beginning.
    Unpacked { digest: Digest },
}

#[derive(Debug)]
pub(super) enum Literals {
    Memory(Vec<u8>),
    Stored(Frames),
}

impl Literals {
    /// At least one byte from this offset, at most `len`.
    pub(super) fn read(&self, at: u64, len: u64) -> io::Result<Cow<'_, [u8]>> {
        match self {
            Literals::Memory(bytes) => {
                let rest = bytes.get(at as usize..).unwrap_or_default();
                Ok(Cow::Borrowed(&rest[..rest.len().min(len as usize)]))
            }
            Literals::Stored(frames) => {
                let frame = frames.read((at / FRAME as u64) as usize)?;
                let within = (at % FRAME as u64) as usize;
                let rest = frame.get(within..).unwrap_or_default();
                Ok(Cow::Owned(rest[..rest.len().min(len as usize)].to_vec()))
            }
        }
    }
}

impl Assembly {
    pub(super) fn new(segments: Vec<Segment>, literals: Literals) -> Assembly {
        Assembly(Arc::new(Inner { segments, literals }))
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.0.segments
    }

    pub(super) fn literals(&self) -> &Literals {
        &self.0.literals
    }

    /// Bytes in all.
    pub fn len(&self) -> u64 {
        self.0.segments.last().map_or(0, |last| last.at + last.len)
    }

    /// Has it no bytes?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The blobs it is made of.
    pub fn blobs(&self) -> BTreeSet<Digest> {
        let digests = self
            .0
            .segments
            .iter()
            .filter_map(|segment| match segment.source {
                Source::Literal { .. } => None,
                Source::Blob { digest, .. } | Source::Unpacked { digest } => Some(digest),
            });
        digests.collect()
    }

    /// Opens it for reading. The blobs are pinned meanwhile: a reader that has begun can finish,
    /// whatever is deleted. A blob that is not there is an error now, not in the middle.
    pub fn reader(&self, store: &BlobStore) -> Result<AssemblyReader, StoreError> {
        let mut pins = HashMap::new();
        for digest in self.blobs() {
            pins.insert(
                digest,
                store.pin(&digest)?.ok_or(StoreError::Absent(digest))?,
            );
        }
        Ok(AssemblyReader {
            assembly: self.clone(),
            store: store.clone(),
            pins,
            at: 0,
            literal: None,
            unpacking: None,
        })
    }
}

/// Reads an assembly; seek for ranges.
pub struct AssemblyReader {
    assembly: Assembly,
    store: BlobStore,
    pins: HashMap<Digest, Pin>,
    at: u64,
    /// The literals read last, and their offset among the literals.
    literal: Option<(u64, Vec<u8>)>,
    unpacking: Option<Unpacking>,
}

struct Unpacking {
    digest: Digest,
    at: u64,
    from: Box<dyn Read + Send>,
}

impl fmt::Debug for AssemblyReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssemblyReader")
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

impl AssemblyReader {
    /// Bytes in all, wherever the reader is.
    pub fn len(&self) -> u64 {
        self.assembly.len()
    }

    /// Has it no bytes?
    pub fn is_empty(&self) -> bool {
        self.assembly.is_empty()
    }

    fn literal(&mut self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        if let Literals::Memory(_) = self.assembly.literals() {
            let bytes = self.assembly.literals().read(at, buf.len() as u64)?;
            buf[..bytes.len()].copy_from_slice(&bytes);
            return Ok(bytes.len());
        }
        let begin = at - at % FRAME as u64;
        if self.literal.as_ref().is_none_or(|(kept, _)| *kept != begin) {
            let frame = self
                .assembly
                .literals()
                .read(begin, FRAME as u64)?
                .into_owned();
            self.literal = Some((begin, frame));
        }
        let frame = self
            .literal
            .as_ref()
            .map(|(_, frame)| frame.as_slice())
            .unwrap_or_default();
        let rest = frame.get((at - begin) as usize..).unwrap_or_default();
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }

    fn blob(&self, digest: &Digest, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let pin = self.pins.get(digest).ok_or(io::ErrorKind::NotFound)?;
        pin.file().read_at(buf, at)
    }

    /// Going back means beginning anew.
    fn unpacked(&mut self, digest: Digest, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut unpacking = match self.unpacking.take() {
            Some(unpacking) if unpacking.digest == digest && unpacking.at <= at => unpacking,
            _ => {
                let (file, _) = self.store.open_blob(&digest).map_err(io::Error::other)?;
                let packing = Packing::of_file(&file).map_err(io::Error::other)?;
                Unpacking {
                    digest,
                    at: 0,
                    from: decoder(file, packing)?,
                }
            }
        };
        let gap = at - unpacking.at;
        unpacking.at += io::copy(&mut (&mut unpacking.from).take(gap), &mut io::sink())?;
        let n = unpacking.from.read(buf)?;
        unpacking.at += n as u64;
        self.unpacking = Some(unpacking);
        Ok(n)
    }
}

impl Read for AssemblyReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let segments = self.assembly.segments();
        let next = segments.partition_point(|segment| segment.at + segment.len <= self.at);
        let Some(segment) = segments.get(next) else {
            return Ok(0);
        };
        let (within, source) = (self.at - segment.at, segment.source);
        let n = (segment.len - within).min(buf.len() as u64) as usize;
        let buf = &mut buf[..n];
        let n = match source {
            Source::Literal { from } => self.literal(from + within, buf)?,
            Source::Blob { digest, from } => self.blob(&digest, from + within, buf)?,
            Source::Unpacked { digest } => self.unpacked(digest, within, buf)?,
        };
        if n == 0 && !buf.is_empty() {
            // A blob or recipe shorter than it was: never taken for the end.
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "a blob is damaged on disk",
            ));
        }
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for AssemblyReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.len().checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
