//! Keeps one connection up, and sends by it.
//!
//! ```text
//!  connect ──ok──► connected ──lost──► pause (doubles to 10 s, with jitter) ──► connect
//!     └──failed──► pause
//! ```

use super::consume::Subscription;
use super::session::{Answer, Sent, Session};
use super::tls;
use super::topology::Names;
use crate::bus::PUBLISH_PATIENCE;
use crate::message::Message;
use crate::route::{Queue, Route};
use crate::settings::BusSettings;
use lapin::tcp::OwnedTLSConfig;
use lapin::uri::AMQPUri;
use schemas::{Error, Result};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{info, warn};

/// One attempt to connect, TLS and topology included.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
/// A hint is not worth more.
const HINT_PATIENCE: Duration = Duration::from_millis(250);
const CHECK_PATIENCE: Duration = Duration::from_secs(2);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The connection, whichever it is at the moment. Ends with its last owner.
pub(crate) struct Link {
    shared: Arc<Shared>,
    _stop: DropGuard,
}

pub(super) struct Shared {
    session: watch::Sender<Option<Arc<Session>>>,
    connections: watch::Sender<u64>,
}

struct Target {
    uri: AMQPUri,
    tls: OwnedTLSConfig,
    names: Names,
    shown: String,
}

impl Link {
    /// Begins to connect and waits briefly for it.
    pub(crate) async fn open(settings: &BusSettings) -> Result<Link> {
        let shown = settings.shown_url();
        let mut uri: AMQPUri = settings.url.parse().map_err(|error| {
            Error::BadRequest(format!("The bus URL {shown} cannot be read: {error}"))
        })?;
        uri.query.heartbeat.get_or_insert(settings.heartbeat);
        let names = Names {
            prefix: settings.prefix.clone(),
            notification_exchange: settings.notification_exchange.clone(),
        };
        let target = Target {
            uri,
            tls: tls::config(settings).await?,
            names,
            shown,
        };
        let shared = Arc::new(Shared {
            session: watch::Sender::new(None),
            connections: watch::Sender::new(0),
        });
        let stop = CancellationToken::new();
        let keeping = keep_connected(shared.clone(), target);
        let token = stop.clone();
        tokio::spawn(async move { token.run_until_cancelled(keeping).await });
        // Not yet connected is no error: a role may start before its broker.
        let _ = timeout(PUBLISH_PATIENCE, shared.session()).await;
        Ok(Link {
            shared,
            _stop: stop.drop_guard(),
        })
    }

    pub(crate) fn connections(&self) -> watch::Receiver<u64> {
        self.shared.connections.subscribe()
    }

    /// Sends; if `patient`, waits for the connection and tries again on the next when it is lost.
    pub(crate) async fn publish(
        &self,
        route: &Route,
        message: Message,
        patient: bool,
    ) -> Result<()> {
        let patience = if patient {
            PUBLISH_PATIENCE
        } else {
            HINT_PATIENCE
        };
        let sending = async {
            loop {
                let session = match self.shared.current() {
                    Some(session) => session,
                    None if !patient => return Err(unreachable_broker()),
                    None => self.shared.session().await,
                };
                match session.publish(route, &message).await {
                    Sent::Done => return Ok(()),
                    Sent::Refused => {
                        return Err(Error::Unavailable(
                            "The message broker refuses more messages for now.".into(),
                        ));
                    }
                    Sent::Lost(error) => {
                        warn!(%error, message = route.name(), "lost the broker while sending");
                        session.lost.cancel();
                    }
                }
            }
        };
        timeout(patience, sending)
            .await
            .unwrap_or_else(|_| Err(unreachable_broker()))
    }

    /// Sends a call, once.
    pub(crate) async fn call(&self, route: &Route, message: Message) -> Result<Answer> {
        let sending = async {
            let session = self.shared.session().await;
            session.call(route, &message).await.map_err(|error| {
                warn!(%error, "lost the broker while calling");
                session.lost.cancel();
                unreachable_broker()
            })
        };
        timeout(PUBLISH_PATIENCE, sending)
            .await
            .unwrap_or_else(|_| Err(unreachable_broker()))
    }

    /// Begins to consume, and waits briefly until the broker knows.
    pub(crate) async fn subscribe(&self, queue: Queue) -> Subscription {
        Subscription::begin(self.shared.clone(), queue).await
    }

    /// Asks the broker for a sign of life.
    pub(crate) async fn check(&self) -> Result<()> {
        let session = self.shared.current().ok_or_else(unreachable_broker)?;
        let asking = async {
            let channel = session.connection.create_channel().await?;
            channel.close(200, "checked".into()).await
        };
        match timeout(CHECK_PATIENCE, asking).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(unreachable_broker()),
        }
    }
}

impl Shared {
    pub(super) fn current(&self) -> Option<Arc<Session>> {
        let session = self.session.borrow().clone();
        session.filter(|session| !session.lost.is_cancelled())
    }

    /// The present connection, or the next.
    pub(super) async fn session(&self) -> Arc<Session> {
        let mut sessions = self.session.subscribe();
        loop {
            if let Some(session) = self.current() {
                return session;
            }
            if sessions.changed().await.is_err() {
                // Cannot be: `self` holds the sender.
                std::future::pending::<()>().await;
            }
        }
    }
}

async fn keep_connected(shared: Arc<Shared>, target: Target) {
    let mut pause = FIRST_PAUSE;
    loop {
        let Target {
            uri,
            tls,
            names,
            shown,
        } = &target;
        let opening = Session::open(uri.clone(), tls.clone(), names.clone());
        match timeout(CONNECT_PATIENCE, opening).await {
            Ok(Ok(session)) => {
                info!(broker = %shown, "connected to the broker");
                let (lost, begin) = (session.lost.clone(), Instant::now());
                shared.session.send_replace(Some(Arc::new(session)));
                shared.connections.send_modify(|count| *count += 1);
                lost.cancelled().await;
                shared.session.send_replace(None);
                warn!(broker = %shown, "lost the connection to the broker");
                if begin.elapsed() > LONGEST_PAUSE {
                    pause = FIRST_PAUSE;
                }
            }
            Ok(Err(error)) => warn!(broker = %shown, %error, "cannot connect to the broker"),
            Err(_) => warn!(broker = %shown, "the broker does not answer"),
        }
        sleep(pause.mul_f64(rand::random_range(0.5..1.0))).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn unreachable_broker() -> Error {
    Error::Unavailable("The message broker cannot be reached.".into())
}
