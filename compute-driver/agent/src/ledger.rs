//! What the agent has finished, for each id: a small file each, so that it is known after a crash.
//!
//! The engine knows what is; it cannot know which generation that is, nor whether a container that
//! has ended had already been started as asked. Without this an order that is resent after a restart
//! of the agent would start such a container again.
//!
//! *Promises*: what [`Ledger::put`] has returned from is found by the next life after `kill -9`.
//! *Fails when* the machine loses power: the last entries may be missing. Then a resent order is
//! carried out once more.

use crate::pod::Notes;
use process::Clock;
use schemas::host::{Held, Problem, Seen};
use schemas::ids::{NetworkId, WorkloadId};
use schemas::workload::{Digest, ImageRef, Pod};
use schemas::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tracing::warn;

/// Longer than any order can be under way: what is gone is remembered so long, lest a late order
/// bring it back.
const REMEMBER_GONE: Duration = Duration::from_secs(600);

/// An observation that was told so lately may be heard after a heartbeat that was told later.
const ON_ITS_WAY: Duration = Duration::from_secs(15);

/// What is known of one id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Generation of the last order finished or given up with; 0 = none.
    pub finished: u64,
    /// How that ended.
    pub outcome: Outcome,
    /// What the id is.
    pub what: What,
    /// Last change.
    pub at: Timestamp,
    /// The last thing told about it.
    #[serde(skip)]
    pub told: Option<Seen>,
    /// The number of that telling, and its time.
    #[serde(skip)]
    pub told_as: Option<(u64, Timestamp)>,
}

/// How an order ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Not yet.
    #[default]
    Open,
    /// As asked.
    Reached,
    /// Not possible.
    GivenUp(Problem),
}

/// What an id is on this host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    /// Not known.
    #[default]
    Unknown,
    /// A container, there or in the making.
    Container {
        /// It was made of this.
        image: ImageRef,
        /// It is on these.
        networks: BTreeSet<NetworkId>,
    },
    /// A pod, there or in the making.
    Pod {
        /// It was made of this.
        pod: Box<Pod>,
        /// What is known of it beyond what the engine shows.
        notes: Notes,
        /// It is on these, and was.
        networks: BTreeSet<NetworkId>,
    },
    /// A snapshot.
    Snapshot {
        /// Digest of the manifest that the image service has accepted.
        manifest: Option<Digest>,
    },
    /// Gone as asked.
    Gone,
}

impl Entry {
    /// Has this very order been carried out before?
    pub(crate) fn reached(&self, generation: u64) -> bool {
        self.finished == generation && self.outcome == Outcome::Reached
    }

    /// The engine may have a snapshot that was made and not cleaned up.
    pub(crate) fn keeps_a_snapshot(&self) -> bool {
        matches!(self.what, What::Snapshot { .. }) && self.outcome != Outcome::Reached
    }

    pub(crate) fn problem(&self) -> Option<Problem> {
        match &self.outcome {
            Outcome::GivenUp(problem) => Some(problem.clone()),
            Outcome::Open | Outcome::Reached => None,
        }
    }
}

/// The entries of this host.
pub(crate) struct Ledger {
    dir: PathBuf,
    clock: Clock,
    entries: Mutex<HashMap<WorkloadId, Entry>>,
}

impl Ledger {
    /// Reads what earlier lives have left.
    pub(crate) fn open(dir: PathBuf, clock: Clock) -> Result<Ledger> {
        let entries = load(&dir).map_err(|error| {
            Error::Unavailable(format!(
                "The agent's state in {} cannot be used: {error}",
                dir.display()
            ))
        })?;
        Ok(Ledger {
            dir,
            clock,
            entries: Mutex::new(entries),
        })
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<WorkloadId, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, id: WorkloadId) -> Entry {
        self.entries().get(&id).cloned().unwrap_or_default()
    }

    /// Remembers, durably if it is news. A disk that fails costs a repetition after a crash, not the order.
    pub(crate) async fn put(&self, id: WorkloadId, mut entry: Entry) {
        entry.at = self.clock.now();
        let before = self.entries().insert(id, entry.clone());
        if before.is_some_and(|it| {
            (it.finished, it.outcome, it.what)
                == (entry.finished, entry.outcome.clone(), entry.what.clone())
        }) {
            return;
        }
        let path = self.path(id);
        let written = tokio::task::spawn_blocking(move || write(&path, &entry)).await;
        match written {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(%id, %error, "the agent's state cannot be written"),
            Err(error) => warn!(%id, %error, "the agent's state was not written"),
        }
    }

    /// Notes what was last said about an id that is known.
    pub(crate) fn told(&self, id: WorkloadId, seen: &Seen, seq: u64) {
        let now = self.clock.now();
        if let Some(entry) = self.entries().get_mut(&id) {
            entry.told = Some(seen.clone());
            entry.told_as = Some((seq, now));
        }
    }

