//! Nodes of clusters: containers on this machine with an engine inside, which is a host of its own.
//!
//! ```text
//!   whatever the agent sees of its containers ──► Nodes: which of them are nodes, and live
//!                                                   │
//!                       one task for each node ◄────┘
//!                         up:    the inner engine is driven as any host (module `life`)
//!                         down:  nothing; what it had finished is remembered
//!                         gone:  that is forgotten, too
//! ```
//!
//! # Guarantees
//! - A node's host begins with each life of its container and ends with it; another incarnation
//!   begins with nothing remembered. An agent that comes back finds its nodes by their labels.
//! - A node that hangs costs the machine one task's patience: it has turns, fetches and deadlines of its
//!   own. Blobs of images are fetched once for all.
//!
//! # Assumes
//! Nothing of the inner engine: whoever holds its cluster holds it.

mod beneath;
mod host;

pub(crate) use beneath::Beneath;

use crate::life::Life;
use crate::machine::Machine;
use crate::published::Published;
use crate::tasks::Tasks;
use process::Clock;
use schemas::ids::WorkloadId;
use schemas::workload::{Limits, NodeSeen, Observation, RunState};
use std::collections::{BTreeSet, HashMap};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, watch};
use tracing::{info, warn};

/// The nodes on one machine, as last seen.
pub(crate) struct Nodes {
    /// Holds what each node's host has finished.
    dir: PathBuf,
    /// Ports of the machine at which their services are published.
    published: Arc<Published>,
    known: Mutex<HashMap<WorkloadId, Known>>,
    news: Notify,
    /// Folders of nodes that are gone are to be looked for.
    sweep: Mutex<bool>,
    live: AtomicUsize,
}

struct Known {
    state: watch::Sender<State>,
    limits: Arc<Mutex<Limits>>,
    /// It has its task.
    kept: bool,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// It lives.
    Up(Run),
    /// It is there.
    Down,
    /// It is not.
    Gone,
}

/// One life of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    boot: String,
    incarnation: u32,
    /// Of the node, on its cluster's network.
    address: Option<Ipv4Addr>,
    node: NodeSeen,
}

