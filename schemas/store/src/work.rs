//! The work table: queue, transactional outbox and lease in one.
//!
//! *Guarantees.* Whatever transaction calls `due` makes the entry exist when it commits. A burst of
//! reasons is one entry. An entry that was made due while somebody worked on it is not lost when he
//! finishes (`seq`). A worker that died holds its entries only until the lease ends.
//!
//! *Assumes.* Leases only save work; correctness comes from compare-and-swap on rows.

use crate::fail::{Fail, Result};
use crate::kept::kept;
use crate::schema::work;
use crate::{Conn, Tx};
use diesel::prelude::*;
use schemas::{Kind, Timestamp};
use std::time::Duration;

/// An entry.
#[derive(Clone, Debug, Queryable, Selectable, PartialEq, Eq)]
#[diesel(table_name = work)]
pub struct Entry {
    /// Kind's name.
    pub kind: String,
    /// Row id.
    pub id: String,
    /// µs; not looked at before.
    pub due_at: i64,
    /// Counts the reasons given.
    pub seq: i64,
    /// Who works on it; empty = nobody.
    pub owner: String,
    /// µs; the owner's claim ends then.
    pub lease_until: i64,
    /// Looks since it last made progress.
    pub attempts: i32,
    /// Why it waits, in words.
    pub reason: String,
    /// µs; since when it is due or waits.
    pub since: i64,
}

/// Makes an entry due at `now`.
pub(crate) fn due(conn: &mut Conn, kind: Kind, id: &str, now: Timestamp) -> Result<()> {
    let row = work::table.find((kind.as_str(), id));
    let moved =
        kept(diesel::update(row).set((work::due_at.eq(now.0), work::seq.eq(work::seq + 1))))
            .execute(conn)?;
    if moved == 1 {
        return Ok(());
    }
    let inserted = diesel::insert_into(work::table)
        .values((
            work::kind.eq(kind.as_str()),
            work::id.eq(id),
            work::due_at.eq(now.0),
            work::seq.eq(1),
            work::owner.eq(""),
            work::lease_until.eq(0),
            work::attempts.eq(0),
            work::reason.eq(""),
            work::since.eq(now.0),
        ))
        .execute(conn);
    match inserted.map_err(Fail::from) {
        Ok(_) => Ok(()),
        Err(fail) if fail.is_duplicate() => Err(Fail::Again),
        Err(fail) => Err(fail),
    }
}

/// Takes up to `limit` due entries of these kinds, oldest first.
pub fn claim(
    conn: &mut Conn,
    kinds: &[Kind],
    owner: &str,
    now: Timestamp,
    lease: Duration,
    limit: i64,
) -> Result<Vec<Entry>> {
    let free: Vec<Entry> = work::table
        .filter(work::kind.eq_any(names(kinds)))
        .filter(work::due_at.le(now.0).and(work::lease_until.le(now.0)))
        .order(work::due_at)
        .limit(limit)
        .select(Entry::as_select())
        .load(conn)?;
    let mut mine = Vec::with_capacity(free.len());
    for entry in free {
        if take(conn, &entry, owner, now, lease)? {
            mine.push(entry);
        }
    }
    Ok(mine)
}

fn names(kinds: &[Kind]) -> Vec<&'static str> {
    kinds.iter().map(|kind| kind.as_str()).collect()
}

/// Keeps a claim for another `lease`. False: somebody else has the entry now.
pub fn renew(
    conn: &mut Conn,
    entry: &Entry,
    owner: &str,
    now: Timestamp,
    lease: Duration,
) -> Result<bool> {
    let renewed = kept(
        diesel::update(work::table.find((&entry.kind, &entry.id)))
            .filter(work::owner.eq(owner))
            .set(work::lease_until.eq((now + lease).0)),
    )
    .execute(conn)?;
    Ok(renewed == 1)
}

/// Takes one entry, if it is due and free.
pub fn claim_one(
    conn: &mut Conn,
    kind: Kind,
    id: &str,
    owner: &str,
    now: Timestamp,
    lease: Duration,
) -> Result<Option<Entry>> {
    let entry: Option<Entry> = work::table
        .find((kind.as_str(), id))
        .select(Entry::as_select())
        .first(conn)
        .optional()?;
    match entry {
        Some(entry)
            if entry.due_at <= now.0
                && entry.lease_until <= now.0
                && take(conn, &entry, owner, now, lease)? =>
        {
            Ok(Some(entry))
        }
        _ => Ok(None),
    }
}

