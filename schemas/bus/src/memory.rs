//! A broker inside the process, with RabbitMQ's semantics: for one-process clouds and for tests.
//!
//! On a current-thread runtime with paused time it is deterministic. Tests give each message its
//! [`Fate`], cut all connections ([`MemoryBroker::stop`]), and count what is under way.

mod broker;
mod queue;

use crate::bus::PUBLISH_PATIENCE;
use crate::message::{self, Incoming, Message, Receipt, ReplyTo, Settle};
use crate::route::{Queue, Route};
use broker::{Broker, Refused};
use bytes::Bytes;
use schemas::{Error, Result};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};

/// What becomes of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives.
    Deliver,
    /// It is lost; the sender believes it arrived.
    Drop,
    /// It arrives twice (calls and replies, which are never resent: once).
    Twice,
    /// It arrives later, so others overtake it.
    Delay(Duration),
}

/// Numbers of messages in a broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BrokerStats {
    /// Taken from senders since the beginning.
    pub published: u64,
    /// Of those, lost by their fate.
    pub lost: u64,
    /// Under way, by their fate.
    pub delayed: usize,
    /// In queues.
    pub ready: usize,
    /// Handed out, not acknowledged.
    pub unacked: usize,
}

impl BrokerStats {
    /// Nothing is under way.
    pub fn is_quiet(&self) -> bool {
        self.delayed + self.ready + self.unacked == 0
    }
}

/// The broker; cheap to clone. What is sent on one clone's buses arrives on the others'.
#[derive(Clone)]
pub struct MemoryBroker(Arc<Broker>);

impl Default for MemoryBroker {
    fn default() -> Self {
        MemoryBroker(Arc::new(Broker::new(None)))
    }
}

impl fmt::Debug for MemoryBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MemoryBroker").field(&self.stats()).finish()
    }
}

impl MemoryBroker {
    /// An empty broker that loses nothing.
    pub fn new() -> MemoryBroker {
        MemoryBroker::default()
    }

    /// A broker that asks the fate of each message by its number (from 0) and route.
    pub fn with_chaos(chaos: impl Fn(u64, &Route) -> Fate + Send + Sync + 'static) -> MemoryBroker {
        MemoryBroker(Arc::new(Broker::new(Some(Box::new(chaos)))))
    }

    /// The broker that all roles of this process with this prefix share: `memory:` in settings.
    pub(crate) fn of_process(prefix: &str) -> MemoryBroker {
        static BROKERS: LazyLock<Mutex<BTreeMap<String, MemoryBroker>>> =
            LazyLock::new(Mutex::default);
        let mut brokers = BROKERS.lock().unwrap_or_else(PoisonError::into_inner);
        brokers.entry(prefix.to_owned()).or_default().clone()
    }

    /// Messages under way.
    pub fn stats(&self) -> BrokerStats {
        self.0.stats()
    }

    /// Cuts all connections: what was handed out returns, calls fail, nothing moves until `start`.
    pub fn stop(&self) {
        self.0.stop();
    }

    /// Lets everybody connect again.
    pub fn start(&self) {
        self.0.start();
    }

    /// Stands in for a consumer of notifications outside: routing keys and envelopes. What it does
    /// not fetch in time is dropped beyond 1024.
    pub fn notifications(&self) -> mpsc::Receiver<(String, Value)> {
        self.0.listen()
    }

    /// Stands in for a foreign program that sends any bytes along a route.
    pub fn inject(&self, route: &Route, body: impl Into<Bytes>) {
        let message = Message {
            name: route.name().into(),
            body: body.into(),
            request_id: None,
            expiration: None,
            persistent: false,
        };
        // Unroutable is lost, as for any sender that does not ask.
        let _ = self.0.publish(route, message, None);
    }

    pub(crate) fn connections(&self) -> watch::Receiver<u64> {
        self.0.connections.subscribe()
    }

    pub(crate) fn check(&self) -> Result<()> {
        if *self.0.up.borrow() {
            return Ok(());
        }
        Err(Error::Unavailable(
            "The message broker cannot be reached.".into(),
        ))
    }

