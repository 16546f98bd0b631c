//! Which tokens were ended before their time.

use super::epoch;
use super::schema::revocations;
use crate::{Conn, Result, Tx};
use diesel::prelude::*;
use schemas::Timestamp;

/// Is any of these audit ids revoked?
pub fn is_revoked(conn: &mut Conn, audit_ids: &[String]) -> Result<bool> {
    let found: i64 = revocations::table
        .filter(revocations::audit_id.eq_any(audit_ids))
        .count()
        .get_result(conn)?;
    Ok(found > 0)
}

/// Ends a token, and those made from it when it is the first of its chain. Forgets the revocations
/// of tokens that have ended by themselves.
pub fn revoke(tx: &mut Tx<'_>, audit_id: &str, expires_at: Timestamp) -> Result<()> {
    let now = tx.now().0;
    diesel::delete(revocations::table.filter(revocations::expires_at.lt(now)))
        .execute(&mut **tx)?;
    if is_revoked(tx, &[audit_id.to_owned()])? {
        return Ok(());
    }
    diesel::insert_into(revocations::table)
        .values((
            revocations::audit_id.eq(audit_id),
            revocations::expires_at.eq(expires_at.0),
        ))
        .execute(&mut **tx)?;
    epoch::advance(tx)
}
