//! Decompression that cannot run away: bounded by an absolute size and by a ratio.

use super::{ArchiveError, Terms};
use std::io::{self, BufReader, Read};

/// Below this, any ratio is fine: a disk image of zeros compresses a thousandfold.
const FREE: u64 = 64 << 20;

/// How some bytes are packed, by their first ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
    Zstd,
}

impl Packing {
    /// Bytes that [`Packing::of`] wants to see.
    pub(super) const MAGIC: usize = 6;

    pub(super) fn of(start: &[u8]) -> Result<Packing, ArchiveError> {
        match start {
            [0x1f, 0x8b, ..] => Ok(Packing::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Ok(Packing::Zstd),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Err(ArchiveError::UnknownCompression("xz")),
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, ..] => {
                Err(ArchiveError::UnknownCompression("bzip2"))
            }
            _ => Ok(Packing::Plain),
        }
    }
}

/// Reads unpacked bytes; every error it gives is an [`ArchiveError`] inside an `io::Error`.
pub(super) struct Unpacked<'a> {
    inner: Box<dyn Read + Send + 'a>,
    given: u64,
    limit: u64,
    by_ratio: u64,
    ratio: u64,
}

impl<'a> Unpacked<'a> {
    /// `size` is that of the packed form, `limit` what may come out at most.
    pub(super) fn new(
        packed: impl Read + Send + 'a,
        packing: Packing,
        size: u64,
        limit: u64,
        terms: &Terms,
    ) -> Result<Self, ArchiveError> {
        let by_ratio = match packing {
            Packing::Plain => u64::MAX,
            _ => size.saturating_mul(terms.ratio).max(FREE),
        };
        Ok(Unpacked {
            inner: decoder(packed, packing).map_err(ArchiveError::scratch)?,
            given: 0,
            limit,
            by_ratio,
            ratio: terms.ratio,
        })
    }
}

/// Without bounds, for what was checked when it was stored.
pub(super) fn decoder<'a>(
    packed: impl Read + Send + 'a,
    packing: Packing,
) -> io::Result<Box<dyn Read + Send + 'a>> {
    let packed = BufReader::with_capacity(64 * 1024, packed);
    Ok(match packing {
        Packing::Plain => Box::new(packed),
        Packing::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(packed)),
        Packing::Zstd => Box::new(zstd::Decoder::with_buffer(packed)?),
    })
}

impl Read for Unpacked<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = match self.inner.read(buf) {
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => return Err(e),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(io::Error::other(ArchiveError::Truncated));
            }
            Err(e) => {
                return Err(io::Error::other(ArchiveError::BadCompression(
                    e.to_string(),
                )));
            }
        };
        self.given += n as u64;
        if self.given > self.by_ratio {
            return Err(io::Error::other(ArchiveError::Bomb(self.ratio)));
        }
        if self.given > self.limit {
            let what = "unpacked bytes";
            return Err(io::Error::other(ArchiveError::TooMuch {
                what,
                limit: self.limit,
            }));
        }
        Ok(n)
    }
}
