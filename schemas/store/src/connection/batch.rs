//! Group commit: transactions that wait for the writer's turn share one commit, so that under load
//! the disk is waited for once per batch, not once per transaction.
//!
//! *Guarantees.* Each transaction is all or nothing by itself (a savepoint); it is answered only
//! after the commit that holds it. Order within a batch is order of arrival.

use super::Conn;
use crate::fail::{Fail, Result};
use crate::tx::{After, Tx};
use diesel::SqliteConnection;
use diesel::connection::SimpleConnection;
use process::Clock;
use schemas::Error;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

/// The most transactions of one commit: bounds how long the first waits for the last.
const MOST: usize = 64;

/// What a transaction ends with.
pub(crate) type Outcome<T> = Result<(T, After)>;

/// Where a transaction's outcome is left for whoever asked for it.
pub(crate) struct Slot<T>(Arc<Mutex<Option<Outcome<T>>>>);

impl<T> Slot<T> {
    /// The outcome, once there is one.
    pub fn take(&self) -> Option<Outcome<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn is_filled(&self) -> bool {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }

    fn put(&self, outcome: Outcome<T>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
    }
}

trait Job: Send {
    /// Runs the closure; true when its changes are to be kept.
    fn run(&mut self, conn: &mut Conn) -> bool;
    /// Says how the whole batch ended; `Err` when nothing of it was committed.
    fn end(self: Box<Self>, committed: Result<(), &Fail>);
}

struct Transaction<T, F> {
    change: Arc<F>,
    clock: Clock,
    outcome: Option<Outcome<T>>,
    slot: Slot<T>,
}

impl<T: Send, F: Fn(&mut Tx<'_>) -> Result<T> + Send + Sync> Job for Transaction<T, F> {
    fn run(&mut self, conn: &mut Conn) -> bool {
        // Whoever asked is gone (a dropped request, a dead role): so is the wish.
        if Arc::strong_count(&self.slot.0) == 1 {
            return false;
        }
        let done = catch_unwind(AssertUnwindSafe(|| {
            let mut tx = Tx::new(conn, self.clock.now());
            (self.change)(&mut tx).map(|value| (value, tx.after))
        }));
        let outcome = done.unwrap_or_else(|_| {
            Err(Fail::Told(Error::internal(
                "a transaction panicked; the log above says where",
            )))
        });
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn end(self: Box<Self>, committed: Result<(), &Fail>) {
        let outcome = match (committed, self.outcome) {
            (Ok(()), Some(outcome)) | (Err(_), Some(outcome @ Err(_))) => outcome,
            (Err(fail), _) if fail.is_race() => Err(Fail::Again),
            (Err(fail), _) => Err(Fail::Told(Error::internal(format_args!(
                "database: {fail}"
            )))),
            (Ok(()), None) => Err(Fail::Again),
        };
        self.slot.put(outcome);
    }
}

/// Transactions that wait for the writer's turn.
#[derive(Default)]
pub(crate) struct Waiting(Mutex<VecDeque<Box<dyn Job>>>);

impl Waiting {
    /// Lines a transaction up.
    pub fn push<T, F>(&self, clock: &Clock, change: Arc<F>) -> Slot<T>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static,
    {
        let slot = Slot(Arc::default());
        let job = Transaction {
            change,
            clock: clock.clone(),
            outcome: None,
            slot: Slot(slot.0.clone()),
        };
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back(Box::new(job));
        slot
    }

    /// Runs batches until this slot has its outcome.
    pub fn run_until<T>(&self, slot: &Slot<T>, mut conn: Result<&mut Conn>) {
        while !slot.is_filled() {
            let again = match &mut conn {
                Ok(conn) => Ok(&mut **conn),
                Err(fail) => Err(std::mem::replace(fail, Fail::Again)),
            };
            self.next().run(again);
        }
    }

    /// The next batch; empty when nobody waits.
    fn next(&self) -> Batch {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let most = waiting.len().min(MOST);
        Batch(waiting.drain(..most).collect())
    }
}

/// Transactions of one commit.
struct Batch(Vec<Box<dyn Job>>);

impl Batch {
    /// Runs and commits them, and tells each how it ended.
    fn run(mut self, conn: Result<&mut Conn>) {
        let done = conn.and_then(|conn| self.commit(conn));
        for job in self.0 {
            job.end(done.as_ref().map(|done| *done));
        }
    }

    fn commit(&mut self, conn: &mut Conn) -> Result<()> {
        sqlite(conn)?.batch_execute("BEGIN IMMEDIATE")?;
        let done = self
            .run_each(conn)
            .and_then(|()| Ok(sqlite(conn)?.batch_execute("COMMIT")?));
        if done.is_err() {
            let _ = sqlite(conn)?.batch_execute("ROLLBACK");
        }
        done
    }

    fn run_each(&mut self, conn: &mut Conn) -> Result<()> {
        for job in &mut self.0 {
            sqlite(conn)?.batch_execute("SAVEPOINT one")?;
            let keep = job.run(conn);
            let end = if keep {
                "RELEASE one"
            } else {
                "ROLLBACK TO one; RELEASE one"
            };
            sqlite(conn)?.batch_execute(end)?;
        }
        Ok(())
    }
}

fn sqlite(conn: &mut Conn) -> Result<&mut SqliteConnection> {
    match conn {
        Conn::Sqlite(conn) => Ok(conn),
        Conn::Postgres(_) => Err(Fail::Told(Error::internal("a batch needs SQLite"))),
    }
}
