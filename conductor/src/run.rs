//! The loop: reasons to look come from hints, from this conductor's own writes, and from the clock.

use crate::cluster::Probe;
use crate::context::Context;
use crate::fleet::Fleet;
use crate::look::{Effect, Look, Next};
use crate::queue::InFlight;
use crate::{Settings, cluster, controller, endpoints, history, host, image, reports, server};
use bus::{Bus, Delivery};
use kubernetes::{Prober, Probes};
use process::Clock;
use process::seal::Seals;
use schemas::container_infra::adopted::Sight;
use schemas::{Hint, Kind, Result, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use store::container_infra::adopted::Adopted;
use store::{Store, Tx, work};
use tokio::sync::{Semaphore, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a claim on polled entries holds; another conductor takes them over after that.
const LEASE: Duration = Duration::from_secs(30);

/// One conductor. Cheap to clone; all clones are one conductor.
#[derive(Clone)]
pub struct Conductor(Arc<Inner>);

struct Inner {
    store: Store,
    bus: Bus,
    clock: Clock,
    context: Arc<Context>,
    id: String,
    looking: InFlight,
    room: Semaphore,
    tasks: TaskTracker,
    /// Cancelled when `run` is dropped: no look outlives the conductor.
    dead: CancellationToken,
}

impl Conductor {
    /// A conductor on this database and bus. Reads the keys that seal clusters' keys, and makes the
    /// first where there is none.
    ///
    /// # Errors
    /// `BadRequest`, in words the operator can act on, when the directory of keys cannot be used.
    pub fn new(store: Store, bus: Bus, settings: Settings) -> Result<Conductor> {
        let prober = Arc::new(Probes(settings.kubernetes.clone()));
        Conductor::with_prober(store, bus, settings, prober)
    }

    /// The same, with somebody else to look at clusters' API servers.
    ///
    /// # Errors
    /// Those of [`Conductor::new`].
    pub fn with_prober(
        store: Store,
        bus: Bus,
        settings: Settings,
        prober: Arc<dyn Prober>,
    ) -> Result<Conductor> {
        let seals = Seals::open(&settings.key_dir, store.clock())?;
        Ok(Conductor(Arc::new(Inner {
            clock: store.clock().clone(),
            id: uuid::Uuid::now_v7().to_string(),
            looking: InFlight::default(),
            room: Semaphore::new(settings.concurrency.max(1)),
            tasks: TaskTracker::new(),
            dead: CancellationToken::new(),
            context: Arc::new(Context {
                settings,
                fleet: Fleet::default(),
                seals,
                prober,
            }),
            store,
            bus,
        })))
    }

    /// Works until told to stop, then ends the looks under way. Dropped, it stops where it is.
    pub async fn run(&self, shutdown: CancellationToken) {
        let _dead = self.0.dead.clone().drop_guard();
        let own = self.0.store.hints();
        let work = async {
            tokio::join!(self.listen(), self.follow(own), self.poll(), self.hear());
        };
        tokio::select! {
            () = work => {}
            () = shutdown.cancelled() => {}
        }
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// Hints from the API and other conductors.
    async fn listen(&self) {
        let mut hints = self.0.bus.hints().await;
        loop {
            let hint = hints.next().await;
            self.look_at(hint);
        }
    }

    /// Hints of this conductor's own writes need no broker.
    async fn follow(&self, mut own: broadcast::Receiver<Hint>) {
        loop {
            match own.recv().await {
                Ok(hint) => self.look_at(hint),
                // Polling finds what was missed.
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    /// The guarantee: whatever is due is found, hinted or not.
    async fn poll(&self) {
        let period = Duration::from_secs(self.0.context.settings.poll_s.max(1));
        loop {
            match self.claim().await {
                Ok(claimed) if !claimed.is_empty() => {
                    claimed.into_iter().for_each(|hint| self.look_at(hint));
                    tokio::task::yield_now().await;
                }
                Ok(_) => self.rest(period).await,
                Err(error) => {
                    tracing::warn!(%error, "cannot read the work table");
                    tokio::time::sleep(period).await;
                }
            }
        }
    }

    async fn claim(&self) -> Result<Vec<Hint>> {
        let owner = self.0.id.clone();
        let now = self.0.clock.now();
        // Asked first without the writer's turn: most polls find nothing.
        let next = self
            .0
            .store
            .read(move |conn| work::next_free(conn, &Kind::CONDUCTED, now))
            .await?;
        if next.is_none_or(|next| next > now) {
            return Ok(Vec::new());
        }
        let limit = self.0.context.settings.concurrency as i64;
        let claimed = self
            .0
            .store
            .write(move |tx| {
                let now = tx.now();
                work::claim(tx, &Kind::CONDUCTED, &owner, now, LEASE, limit)
            })
            .await?;
        let hint = |entry: work::Entry| {
            Some(Hint {
                kind: Kind::parse(&entry.kind)?,
                id: entry.id,
            })
        };
        Ok(claimed.into_iter().filter_map(hint).collect())
    }

    async fn rest(&self, period: Duration) {
        let now = self.0.clock.now();
        let next = self
            .0
            .store
            .read(move |conn| work::next_free(conn, &Kind::CONDUCTED, now))
            .await
            .ok()
            .flatten();
        let until = next.map_or(period, |next: Timestamp| next.since(now).min(period));
        tokio::time::sleep(until.max(Duration::from_millis(10))).await;
    }

    /// Reports of the agents, each acknowledged after its commit.
    async fn hear(&self) {
        let mut reports = self.0.bus.reports().await;
        loop {
            let delivery = reports.next().await;
            let conductor = self.clone();
            self.0
                .tasks
                .spawn(async move { conductor.take(delivery).await });
        }
    }

    async fn take(&self, delivery: Delivery) {
        let (report, context) = (delivery.report.clone(), self.0.context.clone());
        let heard = self
            .0
            .store
            .write(move |tx| reports::hear(tx, &report, &context))
            .await;
        match heard {
            Ok(effects) => {
                delivery.ack().await;
                self.send(effects).await;
            }
            Err(error) if error.retryable() => {
                tracing::warn!(%error, "a report waits for the database");
                tokio::time::sleep(Duration::from_secs(1)).await;
                delivery.nack(true).await;
            }
            Err(error) => {
                tracing::error!(%error, report = ?delivery.report, "dropped a report");
                delivery.ack().await;
            }
        }
    }

    fn look_at(&self, key: Hint) {
        if !self.0.looking.begin(&key) {
            return;
        }
        let conductor = self.clone();
        self.spawn(async move {
            let Ok(_room) = conductor.0.room.acquire().await else {
                return;
            };
            while conductor.look(&key).await || conductor.0.looking.end(&key) {}
        });
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let dead = self.0.dead.clone();
        self.0.tasks.spawn(async move {
            dead.run_until_cancelled(task).await;
        });
    }

    /// One look; true when the next one is to follow at once.
    async fn look(&self, key: &Hint) -> bool {
        let (hint, context) = (key.clone(), self.0.context.clone());
        match self
            .0
            .store
            .write(move |tx| look(tx, &hint, &context))
            .await
        {
            Ok((effects, more)) => {
                self.send(effects).await;
                more
            }
            Err(error) => {
                // The entry stays due (or leased): the poll comes back to it.
                tracing::warn!(kind = %key.kind, id = key.id, %error, "a look failed");
                false
            }
        }
    }

    /// Looks at an API server, and writes down what came of it. If that fails, it is done again when its
    /// time is over.
    async fn probe(&self, probe: Probe) {
        let about = Adopted::about(&probe.cluster_id);
        let sight = match self.0.context.seals.unseal(&about, &probe.sealed) {
            Ok(kubeconfig) => {
                let prober = &self.0.context.prober;
                prober.probe(&kubeconfig, probe.whose, &probe.gone).await
            }
            Err(error) => unopened(&error),
        };
        let id = probe.cluster_id.clone();
        let heard = self
            .0
            .store
            .write(move |tx| cluster::probed(tx, &id, probe.number, &sight))
            .await;
        if let Err(error) = heard {
            tracing::warn!(cluster = probe.cluster_id, %error, "what a probe saw is lost");
        }
    }

    async fn send(&self, effects: Vec<Effect>) {
        for effect in effects {
            let (host, converge) = match effect {
                Effect::Tell(host, converge) => (host, converge),
                Effect::Probe(probe) => {
                    // It may take long, and nobody waits for it.
                    let conductor = self.clone();
                    self.spawn(async move { conductor.probe(probe).await });
                    continue;
                }
            };
            if let Err(error) = self.0.bus.converge(host, &converge).await {
                tracing::warn!(%host, id = %converge.id, %error, "a telling waits for its repetition");
            }
        }
    }
}

/// What a cluster is shown as when what opens its API server cannot be opened here.
fn unopened(error: &schemas::Error) -> Sight {
    tracing::error!(%error, "a cluster's kubeconfig cannot be opened");
    Sight::Silent("Its kubeconfig cannot be opened; the operator's log says why.".into())
}

/// One look in its transaction: what to send after the commit, and whether to look again at once.
fn look(tx: &mut Tx<'_>, key: &Hint, context: &Context) -> store::Result<(Vec<Effect>, bool)> {
    match work::get(tx, key.kind, &key.id)? {
        Some(entry) if entry.due_at <= tx.now().0 => settle(tx, key, &entry, context),
        _ => Ok((Vec::new(), false)),
    }
}

/// Looks now, whether an entry is due or not: for those who have just changed the row.
pub(crate) fn look_now(
    tx: &mut Tx<'_>,
    kind: Kind,
    id: &str,
    context: &Context,
) -> store::Result<Vec<Effect>> {
    let entry = work::ensure(tx, kind, id)?;
    let key = Hint {
        kind,
        id: id.to_owned(),
    };
    let (effects, more) = settle(tx, &key, &entry, context)?;
    if more {
        tx.due(kind, id)?;
    }
    Ok(effects)
}

fn settle(
    tx: &mut Tx<'_>,
    key: &Hint,
    entry: &work::Entry,
    context: &Context,
) -> store::Result<(Vec<Effect>, bool)> {
    let Look { next, effects } = match key.kind {
        Kind::Server => server::look(tx, &key.id, context)?,
        Kind::Host => host::look(tx, &key.id, context)?,
        Kind::Image => image::look(tx, &key.id, context)?,
        Kind::History => history::look(tx, &key.id, context)?,
        Kind::Cluster => cluster::look(tx, &key.id, context)?,
        Kind::ReplicationController => controller::look(tx, &key.id)?,
        Kind::Endpoints => endpoints::look(tx, &key.id, context)?,
        // For those who have the directory of blobs.
        Kind::ImageTask | Kind::Blob => Look::done(),
    };
    let now = tx.now();
    let more = match next {
        Next::Done => work::finish(tx, entry)?,
        Next::Now => {
            work::again(tx, entry, now, "")?;
            true
        }
        Next::At(until, reason) => work::again(tx, entry, until, &reason)?,
    };
    Ok((effects, more))
}
