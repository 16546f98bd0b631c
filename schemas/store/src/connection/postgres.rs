//! PostgreSQL: a bounded pool, every transaction serializable, every statement bounded in time.
//!
//! A read is one statement or several, each on a snapshot of its own (`repeatable read`): unlike a
//! serializable one it can lose no race, so a `GET` never fails because others write.

use super::batch::Outcome;
use super::pool::{Lent, Pool};
use super::{Conn, Options};
use crate::fail::{Fail, Result};
use crate::tx::Tx;
use diesel::Connection;
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use process::Clock;
use schemas::Error;

/// Names the lock that makes concurrent migrations wait for each other.
const MIGRATION_LOCK: i64 = 0x6a65_726f_626f_616d;

type Manager = <Conn as Connection>::TransactionManager;

pub(crate) struct Postgres {
    pool: Pool,
}

impl Postgres {
    pub fn open(url: &str, options: &Options) -> Postgres {
        let timeout = options.timeout.as_millis();
        let setup = format!(
            "SET statement_timeout = {timeout}; SET lock_timeout = {timeout}; \
             SET idle_in_transaction_session_timeout = {timeout}; \
             SET default_transaction_isolation = 'repeatable read'; \
             SET application_name = 'jeroboam';"
        );
        Postgres {
            pool: Pool::new(url, setup, options),
        }
    }

    pub fn read<T>(&self, query: &dyn Fn(&mut Conn) -> Result<T>) -> Result<T> {
        let mut tries = 0;
        loop {
            let mut conn = self.pool.get()?;
            match query(&mut conn) {
                // A connection that died while idle says so only now, and is dropped; reads are
                // safe to repeat.
                Err(fail) if fail.is_disconnect() => {
                    if tries == self.pool.most() {
                        return Err(fail);
                    }
                    tries += 1;
                }
                done => {
                    conn.give_back();
                    return done;
                }
            }
        }
    }

    pub fn write<T>(&self, clock: &Clock, change: &dyn Fn(&mut Tx<'_>) -> Result<T>) -> Outcome<T> {
        let mut conn = self.alive()?;
        begin(&mut conn)?;
        let done = {
            let mut tx = Tx::new(&mut conn, clock.now());
            change(&mut tx).map(|value| (value, tx.after))
        };
        let ended = match done {
            Ok(value) => Manager::commit_transaction(&mut *conn)
                .map(|()| value)
                .map_err(Fail::from),
            Err(fail) => {
                // Where this fails, the connection is broken and not given back.
                let _ = Manager::rollback_transaction(&mut *conn);
                Err(fail)
            }
        };
        conn.give_back();
        ended
    }

    /// A connection that was just heard of: one that died while idle is not found out by a commit,
    /// of which nobody would know whether it happened.
    fn alive(&self) -> Result<Lent<'_>> {
        for _ in 0..self.pool.most() {
            let mut conn = self.pool.get()?;
            if conn.batch_execute("SELECT 1").is_ok() {
                return Ok(conn);
            }
        }
        self.pool.get()
    }

    pub fn alone<T>(&self, act: &dyn Fn(&mut Conn) -> Result<T>) -> Result<T> {
        let mut conn = self.pool.get()?;
        conn.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})"))?;
        let done = act(&mut conn);
        conn.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})"))?;
        conn.give_back();
        done
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
