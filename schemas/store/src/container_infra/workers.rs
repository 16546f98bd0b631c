//! The parts of the plane that are no hosts: each says "I live" here from time to time.

use super::schema::workers;
use crate::kept::kept;
use crate::{Conn, Fail, Result, Tx};
use diesel::prelude::*;
use schemas::Timestamp;
use std::time::Duration;
use uuid::Uuid;

/// What a conductor does for container-infra.
pub const MAGNUM: &str = "magnum-conductor";

/// What a conductor does for compute.
pub const NOVA: [&str; 2] = ["nova-conductor", "nova-scheduler"];

/// After so long a silence a worker is forgotten: machines come and go under new names.
const FORGOTTEN: Duration = Duration::from_secs(7 * 24 * 3600);

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, PartialEq, Eq)]
#[diesel(table_name = workers)]
pub struct Worker {
    /// UUID, the same for the same part on the same machine.
    pub id: String,
    /// From 1; what older clients are shown as `id`.
    pub number: i64,
    /// The machine it runs on.
    pub host: String,
    /// What it is called upstream.
    pub binary_name: String,
    /// Signs of life so far.
    pub reports: i64,
    /// µs; the last one.
    pub seen_at: i64,
    /// µs; the first one.
    pub created_at: i64,
}

impl Worker {
    /// Heard of within `silence`.
    pub fn is_up(&self, now: Timestamp, silence: Duration) -> bool {
        now.since(Timestamp(self.seen_at)) <= silence
    }
}

/// Writes down a sign of life of these parts on one machine. What was silent for a week is forgotten.
pub fn report(tx: &mut Tx<'_>, host: &str, binaries: &[&str]) -> Result<()> {
    let now = tx.now();
    diesel::delete(workers::table.filter(workers::seen_at.lt((now - FORGOTTEN).0)))
        .execute(&mut **tx)?;
    for binary in binaries {
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{host}/{binary}").as_bytes());
        let id = id.to_string();
        let known = kept(diesel::update(workers::table.find(&id)).set((
            workers::reports.eq(workers::reports + 1),
            workers::seen_at.eq(now.0),
        )))
        .execute(&mut **tx)?;
        if known == 0 {
            insert(tx, id, host, binary)?;
        }
    }
    Ok(())
}

fn insert(tx: &mut Tx<'_>, id: String, host: &str, binary: &str) -> Result<()> {
    let last: Option<i64> = workers::table
        .select(diesel::dsl::max(workers::number))
        .first(&mut **tx)?;
    let worker = Worker {
        id,
        number: last.unwrap_or(0) + 1,
        host: host.to_owned(),
        binary_name: binary.to_owned(),
        reports: 1,
        seen_at: tx.now().0,
        created_at: tx.now().0,
    };
    let inserted = diesel::insert_into(workers::table)
        .values(&worker)
        .execute(&mut **tx)
        .map_err(Fail::from);
    match inserted {
        Ok(_) => Ok(()),
        // Another conductor came at the same moment.
        Err(fail) if fail.is_duplicate() => Err(Fail::Again),
        Err(fail) => Err(fail),
    }
}

/// Those of these kinds, in the order they came.
pub fn list(conn: &mut Conn, binaries: &[&str]) -> Result<Vec<Worker>> {
    Ok(workers::table
        .filter(workers::binary_name.eq_any(binaries.iter().copied()))
        .order(workers::number)
        .select(Worker::as_select())
        .load(conn)?)
}

/// Forgets one, until it says again that it lives. False when it was not there.
pub fn remove(tx: &mut Tx<'_>, id: &str) -> Result<bool> {
    let gone = diesel::delete(workers::table.find(id)).execute(&mut **tx)?;
    Ok(gone == 1)
}
