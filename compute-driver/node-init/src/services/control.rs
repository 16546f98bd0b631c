//! The agent's socket: one line of JSON, one line in answer, one agent at a time.

use super::serve::Served;
use crate::error::{During, Result};
use crate::telling::say;
use serde_json::json;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;

/// The longest line, in bytes.
const MOST: u64 = 4 << 20;
/// How long the agent may take to say it, and to hear the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long serving it may take.
const WORK: Duration = Duration::from_secs(15);

/// Answers whoever may open the socket, for ever.
///
/// # Errors
/// When the socket is no longer one.
pub async fn serve(listener: &UnixListener, served: &mut Served) -> Result<()> {
    loop {
        let (stream, _) = listener.accept().await.during("listening to the agent")?;
        if let Err(error) = converse(stream, served).await {
            say(format_args!("the agent went away: {error}"));
        }
    }
}

async fn converse(stream: UnixStream, served: &mut Served) -> io::Result<()> {
    let mut stream = BufReader::new(stream.take(MOST));
    let mut line = Vec::new();
    timeout(PATIENCE, stream.read_until(b'\n', &mut line)).await??;
    let end = match line.strip_suffix(b"\n") {
        None => Err(format!(
            "the services are cut off after {} bytes; they end with a line's end, after at most {MOST}",
            line.len()
        )),
        Some(text) => match timeout(WORK, served.change(text)).await {
            Ok(end) => end,
            Err(_) => Err(format!("the services were not served within {WORK:?}")),
        },
    };
    let answer = match end {
        Ok(()) => json!({ "ok": true }),
        Err(error) => {
            say(format_args!("services are refused: {error}"));
            json!({ "error": error })
        }
    };
    let answer = format!("{answer}\n");
    let mut stream = stream.into_inner().into_inner();
    timeout(PATIENCE, stream.write_all(answer.as_bytes())).await?
}
