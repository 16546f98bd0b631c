//! What arrives, typed. Every `next` may be cancelled without loss and resumes by itself after a lost
//! connection; none ever ends. What cannot be read is logged, counted and dropped.

use crate::amqp;
use crate::bus::Bus;
use crate::memory;
use crate::message::{Incoming, Message, Receipt, ReplyTo, Settle};
use crate::route::Route;
use process::Faults;
use schemas::host::{Call, Converge, Heartbeat, Hello, Observed, Reply};
use schemas::{Error, Hint, Result};
use serde::de::DeserializeOwned;
use std::fmt;
use tokio::time::Instant;
use tracing::warn;

/// Messages of one queue, as bytes.
pub(crate) enum Subscription {
    Memory(memory::Subscription),
    Amqp(amqp::Subscription),
}

impl Subscription {
    async fn next(&mut self) -> Incoming {
        match self {
            Subscription::Memory(subscription) => subscription.next().await,
            Subscription::Amqp(subscription) => subscription.next().await,
        }
    }
}

/// From either, the first when both have something.
async fn first_of(first: &mut Subscription, second: &mut Subscription) -> Incoming {
    tokio::select! {
        biased;
        incoming = first.next() => incoming,
        incoming = second.next() => incoming,
    }
}

/// Reads one message, or drops it for good.
fn read<T>(
    bus: &Bus,
    incoming: &mut Incoming,
    read: fn(&Message) -> Result<T, String>,
) -> Option<T> {
    let result = read(&incoming.message);
    bus.tally().receive(result.is_ok());
    match result {
        Ok(content) => Some(content),
        Err(cause) => {
            let (name, bytes) = (&incoming.message.name, incoming.message.body.len());
            warn!(%name, bytes, %cause, "dropped a message that cannot be read");
            incoming.receipt.settle(Settle::Discard);
            None
        }
    }
}

