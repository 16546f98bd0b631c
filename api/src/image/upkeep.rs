//! Work that needs the directory of blobs and goes on after the answer: imports, blobs that nobody
//! needs any more, uploads whose process died.
//!
//! *Guarantees.* Each piece of work is an entry of the work table, so a process that dies is followed
//! by another; entries are leased, and the lease is kept while the work lasts. A blob is removed only
//! while it is locked against new pins and the database says that nobody needs it (crate `blobs`).
//! Each piece of work is a task of its own, so none waits for the loop that claims more, nor for
//! another.

use super::import;
use crate::state::{AppState, State};
use blobs::{Digest, Removal};
use schemas::{Error, Kind, Result};
use std::collections::HashSet;
use std::convert::Infallible;
use std::time::Duration;
use store::image::{blobs as references, tasks, uploads};
use store::work::{self, Entry};
use store::{Scope, Tx};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long a claim holds without being renewed.
const LEASE: Duration = Duration::from_secs(60);
/// Pieces of work at the same time.
const AT_ONCE: usize = 16;
/// Longest time between two looks at the work table.
const POLL: Duration = Duration::from_secs(5);
/// The entry that looks through all blobs.
const SWEEP: &str = "sweep";
/// The entry that looks for uploads whose process died.
const UPLOADS: &str = "uploads";
/// Between two looks for such uploads.
const UPLOADS_EVERY: Duration = Duration::from_secs(30);
/// A pinned blob is looked at again after this.
const PINNED: Duration = Duration::from_secs(3);
/// What failed for want of a database or disk is tried again after this.
const RETRY: Duration = Duration::from_secs(15);

/// When an entry is to be looked at again.
enum Next {
    Done,
    After(Duration, String),
}

/// Works until `shutdown`; what is under way then is taken up by another process.
pub async fn run(state: State, shutdown: CancellationToken) {
    let owner = uuid::Uuid::now_v7().to_string();
    // Dropped with the loop, which ends what is under way.
    let mut working = JoinSet::new();
    if let Err(error) = state.store.write(ensure_standing).await {
        tracing::warn!(%error, "the sweep of blobs is not planned yet");
    }
    loop {
        let free = AT_ONCE.saturating_sub(working.len());
        let claimed = claim(&state, &owner, free).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot read the work table");
            Vec::new()
        });
        for entry in claimed {
            let (state, owner) = (state.clone(), owner.clone());
            working.spawn(async move { look(&state, &owner, entry).await });
        }
        // With no hand free, only one that is done can take more.
        let rest = match working.len() < AT_ONCE {
            true => rest(&state).await,
            false => POLL,
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            Some(done) = working.join_next() => {
                if let Err(error) = done {
                    tracing::error!(%error, "work on images broke off; its lease has to run out");
                }
            }
            () = state.images.woken() => {}
            () = tokio::time::sleep(rest) => {}
        }
    }
}

/// Does all that is due now, to its end: for tests and tools. Entries that ask to be looked at later
/// are left alone.
///
/// # Errors
/// The database's.
pub async fn settle(state: &State) -> Result<()> {
    let owner = uuid::Uuid::now_v7().to_string();
    state.store.write(ensure_standing).await?;
    loop {
        let claimed = claim(state, &owner, AT_ONCE).await?;
        if claimed.is_empty() {
            return Ok(());
        }
        for entry in claimed {
            look(state, &owner, entry).await;
        }
    }
}

/// The entries that are always there.
fn ensure_standing(tx: &mut Tx<'_>) -> store::Result<()> {
    work::ensure(tx, Kind::Blob, SWEEP)?;
    work::ensure(tx, Kind::ImageTask, UPLOADS)?;
    Ok(())
}

async fn claim(state: &AppState, owner: &str, most: usize) -> Result<Vec<Entry>> {
    if most == 0 {
        return Ok(Vec::new());
    }
    let most = i64::try_from(most).map_err(Error::internal)?;
    let now = state.clock.now();
    let next = state
        .store
        .read(move |conn| work::next_free(conn, &Kind::STORED, now))
        .await?;
    if next.is_none_or(|next| next > now) {
        return Ok(Vec::new());
    }
    let owner = owner.to_owned();
    state
        .store
        .write(move |tx| {
            let now = tx.now();
            work::claim(tx, &Kind::STORED, &owner, now, LEASE, most)
        })
        .await
}

async fn rest(state: &AppState) -> Duration {
    let now = state.clock.now();
    let next = state
        .store
        .read(move |conn| work::next_free(conn, &Kind::STORED, now))
        .await
        .ok()
        .flatten();
    let until = next.map_or(POLL, |next| next.since(now).min(POLL));
    until.max(Duration::from_millis(20))
}

/// One look at one entry, keeping its lease.
async fn look(state: &State, owner: &str, entry: Entry) {
    let next = tokio::select! {
        next = work_on(state, &entry) => next,
        never = keep(state, owner, &entry) => match never {},
    };
    settle_entry(state, entry, next).await;
}

