//! Which tokens were ended before their time.

use super::epoch;
use super::schema::revocations;
use crate::{Conn, Result, Tx};
use diesel::prelude::*;
use schemas::{Error, Timestamp};

/// Is any of these audit ids revoked?
pub fn is_revoked(conn: &mut Conn, audit_ids: &[String]) -> Result<bool> {
    let found: i64 = revocations::table
        .filter(revocations::audit_id.eq_any(audit_ids))
        .count()
        .get_result(conn)?;
    Ok(found > 0)
}

/// Ends a token, and those made from it when it is the first of its chain. Forgets the revocations
/// of tokens that have ended by themselves. `most` bounds those of one user; negative: any number.
///
/// # Errors
/// `OverQuota`.
pub fn revoke(
    tx: &mut Tx<'_>,
    user_id: &str,
    audit_id: &str,
    expires_at: Timestamp,
    most: i64,
) -> Result<()> {
    let now = tx.now().0;
    diesel::delete(revocations::table.filter(revocations::expires_at.lt(now)))
        .execute(&mut **tx)?;
    if is_revoked(tx, &[audit_id.to_owned()])? {
        return Ok(());
    }
    let there: i64 = revocations::table
        .filter(revocations::user_id.eq(user_id))
        .count()
        .get_result(&mut **tx)?;
    if most >= 0 && there >= most {
        return Err(Error::OverQuota(format!(
            "The user has ended {there} tokens before their time, and no more are remembered; wait \
             until those have ended by themselves, or change the password, which ends all of them."
        ))
        .into());
    }
    diesel::insert_into(revocations::table)
        .values((
            revocations::audit_id.eq(audit_id),
            revocations::expires_at.eq(expires_at.0),
            revocations::user_id.eq(user_id),
        ))
        .execute(&mut **tx)?;
    epoch::advance(tx)
}
