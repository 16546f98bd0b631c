//! The two databases behind one connection type, chosen by the URL's scheme.

mod batch;
mod pool;
mod postgres;
mod sqlite;

use crate::fail::{Fail, Result};
use crate::tx::Tx;
use batch::Outcome;
use diesel::migration::{Migration, MigrationSource};
use diesel::{Connection, PgConnection, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use process::Clock;
use schemas::Error;
use std::sync::Arc;
use std::time::Duration;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// A connection to either database.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// Embedded.
    Sqlite(SqliteConnection),
    /// Production.
    Postgres(PgConnection),
}

/// Bounds on the use of the database.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections to PostgreSQL (SQLite: idle readers kept).
    pub connections: u32,
    /// Longest wait for a connection or a lock, and for one statement.
    pub timeout: Duration,
    /// SQLite: wait for the disk at each commit, so that a power cut loses nothing that was answered.
    pub durable: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            connections: 16,
            timeout: Duration::from_secs(15),
            durable: true,
        }
    }
}

pub(crate) enum Backend {
    Sqlite(Arc<sqlite::Sqlite>),
    Postgres(Arc<postgres::Postgres>),
}

/// How often a transaction that met others is run again.
const TRIES: u32 = 12;

impl Backend {
    pub fn open(url: &str, options: &Options) -> Result<Backend, Error> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            return Ok(Backend::Sqlite(Arc::new(sqlite::Sqlite::open(
                path, options,
            )?)));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let postgres = postgres::Postgres::open(url, options);
            return Ok(Backend::Postgres(Arc::new(postgres)));
        }
        Err(Error::BadRequest(
            "The database URL must begin with sqlite:///path or postgres://user@host/name.".into(),
        ))
    }

    pub fn read<T>(&self, query: &dyn Fn(&mut Conn) -> Result<T>) -> Result<T> {
        match self {
            Backend::Sqlite(sqlite) => sqlite.read(&query),
            Backend::Postgres(postgres) => postgres.read(query),
        }
    }

    /// Runs a transaction, again and again while it meets others.
    pub async fn write<T, F>(&self, clock: &Clock, change: F) -> Outcome<T>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static,
    {
        let change = Arc::new(change);
        let mut tries = 0;
        loop {
            let done = match self {
                Backend::Sqlite(sqlite) => sqlite.write(clock, change.clone()).await,
                Backend::Postgres(postgres) => {
                    let (postgres, clock, change) =
                        (postgres.clone(), clock.clone(), change.clone());
                    blocking(move || postgres.write(&clock, &*change)).await?
                }
            };
            match done {
                Err(fail) if fail.is_race() && tries < TRIES => {
                    tries += 1;
                    tracing::debug!(tries, "transaction met another one, running it again");
                    tokio::time::sleep(Duration::from_millis(1 << tries.min(6))).await;
                }
                done => return done,
            }
        }
    }

    pub fn migrate(&self) -> Result<Vec<String>, Error> {
        self.alone(|conn| {
            let versions = match conn {
                Conn::Sqlite(conn) => conn.run_pending_migrations(MIGRATIONS),
                Conn::Postgres(conn) => conn.run_pending_migrations(MIGRATIONS),
            };
            Ok(versions
                .map_err(Error::internal)?
                .iter()
                .map(ToString::to_string)
                .collect())
        })
        .map_err(Fail::into_error)
    }

    pub fn pending_migrations(&self) -> Result<Vec<String>, Error> {
        self.alone(|conn| {
            let pending = match conn {
                Conn::Sqlite(conn) => names(conn.pending_migrations(MIGRATIONS)),
                Conn::Postgres(conn) => names(conn.pending_migrations(MIGRATIONS)),
            };
            Ok(pending?)
        })
        .map_err(Fail::into_error)
    }

    fn alone<T>(&self, act: impl Fn(&mut Conn) -> Result<T>) -> Result<T> {
        match self {
            Backend::Sqlite(sqlite) => sqlite.alone(&act),
            Backend::Postgres(postgres) => postgres.alone(&act),
        }
    }
}

/// Runs sync work where it may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)
}

type Listed<DB> = diesel::migration::Result<Vec<Box<dyn Migration<DB>>>>;

fn names<DB: diesel::backend::Backend>(migrations: Listed<DB>) -> Result<Vec<String>, Error>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let migrations = migrations.map_err(Error::internal)?;
    Ok(migrations
        .iter()
        .map(|migration| migration.name().to_string())
        .collect())
}
