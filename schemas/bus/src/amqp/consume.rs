//! Consuming one queue across connections: a task declares the queue, consumes it, hands over what
//! arrives, and begins again on the next connection.

use super::link::Shared;
use super::session::{Caller, Session};
use super::{topology, wire};
use crate::bus::PUBLISH_PATIENCE;
use crate::message::{self, Incoming, Receipt, ReplyTo, Settle};
use crate::route::Queue;
use futures::{FutureExt, StreamExt};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Acker, Channel, Consumer};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};
use tracing::warn;

/// Between attempts on a connection that lives, when the broker refuses the queue.
const PAUSE: Duration = Duration::from_secs(1);

/// A consumer; dropped, what it holds returns to the queue.
pub(crate) struct Subscription {
    incoming: mpsc::Receiver<Incoming>,
}

impl Subscription {
    pub(super) async fn begin(shared: Arc<Shared>, queue: Queue) -> Subscription {
        let (sender, incoming) = mpsc::channel(1);
        let (consuming, mut begun) = watch::channel(false);
        tokio::spawn(async move {
            tokio::select! {
                () = sender.closed() => {}
                () = consume_on_and_on(&shared, queue, &sender, &consuming) => {}
            }
        });
        // Without a connection it begins later, by itself.
        let _ = timeout(PUBLISH_PATIENCE, begun.wait_for(|begun| *begun)).await;
        Subscription { incoming }
    }

    /// Cancel-safe.
    pub(crate) async fn next(&mut self) -> Incoming {
        match self.incoming.recv().await {
            Some(incoming) => incoming,
            // The task ends only with the runtime.
            None => std::future::pending().await,
        }
    }
}

async fn consume_on_and_on(
    shared: &Shared,
    queue: Queue,
    sender: &mpsc::Sender<Incoming>,
    consuming: &watch::Sender<bool>,
) {
    loop {
        let session = shared.session().await;
        match timeout(PUBLISH_PATIENCE, consume(&session, queue)).await {
            Ok(Ok((_channel, consumer))) => {
                consuming.send_replace(true);
                hand_over(&session, consumer, sender).await;
            }
            Ok(Err(error)) => warn!(queue = queue.name(), %error, "cannot consume"),
            Err(_) => warn!(queue = queue.name(), "the broker does not let us consume"),
        }
        if !session.lost.is_cancelled() {
            drop(session);
            sleep(PAUSE).await;
        }
    }
}

async fn consume(session: &Session, queue: Queue) -> lapin::Result<(Channel, Consumer)> {
    let channel = session.connection.create_channel().await?;
    topology::declare_queue(&session.names, &channel, queue).await?;
    channel
        .basic_qos(queue.bounds().prefetch, BasicQosOptions::default())
        .await?;
    let name = session.names.queue(queue);
    let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
    let consumer = channel
        .basic_consume(name, "".into(), options, none)
        .await?;
    Ok((channel, consumer))
}

async fn hand_over(
    session: &Arc<Session>,
    mut consumer: Consumer,
    sender: &mpsc::Sender<Incoming>,
) {
    loop {
        let next = tokio::select! {
            next = consumer.next() => next,
            () = session.lost.cancelled() => return,
        };
        let Some(Ok(delivery)) = next else { return };
        if sender.send(incoming(session, delivery)).await.is_err() {
            return;
        }
    }
}

fn incoming(session: &Arc<Session>, mut delivery: Delivery) -> Incoming {
    let properties = &delivery.properties;
    let caller = match (properties.reply_to(), properties.correlation_id()) {
        (Some(reply_to), Some(correlation_id)) => Some(Caller {
            session: Arc::downgrade(session),
            reply_to: reply_to.clone(),
            correlation_id: correlation_id.clone(),
        }),
        _ => None,
    };
    let message = wire::message(&mut delivery);
    Incoming {
        expires: message.expiration.map(|length| Instant::now() + length),
        message,
        redelivered: delivery.redelivered,
        reply_to: caller.map(ReplyTo::Amqp),
        receipt: Receipt::new(message::Ticket::Amqp(Ticket(delivery.acker))),
    }
}

/// One received message's place in its queue.
pub(crate) struct Ticket(Acker);

impl Ticket {
    /// lapin passes the word on at the first poll; waiting for more would tell nothing.
    pub(crate) fn settle(self, how: Settle) {
        let _ = match how {
            Settle::Done => self.0.ack(BasicAckOptions::default()).now_or_never(),
            Settle::Again => nack(&self.0, true),
            Settle::Discard => nack(&self.0, false),
        };
    }
}

fn nack(acker: &Acker, requeue: bool) -> Option<lapin::Result<bool>> {
    acker
        .nack(BasicNackOptions {
            requeue,
            multiple: false,
        })
        .now_or_never()
}
