//! A message as bytes, on its way in or out.

use crate::amqp;
use crate::memory;
use crate::route::Route;
use bytes::Bytes;
use schemas::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::time::Duration;
use tokio::time::Instant;

/// Larger messages are neither sent nor read.
pub const MAX_BYTES: usize = 4 << 20;

/// What is sent.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Which of our types the body is.
    pub name: Cow<'static, str>,
    /// JSON.
    pub body: Bytes,
    /// The request that caused it.
    pub request_id: Option<String>,
    /// Of no use after so long.
    pub expiration: Option<Duration>,
    /// Survives a restart of the broker.
    pub persistent: bool,
}

impl Message {
    pub(crate) fn new(route: &Route, content: &impl Serialize) -> Result<Message> {
        let body = serde_json::to_vec(content).map_err(Error::internal)?;
        if body.len() > MAX_BYTES {
            return Err(Error::TooLarge(format!(
                "A message of {} bytes ({}) exceeds the {MAX_BYTES} bytes that hosts accept.",
                body.len(),
                route.name(),
            )));
        }
        Ok(Message {
            name: Cow::Borrowed(route.name()),
            body: body.into(),
            request_id: None,
            expiration: None,
            persistent: matches!(route, Route::Hello(_) | Route::Observed(_)),
        })
    }

    pub(crate) fn for_request(mut self, request_id: &str) -> Message {
        self.request_id = Some(request_id.to_owned());
        self
    }

    /// The content, or in words why it cannot be read.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        if self.body.len() > MAX_BYTES {
            return Err(format!("{} bytes, more than {MAX_BYTES}", self.body.len()));
        }
        serde_json::from_slice(&self.body).map_err(|error| error.to_string())
    }
}

/// What is received. Dropped unsettled, it returns to its queue.
pub(crate) struct Incoming {
    pub message: Message,
    pub redelivered: bool,
    /// Of no use after this.
    pub expires: Option<Instant>,
    pub reply_to: Option<ReplyTo>,
    pub receipt: Receipt,
}

/// Where the answer to a call goes.
pub(crate) enum ReplyTo {
    Memory(memory::Caller),
    Amqp(amqp::Caller),
}

/// What becomes of a received message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settle {
    Done,
    Again,
    Discard,
}

/// The right to settle one received message, once.
pub(crate) struct Receipt(Option<Ticket>);

pub(crate) enum Ticket {
    Memory(memory::Ticket),
    Amqp(amqp::Ticket),
}

impl Receipt {
    pub(crate) fn new(ticket: Ticket) -> Receipt {
        Receipt(Some(ticket))
    }

    /// Never waits: the broker is told in the background. Lost with the connection, which is as good
    /// as not settled: the message comes again.
    pub(crate) fn settle(&mut self, how: Settle) {
        match self.0.take() {
            Some(Ticket::Memory(ticket)) => ticket.settle(how),
            Some(Ticket::Amqp(ticket)) => ticket.settle(how),
            None => {}
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        self.settle(Settle::Again);
    }
}