/// Ends a look: the entry goes, or waits.
async fn settle_entry(state: &AppState, entry: Entry, next: Result<Next>) {
    let next = next.unwrap_or_else(|error| {
        tracing::warn!(kind = entry.kind, id = entry.id, %error, "work on images has to wait");
        Next::After(RETRY, error.to_string())
    });
    let (kind, id) = (entry.kind.clone(), entry.id.clone());
    let settled = state
        .store
        .write(move |tx| {
            match &next {
                Next::Done => work::finish(tx, &entry)?,
                Next::After(length, reason) => {
                    let at = tx.now() + *length;
                    work::again(tx, &entry, at, reason)?
                }
            };
            Ok(())
        })
        .await;
    if let Err(error) = settled {
        tracing::warn!(kind, id, %error, "the entry's lease has to run out");
    }
}

/// Renews the lease for as long as it is polled, beside the work: the work goes on while a renewal
/// waits for the database.
async fn keep(state: &AppState, owner: &str, entry: &Entry) -> Infallible {
    let mut beat = tokio::time::interval(LEASE / 3);
    loop {
        beat.tick().await;
        let (owner, entry) = (owner.to_owned(), entry.clone());
        let kept = state
            .store
            .write(move |tx| {
                let now = tx.now();
                work::renew(tx, &entry, &owner, now, LEASE)
            })
            .await;
        if let Err(error) = kept {
            tracing::warn!(%error, "cannot renew a lease");
        }
    }
}

async fn work_on(state: &State, entry: &Entry) -> Result<Next> {
    match (Kind::parse(&entry.kind), entry.id.as_str()) {
        (Some(Kind::Blob), SWEEP) => {
            sweep(state).await?;
            let every = Duration::from_secs(state.settings.image.sweep_s.max(1));
            Ok(Next::After(every, "looks through all blobs".into()))
        }
        (Some(Kind::Blob), digest) => match digest.parse() {
            Ok(digest) => collect(state, digest).await,
            Err(_) => Ok(Next::Done),
        },
        (Some(Kind::ImageTask), UPLOADS) => {
            reap(state).await?;
            Ok(Next::After(UPLOADS_EVERY, "looks for dead uploads".into()))
        }
        (Some(Kind::ImageTask), id) => {
            let id = id.to_owned();
            let task = state
                .store
                .read(move |conn| tasks::find(conn, &Scope::All, &id))
                .await;
            match task {
                Ok(task) if matches!(task.status.as_str(), "pending" | "processing") => {
                    import::carry_out(state, &task).await?;
                    Ok(Next::Done)
                }
                Ok(_) | Err(Error::NotFound(_)) => Ok(Next::Done),
                Err(error) => Err(error),
            }
        }
        _ => Ok(Next::Done),
    }
}

/// Uploads whose process died give their image back; tasks long ended are forgotten.
async fn reap(state: &AppState) -> Result<()> {
    let now = state.clock.now();
    let stale = state
        .store
        .read(move |conn| uploads::stale(conn, now))
        .await?;
    for id in stale {
        tracing::info!(image = id, "an upload was given up");
        state.store.write(move |tx| uploads::reap(tx, &id)).await?;
    }
    let shown = Duration::from_secs(state.settings.image.tasks_h * 3600);
    state
        .store
        .write(move |tx| {
            let before = tx.now() - shown;
            tasks::forget(tx, before.0)
        })
        .await
}

/// Removes a blob, if nobody needs it.
async fn collect(state: &State, digest: Digest) -> Result<Next> {
    let store = state.images.blobs().clone();
    let database = state.store.clone();
    let runtime = tokio::runtime::Handle::current();
    let removal = super::state::blocking(move || {
        let mut trouble = None;
        let removal = store.remove_if(&digest, || {
            let name = digest.to_string();
            let needed =
                runtime.block_on(database.read(move |conn| references::is_needed(conn, &name)));
            match needed {
                Ok(needed) => !needed,
                Err(error) => {
                    trouble = Some(error);
                    false
                }
            }
        })?;
        trouble.map_or(Ok(removal), Err)
    })
    .await?;
    match removal {
        Removal::Removed => tracing::info!(%digest, "removed a blob that nobody needs"),
        Removal::Pinned => return Ok(Next::After(PINNED, "somebody reads or writes it".into())),
        Removal::Absent | Removal::Kept => {}
    }
    Ok(Next::Done)
}

/// Looks through all blobs for those that nobody needs: what processes left that died between
/// storing and referring.
async fn sweep(state: &State) -> Result<()> {
    let needed: HashSet<String> = state
        .store
        .read(references::all)
        .await?
        .into_iter()
        .collect();
    let store = state.images.blobs().clone();
    let orphans = super::state::blocking(move || {
        let mut orphans = Vec::new();
        for blob in store.list()? {
            let digest = blob?.digest;
            if !needed.contains(&digest.to_string()) {
                orphans.push(digest);
            }
        }
        Ok(orphans)
    })
    .await?;
    for digest in orphans {
        // A pinned one is being referred to, or found by the next sweep.
        collect(state, digest).await?;
    }
    Ok(())
}
