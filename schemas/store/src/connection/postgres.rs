//! PostgreSQL: a bounded pool, every transaction serializable, every statement bounded in time.

use super::batch::Outcome;
use super::{Conn, Options};
use crate::fail::{Fail, Result};
use crate::tx::Tx;
use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection};
use process::Clock;
use schemas::Error;

/// Names the lock that makes concurrent migrations wait for each other.
const MIGRATION_LOCK: i64 = 0x6a65_726f_626f_616d;

pub(crate) struct Postgres {
    pool: Pool<ConnectionManager<Conn>>,
}

#[derive(Debug)]
struct Setup {
    statements: String,
}

impl CustomizeConnection<Conn, diesel::r2d2::Error> for Setup {
    fn on_acquire(&self, conn: &mut Conn) -> std::result::Result<(), diesel::r2d2::Error> {
        conn.batch_execute(&self.statements)
            .map_err(diesel::r2d2::Error::QueryError)
    }
}

impl Postgres {
    pub fn open(url: &str, options: &Options) -> Result<Postgres, Error> {
        let timeout = options.timeout.as_millis();
        let statements = format!(
            "SET statement_timeout = {timeout}; SET lock_timeout = {timeout}; \
             SET idle_in_transaction_session_timeout = {timeout}; \
             SET default_transaction_isolation = 'serializable'; \
             SET application_name = 'jeroboam';"
        );
        let pool = Pool::builder()
            .max_size(options.connections)
            // Connections are made when they are needed, and waited for: one that is still being made
            // in the background when the process ends crashes it inside the TLS library.
            .min_idle(Some(0))
            .connection_timeout(options.timeout)
            .test_on_check_out(false)
            .connection_customizer(Box::new(Setup { statements }))
            .build(ConnectionManager::new(url))
            .map_err(|error| {
                Error::Unavailable(format!("The database does not answer: {error}"))
            })?;
        Ok(Postgres { pool })
    }

    pub fn read<T>(&self, query: &dyn Fn(&mut Conn) -> Result<T>) -> Result<T> {
        match query(&mut *self.get()?) {
            // A connection that died while idle says so only now; reads are safe to repeat.
            Err(fail) if fail.is_disconnect() => query(&mut *self.get()?),
            done => done,
        }
    }

    pub fn write<T>(&self, clock: &Clock, change: &dyn Fn(&mut Tx<'_>) -> Result<T>) -> Outcome<T> {
        let mut conn = self.get()?;
        // Asked first, so that a connection that died while idle is not found out by a commit.
        if conn.batch_execute("SELECT 1").is_err() {
            drop(conn);
            conn = self.get()?;
        }
        conn.transaction(|conn| {
            let mut tx = Tx::new(conn, clock.now());
            change(&mut tx).map(|value| (value, tx.after))
        })
    }

    pub fn alone<T>(&self, act: &dyn Fn(&mut Conn) -> Result<T>) -> Result<T> {
        let mut conn = self.get()?;
        conn.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})"))?;
        let done = act(&mut conn);
        conn.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})"))?;
        done
    }

    fn get(&self) -> Result<PooledConnection<ConnectionManager<Conn>>> {
        self.pool.get().map_err(|error| {
            Fail::Told(Error::Unavailable(format!(
                "The database does not answer: {error}"
            )))
        })
    }
}
