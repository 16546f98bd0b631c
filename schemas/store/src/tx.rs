//! A write transaction: the connection, one time for all its rows, and the work it makes due.

use crate::connection::Conn;
use crate::events::{self, Event};
use crate::fail::Result;
use crate::{history, work};
use schemas::{Hint, Kind, Timestamp};

/// What others are told once the transaction is committed.
#[derive(Default)]
pub(crate) struct After {
    pub hints: Vec<Hint>,
    pub events: Vec<Event>,
}

/// An open write transaction. Derefs to the connection for queries.
pub struct Tx<'a> {
    conn: &'a mut Conn,
    now: Timestamp,
    pub(crate) after: After,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(conn: &'a mut Conn, now: Timestamp) -> Self {
        Tx {
            conn,
            now,
            after: After::default(),
        }
    }

    /// The time of this transaction; all its rows carry the same.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Makes a row's reconciler look at it, and tells the conductors after the commit.
    ///
    /// # Errors
    /// The database's.
    pub fn due(&mut self, kind: Kind, id: &str) -> Result<()> {
        work::due(self.conn, kind, id, self.now)?;
        self.after.hints.push(Hint {
            kind,
            id: id.to_owned(),
        });
        Ok(())
    }

    /// Writes down what happened, in the same transaction as what happened.
    ///
    /// # Errors
    /// The database's.
    pub fn event(&mut self, event: events::New<'_>) -> Result<()> {
        if history::is_end(&event) {
            work::ensure(self, Kind::History, event.project_id)?;
        }
        let event = events::insert(self.conn, self.now, event)?;
        self.after.events.push(event);
        Ok(())
    }
}

impl std::ops::Deref for Tx<'_> {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        self.conn
    }
}

impl std::ops::DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Conn {
        self.conn
    }
}
