//! One task for each id that there is work for, and its mailbox: the newest order, and whether to look.
//!
//! A task ends when its mailbox is empty, so memory follows the work.

use crate::host::Host;
use crate::keeper::Keeper;
use crate::tasks::Tasks;
use schemas::host::Converge;
use schemas::ids::WorkloadId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tracing::debug;

/// Ids that are looked at, at once. An engine that tells of more is not believed (one inside a node
/// may be anybody's); what is there is found by the next hello.
const LOOKS: usize = 10_000;

/// All keepers of a host.
pub(crate) struct Keepers {
    pub(crate) host: Arc<Host>,
    tasks: Arc<Tasks>,
    inboxes: Mutex<HashMap<WorkloadId, Inbox>>,
}

#[derive(Default)]
struct Inbox {
    wanted: Option<Converge>,
    look: Option<Look>,
    /// Generation being worked on.
    working: Option<u64>,
    news: Arc<Notify>,
}

/// A reason to look at a container that nobody is working on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Not before: what happens often is looked at once.
    pub due: Instant,
    /// Tell even what was told before.
    pub anyway: bool,
}

/// What a keeper does next.
pub(crate) enum Work {
    Converge(Box<Converge>),
    Look(Look),
}

impl Keepers {
    pub(crate) fn new(host: Arc<Host>, tasks: Arc<Tasks>) -> Arc<Keepers> {
        Arc::new(Keepers {
            host,
            tasks,
            inboxes: Mutex::default(),
        })
    }

    fn inboxes(&self) -> MutexGuard<'_, HashMap<WorkloadId, Inbox>> {
        self.inboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an order, unless a newer one is known or this very one is being carried out.
    pub(crate) fn order(self: &Arc<Self>, order: Converge) {
        let (id, generation) = (order.id, order.generation);
        let finished = self.host.ledger.get(id).finished;
        self.put(id, |inbox| {
            let waiting = inbox.wanted.as_ref().map(|it| it.generation);
            let known = finished
                .max(waiting.unwrap_or(0))
                .max(inbox.working.unwrap_or(0));
            if generation < known {
                debug!(%id, generation, known, "an older order is dropped");
            } else if inbox.working != Some(generation) {
                inbox.wanted = Some(order);
            }
        });
    }

    /// Has the id looked at after a moment.
    pub(crate) fn look(self: &Arc<Self>, id: WorkloadId, after: Duration, anyway: bool) {
        let due = Instant::now() + after;
        if self.inboxes().len() >= LOOKS {
            debug!(%id, "too much is looked at already");
            return;
        }
        self.put(id, |inbox| {
            let look = inbox.look.get_or_insert(Look { due, anyway });
            look.due = look.due.min(due);
            look.anyway |= anyway;
        });
    }

    /// Waits until the look is due, with what else there is to look at by then. `None` when
    /// something newer has come, whose end tells, or the agent ends.
    pub(crate) async fn due(&self, id: WorkloadId, mut look: Look) -> Option<Look> {
        loop {
            let news = {
                let mut inboxes = self.inboxes();
                let inbox = inboxes.get_mut(&id)?;
                if self.host.stopping.is_cancelled() || inbox.wanted.is_some() {
                    return None;
                }
                if let Some(more) = inbox.look.take() {
                    look.due = look.due.min(more.due);
                    look.anyway |= more.anyway;
                }
                inbox.news.clone()
            };
            tokio::select! {
                biased;
                () = sleep_until(look.due) => return Some(look),
                () = news.notified() => {}
                () = self.host.stopping.cancelled() => return None,
            }
        }
    }

    /// A task that ends with the host's.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    fn put(self: &Arc<Self>, id: WorkloadId, put: impl FnOnce(&mut Inbox)) {
        let mut inboxes = self.inboxes();
        let new = !inboxes.contains_key(&id);
        let inbox = inboxes.entry(id).or_default();
        put(inbox);
        inbox.news.notify_one();
        if new {
            self.tasks.spawn(Keeper::new(self.clone(), id).keep());
        }
    }

    /// The next work for this keeper; without any, its mailbox is gone and it ends.
    pub(crate) fn next(&self, id: WorkloadId) -> Option<Work> {
        let mut inboxes = self.inboxes();
        let inbox = inboxes.get_mut(&id)?;
        inbox.working = None;
        if !self.host.stopping.is_cancelled() {
            if let Some(order) = inbox.wanted.take() {
                inbox.working = Some(order.generation);
                return Some(Work::Converge(Box::new(order)));
            }
            if let Some(look) = inbox.look.take() {
                return Some(Work::Look(look));
            }
        }
        inboxes.remove(&id);
        None
    }

    /// The keeper has ended, in whatever way.
    pub(crate) fn forget(&self, id: WorkloadId) {
        self.inboxes().remove(&id);
    }

    /// Has something newer come, so that the present work is of no use?
    pub(crate) fn superseded(&self, id: WorkloadId) -> bool {
        let wanted = |inbox: &Inbox| inbox.wanted.is_some();
        self.inboxes().get(&id).is_some_and(wanted)
    }

    /// Waits for something newer, or the agent's end.
    pub(crate) async fn newer(&self, id: WorkloadId) {
        loop {
            let news = self.inboxes().get(&id).map(|inbox| inbox.news.clone());
            let Some(news) = news else { return };
            if self.host.stopping.is_cancelled() || self.superseded(id) {
                return;
            }
            tokio::select! {
                () = news.notified() => {}
                () = self.host.stopping.cancelled() => {}
            }
        }
    }

    /// Is anybody at work?
    pub(crate) fn is_idle(&self) -> bool {
        self.inboxes().is_empty()
    }
}
