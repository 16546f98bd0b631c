//! SQLite: one writer at a time in order of arrival, any number of readers beside it (WAL).

use super::{Conn, Options};
use crate::fail::{Fail, Result};
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use schemas::Error;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(crate) struct Sqlite {
    path: String,
    setup: String,
    idle: Mutex<Vec<Conn>>,
    most_idle: usize,
    writer: Mutex<Option<Conn>>,
    turn: Arc<Semaphore>,
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
             PRAGMA foreign_keys = ON; PRAGMA cache_size = -8000; PRAGMA mmap_size = 268435456;",
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
        };
        let first = sqlite.connect().map_err(Fail::into_error)?;
        sqlite.give_back(first);
        Ok(sqlite)
    }

    pub async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        self.turn.clone().acquire_owned().await.ok()
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

    pub fn write<T>(&self, change: &dyn Fn(&mut Conn) -> Result<T>) -> Result<T> {
        self.alone(&|conn| match conn {
            Conn::Sqlite(inner) => {
                inner.batch_execute("BEGIN IMMEDIATE")?;
                let done = change(conn);
                let Conn::Sqlite(inner) = conn else {
                    return Err(Fail::Again);
                };
                match done {
                    Ok(value) => match inner.batch_execute("COMMIT") {
                        Ok(()) => Ok(value),
                        Err(error) => {
                            let _ = inner.batch_execute("ROLLBACK");
                            Err(error.into())
                        }
                    },
                    Err(fail) => {
                        inner.batch_execute("ROLLBACK")?;
                        Err(fail)
                    }
                }
            }
            Conn::Postgres(_) => Err(Fail::Again),
        })
    }

    /// Uses the writing connection outside any transaction.
    pub fn alone<T>(&self, act: &dyn Fn(&mut Conn) -> Result<T>) -> Result<T> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken out meanwhile: after a panic in the closure the next writer gets a new connection,
        // and the old one's transaction ends with it.
        let mut conn = match writer.take() {
            Some(conn) => conn,
            None => self.connect()?,
        };
        let done = act(&mut conn);
        *writer = Some(conn);
        done
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
