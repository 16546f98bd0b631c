//! Key pairs: the public halves, by user and name.

use super::schema::keypairs;
use crate::{Conn, Result, Tx};
use diesel::prelude::*;
use schemas::Error;

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, PartialEq, Eq)]
#[diesel(table_name = keypairs)]
pub struct KeyPair {
    /// Owner.
    pub user_id: String,
    /// Unique for the user.
    pub name: String,
    /// What Nova shows as `id`.
    pub number: i64,
    /// `ssh`.
    pub kind: String,
    /// MD5 in hex with colons.
    pub fingerprint: String,
    /// OpenSSH form.
    pub public_key: String,
    /// µs.
    pub created_at: i64,
}

/// One of a user's.
///
/// # Errors
/// `NotFound`.
pub fn get(conn: &mut Conn, user_id: &str, name: &str) -> Result<KeyPair> {
    find(conn, user_id, name)?.ok_or_else(|| missing(user_id, name).into())
}

/// One of a user's, if it is there.
pub fn find(conn: &mut Conn, user_id: &str, name: &str) -> Result<Option<KeyPair>> {
    Ok(keypairs::table
        .find((user_id, name))
        .select(KeyPair::as_select())
        .first(conn)
        .optional()?)
}

fn missing(user_id: &str, name: &str) -> Error {
    Error::NotFound(format!("Keypair {name} not found for user {user_id}"))
}

/// A user's, by name.
pub fn list(conn: &mut Conn, user_id: &str) -> Result<Vec<KeyPair>> {
    Ok(keypairs::table
        .filter(keypairs::user_id.eq(user_id))
        .order(keypairs::name)
        .select(KeyPair::as_select())
        .load(conn)?)
}

/// Writes a new one and gives it its number. `limit` bounds how many a user has (negative: no
/// bound).
///
/// # Errors
/// `Conflict` when the name is taken, `OverQuota`.
pub fn insert(tx: &mut Tx<'_>, key: &mut KeyPair, limit: i64) -> Result<()> {
    let (user, name) = (&key.user_id, &key.name);
    if find(tx, user, name)?.is_some() {
        return Err(Error::Conflict(format!("Key pair '{name}' already exists.")).into());
    }
    let has: i64 = keypairs::table
        .filter(keypairs::user_id.eq(user))
        .count()
        .get_result(&mut **tx)?;
    if limit >= 0 && has >= limit {
        return Err(Error::OverQuota(format!(
            "Quota exceeded, too many key pairs: {has} of {limit} are used; delete one first."
        ))
        .into());
    }
    let last: Option<i64> = keypairs::table
        .select(diesel::dsl::max(keypairs::number))
        .first(&mut **tx)?;
    key.number = last.unwrap_or(0) + 1;
    diesel::insert_into(keypairs::table)
        .values(&*key)
        .execute(&mut **tx)?;
    Ok(())
}

/// Removes one.
///
/// # Errors
/// `NotFound`.
pub fn remove(tx: &mut Tx<'_>, user_id: &str, name: &str) -> Result<()> {
    match diesel::delete(keypairs::table.find((user_id, name))).execute(&mut **tx)? {
        0 => Err(missing(user_id, name).into()),
        _ => Ok(()),
    }
}
