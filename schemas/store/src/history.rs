//! What is remembered of things that are gone: their events, and a server's line in usage reports.
//!
//! A thing's end is the event of a `delete` with the result `Success`. It is written in the transaction
//! that removes the thing, and makes sure that a conductor looks at the project's history from time to
//! time: whatever has such an event is forgotten one day.

use crate::compute::lives;
use crate::events::New;
use crate::fail::Result;
use crate::schema::events as table;
use crate::{Conn, Tx};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use schemas::{Kind, Timestamp};

/// The end of a thing.
#[derive(Clone, Debug, Queryable, Selectable, PartialEq, Eq)]
#[diesel(table_name = table)]
pub struct End {
    /// The event's id.
    pub id: String,
    /// µs.
    pub at: i64,
    /// What kind of thing.
    pub kind: String,
    /// Which.
    pub object_id: String,
}

/// Is this the end of something?
pub(crate) fn is_end(event: &New<'_>) -> bool {
    event.action == "delete" && event.result == "Success" && !event.project_id.is_empty()
}

/// The same in the words of the index, which a database recognises only as they stand.
const IS_END: &str = "action = 'delete' AND result = 'Success'";

/// Ends in a project that are to be forgotten, oldest first, at most `limit`: those before `before`, and
/// those after which more than `most` others came (negative: any number is remembered).
pub fn overdue(
    conn: &mut Conn,
    project_id: &str,
    before: Timestamp,
    most: i64,
    limit: i64,
) -> Result<Vec<End>> {
    let ends = || {
        let all = table::table.filter(table::project_id.eq(project_id.to_owned()));
        all.filter(sql::<Bool>(IS_END)).select(End::as_select())
    };
    let surplus: Option<End> = match most {
        ..0 => None,
        most => ends()
            .order((table::at.desc(), table::id.desc()))
            .offset(most)
            .first(conn)
            .optional()?,
    };
    let until = surplus.map_or(before.0, |end| before.0.max(end.at.saturating_add(1)));
    Ok(ends()
        .filter(table::at.lt(until))
        .order((table::at, table::id))
        .limit(limit)
        .load(conn)?)
}

/// Forgets a thing that is gone; answers how many rows went. What came later under the same id stays.
pub fn forget(tx: &mut Tx<'_>, end: &End) -> Result<usize> {
    let own = table::table
        .filter(table::kind.eq(&end.kind))
        .filter(table::object_id.eq(&end.object_id))
        .filter(table::id.le(&end.id));
    let events = diesel::delete(own).execute(&mut **tx)?;
    let lives = match Kind::parse(&end.kind) {
        Some(Kind::Server) => lives::forget(tx, &end.object_id)?,
        _ => 0,
    };
    Ok(events + lives)
}

/// When the first of the ends came that are still remembered.
pub fn oldest(conn: &mut Conn, project_id: &str) -> Result<Option<Timestamp>> {
    let first: Option<i64> = table::table
        .filter(table::project_id.eq(project_id))
        .filter(sql::<Bool>(IS_END))
        .order(table::at)
        .select(table::at)
        .first(conn)
        .optional()?;
    Ok(first.map(Timestamp))
}
