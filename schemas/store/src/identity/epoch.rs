//! The counter that says whether remembered tokens still hold.

use super::schema::auth_epoch;
use crate::{Conn, Result, Tx};
use diesel::prelude::*;

/// The counter now: one read by primary key.
pub fn current(conn: &mut Conn) -> Result<i64> {
    Ok(auth_epoch::table
        .find(1)
        .select(auth_epoch::epoch)
        .first(conn)?)
}

/// Makes every process check its remembered tokens again.
pub fn advance(tx: &mut Tx<'_>) -> Result<()> {
    diesel::update(auth_epoch::table.find(1))
        .set(auth_epoch::epoch.eq(auth_epoch::epoch + 1))
        .execute(&mut **tx)?;
    Ok(())
}
