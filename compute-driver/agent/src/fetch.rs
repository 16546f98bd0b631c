//! One blob from the image service into the cache, however often the connection breaks.

use crate::cache::Cache;
use crate::failure::{disk_error, image_error};
use crate::image_service::ImageService;
use crate::images::Progress;
use blobs::{Digest, Pin, StoreError};
use bytes::BytesMut;
use compute_driver::DriverError;
use futures::StreamExt;
use schemas::ids::ImageId;
use schemas::{Error, Result};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tracing::info;

/// Silence longer than this is a cut.
const SILENCE: Duration = Duration::from_secs(60);
/// Cuts in a row that brought nothing, before it is given up.
const CUTS: u32 = 4;
/// A fetch that is slower in all is given up.
const SLOWEST_BYTES_PER_S: u64 = 64 << 10;
/// Bytes written at once.
const PIECE: usize = 512 << 10;

/// Fetches the blob, checks it, and keeps it from being evicted while the pin lives.
pub(crate) async fn fetch(
    service: &dyn ImageService,
    cache: &Cache,
    image: ImageId,
    digest: Digest,
    size: u64,
    progress: &Progress,
) -> Result<Pin, DriverError> {
    let mut writer = cache.run(move |cache| cache.store.writer(size)).await?;
    let mut at = 0;
    let mut cuts = 0;
    let until = Instant::now() + 2 * SILENCE + Duration::from_secs(size / SLOWEST_BYTES_PER_S);
    while at < size {
        if Instant::now() > until {
            let text = "The image service is too slow.".into();
            return Err(image_error(Error::Unavailable(text)));
        }
        let before = at;
        let cause = match timeout(SILENCE, service.blob(image, &digest, at)).await {
            Err(_) => Error::Unavailable("The image service is silent.".into()),
            Ok(Err(error)) if !error.retryable() => return Err(image_error(error)),
            Ok(Err(error)) => error,
            Ok(Ok(mut data)) => loop {
                let mut piece = BytesMut::new();
                let mut ended = None;
                while piece.len() < PIECE && ended.is_none() {
                    if Instant::now() > until {
                        ended = Some("the image service is too slow".into());
                        break;
                    }
                    match timeout(SILENCE, data.next()).await {
                        Ok(Some(Ok(bytes))) => piece.extend_from_slice(&bytes),
                        Ok(Some(Err(error))) => ended = Some(error.to_string()),
                        Ok(None) => ended = Some("the data ended early".into()),
                        Err(_) => ended = Some("the image service is silent".into()),
                    }
                }
                let n = piece.len() as u64;
                if at + n > size {
                    return Err(other_data(&digest));
                }
                if n > 0 {
                    let written = cache.run(move |_| {
                        let appended = writer.append(&piece);
                        appended.map(|()| writer)
                    });
                    writer = written.await?;
                    at += n;
                    progress.add(n);
                }
                if let Some(cause) = ended {
                    break Error::Unavailable(cause);
                }
            },
        };
        if at >= size {
            break;
        }
        cuts = if at > before { 0 } else { cuts + 1 };
        if cuts > CUTS {
            return Err(image_error(cause));
        }
        info!(%digest, at, size, %cause, "a fetch was cut and goes on");
        tokio::time::sleep(Duration::from_millis(200) * 2u32.pow(cuts)).await;
    }
    let finish = move |_: &Cache| match writer.finish(Some(digest)) {
        Err(StoreError::Mismatch { .. }) => Ok(None),
        finished => finished.map(Some),
    };
    let stored = cache.run(finish).await?;
    let stored = stored.ok_or_else(|| other_data(&digest))?;
    if stored.size != size {
        return Err(disk_error(StoreError::Damaged(digest)));
    }
    Ok(stored.pin)
}

fn other_data(digest: &Digest) -> DriverError {
    DriverError::ImageData {
        text: format!("the image service delivered other data than {digest}"),
        permanent: false,
    }
}
