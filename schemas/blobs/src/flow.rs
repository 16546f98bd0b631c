//! Between async code and the synchronous code of this crate: bounded pipes, one each way.
//!
//! ```text
//!   HTTP body ─ Feed::send().await ─► FedReader (in spawn_blocking) ─► take_apart
//!   HTTP body ◄─ outflow(reader).recv().await ◄─ AssemblyReader (in spawn_blocking)
//! ```

use bytes::Bytes;
use std::io::{self, Read};
use tokio::sync::mpsc;

/// The async end of an upload.
pub struct Feed(mpsc::Sender<Option<Bytes>>);

/// The synchronous end of an upload. Reads block: only for `spawn_blocking` or an own thread.
pub struct FedReader {
    inbox: mpsc::Receiver<Option<Bytes>>,
    piece: Bytes,
    ended: bool,
}

/// A pipe that holds at most `depth` pieces.
pub fn pipe(depth: usize) -> (Feed, FedReader) {
    let (feed, inbox) = mpsc::channel(depth.max(1));
    (
        Feed(feed),
        FedReader {
            inbox,
            piece: Bytes::new(),
            ended: false,
        },
    )
}

impl Feed {
    /// Adds a piece, waiting for room. False: the reader has given up, it will say why.
    pub async fn send(&self, piece: Bytes) -> bool {
        self.0.send(Some(piece)).await.is_ok()
    }

    /// Tells the reader that this was all. A feed that is merely dropped (the client went away)
    /// is an error to the reader, not an end.
    pub async fn finish(self) -> bool {
        self.0.send(None).await.is_ok()
    }
}

impl Read for FedReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !self.ended {
            match self.inbox.blocking_recv() {
                Some(Some(piece)) => self.piece = piece,
                Some(None) => self.ended = true,
                None => {
                    return Err(io::Error::new(
                        io::ErrorKind::ConnectionAborted,
                        "the sender went away before the end",
                    ));
                }
            }
        }
        let n = buf.len().min(self.piece.len());
        buf[..n].copy_from_slice(&self.piece.split_to(n));
        Ok(n)
    }
}

/// Reads `len` bytes in a blocking thread and hands them out in pieces of 64 KiB, at most `depth` of
/// them waiting. An early end or an error is the last piece; dropping the receiver ends the reading.
pub fn outflow(
    mut reader: impl Read + Send + 'static,
    len: u64,
    depth: usize,
) -> mpsc::Receiver<io::Result<Bytes>> {
    const PIECE: u64 = 64 * 1024;
    let (out, outlet) = mpsc::channel(depth.max(1));
    tokio::task::spawn_blocking(move || {
        let mut left = len;
        while left > 0 {
            let n = left.min(PIECE);
            let mut piece = vec![0; n as usize];
            let read = reader.read_exact(&mut piece).map(|()| Bytes::from(piece));
            let failed = read.is_err();
            if out.blocking_send(read).is_err() || failed {
                return;
            }
            left -= n;
        }
    });
    outlet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_fed_is_read_and_comes_out_again() {
        let data: Vec<u8> = (0..300_000).map(|i| (i % 241) as u8).collect();
        let (feed, reader) = pipe(2);
        let mut out = outflow(reader, data.len() as u64, 2);
        let sent = data.clone();
        let feeding = tokio::spawn(async move {
            for piece in sent.chunks(7000) {
                assert!(feed.send(Bytes::copy_from_slice(piece)).await);
            }
            feed.finish().await
        });
        let mut got = Vec::new();
        while let Some(piece) = out.recv().await {
            got.extend_from_slice(&piece.unwrap());
        }
        feeding.await.unwrap();
        assert_eq!(got, data);
    }

    #[tokio::test]
    async fn a_client_that_goes_away_is_no_end_of_the_upload() {
        let (feed, mut reader) = pipe(2);
        assert!(feed.send(Bytes::from_static(b"half")).await);
        drop(feed);
        let read = tokio::task::spawn_blocking(move || {
            let mut all = Vec::new();
            reader.read_to_end(&mut all).map_err(|e| e.kind())
        });
        assert_eq!(read.await.unwrap(), Err(io::ErrorKind::ConnectionAborted));
    }

    #[tokio::test]
    async fn a_reader_that_gives_up_stops_the_feed() {
        let (feed, reader) = pipe(1);
        drop(reader);
        assert!(!feed.send(Bytes::from_static(b"x")).await);
    }
}