macro_rules! simple_stream {
    ($(#[$doc:meta])* $name:ident of $item:ty) => {
        $(#[$doc])*
        pub struct $name {
            bus: Bus,
            subscription: Subscription,
        }

        impl $name {
            pub(crate) fn new(bus: Bus, subscription: Subscription) -> Self {
                Self { bus, subscription }
            }

            /// The next one; acknowledged with being returned.
            pub async fn next(&mut self) -> $item {
                loop {
                    let mut incoming = self.subscription.next().await;
                    if let Some(item) = read(&self.bus, &mut incoming, Message::read) {
                        incoming.receipt.settle(Settle::Done);
                        return item;
                    }
                }
            }
        }
    };
}

simple_stream! {
    /// Hints, shared with the other conductors.
    Hints of Hint
}

simple_stream! {
    /// What should be on one host.
    Converges of Converge
}

/// What agents say.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// I am here, and this is all I have.
    Hello(Hello),
    /// I am still here.
    Heartbeat(Heartbeat),
    /// This is what I see.
    Observed(Observed),
}

impl Report {
    pub(crate) fn route(&self) -> Route {
        match self {
            Report::Hello(hello) => Route::Hello(hello.host),
            Report::Heartbeat(heartbeat) => Route::Heartbeat(heartbeat.host),
            Report::Observed(observed) => Route::Observed(observed.host),
        }
    }

    pub(crate) fn message(&self, route: &Route) -> Result<Message> {
        match self {
            Report::Hello(hello) => Message::new(route, hello),
            Report::Heartbeat(heartbeat) => Message::new(route, heartbeat),
            Report::Observed(observed) => Message::new(route, observed),
        }
    }

    fn read(message: &Message) -> Result<Report, String> {
        fn of<T: DeserializeOwned>(m: &Message, wrap: fn(T) -> Report) -> Result<Report, String> {
            m.read().map(wrap)
        }
        match message.name.as_ref() {
            "hello" => of(message, Report::Hello),
            "heartbeat" => of(message, Report::Heartbeat),
            "observed" => of(message, Report::Observed),
            other => Err(format!("unknown type {other:?}")),
        }
    }
}

/// Reports, shared with the other conductors. Dropping the stream returns to the others what was
/// delivered and not acknowledged.
pub struct Reports {
    bus: Bus,
    reports: Subscription,
    heartbeats: Subscription,
    heartbeat_first: bool,
}

impl Reports {
    pub(crate) fn new(bus: Bus, reports: Subscription, heartbeats: Subscription) -> Self {
        Self {
            bus,
            reports,
            heartbeats,
            heartbeat_first: false,
        }
    }

    /// The next one; it is the receiver's until settled or dropped.
    pub async fn next(&mut self) -> Delivery {
        loop {
            // In turn, so that neither starves the other and a test runs the same way twice.
            self.heartbeat_first = !self.heartbeat_first;
            let mut incoming = if self.heartbeat_first {
                first_of(&mut self.heartbeats, &mut self.reports).await
            } else {
                first_of(&mut self.reports, &mut self.heartbeats).await
            };
            if let Some(report) = read(&self.bus, &mut incoming, Report::read) {
                let Incoming {
                    redelivered,
                    receipt,
                    ..
                } = incoming;
                return Delivery {
                    report,
                    redelivered,
                    receipt,
                    faults: self.bus.faults(),
                };
            }
        }
    }
}

/// A report and the duty to settle it. Dropped unsettled, it returns to the queue.
pub struct Delivery {
    /// What was said.
    pub report: Report,
    /// It was handed out before, maybe to another conductor.
    pub redelivered: bool,
    receipt: Receipt,
    faults: Faults,
}

impl Delivery {
    /// Done: call it after the commit. If the word is lost the report comes again.
    pub async fn ack(mut self) {
        let faults = self.faults.clone();
        faults
            .around("bus.ack", async { self.receipt.settle(Settle::Done) })
            .await;
    }

    /// Not done; `requeue` hands it out again at once, otherwise it is dropped.
    pub async fn nack(mut self, requeue: bool) {
        let how = if requeue {
            Settle::Again
        } else {
            Settle::Discard
        };
        let faults = self.faults.clone();
        faults
            .around("bus.nack", async { self.receipt.settle(how) })
            .await;
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("report", &self.report)
            .field("redelivered", &self.redelivered)
            .finish_non_exhaustive()
    }
}

/// Calls to one host.
pub struct Calls {
    bus: Bus,
    subscription: Subscription,
}

impl Calls {
    pub(crate) fn new(bus: Bus, subscription: Subscription) -> Self {
        Self { bus, subscription }
    }

    /// The next one. It is never handed out again, whatever becomes of this agent.
    pub async fn next(&mut self) -> (Call, Responder) {
        loop {
            let mut incoming = self.subscription.next().await;
            let Some(call) = read(&self.bus, &mut incoming, Message::read) else {
                continue;
            };
            incoming.receipt.settle(Settle::Done);
            // Somebody may have begun it before: at most once.
            if incoming.redelivered {
                continue;
            }
            let Some(caller) = incoming.reply_to else {
                continue;
            };
            let now = Instant::now();
            let latest = now + crate::bus::LONGEST_CALL;
            let deadline = incoming.expires.unwrap_or(latest).min(latest);
            // Nobody waits for it any more.
            if deadline <= now {
                continue;
            }
            return (
                call,
                Responder {
                    bus: self.bus.clone(),
                    caller,
                    deadline,
                },
            );
        }
    }
}

/// The way back to one caller.
pub struct Responder {
    bus: Bus,
    caller: ReplyTo,
    deadline: Instant,
}

impl Responder {
    /// Nobody waits any more after this.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Answers. An answer too large to send becomes a failure that says so.
    pub async fn reply(self, reply: &Reply) -> Result<()> {
        let message = match Message::new(&Route::Reply, reply) {
            Err(Error::TooLarge(_)) => {
                let text = "The answer is too large; ask for less of it.".to_owned();
                let failed = Reply::Failed {
                    text,
                    code: "unsupported".to_owned(),
                };
                Message::new(&Route::Reply, &failed)
            }
            other => other,
        }?;
        let sending = async {
            match &self.caller {
                ReplyTo::Memory(caller) => caller.reply(message),
                ReplyTo::Amqp(caller) => caller.reply(message).await,
            }
        };
        self.bus.counted(Route::Reply.fault(), sending).await
    }
}