    /// Forgets what has been gone for long, so that memory holds only what is here.
    pub(crate) async fn prune(&self) {
        let now = self.clock.now();
        let old = |entry: &Entry| {
            let over = !matches!(entry.what, What::Container { .. } | What::Pod { .. });
            over && !entry.keeps_a_snapshot()
                && entry.outcome != Outcome::Open
                && now.since(entry.at) > REMEMBER_GONE
        };
        let mut gone = Vec::new();
        self.entries().retain(|id, entry| {
            let keep = !old(entry);
            gone.extend((!keep).then_some(*id));
            keep
        });
        let paths: Vec<PathBuf> = gone.into_iter().map(|id| self.path(id)).collect();
        if paths.is_empty() {
            return;
        }
        // What stays is pruned by the next life.
        let removing = move || paths.iter().for_each(|path| drop(fs::remove_file(path)));
        _ = tokio::task::spawn_blocking(removing).await;
    }

    /// Images of the containers that are here or in the making.
    pub(crate) fn images(&self) -> Vec<ImageRef> {
        let entries = self.entries();
        let images = entries.values().flat_map(|entry| match &entry.what {
            What::Container { image, .. } => vec![image.clone()],
            What::Pod { pod, .. } => pod.members().map(|(_, it)| it.image.clone()).collect(),
            _ => Vec::new(),
        });
        images.collect()
    }

    /// The pods that are here or in the making.
    pub(crate) fn pods(&self) -> Vec<WorkloadId> {
        let entries = self.entries();
        let pods = entries
            .iter()
            .filter(|(_, it)| matches!(it.what, What::Pod { .. }));
        pods.map(|(id, _)| *id).collect()
    }

    /// Of a pod, the container of this name, or its first; any other id is what it is.
    pub(crate) fn container(&self, id: WorkloadId, name: Option<&str>) -> Option<WorkloadId> {
        let entries = self.entries();
        let pod = match entries.get(&id).map(|entry| &entry.what) {
            Some(What::Pod { pod, .. }) => pod,
            _ => return Some(id),
        };
        let Some(name) = name else {
            let first = pod.spec.containers.first()?;
            return Some(Pod::member_id(id, &first.name));
        };
        let names = [name.to_owned(), format!("init/{name}")];
        let found = names.iter().find(|name| pod.member(name).is_some())?;
        Some(Pod::member_id(id, found))
    }

    /// Changes what is noted of a pod; answers what is noted then.
    pub(crate) async fn note(&self, id: WorkloadId, change: impl FnOnce(&mut Notes)) -> Notes {
        let mut entry = self.get(id);
        let What::Pod { notes, .. } = &mut entry.what else {
            return Notes::default();
        };
        change(notes);
        let notes = notes.clone();
        self.put(id, entry).await;
        notes
    }

    /// The containers and pods that are here or in the making.
    pub(crate) fn containers(&self) -> Vec<Held> {
        let now = self.clock.now();
        let entries = self.entries();
        let here = entries
            .iter()
            .filter(|(_, entry)| matches!(entry.what, What::Container { .. } | What::Pod { .. }));
        let held = here.map(|(id, entry)| Held {
            id: *id,
            generation: entry.finished,
            seq: match entry.told_as {
                Some((seq, at)) if now.since(at) > ON_ITS_WAY => seq,
                _ => 0,
            },
        });
        held.collect()
    }

    /// Snapshots of which the engine may keep something.
    pub(crate) fn snapshots(&self) -> Vec<WorkloadId> {
        let entries = self.entries();
        let left = entries.iter().filter(|(_, entry)| entry.keeps_a_snapshot());
        left.map(|(id, _)| *id).collect()
    }

    fn path(&self, id: WorkloadId) -> PathBuf {
        self.dir.join(format!("{id}.json"))
    }
}

fn load(dir: &Path) -> std::io::Result<HashMap<WorkloadId, Entry>> {
    fs::create_dir_all(dir)?;
    let mut entries = HashMap::new();
    for file in fs::read_dir(dir)? {
        let path = file?.path();
        let id = path
            .file_stem()
            .and_then(|name| WorkloadId::parse(name.to_str()?));
        let entry = id.and_then(|_| serde_json::from_slice(&fs::read(&path).ok()?).ok());
        match (id, entry) {
            (Some(id), Some(entry)) => _ = entries.insert(id, entry),
            // Half of a file that a crash cut off.
            _ => fs::remove_file(&path)?,
        }
    }
    Ok(entries)
}

fn write(path: &Path, entry: &Entry) -> std::io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(&serde_json::to_vec(entry)?)?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_finished_is_known_to_the_next_life_and_what_is_gone_is_forgotten_in_time() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::virtual_now();
        let open = || Ledger::open(dir.path().join("ledger"), clock.clone()).unwrap();
        let id = WorkloadId::new();
        let entry = Entry {
            finished: 7,
            outcome: Outcome::Reached,
            what: What::Gone,
            ..Entry::default()
        };
        open().put(id, entry).await;
        fs::write(dir.path().join("ledger/.tmpXYZ"), "{").unwrap();

        let ledger = open();
        assert!(ledger.get(id).reached(7));
        ledger.prune().await;
        assert_eq!(ledger.get(id).finished, 7, "a late order could still come");
        tokio::time::advance(REMEMBER_GONE + Duration::from_secs(1)).await;
        ledger.prune().await;
        assert_eq!(ledger.get(id), Entry::default());
        assert_eq!(open().get(id), Entry::default());
    }
}
