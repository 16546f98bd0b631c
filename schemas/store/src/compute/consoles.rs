//! Consoles that were asked for: a token opens one once, and not for long.

use super::schema::consoles;
use crate::{Conn, Result, Tx};
use diesel::prelude::*;
use schemas::Error;

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, PartialEq, Eq)]
#[diesel(table_name = consoles)]
pub struct Console {
    /// SHA-256 of the token, hex.
    pub token_hash: String,
    /// The server.
    pub server_id: String,
    /// `serial`.
    pub kind: String,
    /// µs.
    pub expires_at: i64,
}

/// Writes a new one, and forgets those that were never opened in time. A server has at most `most`
/// (negative: any number).
///
/// # Errors
/// `OverQuota`.
pub fn insert(tx: &mut Tx<'_>, console: &Console, most: i64) -> Result<()> {
    let now = tx.now().0;
    diesel::delete(consoles::table.filter(consoles::expires_at.lt(now))).execute(&mut **tx)?;
    let there: i64 = consoles::table
        .filter(consoles::server_id.eq(&console.server_id))
        .count()
        .get_result(&mut **tx)?;
    if most >= 0 && there >= most {
        return Err(Error::OverQuota(format!(
            "Quota exceeded for consoles: {there} of {most} were asked for and not opened; open \
             them, or wait until they are too old."
        ))
        .into());
    }
    diesel::insert_into(consoles::table)
        .values(console)
        .execute(&mut **tx)?;
    Ok(())
}

/// Takes a console by its token: it opens no second time. `None` when it is unknown or too old.
pub fn take(tx: &mut Tx<'_>, token_hash: &str) -> Result<Option<Console>> {
    let now = tx.now().0;
    let found = peek(tx, token_hash)?;
    diesel::delete(consoles::table.find(token_hash)).execute(&mut **tx)?;
    Ok(found.filter(|console| console.expires_at >= now))
}

/// A console by its token, which still opens it.
pub fn peek(conn: &mut Conn, token_hash: &str) -> Result<Option<Console>> {
    Ok(consoles::table
        .find(token_hash)
        .select(Console::as_select())
        .first(conn)
        .optional()?)
}