fn take(
    conn: &mut Conn,
    entry: &Entry,
    owner: &str,
    now: Timestamp,
    lease: Duration,
) -> Result<bool> {
    let taken = kept(
        diesel::update(work::table.find((&entry.kind, &entry.id)))
            .filter(
                work::lease_until
                    .eq(entry.lease_until)
                    .and(work::seq.eq(entry.seq)),
            )
            .set((work::owner.eq(owner), work::lease_until.eq((now + lease).0))),
    )
    .execute(conn)?;
    Ok(taken == 1)
}

/// Ends a look: the entry goes, unless new reasons came meanwhile; then it stays due, free for the
/// next look. True in that case.
pub fn finish(conn: &mut Conn, entry: &Entry) -> Result<bool> {
    let gone = diesel::delete(work::table.find((&entry.kind, &entry.id)))
        .filter(work::seq.eq(entry.seq))
        .execute(conn)?;
    Ok(gone == 0 && free(conn, entry, None)?)
}

/// Ends a look and asks for the next at `at`, or at once when new reasons came. True in that case.
pub fn again(conn: &mut Conn, entry: &Entry, at: Timestamp, reason: &str) -> Result<bool> {
    let waits = kept(
        diesel::update(work::table.find((&entry.kind, &entry.id)))
            .filter(work::seq.eq(entry.seq))
            .set((
                work::due_at.eq(at.0),
                work::owner.eq(""),
                work::lease_until.eq(0),
                work::attempts.eq(work::attempts + 1),
                work::reason.eq(reason),
            )),
    )
    .execute(conn)?;
    Ok(waits == 0 && free(conn, entry, Some(reason))?)
}

fn free(conn: &mut Conn, entry: &Entry, reason: Option<&str>) -> Result<bool> {
    let freed = kept(
        diesel::update(work::table.find((&entry.kind, &entry.id))).set((
            work::owner.eq(""),
            work::lease_until.eq(0),
            work::reason.eq(reason.unwrap_or_default()),
        )),
    )
    .execute(conn)?;
    Ok(freed == 1)
}

/// The entry of one object.
pub fn get(conn: &mut Conn, kind: Kind, id: &str) -> Result<Option<Entry>> {
    Ok(work::table
        .find((kind.as_str(), id))
        .select(Entry::as_select())
        .first(conn)
        .optional()?)
}

/// The entry of one object, made when there is none.
pub fn ensure(tx: &mut Tx<'_>, kind: Kind, id: &str) -> Result<Entry> {
    if let Some(entry) = get(tx, kind, id)? {
        return Ok(entry);
    }
    let now = tx.now();
    due(tx, kind, id, now)?;
    get(tx, kind, id)?.ok_or(Fail::Again)
}

/// When the next entry of these kinds that nobody works on at `now` is due; `None` when nothing waits.
pub fn next_free(conn: &mut Conn, kinds: &[Kind], now: Timestamp) -> Result<Option<Timestamp>> {
    let soonest: Option<i64> = work::table
        .filter(work::kind.eq_any(names(kinds)))
        .filter(work::lease_until.le(now.0))
        .select(diesel::dsl::min(work::due_at))
        .first(conn)?;
    Ok(soonest.map(Timestamp))
}

/// How many entries of each kind there are, and since when (µs) the oldest waits: for metrics.
pub fn depth(conn: &mut Conn) -> Result<Vec<(String, i64, Option<i64>)>> {
    use diesel::dsl::{count_star, min};
    Ok(work::table
        .group_by(work::kind)
        .select((work::kind, count_star(), min(work::since)))
        .load(conn)?)
}

/// Everything that is due or waits, for the operations view and for tests.
pub fn list(conn: &mut Conn) -> Result<Vec<Entry>> {
    Ok(work::table
        .order((work::kind, work::id))
        .select(Entry::as_select())
        .load(conn)?)
}
