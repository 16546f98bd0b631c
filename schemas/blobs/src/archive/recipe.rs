//! The recipe of an upload, as a blob: which bytes are those of other blobs, and all the others.
//!
//! ```text
//!   frame, frame, ...   literal bytes, each frame 256 KiB of them, compressed by itself
//!   index               compressed JSON: segments in order, lengths of the frames
//!   trailer             offset of the index (8 bytes, little-endian), "recipe-1"
//! ```
//!
//! Any offset of the upload is reached by reading one frame: downloads with `Range` cost no more than
//! others.

use super::assembly::{Assembly, Literals, Segment, Source};
use crate::store::{BlobWriter, Staged};
use crate::{BlobStore, Digest, StoreError};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

pub(super) const FRAME: usize = 256 * 1024;
const MAGIC: &[u8; 8] = b"recipe-1";
/// Unpacked index; one of the largest archive that the default terms let in has some 2 MiB.
const INDEX: u64 = 64 << 20;

#[derive(Default, Serialize, Deserialize)]
struct Index {
    /// Compressed bytes of each frame.
    frames: Vec<u64>,
    segments: Vec<Recorded>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Recorded {
    len: u64,
    /// None: the next literal bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blob: Option<Digest>,
    #[serde(default, skip_serializing_if = "is_zero")]
    from: u64,
    /// The bytes are those of the blob decompressed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unpacked: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// Writes a recipe, front to back.
pub(super) struct RecipeWriter {
    blob: BlobWriter,
    frame: Vec<u8>,
    index: Index,
    written: u64,
    len: u64,
}

impl RecipeWriter {
    pub(super) fn new(store: &BlobStore) -> Result<RecipeWriter, StoreError> {
        let blob = store.writer(u64::MAX)?;
        let frame = Vec::with_capacity(FRAME);
        Ok(RecipeWriter {
            blob,
            frame,
            index: Index::default(),
            written: 0,
            len: 0,
        })
    }

    /// Bytes described so far.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn literal(&mut self, mut bytes: &[u8]) -> Result<(), StoreError> {
        if bytes.is_empty() {
            return Ok(());
        }
        let len = bytes.len() as u64;
        self.len += len;
        match self.index.segments.last_mut() {
            Some(last) if last.blob.is_none() => last.len += len,
            _ => self.record(len, None, 0, false),
        }
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(FRAME - self.frame.len()));
            self.frame.extend_from_slice(now);
            bytes = later;
            if self.frame.len() == FRAME {
                self.end_frame()?;
            }
        }
        Ok(())
    }

    pub(super) fn blob(&mut self, digest: Digest, from: u64, len: u64) -> Result<(), StoreError> {
        if len > 0 {
            self.len += len;
            self.record(len, Some(digest), from, false);
        }
        Ok(())
    }

    pub(super) fn unpacked(&mut self, digest: Digest, len: u64) {
        if len > 0 {
            self.len += len;
            self.record(len, Some(digest), 0, true);
        }
    }

    fn record(&mut self, len: u64, blob: Option<Digest>, from: u64, unpacked: bool) {
        self.index.segments.push(Recorded {
            len,
            blob,
            from,
            unpacked,
        });
    }

    fn end_frame(&mut self) -> Result<(), StoreError> {
        let packed = compress(&self.frame)?;
        self.frame.clear();
        self.index.frames.push(packed.len() as u64);
        self.append(&packed)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.written += bytes.len() as u64;
        self.blob.append(bytes)
    }

    pub(super) fn finish(mut self) -> Result<Staged, StoreError> {
        if !self.frame.is_empty() {
            self.end_frame()?;
        }
        let at = self.written;
        let index = serde_json::to_vec(&self.index).map_err(|e| broken(e.into()))?;
        self.append(&compress(&index)?)?;
        self.append(&at.to_le_bytes())?;
        self.append(MAGIC)?;
        self.blob.seal()
    }
}

fn compress(bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    zstd::bulk::compress(bytes, zstd::DEFAULT_COMPRESSION_LEVEL).map_err(broken)
}

fn broken(e: io::Error) -> StoreError {
    StoreError::io("write", Path::new("recipe"))(e)
}

