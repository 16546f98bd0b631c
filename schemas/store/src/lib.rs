//! The database: rows, queries, migrations and the work table.
//!
//! `Store::read` and `Store::write` take closures that cannot await, so no transaction ever spans a
//! network call. On SQLite a read runs in place (microseconds, never blocked by the writer under
//! WAL); on PostgreSQL on a blocking thread. Writes queue first come, first served on SQLite (those
//! that wait share a commit), and run in parallel, serializable, on PostgreSQL; a transaction that lost a race is run again, so a
//! closure given to `write` must not have effects outside the transaction.
//!
//! How to add a resource: a table in a new migration and in `schema.rs`, a row and its queries in
//! `<service>/<resource>.rs`, one `mod` line.

pub mod compute;
mod connection;
pub mod container_infra;
pub mod events;
mod fail;
pub mod history;
pub mod identity;
pub mod image;
mod kept;
pub mod schema;
mod scope;
mod tx;
pub mod work;

pub use connection::{Conn, Options};
pub use fail::{Fail, Result};
pub use scope::Scope;
pub use tx::Tx;

use connection::{Backend, blocking};
use events::Event;
use process::{Clock, Faults};
use schemas::Hint;
use std::sync::Arc;
use tokio::sync::broadcast;

/// A handle on the database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    backend: Arc<Backend>,
    clock: Clock,
    faults: Faults,
    hints: broadcast::Sender<Hint>,
    events: broadcast::Sender<Event>,
}

impl Store {
    /// Opens `sqlite:///path`, `sqlite://:memory:`-like paths are refused (several connections are
    /// needed), or `postgres://…`. Does not migrate.
    ///
    /// # Errors
    /// `BadRequest` for a URL of another kind, `Unavailable` when the database does not answer.
    pub async fn open(url: &str, options: Options, clock: Clock) -> schemas::Result<Store> {
        let url = url.to_owned();
        let backend = blocking(move || Backend::open(&url, &options)).await??;
        Ok(Store {
            backend: Arc::new(backend),
            clock,
            faults: Faults::none(),
            hints: broadcast::channel(4096).0,
            events: broadcast::channel(4096).0,
        })
    }

    /// The same database, with the crash points of another role.
    pub fn with_faults(&self, faults: Faults) -> Store {
        Store {
            faults,
            hints: broadcast::channel(4096).0,
            events: broadcast::channel(4096).0,
            ..self.clone()
        }
    }

    /// Brings the tables up to date. Runs again without harm; concurrent callers wait for each other.
    ///
    /// # Errors
    /// `Internal` with the migration's name when one fails; the database is then as before it.
    pub async fn migrate(&self) -> schemas::Result<Vec<String>> {
        let backend = self.backend.clone();
        blocking(move || backend.migrate()).await?
    }

    /// Migrations that are not applied yet.
    pub async fn pending_migrations(&self) -> schemas::Result<Vec<String>> {
        let backend = self.backend.clone();
        blocking(move || backend.pending_migrations()).await?
    }

    /// Runs a closure that only reads.
    ///
    /// # Errors
    /// What the closure returns; `Unavailable` when the database does not answer in time.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl Fn(&mut Conn) -> Result<T> + Send + 'static,
    ) -> schemas::Result<T> {
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.read(&query).map_err(Fail::into_error),
            Backend::Postgres(_) => {
                let backend = self.backend.clone();
                blocking(move || backend.read(&query))
                    .await?
                    .map_err(Fail::into_error)
            }
        }
    }

    /// Runs a closure in one transaction. It may be run more than once, of which one is committed.
    /// The hints it caused are told to `hints()` after the commit.
    ///
    /// # Errors
    /// What the closure returns (nothing is committed then); `Unavailable` when the database does
    /// not answer in time.
    pub async fn write<T: Send + 'static>(
        &self,
        change: impl Fn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static,
    ) -> schemas::Result<T> {
        let commit = self.backend.write(&self.clock, change);
        let done = self.faults.around("store.commit", commit).await;
        let (value, after) = done.map_err(Fail::into_error)?;
        for hint in after.hints {
            let _ = self.hints.send(hint);
        }
        for event in after.events {
            let _ = self.events.send(event);
        }
        Ok(value)
    }

    /// Hints of every write made through this handle and its clones, after their commit. A listener
    /// that is too slow misses some; they are only hints.
    pub fn hints(&self) -> broadcast::Receiver<Hint> {
        self.hints.subscribe()
    }

    /// Events of every write made through this handle and its clones, after their commit: what
    /// the outside is notified of. A listener that is too slow misses some; the table has them all.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// The clock that rows are stamped with.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// `sqlite` or `postgresql`.
    pub fn engine(&self) -> &'static str {
        match &*self.backend {
            Backend::Sqlite(_) => "sqlite",
            Backend::Postgres(_) => "postgresql",
        }
    }

    /// Answers when the database does (readiness).
    ///
    /// # Errors
    /// `Unavailable` with the cause.
    pub async fn check(&self) -> schemas::Result<()> {
        use diesel::RunQueryDsl;
        self.read(|conn| Ok(diesel::sql_query("SELECT 1").execute(conn).map(|_| ())?))
            .await
    }
}
