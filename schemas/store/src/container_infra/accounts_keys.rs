//! Keys that clusters of Kubernetes sign their service accounts' tokens with: one for each, made when its
//! first master is, and the same for every master after that, or all tokens would be void. Sealed before
//! they come here.

use super::schema::accounts_keys::{self, cluster_id, sealed_key};
use crate::{Conn, Result, Tx};
use diesel::prelude::*;

/// What a cluster's key is sealed for, so that it cannot be moved to another row.
pub fn about(cluster: &str) -> String {
    format!("accounts {cluster}")
}

/// A cluster's key, sealed; nothing before it is made.
pub fn get(conn: &mut Conn, cluster: &str) -> Result<Option<String>> {
    Ok(accounts_keys::table
        .find(cluster)
        .select(sealed_key)
        .first(conn)
        .optional()?)
}

/// Writes a new one.
pub fn insert(tx: &mut Tx<'_>, cluster: &str, sealed: &str) -> Result<()> {
    diesel::insert_into(accounts_keys::table)
        .values((cluster_id.eq(cluster), sealed_key.eq(sealed)))
        .execute(&mut **tx)?;
    Ok(())
}

/// Forgets it.
pub(super) fn remove_all(tx: &mut Tx<'_>, cluster: &str) -> Result<()> {
    diesel::delete(accounts_keys::table.find(cluster)).execute(&mut **tx)?;
    Ok(())
}
