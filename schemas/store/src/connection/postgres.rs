//! PostgreSQL: a bounded pool, every transaction serializable, every statement bounded in time.
//!
//! A read is one statement or several, each on a snapshot of its own (`repeatable read`): unlike a
//! serializable one it can lose no race, so a `GET` never fails because others write.

use super::batch::Outcome;
use super::{Conn, Options};
use crate::fail::{Fail, Result};
use crate::tx::Tx;
use diesel::Connection;
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection};
use process::Clock;
use schemas::Error;

/// Names the lock that makes concurrent migrations wait for each other.
const MIGRATION_LOCK: i64 = 0x6a65_726f_626f_616d;

type Manager = <Conn as Connection>::TransactionManager;
type Pooled = PooledConnection<ConnectionManager<Conn>>;

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
             SET default_transaction_isolation = 'repeatable read'; \
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
        for _ in 0..self.pool.max_size() {
            let mut conn = self.get()?;
            match query(&mut conn) {
                // A connection that died while idle says so only now; reads are safe to repeat.
                Err(fail) if fail.is_disconnect() => discard(conn),
                done => return done,
            }
        }
        query(&mut *self.get()?)
    }

    pub fn write<T>(&self, clock: &Clock, change: &dyn Fn(&mut Tx<'_>) -> Result<T>) -> Outcome<T> {
        let mut conn = self.alive()?;
        begin(&mut conn)?;
        let done = {
            let mut tx = Tx::new(&mut conn, clock.now());
            change(&mut tx).map(|value| (value, tx.after))
        };
        match done {
            Ok(value) => Manager::commit_transaction(&mut *conn)
                .map(|()| value)
                .map_err(Fail::from),
            Err(fail) => {
                // What is left open by a failure here, the pool throws away with its connection.
                let _ = Manager::rollback_transaction(&mut *conn);
                Err(fail)
            }
        }
    }

    /// A connection that was just heard of: one that died while idle is not found out by a commit,
    /// of which nobody would know whether it happened.
    fn alive(&self) -> Result<Pooled> {
        for _ in 0..self.pool.max_size() {
            let mut conn = self.get()?;
            if conn.batch_execute("SELECT 1").is_ok() {
                return Ok(conn);
            }
            discard(conn);
        }
        self.get()
    }

    pub fn alone<T>(&self, act: &dyn Fn(&mut Conn) -> Result<T>) -> Result<T> {
        let mut conn = self.get()?;
        conn.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})"))?;
        let done = act(&mut conn);
        conn.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})"))?;
        done
    }

    fn get(&self) -> Result<Pooled> {
        self.pool.get().map_err(|error| {
            Fail::Told(Error::Unavailable(format!(
                "The database does not answer: {error}"
            )))
        })
    }
}

/// Begins a transaction in which a lost race is found out.
fn begin(conn: &mut Conn) -> Result<()> {
    match conn {
        Conn::Postgres(conn) => Ok(AnsiTransactionManager::begin_transaction_sql(
            conn,
            "BEGIN ISOLATION LEVEL SERIALIZABLE",
        )?),
        Conn::Sqlite(_) => Err(Fail::Told(Error::internal(
            "a pool of PostgreSQL has SQLite",
        ))),
    }
}

/// Lets the pool throw the connection away instead of lending it out again.
fn discard(mut conn: Pooled) {
    Manager::transaction_manager_status_mut(&mut *conn).set_in_error();
}
