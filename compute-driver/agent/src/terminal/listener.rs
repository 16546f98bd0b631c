//! Where users' websockets arrive.

use super::{Terminals, session};
use crate::settings::AgentSettings;
use crate::tasks::Tasks;
use schemas::{Error, Result};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::accept_hdr_async_with_config;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tracing::{debug, warn};

/// Terminals at once.
const SESSIONS: usize = 256;
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Largest frame from a user: what somebody pastes.
const FRAME: usize = 1 << 20;

/// Takes the port and tells the address under which others reach it.
pub(crate) async fn bind(settings: &AgentSettings) -> Result<(TcpListener, String)> {
    let wanted = settings.stream_listen;
    let failed =
        |error| Error::Unavailable(format!("Terminals cannot be served on {wanted}: {error}"));
    let listener = TcpListener::bind(wanted).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let address = match &settings.stream_advertise {
        Some(address) => address.clone(),
        None if bound.ip().is_unspecified() => format!("{}:{}", settings.address, bound.port()),
        None => bound.to_string(),
    };
    Ok((listener, address))
}

/// Serves terminals until the agent ends.
pub(crate) async fn listen(listener: TcpListener, terminals: Arc<Terminals>, tasks: Arc<Tasks>) {
    let places = Arc::new(Semaphore::new(SESSIONS));
    loop {
        // Never closed.
        let place = places.clone().acquire_owned().await.ok();
        let stream = match timeout(HANDSHAKE, listener.accept()).await {
            Ok(Ok((stream, _))) => stream,
            Ok(Err(error)) => {
                warn!(%error, "no terminal can be accepted");
                sleep(Duration::from_secs(1)).await;
                continue;
            }
            Err(_) => {
                terminals.sweep();
                continue;
            }
        };
        let terminals = terminals.clone();
        tasks.spawn(async move {
            serve(stream, &terminals).await;
            drop(place);
        });
    }
}

async fn serve(stream: TcpStream, terminals: &Terminals) {
    let mut terminal = None;
    #[expect(
        clippy::result_large_err,
        reason = "the websocket library's own signature"
    )]
    let admit = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let ticket = request.uri().path().strip_prefix("/terminal/");
        terminal = ticket.and_then(|ticket| terminals.redeem(ticket));
        if terminal.is_some() {
            return Ok(response);
        }
        let mut refusal =
            ErrorResponse::new(Some("The ticket is unknown, used or too old.".into()));
        *refusal.status_mut() = StatusCode::NOT_FOUND;
        Err(refusal)
    };
    let config = WebSocketConfig::default()
        .max_message_size(Some(FRAME))
        .max_frame_size(Some(FRAME));
    let shaking = accept_hdr_async_with_config(stream, admit, Some(config));
    match timeout(HANDSHAKE, shaking).await {
        Ok(Ok(socket)) => {
            if let Some(terminal) = terminal {
                session::run(socket, terminal).await;
            }
        }
        Ok(Err(error)) => debug!(%error, "no terminal is served"),
        Err(_) => debug!("a websocket's handshake took too long"),
    }
}
