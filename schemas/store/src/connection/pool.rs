//! Connections to PostgreSQL that are lent out, at most so many at a time.
//!
//! Each is made by the thread that wants it. A pool that connects in the background may still be
//! doing so when the process ends, and then crashes it inside the TLS library, which is gone by then.

use super::{Conn, Options};
use crate::fail::{Fail, Result};
use diesel::connection::{SimpleConnection, TransactionManager};
use diesel::{Connection, PgConnection};
use schemas::Error;
use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

type Manager = <Conn as Connection>::TransactionManager;

/// The pool.
pub(super) struct Pool {
    url: String,
    /// Run on each new connection.
    setup: String,
    most: u32,
    timeout: Duration,
    state: Mutex<State>,
    given_back: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Conn>,
    lent: u32,
}

/// A connection, given back when dropped.
pub(super) struct Lent<'a> {
    place: Place<'a>,
    conn: Conn,
}

/// The right to have one of the connections; free again when dropped.
struct Place<'a>(&'a Pool);

impl Pool {
    pub fn new(url: &str, setup: String, options: &Options) -> Pool {
        Pool {
            url: bounded(url, options.timeout),
            setup,
            most: options.connections.max(1),
            timeout: options.timeout,
            state: Mutex::default(),
            given_back: Condvar::new(),
        }
    }

    /// The most connections there are at a time.
    pub fn most(&self) -> u32 {
        self.most
    }

    /// Lends a connection, after waiting for one for a bounded time.
    pub fn get(&self) -> Result<Lent<'_>> {
        let (mut state, waited) = self
            .given_back
            .wait_timeout_while(self.state(), self.timeout, |state| state.lent >= self.most)
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() && state.lent >= self.most {
            return Err(Fail::Told(Error::Unavailable(
                "The database is too busy; please repeat the request.".into(),
            )));
        }
        state.lent += 1;
        let place = Place(self);
        let idle = state.idle.pop();
        drop(state);
        let conn = match idle {
            Some(conn) => conn,
            None => self.connect()?,
        };
        Ok(Lent { place, conn })
    }

    fn connect(&self) -> Result<Conn> {
        let silent = |error: &dyn std::fmt::Display| {
            Fail::Told(Error::Unavailable(format!(
                "The database does not answer: {error}"
            )))
        };
        let mut conn = PgConnection::establish(&self.url).map_err(|error| silent(&error))?;
        conn.batch_execute(&self.setup)
            .map_err(|error| silent(&error))?;
        Ok(Conn::Postgres(conn))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lent<'_> {
    /// Gives a good connection back; it is closed otherwise.
    pub fn give_back(mut self) {
        if !Manager::is_broken_transaction_manager(&mut self.conn) {
            self.place.0.state().idle.push(self.conn);
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.state().lent -= 1;
        self.0.given_back.notify_one();
    }
}

impl Deref for Lent<'_> {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

/// The URL with libpq's own bounds on connecting and on a silent server, unless it has others.
/// <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS>
fn bounded(url: &str, timeout: Duration) -> String {
    let bounds = [
        ("connect_timeout", timeout.as_secs().max(2)),
        ("tcp_user_timeout", timeout.as_millis() as u64),
    ];
    bounds.iter().fold(url.to_owned(), |url, (name, value)| {
        if url.contains(name) {
            return url;
        }
        let sign = if url.contains('?') { '&' } else { '?' };
        format!("{url}{sign}{name}={value}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_gets_bounds_unless_it_has_them() {
        let bound = |url| bounded(url, Duration::from_secs(15));
        assert_eq!(
            bound("postgres://h/d"),
            "postgres://h/d?connect_timeout=15&tcp_user_timeout=15000"
        );
        assert_eq!(
            bound("postgres://h/d?connect_timeout=3"),
            "postgres://h/d?connect_timeout=3&tcp_user_timeout=15000"
        );
    }
}
