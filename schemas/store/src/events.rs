//! What happened, written in the transaction that made it happen: instance actions, the audit
//! trail and the watch API read it.

use crate::Conn;
use crate::fail::Result;
use crate::schema::events;
use diesel::prelude::*;
use schemas::{Kind, Timestamp};
use uuid::Uuid;

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, PartialEq, Eq)]
#[diesel(table_name = events)]
pub struct Event {
    /// UUIDv7: later events sort later.
    pub id: String,
    /// µs.
    pub at: i64,
    /// Kind of the object.
    pub kind: String,
    /// The object.
    pub object_id: String,
    /// Its project.
    pub project_id: String,
    /// Who asked; empty for the plane's own moves.
    pub user_id: String,
    /// The request that caused it.
    pub request_id: String,
    /// What was asked: `create`, `reboot`, ….
    pub action: String,
    /// `request` for the request itself, else the step (`schedule`, `converge`, …).
    pub phase: String,
    /// `Success`, `Error`, or empty while it lasts.
    pub result: String,
    /// In words.
    pub message: String,
}

/// An event to write.
#[derive(Clone, Copy, Debug)]
pub struct New<'a> {
    /// Kind of the object.
    pub kind: Kind,
    /// The object.
    pub object_id: &'a str,
    /// Its project.
    pub project_id: &'a str,
    /// Who asked; empty for the plane's own moves.
    pub user_id: &'a str,
    /// The request that caused it.
    pub request_id: &'a str,
    /// What was asked.
    pub action: &'a str,
    /// `request`, or the step.
    pub phase: &'a str,
    /// `Success`, `Error` or empty.
    pub result: &'a str,
    /// In words.
    pub message: &'a str,
}

pub(crate) fn insert(conn: &mut Conn, now: Timestamp, new: New<'_>) -> Result<Event> {
    let event = Event {
        id: Uuid::now_v7().to_string(),
        at: now.0,
        kind: new.kind.as_str().into(),
        object_id: new.object_id.into(),
        project_id: new.project_id.into(),
        user_id: new.user_id.into(),
        request_id: new.request_id.into(),
        action: new.action.into(),
        phase: new.phase.into(),
        result: new.result.into(),
        message: new.message.into(),
    };
    diesel::insert_into(events::table)
        .values(&event)
        .execute(conn)?;
    if new.phase == "request" {
        bound(conn, &event.kind, &event.object_id)?;
    }
    Ok(event)
}

/// Of one object so many events are kept: whoever reboots a server all day long does not fill the
/// database.
pub const KEPT: i64 = 1000;

/// Forgets the oldest events of an object that has too many.
fn bound(conn: &mut Conn, kind: &str, object_id: &str) -> Result<()> {
    let own = events::table.filter(events::kind.eq(kind).and(events::object_id.eq(object_id)));
    let newest_old: Option<String> = own
        .order(events::id.desc())
        .select(events::id)
        .offset(KEPT)
        .first(conn)
        .optional()?;
    if let Some(id) = newest_old {
        diesel::delete(own.filter(events::id.le(id))).execute(conn)?;
    }
    Ok(())
}

/// All of one object's, oldest first.
pub fn of(conn: &mut Conn, kind: Kind, object_id: &str) -> Result<Vec<Event>> {
    Ok(events::table
        .filter(
            events::kind
                .eq(kind.as_str())
                .and(events::object_id.eq(object_id)),
        )
        .order(events::id)
        .select(Event::as_select())
        .load(conn)?)
}
