//! One user at one terminal.

use compute_driver::{Terminal, TtySize};
use futures::{SinkExt, StreamExt};
use serde::Deserialize;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tracing::debug;

/// A peer that says nothing, not even to a ping, for two of these is gone.
const PING: Duration = Duration::from_secs(30);
/// A side that takes no bytes for so long is gone.
const STUCK: Duration = Duration::from_secs(60);

/// What a text frame may say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    /// Columns and rows of the user's window.
    resize: [u16; 2],
}

/// Carries bytes both ways until either side ends.
pub(super) async fn run(mut socket: WebSocketStream<TcpStream>, mut terminal: Terminal) {
    let mut pings = interval(PING);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut silent = 0;
    loop {
        let send = tokio::select! {
            output = terminal.output.next() => match output {
                Some(Ok(bytes)) => Some(Message::Binary(bytes)),
                Some(Err(_)) | None => break,
            },
            said = socket.next() => {
                silent = 0;
                match said {
                    Some(Ok(Message::Binary(bytes))) => {
                        let typing = async {
                            terminal.input.write_all(&bytes).await?;
                            terminal.input.flush().await
                        };
                        if !matches!(timeout(STUCK, typing).await, Ok(Ok(()))) {
                            break;
                        }
                        None
                    }
                    Some(Ok(Message::Text(text))) => {
                        if let Ok(Said { resize: [columns, rows] }) = serde_json::from_str(&text)
                            && let Err(error) = terminal.control.resize(TtySize { columns, rows }).await
                        {
                            debug!(%error, "the terminal keeps its size");
                        }
                        None
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => None,
                }
            }
            _ = pings.tick() => {
                silent += 1;
                if silent > 2 {
                    return;
                }
                Some(Message::Ping(Default::default()))
            }
        };
        if let Some(message) = send
            && !matches!(timeout(STUCK, socket.send(message)).await, Ok(Ok(())))
        {
            return;
        }
    }
    let ended = terminal.control.exit_code().await.ok().flatten();
    let reason = ended.map_or("the terminal has ended".to_owned(), |code| {
        format!("exit {code}")
    });
    let frame = CloseFrame {
        code: CloseCode::Normal,
        reason: reason.into(),
    };
    _ = timeout(PING, socket.close(Some(frame))).await;
}
