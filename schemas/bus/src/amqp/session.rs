//! One connection to RabbitMQ from its beginning to its loss, with the channels for sending.
//!
//! Whatever goes wrong on it ends it as a whole: [`super::link`] then makes the next.

use super::topology::{self, Names};
use super::wire;
use crate::message::Message;
use crate::route::Route;
use bytes::Bytes;
use futures::StreamExt;
use lapin::options::{BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions};
use lapin::tcp::OwnedTLSConfig;
use lapin::types::{FieldTable, ShortString};
use lapin::uri::AMQPUri;
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, Consumer,
    PublisherConfirm,
};
use schemas::{Error, Result};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// RabbitMQ's pseudo-queue by which an answer finds its caller without a queue being made.
const DIRECT_REPLY: &str = "amq.rabbitmq.reply-to";

pub(super) struct Session {
    pub(super) connection: Connection,
    pub(super) names: Names,
    /// Cancelled when the connection is of no more use.
    pub(super) lost: CancellationToken,
    plain: Channel,
    confirmed: Channel,
    calls: Channel,
    waiting: Waiting,
    last_call: AtomicU64,
}

/// What came of a call.
pub(crate) enum Outcome {
    Answer(Bytes),
    Unroutable,
    Lost,
}

/// What came of a publish.
pub(super) enum Sent {
    Done,
    Refused,
    Lost(lapin::Error),
}

impl Session {
    /// Connects, declares the topology, and begins to listen for answers. The caller bounds the time.
    pub(super) async fn open(
        uri: AMQPUri,
        tls: OwnedTLSConfig,
        names: Names,
    ) -> lapin::Result<Session> {
        let name = format!("{} {}", names.prefix, std::process::id());
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let runtime = lapin::runtime::default_runtime()?;
        let connection = Connection::connect_uri_with_config(uri, properties, tls, runtime).await?;
        let plain = connection.create_channel().await?;
        topology::declare(&names, &connection, &plain).await?;
        let confirmed = connection.create_channel().await?;
        confirmed
            .confirm_select(ConfirmSelectOptions::default())
            .await?;
        let calls = connection.create_channel().await?;
        calls
            .confirm_select(ConfirmSelectOptions::default())
            .await?;
        let options = BasicConsumeOptions {
            no_ack: true,
            ..Default::default()
        };
        let answers = calls
            .basic_consume(
                DIRECT_REPLY.into(),
                "".into(),
                options,
                FieldTable::default(),
            )
            .await?;
        let (waiting, lost) = (Waiting::default(), CancellationToken::new());
        tokio::spawn(hand_out_answers(answers, waiting.clone(), lost.clone()));
        let last_call = AtomicU64::new(0);
        Ok(Session {
            connection,
            names,
            lost,
            plain,
            confirmed,
            calls,
            waiting,
            last_call,
        })
    }

    /// Sends; what must not be lost silently waits for the broker's confirmation.
    pub(super) async fn publish(&self, route: &Route, message: &Message) -> Sent {
        let channel = match route {
            Route::Converge(_) | Route::Hello(_) | Route::Observed(_) => &self.confirmed,
            _ => &self.plain,
        };
        let (exchange, key) = (self.names.exchange(route), route.routing_key().into());
        let options = BasicPublishOptions::default();
        let properties = wire::properties(message);
        let confirm = match send(channel, exchange, key, options, properties, &message.body).await {
            Ok(confirm) => confirm,
            Err(error) => return Sent::Lost(error),
        };
        // Waited for in a task of its own, because lapin keeps a confirmation that nobody awaits.
        match tokio::spawn(confirm).await {
            Ok(Ok(Confirmation::Nack(_))) => Sent::Refused,
            Ok(Ok(_)) => Sent::Done,
            Ok(Err(error)) => Sent::Lost(error),
            Err(_) => Sent::Refused,
        }
    }

