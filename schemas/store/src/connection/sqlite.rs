//! SQLite: one writer at a time in order of arrival, any number of readers beside it (WAL).

use super::batch::{Outcome, Slot, Waiting};
use super::{Conn, Options, blocking};
use crate::fail::{Fail, Result};
use crate::tx::Tx;
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use process::Clock;
use schemas::Error;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

pub(crate) struct Sqlite {
    path: String,
    setup: String,
    idle: Mutex<Vec<Conn>>,
    most_idle: usize,
    writer: Mutex<Option<Conn>>,
    turn: Arc<Semaphore>,
    waiting: Waiting,
}

impl Sqlite {
    pub fn open(path: &str, options: &Options) -> Result<Sqlite, Error> {
        if path.is_empty() || path.starts_with(':') {
            return Err(Error::BadRequest(
                "SQLite needs a file: sqlite:///absolute/path.db (not an in-memory database)."
                    .into(),
            ));
        }
        if let Some(directory) = Path::new(path).parent()
            && !directory.as_os_str().is_empty()
        {
            std::fs::create_dir_all(directory).map_err(|error| {
                Error::Unavailable(format!("Cannot make {}: {error}", directory.display()))
            })?;
        }
        let setup = format!(
            "PRAGMA busy_timeout = {}; PRAGMA journal_mode = WAL; PRAGMA synchronous = {}; \
             PRAGMA foreign_keys = ON; PRAGMA cache_size = -2000; PRAGMA mmap_size = 268435456;",
            options.timeout.as_millis(),
            if options.durable { "FULL" } else { "NORMAL" },
        );
        let sqlite = Sqlite {
            path: path.to_owned(),
            setup,
            idle: Mutex::default(),
            most_idle: options.connections as usize,
            writer: Mutex::default(),
            turn: Arc::new(Semaphore::new(1)),
            waiting: Waiting::default(),
        };
        let first = sqlite.connect().map_err(Fail::into_error)?;
        sqlite.give_back(first);
        Ok(sqlite)
    }

    /// Runs one transaction, in a batch with others that wait at the same moment.
    pub async fn write<T, F>(self: &Arc<Self>, clock: &Clock, change: Arc<F>) -> Outcome<T>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static,
    {
        let slot = self.waiting.push(clock, change);
        let sqlite = self.clone();
        // In a task of its own: a caller that stops polling (one arm of a `select!`, say) would
        // otherwise be given the turn and keep it, and every writer would wait for it. Dropped, it
        // gives up its place.
        let task = tokio::spawn(async move { sqlite.wait_and_run(slot).await });
        AbortOnDropHandle::new(task)
            .await
            .map_err(Error::internal)?
    }

    async fn wait_and_run<T: Send + 'static>(self: Arc<Self>, slot: Slot<T>) -> Outcome<T> {
        let turn = self
            .turn
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| Fail::Again)?;
        // Whoever had the turn before may have taken this one along.
        if let Some(outcome) = slot.take() {
            return outcome;
        }
        let run = move || {
            let _turn = turn;
            self.writing(|conn| self.waiting.run_until(&slot, conn));
            slot.take().unwrap_or(Err(Fail::Again))
        };
        blocking(run).await?
    }

    pub fn read<T>(&self, query: &dyn Fn(&mut Conn) -> Result<T>) -> Result<T> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let mut conn = match idle {
            Some(conn) => conn,
            None => self.connect()?,
        };
        let done = query(&mut conn);
        self.give_back(conn);
        done
    }

    /// Uses the writing connection outside any transaction.
    pub fn alone<T>(&self, act: &dyn Fn(&mut Conn) -> Result<T>) -> Result<T> {
        self.writing(|conn| act(conn?))
    }

    fn writing<T>(&self, act: impl FnOnce(Result<&mut Conn>) -> T) -> T {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.is_none() {
            match self.connect() {
                Ok(mut conn) => {
                    // What readers read is mapped; what is being written is not.
                    if let Err(error) = conn.batch_execute("PRAGMA cache_size = -8000;") {
                        return act(Err(error.into()));
                    }
                    *writer = Some(conn);
                }
                Err(fail) => return act(Err(fail)),
            }
        }
        act(writer.as_mut().ok_or(Fail::Again))
    }

    fn connect(&self) -> Result<Conn> {
        let unavailable = |cause: &dyn std::fmt::Display| {
            Fail::Told(Error::Unavailable(format!(
                "Cannot open the database {}: {cause}",
                self.path
            )))
        };
        let mut conn =
            SqliteConnection::establish(&self.path).map_err(|error| unavailable(&error))?;
        conn.batch_execute(&self.setup)
            .map_err(|error| unavailable(&error))?;
        Ok(Conn::Sqlite(conn))
    }

    fn give_back(&self, conn: Conn) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.most_idle {
            idle.push(conn);
        }
    }
}
