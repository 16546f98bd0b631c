//! What projects use, and may use. `in_use` moves only by conditional updates inside the
//! transaction that makes or removes the object: no over-commit, no leak.

use crate::kept::kept;
use crate::schema::{quotas, usages};
use crate::{Conn, Fail, Result, Tx};
use diesel::prelude::*;
use std::collections::BTreeMap;

/// Takes `amount` of a resource, unless that would pass `limit` (negative = unlimited).
///
/// False when the quota does not allow it; then nothing is changed.
pub fn take(
    tx: &mut Tx<'_>,
    project_id: &str,
    resource: &str,
    amount: i64,
    limit: i64,
) -> Result<bool> {
    let limit = if limit < 0 { i64::MAX } else { limit };
    let row = usages::table.find((project_id, resource));
    let taken = kept(
        diesel::update(row)
            .filter(usages::in_use.le(limit.saturating_sub(amount)))
            .set(usages::in_use.eq(usages::in_use + amount)),
    )
    .execute(&mut **tx)?;
    if taken == 1 {
        return Ok(true);
    }
    let known: Option<i64> = row.select(usages::in_use).first(&mut **tx).optional()?;
    if known.is_some() || amount > limit {
        return Ok(false);
    }
    let first = diesel::insert_into(usages::table)
        .values((
            usages::project_id.eq(project_id),
            usages::resource.eq(resource),
            usages::in_use.eq(amount),
        ))
        .execute(&mut **tx)
        .map_err(Fail::from);
    match first {
        Ok(_) => Ok(true),
        Err(fail) if fail.is_duplicate() => Err(Fail::Again),
        Err(fail) => Err(fail),
    }
}

/// Gives `amount` back.
pub fn give(tx: &mut Tx<'_>, project_id: &str, resource: &str, amount: i64) -> Result<()> {
    kept(
        diesel::update(usages::table.find((project_id, resource)))
            .set(usages::in_use.eq(usages::in_use - amount)),
    )
    .execute(&mut **tx)?;
    Ok(())
}

/// What a project uses, by resource.
pub fn in_use(conn: &mut Conn, project_id: &str) -> Result<BTreeMap<String, i64>> {
    let rows: Vec<(String, i64)> = usages::table
        .filter(usages::project_id.eq(project_id))
        .select((usages::resource, usages::in_use))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Limits set for a project, by resource; the others have the default.
pub fn limits(conn: &mut Conn, project_id: &str) -> Result<BTreeMap<String, i64>> {
    let rows: Vec<(String, i64)> = quotas::table
        .filter(quotas::project_id.eq(project_id))
        .select((quotas::resource, quotas::hard_limit))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Sets one limit.
pub fn set_limit(tx: &mut Tx<'_>, project_id: &str, resource: &str, limit: i64) -> Result<()> {
    let changed = kept(
        diesel::update(quotas::table.find((project_id, resource)))
            .set(quotas::hard_limit.eq(limit)),
    )
    .execute(&mut **tx)?;
    if changed == 0 {
        diesel::insert_into(quotas::table)
            .values((
                quotas::project_id.eq(project_id),
                quotas::resource.eq(resource),
                quotas::hard_limit.eq(limit),
            ))
            .execute(&mut **tx)?;
    }
    Ok(())
}

/// Back to the defaults.
pub fn forget_limits(tx: &mut Tx<'_>, project_id: &str) -> Result<()> {
    diesel::delete(quotas::table.filter(quotas::project_id.eq(project_id))).execute(&mut **tx)?;
    Ok(())
}