impl Nodes {
    /// None yet. What their hosts finish is written below `dir`.
    pub(crate) fn new(dir: PathBuf, published: Published) -> Nodes {
        Nodes {
            dir,
            published: Arc::new(published),
            known: Mutex::default(),
            news: Notify::new(),
            sweep: Mutex::default(),
            live: AtomicUsize::new(0),
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<WorkloadId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of what was seen of a container.
    pub(crate) fn saw(&self, id: WorkloadId, seen: Option<&Observation>) {
        let node = seen.and_then(|seen| Some((seen, seen.node.clone()?)));
        let Some((seen, node)) = node else {
            if let Some(known) = self.known().get(&id) {
                known.turn(State::Gone);
            }
            return;
        };
        let state = match seen.state {
            RunState::Running => State::Up(Run {
                boot: seen.boot.clone(),
                incarnation: seen.incarnation,
                address: seen
                    .interfaces
                    .first()
                    .and_then(|it| it.address.parse().ok()),
                node,
            }),
            _ => State::Down,
        };
        let mut all = self.known();
        let known = all.entry(id).or_insert_with(Known::new);
        *known.limits.lock().unwrap_or_else(PoisonError::into_inner) = seen.limits.clone();
        known.turn(state);
        if !known.kept {
            self.news.notify_one();
        }
    }

    /// Those that are known and not among these.
    pub(crate) fn but_for(&self, present: &[WorkloadId]) -> Vec<WorkloadId> {
        let present: BTreeSet<_> = present.iter().collect();
        let all = self.known();
        let missing = all.keys().filter(|id| !present.contains(id));
        missing.copied().collect()
    }

    /// Everything on the machine has been seen: what is not known now is not there.
    pub(crate) fn swept(&self) {
        *self.sweep.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.news.notify_one();
    }

    /// Ports of the machine at which their services are published.
    pub(crate) fn published(&self) -> Arc<Published> {
        self.published.clone()
    }

    /// Is any of their hosts still at work?
    pub(crate) fn live(&self) -> bool {
        self.live.load(Ordering::SeqCst) > 0
    }

    /// Those without a task, which get one now.
    fn begin(&self) -> Vec<(WorkloadId, watch::Receiver<State>, Arc<Mutex<Limits>>)> {
        let mut all = self.known();
        let new = all.iter_mut().filter(|(_, known)| !known.kept);
        new.map(|(id, known)| {
            known.kept = true;
            (*id, known.state.subscribe(), known.limits.clone())
        })
        .collect()
    }

    /// The task of a node that is gone ends; false when it has come back meanwhile.
    fn forget(&self, id: WorkloadId) -> bool {
        let mut all = self.known();
        let gone = |known: &Known| *known.state.borrow() == State::Gone;
        if all.get(&id).is_some_and(|known| !gone(known)) {
            return false;
        }
        all.remove(&id);
        true
    }

    fn folder(&self, id: WorkloadId) -> PathBuf {
        self.dir.join(id.to_string())
    }

    /// Removes what nodes left behind that went while no agent was here.
    async fn tidy(&self) {
        let wanted = &self.sweep;
        if !std::mem::take(&mut *wanted.lock().unwrap_or_else(PoisonError::into_inner)) {
            return;
        }
        let Ok(mut folders) = tokio::fs::read_dir(&self.dir).await else {
            return;
        };
        while let Ok(Some(folder)) = folders.next_entry().await {
            let name = folder.file_name();
            let id = name.to_str().and_then(WorkloadId::parse);
            if id.is_some_and(|id| !self.known().contains_key(&id)) {
                remove(&folder.path()).await;
            }
        }
    }
}

impl Known {
    fn new() -> Known {
        Known {
            state: watch::Sender::new(State::Down),
            limits: Arc::default(),
            kept: false,
        }
    }

    fn turn(&self, state: State) {
        self.state.send_if_modified(|now| {
            let news = *now != state;
            *now = state;
            news
        });
    }
}

/// Keeps a task for each node of this machine, for ever.
pub(crate) async fn keep(life: Life, machine: Arc<dyn Machine>, clock: Clock, tasks: Arc<Tasks>) {
    let Some(nodes) = life.host.nodes().cloned() else {
        return std::future::pending().await;
    };
    let site = Arc::new(host::Site {
        life,
        machine,
        clock,
    });
    loop {
        nodes.news.notified().await;
        for (id, state, limits) in nodes.begin() {
            tasks.spawn(keep_one(nodes.clone(), site.clone(), id, state, limits));
        }
        nodes.tidy().await;
    }
}

async fn keep_one(
    nodes: Arc<Nodes>,
    site: Arc<host::Site>,
    id: WorkloadId,
    mut state: watch::Receiver<State>,
    limits: Arc<Mutex<Limits>>,
) {
    let folder = nodes.folder(id);
    let stopping = site.life.host.stopping.clone();
    while !stopping.is_cancelled() {
        let now = state.borrow_and_update().clone();
        match now {
            State::Up(run) => {
                info!(node = %id, boot = run.boot, "a node lives");
                let _count = Count::one(&nodes.live);
                tokio::select! {
                    () = site.live(id, &run, &folder, limits.clone()) => {}
                    _ = state.changed() => info!(node = %id, "a node's life is over"),
                }
            }
            State::Down => tokio::select! {
                _ = state.changed() => {}
                () = stopping.cancelled() => {}
            },
            State::Gone => {
                remove(&folder).await;
                if nodes.forget(id) {
                    return;
                }
            }
        }
    }
}

async fn remove(folder: &Path) {
    match tokio::fs::remove_dir_all(folder).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            warn!(folder = %folder.display(), %error, "what a node left behind stays");
        }
        _ => {}
    }
}

/// Counts one more while it lives.
struct Count<'a>(&'a AtomicUsize);

impl<'a> Count<'a> {
    fn one(count: &'a AtomicUsize) -> Count<'a> {
        count.fetch_add(1, Ordering::SeqCst);
        Count(count)
    }
}

impl Drop for Count<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
