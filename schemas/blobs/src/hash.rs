//! The hashes Glance shows of an upload, computed beside the upload.
//!
//! MD5 alone is slower than a fast network, so each hash has its own thread, fed by a bounded
//! channel: an upload costs the time of the slowest hash, not the sum of all. SHA-256 and SHA-512
//! use the CPU's instructions where it has them (found at run time by `sha2`).

use crate::Digest;
use crate::digest::hex;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

/// Bytes handed to the threads at once, and how many such pieces may wait for each of them.
const PIECE: usize = 128 * 1024;
const DEPTH: usize = 8;

/// What is known of a stream that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hashes {
    /// Bytes.
    pub size: u64,
    /// Glance's `checksum`: MD5 in hex.
    pub md5: String,
    /// SHA-256.
    pub sha256: Digest,
    /// Glance's `os_hash_value` for `os_hash_algo` `sha512`, in hex.
    pub sha512: String,
}

struct Lane {
    pieces: SyncSender<Arc<Vec<u8>>>,
    result: JoinHandle<Vec<u8>>,
}

/// MD5, SHA-256 and SHA-512 of the same bytes, in parallel.
pub struct MultiHash {
    piece: Vec<u8>,
    size: u64,
    md5: Lane,
    sha256: Lane,
    sha512: Lane,
}

impl MultiHash {
    /// Starts the threads; they end with this value.
    pub fn new() -> io::Result<MultiHash> {
        Ok(MultiHash {
            piece: Vec::with_capacity(PIECE),
            size: 0,
            md5: lane::<md5::Md5>()?,
            sha256: lane::<sha2::Sha256>()?,
            sha512: lane::<sha2::Sha512>()?,
        })
    }

    /// Adds bytes; waits only when the slowest hash is far behind.
    pub fn update(&mut self, mut bytes: &[u8]) {
        self.size += bytes.len() as u64;
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(PIECE - self.piece.len()));
            self.piece.extend_from_slice(now);
            bytes = later;
            if self.piece.len() == PIECE {
                self.hand_over(Vec::with_capacity(PIECE));
            }
        }
    }

    /// The hashes of everything added.
    pub fn finish(mut self) -> io::Result<Hashes> {
        self.hand_over(Vec::new());
        let sha256: [u8; 32] = end(self.sha256)?
            .try_into()
            .map_err(|_| io::Error::other("sha256 is not 32 bytes"))?;
        Ok(Hashes {
            size: self.size,
            md5: hex(&end(self.md5)?),
            sha256: Digest::from_bytes(sha256),
            sha512: hex(&end(self.sha512)?),
        })
    }

    fn hand_over(&mut self, next: Vec<u8>) {
        let piece = Arc::new(std::mem::replace(&mut self.piece, next));
        for lane in [&self.md5, &self.sha512, &self.sha256] {
            // A lane that is gone has panicked; `finish` tells.
            let _ = lane.pieces.send(piece.clone());
        }
    }
}

fn lane<H: sha2::Digest + Send + 'static>() -> io::Result<Lane> {
    let (pieces, inbox) = sync_channel::<Arc<Vec<u8>>>(DEPTH);
    let result = Builder::new().name("hash".into()).spawn(move || {
        let mut hash = H::new();
        while let Ok(piece) = inbox.recv() {
            hash.update(piece.as_slice());
        }
        hash.finalize().to_vec()
    })?;
    Ok(Lane { pieces, result })
}

fn end(lane: Lane) -> io::Result<Vec<u8>> {
    drop(lane.pieces);
    lane.result
        .join()
        .map_err(|_| io::Error::other("a hashing thread died"))
}

/// Hashes what passes through. [`crate::take_apart`] reads an upload to its very end, so that the
/// hashes afterwards are those of the whole upload.
pub struct HashingReader<R> {
    inner: R,
    hash: MultiHash,
}

impl<R: Read> HashingReader<R> {
    /// Around `inner`.
    pub fn new(inner: R) -> io::Result<Self> {
        Ok(HashingReader {
            inner,
            hash: MultiHash::new()?,
        })
    }

    /// The hashes of what was read so far.
    pub fn finish(self) -> io::Result<Hashes> {
        self.hash.finish()
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.hash.update(&buf[..n]);
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_standards() {
        let mut hash = MultiHash::new().unwrap();
        hash.update(b"a");
        hash.update(b"bc");
        let hashes = hash.finish().unwrap();
        assert_eq!(hashes.size, 3);
        assert_eq!(hashes.md5, "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(hashes.sha256, Digest::of(b"abc"));
        assert!(
            hashes
                .sha512
                .starts_with("ddaf35a193617abacc417349ae204131")
        );
        assert!(hashes.sha512.ends_with("2a9ac94fa54ca49f"));
    }

    #[test]
    fn pieces_of_any_length_make_the_same_hash() {
        let data: Vec<u8> = (0..(3 * PIECE + 17)).map(|i| (i % 251) as u8).collect();
        let mut reader = HashingReader::new(data.as_slice()).unwrap();
        io::copy(&mut reader, &mut io::sink()).unwrap();
        let mut odd = MultiHash::new().unwrap();
        data.chunks(1009).for_each(|chunk| odd.update(chunk));
        let hashes = odd.finish().unwrap();
        assert_eq!(hashes, reader.finish().unwrap());
        assert_eq!(hashes.sha256, Digest::of(&data));
    }
}
