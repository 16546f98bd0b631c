//! The websocket of a console: joins the client and the stream that the agent serves.

use super::hash;
use crate::compute::servers::agent::unexpected;
use crate::ctx::Open;
use crate::extract::{Body, Query};
use crate::reply::Reply;
use actix_ws::{AggregatedMessage, Session};
use futures::{SinkExt, StreamExt};
use schemas::host::{Call, Op, Reply as Told};
use schemas::ids::{ServerId, WorkloadId};
use schemas::{Error, Result};
use std::time::Duration;
use store::Scope;
use store::compute::{consoles, servers};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// What runs in a console.
const SHELL: &str = "/bin/sh";

/// Longest silence of both sides.
const IDLE: Duration = Duration::from_secs(3600);

/// How long the agent's stream may take to open.
const PATIENCE: Duration = Duration::from_secs(10);

/// What Nova's console clients offer as `Sec-WebSocket-Protocol`, and we speak: they leave when none
/// of theirs is chosen.
const PROTOCOLS: &[&str] = &["binary"];

type Upstream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// `GET /console?token=…` as a websocket. The token is all the proof there is, and works once.
pub async fn open(open: Open, query: Query, body: Body) -> Reply {
    let refused =
        || Error::Unauthorized("This console's token is unknown, used or too old.".into());
    let token = hash(query.get("token").ok_or_else(refused)?);
    if !open.http().headers().contains_key("upgrade") {
        return Err(Error::BadRequest(
            "This is the address of a websocket: open it with a websocket client.".into(),
        ));
    }
    let server = open
        .store()
        .write(move |tx| match consoles::take(tx, &token)? {
            Some(console) => servers::get(tx, &Scope::All, &console.server_id),
            None => Ok(None),
        })
        .await?
        .ok_or_else(refused)?;
    let most = open.state().settings.compute.terminals;
    let turn = open.state().terminals.open(&server.project_id, most)?;
    let gone = || Error::Conflict(format!("Instance {} is on no host.", server.id));
    let host = server.host().ok_or_else(gone)?;
    let call = Call {
        id: WorkloadId::from(ServerId::parse(&server.id).ok_or_else(gone)?),
        request_id: open.request_id().to_string(),
        op: Op::Terminal {
            command: vec![SHELL.into()],
        },
    };
    let deadline = open.state().settings.compute.call();
    let url = match open.state().bus.call(host, &call, deadline).await? {
        Told::Json { value } => value["url"].as_str().ok_or_else(unexpected)?.to_owned(),
        Told::Failed { text, .. } => return Err(Error::Conflict(text)),
        Told::Text { .. } => return Err(unexpected()),
    };
    let upstream = connect(&url).await?;
    let (answer, session, messages) =
        actix_ws::handle_with_protocols(open.http(), body.0, PROTOCOLS)
            .map_err(|error| Error::BadRequest(format!("No websocket: {error}.")))?;
    let messages = messages
        .aggregate_continuations()
        .max_continuation_size(1 << 20);
    actix_web::rt::spawn(async move {
        join(session, messages, upstream).await;
        drop(turn);
    });
    Ok(answer)
}

async fn connect(url: &str) -> Result<Upstream> {
    let unavailable = |why: &dyn std::fmt::Display| {
        Error::Unavailable(format!("The host's terminal cannot be reached: {why}."))
    };
    match tokio::time::timeout(PATIENCE, connect_async(url)).await {
        Ok(Ok((stream, _))) => Ok(stream),
        Ok(Err(error)) => Err(unavailable(&error)),
        Err(_) => Err(unavailable(&"it did not answer in time")),
    }
}

/// Passes messages on until either side ends, or both are silent for too long.
async fn join(
    mut client: Session,
    mut from_client: actix_ws::AggregatedMessageStream,
    upstream: Upstream,
) {
    let (mut to_agent, mut from_agent) = upstream.split();
    loop {
        let passed = tokio::select! {
            message = from_client.next() => match message {
                Some(Ok(AggregatedMessage::Text(text))) => {
                    to_agent.send(Message::text(text.to_string())).await.is_ok()
                }
                Some(Ok(AggregatedMessage::Binary(bytes))) => {
                    to_agent.send(Message::binary(bytes)).await.is_ok()
                }
                Some(Ok(AggregatedMessage::Ping(bytes))) => client.pong(&bytes).await.is_ok(),
                Some(Ok(AggregatedMessage::Pong(_))) => true,
                Some(Ok(AggregatedMessage::Close(_)) | Err(_)) | None => false,
            },
            message = from_agent.next() => match message {
                Some(Ok(Message::Text(text))) => client.text(text.to_string()).await.is_ok(),
                Some(Ok(Message::Binary(bytes))) => client.binary(bytes).await.is_ok(),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => true,
                Some(Ok(Message::Close(_)) | Err(_)) | None => false,
            },
            () = tokio::time::sleep(IDLE) => false,
        };
        if !passed {
            break;
        }
    }
    let _ = to_agent.close().await;
    let _ = client.close(None).await;
}