    /// Sends a call. Its answer, or the word that nobody listens, comes by the returned `Answer`.
    pub(super) async fn call(&self, route: &Route, message: &Message) -> lapin::Result<Answer> {
        let number = self.last_call.fetch_add(1, Ordering::Relaxed);
        let answer = self.waiting.expect(number);
        let (exchange, key) = (self.names.exchange(route), route.routing_key().into());
        let options = BasicPublishOptions {
            mandatory: true,
            ..Default::default()
        };
        let properties = wire::properties(message)
            .with_reply_to(DIRECT_REPLY.into())
            .with_correlation_id(number.to_string().into());
        let confirm = send(
            &self.calls,
            exchange,
            key,
            options,
            properties,
            &message.body,
        )
        .await?;
        tokio::spawn(watch_for_return(confirm, self.waiting.clone()));
        Ok(answer)
    }

    async fn reply(&self, to: &Caller, message: &Message) -> lapin::Result<()> {
        let properties = wire::properties(message).with_correlation_id(to.correlation_id.clone());
        let (key, options) = (to.reply_to.clone(), BasicPublishOptions::default());
        send(
            &self.plain,
            "".into(),
            key,
            options,
            properties,
            &message.body,
        )
        .await?
        .await?;
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.lost.cancel();
    }
}

async fn send(
    channel: &Channel,
    exchange: ShortString,
    key: ShortString,
    options: BasicPublishOptions,
    properties: BasicProperties,
    body: &[u8],
) -> lapin::Result<PublisherConfirm> {
    channel
        .basic_publish(exchange, key, options, body, properties)
        .await
}

/// The stream of answers ends with the connection, and so tells of its loss.
async fn hand_out_answers(mut answers: Consumer, waiting: Waiting, lost: CancellationToken) {
    loop {
        let next = tokio::select! {
            next = answers.next() => next,
            () = lost.cancelled() => break,
        };
        let Some(Ok(mut delivery)) = next else { break };
        let id = delivery.properties.correlation_id().as_ref();
        if let Some(number) = id.and_then(|id| id.as_str().parse().ok()) {
            let body = std::mem::take(&mut delivery.data);
            waiting.resolve(number, Outcome::Answer(body.into()));
        }
    }
    lost.cancel();
    waiting.lock().clear();
}

/// lapin may attach a returned message to another one's confirmation (when the broker confirms
/// several at once), so the message itself tells which call it was.
async fn watch_for_return(confirm: PublisherConfirm, waiting: Waiting) {
    let Ok(confirmation) = confirm.await else {
        return;
    };
    let Some(returned) = confirmation.take_message() else {
        return;
    };
    let id = returned.delivery.properties.correlation_id().as_ref();
    if let Some(number) = id.and_then(|id| id.as_str().parse().ok()) {
        waiting.resolve(number, Outcome::Unroutable);
    }
}

/// Calls that have no answer yet, by correlation id.
#[derive(Clone, Default)]
struct Waiting(Arc<Mutex<HashMap<u64, oneshot::Sender<Outcome>>>>);

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, oneshot::Sender<Outcome>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expect(&self, number: u64) -> Answer {
        let (sender, receiver) = oneshot::channel();
        self.lock().insert(number, sender);
        Answer {
            waiting: self.clone(),
            number,
            receiver,
        }
    }

    fn resolve(&self, number: u64, outcome: Outcome) {
        if let Some(sender) = self.lock().remove(&number) {
            // A caller that has given up needs nothing.
            let _ = sender.send(outcome);
        }
    }
}

/// A call under way.
pub(crate) struct Answer {
    waiting: Waiting,
    number: u64,
    receiver: oneshot::Receiver<Outcome>,
}

impl Answer {
    pub(crate) async fn wait(&mut self) -> Outcome {
        (&mut self.receiver).await.unwrap_or(Outcome::Lost)
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.waiting.lock().remove(&self.number);
    }
}

/// Where the answer to one call goes. It must leave by the connection the call came by.
pub(crate) struct Caller {
    pub(super) session: Weak<Session>,
    pub(super) reply_to: ShortString,
    pub(super) correlation_id: ShortString,
}

impl Caller {
    pub(crate) async fn reply(&self, message: Message) -> Result<()> {
        let gone = || Error::Unavailable("The caller's connection is lost.".into());
        let session = self.session.upgrade().ok_or_else(gone)?;
        let sending = session.reply(self, &message);
        match tokio::time::timeout(crate::bus::PUBLISH_PATIENCE, sending).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => {
                session.lost.cancel();
                Err(gone())
            }
        }
    }
}
