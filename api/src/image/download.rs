//! Bytes on their way out: read in a blocking thread, as fast as the client takes them.

use super::range::{self, Range};
use super::state::blocking;
use actix_web::HttpResponse;
use actix_web::body::SizedStream;
use actix_web::http::header::{ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE};
use schemas::{Error, Result};
use std::io::{Read, Seek, SeekFrom};
use tokio_stream::wrappers::ReceiverStream;

/// Pieces of 64 KiB that may wait for the client.
const DEPTH: usize = 4;

/// The answer for the whole or for the range asked for. `open` is called in a blocking thread.
pub(super) async fn answer<R: Read + Seek + Send + 'static>(
    size: u64,
    asked: Option<&str>,
    media_type: &str,
    open: impl FnOnce() -> Result<R> + Send + 'static,
) -> Result<HttpResponse> {
    let range = range::parse(asked, size)?;
    let part = range.unwrap_or(Range {
        from: 0,
        to: size.saturating_sub(1),
    });
    let reader = blocking(move || {
        let mut reader = open()?;
        reader
            .seek(SeekFrom::Start(part.from))
            .map_err(Error::internal)?;
        Ok(reader)
    })
    .await?;
    let len = if size == 0 { 0 } else { part.len() };
    let pieces = blobs::flow::outflow(reader, len, DEPTH);
    let mut answer = match range {
        None => HttpResponse::Ok(),
        Some(range) => {
            let mut partial = HttpResponse::PartialContent();
            partial.insert_header((CONTENT_RANGE, range.header(size)));
            partial
        }
    };
    answer
        .insert_header((CONTENT_TYPE, media_type))
        .insert_header((ACCEPT_RANGES, "bytes"));
    Ok(answer.body(SizedStream::new(len, ReceiverStream::new(pieces))))
}
