//! The handle every role holds: typed sending and receiving over either broker.

use crate::amqp;
use crate::counts::{Counts, Tally};
use crate::memory::MemoryBroker;
use crate::message::Message;
use crate::notification::Notification;
use crate::route::{Queue, Route};
use crate::settings::BusSettings;
use crate::streams::{Calls, Converges, Hints, Report, Reports, Subscription};
use process::Faults;
use schemas::host::{Call, Converge, Reply};
use schemas::ids::HostId;
use schemas::{Error, Hint, Result};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tracing::debug;

/// How long a message waits for a lost connection, or for the broker's confirmation.
pub const PUBLISH_PATIENCE: Duration = Duration::from_secs(5);

/// No call may wait longer.
pub(crate) const LONGEST_CALL: Duration = Duration::from_secs(600);

/// A handle on the broker; cheap to clone.
#[derive(Clone)]
pub struct Bus(Arc<Inner>);

struct Inner {
    link: Link,
    faults: Faults,
    tally: Tally,
    notification_topic: String,
}

enum Link {
    Memory(MemoryBroker),
    Amqp(amqp::Link),
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let broker = match self.0.link {
            Link::Memory(_) => "memory",
            Link::Amqp(_) => "amqp",
        };
        f.debug_struct("Bus")
            .field("broker", &broker)
            .field("counts", &self.counts())
            .finish()
    }
}

impl Bus {
    /// A handle as the settings say. Settings that cannot work are an error; a broker that does not
    /// answer is waited for briefly and then sought in the background.
    pub async fn connect(settings: &BusSettings, faults: Faults) -> Result<Bus> {
        let link = match settings.url.split(':').next() {
            Some("memory") => Link::Memory(MemoryBroker::of_process(&settings.prefix)),
            Some("amqp" | "amqps") => Link::Amqp(amqp::Link::open(settings).await?),
            _ => {
                return Err(Error::BadRequest(format!(
                    "The bus URL {} is not one of amqp://, amqps://, memory:",
                    settings.shown_url()
                )));
            }
        };
        Ok(Bus::new(link, faults, settings.notification_topic.clone()))
    }

    /// A handle on a broker of one's own.
    pub fn memory(broker: &MemoryBroker, faults: Faults) -> Bus {
        let topic = BusSettings::default().notification_topic;
        Bus::new(Link::Memory(broker.clone()), faults, topic)
    }

    fn new(link: Link, faults: Faults, notification_topic: String) -> Bus {
        Bus(Arc::new(Inner {
            link,
            faults,
            tally: Tally::default(),
            notification_topic,
        }))
    }

    /// Points conductors at rows. Tried once: what is lost is found by polling.
    pub async fn hint(&self, hints: &[Hint]) {
        if hints.is_empty() {
            return;
        }
        let sending = async {
            for hint in hints {
                let route = Route::Hint(hint.kind);
                self.send(&route, Message::new(&route, hint)?, false)
                    .await?;
            }
            Ok(())
        };
        if let Err(error) = self.counted("bus.publish.hint", sending).await {
            debug!(%error, count = hints.len(), "hints are not sent");
        }
    }

    /// Tells an agent what should be. `Ok` means that the broker has it, not that the agent is there:
    /// it is to be resent until observed.
    pub async fn converge(&self, host: HostId, converge: &Converge) -> Result<()> {
        let route = Route::Converge(host);
        let message = Message::new(&route, converge)?.for_request(&converge.request_id);
        self.publish(&route, message).await
    }

    /// Tells the conductors. `Ok` means that the broker has it (a heartbeat: that it was sent).
    pub async fn report(&self, report: &Report) -> Result<()> {
        let route = report.route();
        self.publish(&route, report.message(&route)?).await
    }

