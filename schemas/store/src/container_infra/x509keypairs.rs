//! X.509 key pairs that projects keep for their clusters. Private keys come and go sealed.

use super::schema::x509keypairs;
use crate::{Conn, Fail, Result, Scope, Tx};
use diesel::prelude::*;

/// A row. Its `Debug` form does not show the key.
#[derive(Clone, Queryable, Selectable, Insertable, PartialEq, Eq)]
#[diesel(table_name = x509keypairs)]
pub struct KeyPair {
    /// UUID.
    pub id: String,
    /// Owner.
    pub project_id: String,
    /// Maker.
    pub user_id: String,
    /// Need not be unique.
    pub name: Option<String>,
    /// For which cluster; that one may be gone by now.
    pub cluster_id: String,
    /// As given.
    pub ca_cert: Option<String>,
    /// As given.
    pub certificate: Option<String>,
    /// The private key, sealed.
    pub sealed_key: Option<String>,
    /// µs.
    pub created_at: i64,
    /// µs.
    pub updated_at: Option<i64>,
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyPair")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// One the caller may see.
pub fn get(conn: &mut Conn, scope: &Scope, id: &str) -> Result<Option<KeyPair>> {
    let row: Option<KeyPair> = x509keypairs::table
        .find(id)
        .select(KeyPair::as_select())
        .first(conn)
        .optional()?;
    Ok(row.filter(|pair| scope.sees(&pair.project_id)))
}

/// Those of this name that the caller may see.
pub fn named(conn: &mut Conn, scope: &Scope, name: &str) -> Result<Vec<KeyPair>> {
    let mut rows = list(conn, scope)?;
    rows.retain(|pair| pair.name.as_deref() == Some(name));
    Ok(rows)
}

/// All the caller may see, oldest first.
pub fn list(conn: &mut Conn, scope: &Scope) -> Result<Vec<KeyPair>> {
    let mut query = x509keypairs::table
        .order((x509keypairs::created_at, x509keypairs::id))
        .select(KeyPair::as_select())
        .into_boxed();
    if let Scope::Project(project) = scope {
        query = query.filter(x509keypairs::project_id.eq(project.clone()));
    }
    Ok(query.load(conn)?)
}

/// Writes a new one; a project has at most `most` (negative: any number).
///
/// # Errors
/// `OverQuota`, `Conflict` when the id is taken.
pub fn insert(tx: &mut Tx<'_>, pair: &KeyPair, most: i64) -> Result<()> {
    let there: i64 = x509keypairs::table
        .filter(x509keypairs::project_id.eq(&pair.project_id))
        .count()
        .get_result(&mut **tx)?;
    super::bounded("X.509 key pairs", there, most)?;
    let inserted = diesel::insert_into(x509keypairs::table)
        .values(pair)
        .execute(&mut **tx)
        .map_err(Fail::from);
    super::taken("X.509 key pair", &pair.id, inserted)
}

/// Removes one.
pub fn delete(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    diesel::delete(x509keypairs::table.find(id)).execute(&mut **tx)?;
    Ok(())
}