/// Literal bytes of a stored recipe.
#[derive(Debug)]
pub(super) struct Frames {
    file: File,
    /// Where each frame begins, and where the last one ends.
    bounds: Vec<u64>,
}

impl Frames {
    /// Unpacks one frame.
    pub(super) fn read(&self, number: usize) -> io::Result<Vec<u8>> {
        let bad = || io::Error::new(io::ErrorKind::InvalidData, "damaged recipe");
        let begin = *self.bounds.get(number).ok_or_else(bad)?;
        let end = *self.bounds.get(number + 1).ok_or_else(bad)?;
        let mut packed = vec![0; usize::try_from(end - begin).map_err(|_| bad())?];
        self.file.read_exact_at(&mut packed, begin)?;
        zstd::bulk::decompress(&packed, FRAME)
    }
}

impl Assembly {
    /// The recipe of an upload.
    pub fn load(store: &BlobStore, recipe: &Digest) -> Result<Assembly, StoreError> {
        let (file, size) = store.open_blob(recipe)?;
        read(file, size).map_err(|e| match e.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                StoreError::Damaged(*recipe)
            }
            _ => StoreError::io("read", &store.path(recipe))(e),
        })
    }

    /// Keeps this assembly as a recipe in the store, so that it can be [loaded](Self::load) later.
    pub fn save(&self, store: &BlobStore) -> Result<crate::Stored, StoreError> {
        let mut recipe = RecipeWriter::new(store)?;
        for segment in self.segments() {
            match &segment.source {
                Source::Blob { digest, from } => recipe.blob(*digest, *from, segment.len)?,
                Source::Unpacked { digest } => recipe.unpacked(*digest, segment.len),
                Source::Literal { from } => {
                    let mut at = *from;
                    let end = at + segment.len;
                    while at < end {
                        let bytes = self.literals().read(at, end - at).map_err(broken)?;
                        recipe.literal(&bytes)?;
                        at += bytes.len() as u64;
                    }
                }
            }
        }
        recipe.finish()?.commit()
    }
}

fn read(file: File, size: u64) -> io::Result<Assembly> {
    let bad = || io::Error::new(io::ErrorKind::InvalidData, "damaged recipe");
    let trailer_at = size.checked_sub(16).ok_or_else(bad)?;
    let mut trailer = [0; 16];
    file.read_exact_at(&mut trailer, trailer_at)?;
    let (at, magic) = trailer.split_at(8);
    if magic != MAGIC {
        return Err(bad());
    }
    let at = u64::from_le_bytes(at.try_into().map_err(|_| bad())?);
    let len = trailer_at
        .checked_sub(at)
        .filter(|len| *len <= INDEX)
        .ok_or_else(bad)?;
    let mut packed = vec![0; len as usize];
    file.read_exact_at(&mut packed, at)?;
    let mut index = Vec::new();
    let decoder = zstd::Decoder::with_buffer(packed.as_slice()).map_err(|_| bad())?;
    decoder
        .take(INDEX)
        .read_to_end(&mut index)
        .map_err(|_| bad())?;
    let index: Index = serde_json::from_slice(&index).map_err(|_| bad())?;

    let mut bounds = vec![0u64];
    for len in &index.frames {
        let last = bounds.last().copied().unwrap_or_default();
        bounds.push(
            last.checked_add(*len)
                .filter(|end| *end <= at)
                .ok_or_else(bad)?,
        );
    }
    let mut literal = 0u64;
    let mut segments = Vec::with_capacity(index.segments.len());
    let mut begin = 0u64;
    for recorded in index.segments {
        let source = match recorded.blob {
            None => {
                let from = literal;
                literal = literal.checked_add(recorded.len).ok_or_else(bad)?;
                Source::Literal { from }
            }
            Some(digest) if recorded.unpacked => Source::Unpacked { digest },
            Some(digest) => Source::Blob {
                digest,
                from: recorded.from,
            },
        };
        segments.push(Segment {
            at: begin,
            len: recorded.len,
            source,
        });
        begin = begin.checked_add(recorded.len).ok_or_else(bad)?;
    }
    Ok(Assembly::new(
        segments,
        Literals::Stored(Frames { file, bounds }),
    ))
}