    /// Asks an agent. `Unavailable` says whether it is absent, silent or out of reach.
    pub async fn call(&self, host: HostId, call: &Call, deadline: Duration) -> Result<Reply> {
        let deadline = deadline.min(LONGEST_CALL);
        let route = Route::Call(host);
        let mut message = Message::new(&route, call)?.for_request(&call.request_id);
        message.expiration = Some(deadline);
        let asking = async {
            let answer = match &self.0.link {
                Link::Memory(broker) => {
                    let sending = broker.call(&route, message);
                    let mut answer = self.counted(route.fault(), sending).await?;
                    answer.wait().await
                }
                Link::Amqp(link) => {
                    let sending = link.call(&route, message);
                    let mut answer = self.counted(route.fault(), sending).await?;
                    match answer.wait().await {
                        amqp::Outcome::Answer(body) => Some(body),
                        amqp::Outcome::Unroutable => return Err(not_connected(&route)),
                        amqp::Outcome::Lost => None,
                    }
                }
            };
            let body = answer.ok_or_else(|| {
                Error::Unavailable(format!(
                    "The connection to the message broker was lost while host {host} worked; \
                     whether it did what was asked is not known."
                ))
            })?;
            serde_json::from_slice(&body).map_err(|error| {
                Error::Internal(format!("host {host} answered what cannot be read: {error}"))
            })
        };
        tokio::time::timeout(deadline, asking)
            .await
            .unwrap_or_else(|_| {
                Err(Error::Unavailable(format!(
                    "Host {host} did not answer within {deadline:?}."
                )))
            })
    }

    /// Tells the outside. Where nobody listens it is dropped.
    pub async fn notify(&self, notification: &Notification) -> Result<()> {
        let priority = notification.priority.as_str();
        let route = Route::Notification(format!("{}.{priority}", self.0.notification_topic));
        let message = Message::new(&route, &notification.envelope())?;
        self.publish(&route, message).await
    }

    /// Hints for a conductor.
    pub async fn hints(&self) -> Hints {
        Hints::new(self.clone(), self.subscribe(Queue::Hints).await)
    }

    /// Reports for a conductor.
    pub async fn reports(&self) -> Reports {
        let reports = self.subscribe(Queue::Reports).await;
        Reports::new(
            self.clone(),
            reports,
            self.subscribe(Queue::Heartbeats).await,
        )
    }

    /// What should be, for the agent of that host.
    pub async fn converges(&self, host: HostId) -> Converges {
        Converges::new(self.clone(), self.subscribe(Queue::Converges(host)).await)
    }

    /// Calls, for the agent of that host.
    pub async fn calls(&self, host: HostId) -> Calls {
        Calls::new(self.clone(), self.subscribe(Queue::Calls(host)).await)
    }

    /// Counts the connections made so far; each rise means that messages may have been lost.
    pub fn connections(&self) -> watch::Receiver<u64> {
        match &self.0.link {
            Link::Memory(broker) => broker.connections(),
            Link::Amqp(link) => link.connections(),
        }
    }

    /// Is the broker there and answering? Bounded; for `/readyz`.
    pub async fn check(&self) -> Result<()> {
        match &self.0.link {
            Link::Memory(broker) => broker.check(),
            Link::Amqp(link) => link.check().await,
        }
    }

    /// What this handle and its clones sent and received.
    pub fn counts(&self) -> Counts {
        self.0.tally.read()
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.0.tally
    }

    pub(crate) fn faults(&self) -> Faults {
        self.0.faults.clone()
    }

    async fn subscribe(&self, queue: Queue) -> Subscription {
        match &self.0.link {
            Link::Memory(broker) => Subscription::Memory(broker.subscribe(queue)),
            Link::Amqp(link) => Subscription::Amqp(link.subscribe(queue).await),
        }
    }

    async fn publish(&self, route: &Route, message: Message) -> Result<()> {
        self.counted(route.fault(), self.send(route, message, true))
            .await
    }

    async fn send(&self, route: &Route, message: Message, patient: bool) -> Result<()> {
        match &self.0.link {
            Link::Memory(broker) => broker.publish(route, message, patient).await,
            Link::Amqp(link) => link.publish(route, message, patient).await,
        }
    }

    /// Sends between two crash points, and counts it.
    pub(crate) async fn counted<T>(
        &self,
        fault: &'static str,
        sending: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let result = self.0.faults.around(fault, sending).await;
        self.0.tally.publish(result.is_ok());
        result
    }
}

/// The error for a call to a host whose agent does not listen.
pub(crate) fn not_connected(route: &Route) -> Error {
    match route {
        Route::Call(host) => Error::Unavailable(format!(
            "Host {host} is not connected; it can be asked again when its agent is back."
        )),
        _ => Error::Unavailable("The receiver is not connected.".to_owned()),
    }
}