    /// Sends when the broker is up or, if `patient`, comes up soon.
    pub(crate) async fn publish(
        &self,
        route: &Route,
        message: Message,
        patient: bool,
    ) -> Result<()> {
        self.connected(patient).await?;
        match self.0.publish(route, message, None) {
            // As on RabbitMQ, only a call asks whether anybody is there.
            Ok(()) | Err(Refused::NoSuchQueue) => Ok(()),
            Err(Refused::Full) => Err(Error::Unavailable(
                "The message broker's queue is full.".into(),
            )),
        }
    }

    pub(crate) fn subscribe(&self, queue: Queue) -> Subscription {
        let (consumer, wake) = self.0.subscribe(queue);
        Subscription {
            broker: self.clone(),
            queue,
            consumer,
            wake,
        }
    }

    /// Sends a call; the answer comes by the returned future's end, or never.
    pub(crate) async fn call(&self, route: &Route, message: Message) -> Result<Answer> {
        self.connected(true).await?;
        let (number, receiver) = self.0.start_call();
        let answer = Answer {
            broker: self.clone(),
            number,
            receiver,
        };
        match self.0.publish(route, message, Some(number)) {
            Ok(()) => Ok(answer),
            Err(Refused::NoSuchQueue) => Err(crate::bus::not_connected(route)),
            Err(Refused::Full) => Err(Error::Unavailable(
                "The host has too many calls waiting.".into(),
            )),
        }
    }

    async fn connected(&self, patient: bool) -> Result<()> {
        if patient {
            let mut up = self.0.up.subscribe();
            // Too late is told by the check.
            let _ = tokio::time::timeout(PUBLISH_PATIENCE, up.wait_for(|up| *up)).await;
        }
        self.check()
    }
}

/// A call under way.
pub(crate) struct Answer {
    broker: MemoryBroker,
    number: u64,
    receiver: tokio::sync::oneshot::Receiver<Bytes>,
}

impl Answer {
    /// `None` when the connection was lost meanwhile.
    pub(crate) async fn wait(&mut self) -> Option<Bytes> {
        (&mut self.receiver).await.ok()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.broker.0.end_call(self.number);
    }
}

/// Where the answer to one call goes.
pub(crate) struct Caller {
    broker: MemoryBroker,
    number: u64,
}

impl Caller {
    pub(crate) fn reply(&self, message: Message) -> Result<()> {
        self.broker.check()?;
        // A caller that is gone needs no answer.
        let _ = self
            .broker
            .0
            .publish(&Route::Reply, message, Some(self.number));
        Ok(())
    }
}

/// One received message's place in its queue.
pub(crate) struct Ticket {
    broker: MemoryBroker,
    queue: Queue,
    consumer: u64,
    tag: u64,
}

impl Ticket {
    pub(crate) fn settle(self, how: Settle) {
        self.broker
            .0
            .settle(self.queue, self.consumer, self.tag, how);
    }
}

/// A consumer; dropped, what it holds returns to the queue.
pub(crate) struct Subscription {
    broker: MemoryBroker,
    queue: Queue,
    consumer: u64,
    wake: Arc<Notify>,
}

impl Subscription {
    /// Cancel-safe.
    pub(crate) async fn next(&mut self) -> Incoming {
        loop {
            if let Some((tag, stored)) = self.broker.0.fetch(self.queue, self.consumer) {
                let (broker, queue) = (self.broker.clone(), self.queue);
                let ticket = Ticket {
                    broker,
                    queue,
                    consumer: self.consumer,
                    tag,
                };
                let caller = stored.caller.map(|number| {
                    ReplyTo::Memory(Caller {
                        broker: self.broker.clone(),
                        number,
                    })
                });
                return Incoming {
                    message: stored.message,
                    redelivered: stored.redelivered,
                    expires: stored.expires,
                    reply_to: caller,
                    receipt: Receipt::new(message::Ticket::Memory(ticket)),
                };
            }
            self.wake.notified().await;
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.broker.0.unsubscribe(self.queue, self.consumer);
    }
}
