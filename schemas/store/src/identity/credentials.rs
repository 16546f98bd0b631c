//! Credentials: blobs that a user keeps here (TOTP seeds, EC2 keys, certificates).

use super::application_credentials::bounded;
use super::schema::credentials;
use crate::{Conn, Result, Tx};
use diesel::prelude::*;
use schemas::Error;

/// A row. Its `Debug` form does not show the blob.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset, PartialEq, Eq)]
#[diesel(table_name = credentials, treat_none_as_null = true)]
pub struct Credential {
    /// Hex digits.
    pub id: String,
    /// Whose.
    pub user_id: String,
    /// For which project.
    pub project_id: Option<String>,
    /// `ec2`, `cert`, `totp` or any other word.
    pub kind: String,
    /// The secret, sealed.
    pub blob: String,
    /// µs.
    pub created_at: i64,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// One by id.
///
/// # Errors
/// `NotFound`.
pub fn get(conn: &mut Conn, id: &str) -> Result<Credential> {
    let found = credentials::table.find(id).select(Credential::as_select());
    found
        .first(conn)
        .optional()?
        .ok_or_else(|| Error::not_found("Credential", id).into())
}

/// A user's or all, oldest first.
pub fn list(conn: &mut Conn, user_id: Option<&str>) -> Result<Vec<Credential>> {
    let mut query = credentials::table
        .order((credentials::created_at, credentials::id))
        .select(Credential::as_select())
        .into_boxed();
    if let Some(user_id) = user_id {
        query = query.filter(credentials::user_id.eq(user_id.to_owned()));
    }
    Ok(query.load(conn)?)
}

/// Makes one; a user has at most `most` (negative: any number).
///
/// # Errors
/// `OverQuota`.
pub fn create(tx: &mut Tx<'_>, credential: &Credential, most: i64) -> Result<()> {
    let there: i64 = credentials::table
        .filter(credentials::user_id.eq(&credential.user_id))
        .count()
        .get_result(&mut **tx)?;
    bounded("credentials", there, most)?;
    diesel::insert_into(credentials::table)
        .values(credential)
        .execute(&mut **tx)?;
    Ok(())
}

/// Writes all columns.
pub fn update(tx: &mut Tx<'_>, credential: &Credential) -> Result<()> {
    diesel::update(credentials::table.find(&credential.id))
        .set(credential)
        .execute(&mut **tx)?;
    Ok(())
}

/// Removes one.
pub fn delete(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    get(tx, id)?;
    diesel::delete(credentials::table.find(id)).execute(&mut **tx)?;
    Ok(())
}
