//! From a stream of pieces into blocking work, in constant memory: what the work does not take, the
//! sender keeps.

use super::attempt::Attempt;
use super::pace::{Credit, Pace};
use blobs::flow::{FedReader, pipe};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use schemas::{Error, Result};
use std::time::Duration;
use store::image::uploads::LEASE;
use tokio::time::{Instant, MissedTickBehavior};

/// Pieces that may wait in between.
const DEPTH: usize = 8;
/// Between two renewals of the lease.
pub(super) const BEAT: Duration = Duration::from_secs(LEASE.as_secs() / 4);

/// Runs `work` on what `pieces` bring, keeping the attempt's lease until the work is done. When the
/// lease is lost, or the pieces come slower than `pace` allows, the work is given up.
pub(super) async fn feed<T: Send + 'static>(
    mut pieces: impl Stream<Item = Result<Bytes>> + Unpin,
    pace: Pace,
    attempt: Option<&Attempt>,
    work: impl FnOnce(FedReader) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (inlet, reader) = pipe(DEPTH);
    let mut work = tokio::task::spawn_blocking(move || work(reader));
    let mut inlet = Some(inlet);
    let mut beat = tokio::time::interval_at(Instant::now() + BEAT, BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut credit = Credit::new(pace);
    let mut since = Instant::now();
    // Why the feeding ended early, to be told when the work has ended too and holds nothing more.
    let mut broken = None;
    loop {
        tokio::select! {
            done = &mut work => {
                let done = done.map_err(Error::internal)?;
                return broken.map_or(done, Err);
            }
            piece = pieces.next(), if inlet.is_some() => {
                let bytes = piece.as_ref().and_then(|piece| piece.as_ref().ok());
                credit.came(since.elapsed(), bytes.map_or(0, Bytes::len));
                match (piece, inlet.take()) {
                    (Some(Ok(piece)), Some(open)) => {
                        // The work has given up otherwise, and will say why.
                        if open.send(piece).await {
                            inlet = Some(open);
                        }
                    }
                    (None, Some(open)) => {
                        open.finish().await;
                    }
                    (Some(Err(error)), _) => broken = Some(error),
                    (_, None) => {}
                }
                since = Instant::now();
            }
            () = tokio::time::sleep_until(since + credit.left()), if inlet.is_some() => {
                inlet = None;
                broken = Some(credit.used_up());
            }
            _ = beat.tick(), if attempt.is_some() => {
                if let Some(attempt) = attempt {
                    attempt.renew().await?;
                }
            }
        }
    }
}
