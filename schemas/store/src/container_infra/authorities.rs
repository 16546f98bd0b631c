//! Certificate authorities of clusters. Keys are sealed before they come here.

use super::schema::authorities;
use crate::{Conn, Result, Tx};
use diesel::prelude::*;

/// The kind that signs nodes' certificates, and their users'.
pub const NODES: &str = "kubernetes";
/// Every kind a cluster has.
pub const KINDS: [&str; 3] = [NODES, "etcd", "front-proxy"];

/// A row.
#[derive(Clone, Queryable, Selectable, Insertable, PartialEq, Eq)]
#[diesel(table_name = authorities)]
pub struct Authority {
    /// Whose.
    pub cluster_id: String,
    /// What it signs for: `kubernetes` (nodes and users of every kind of cluster), `etcd`,
    /// `front-proxy`.
    pub kind: String,
    /// Rises with each rotation; the highest signs, the one before is still trusted.
    pub generation: i64,
    /// PEM.
    pub certificate: String,
    /// Private key, PKCS #8 PEM, sealed for [`Authority::about`].
    pub sealed_key: String,
    /// µs.
    pub valid_until: i64,
    /// µs.
    pub created_at: i64,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authority({})", self.about())
    }
}

impl Authority {
    /// What its key is sealed for, so that it cannot be moved to another row.
    pub fn about(&self) -> String {
        format!(
            "authority {}/{}/{}",
            self.cluster_id, self.kind, self.generation
        )
    }
}

/// All of a cluster's of one kind, the newest (which signs) first.
pub fn of(conn: &mut Conn, cluster_id: &str, kind: &str) -> Result<Vec<Authority>> {
    Ok(authorities::table
        .filter(authorities::cluster_id.eq(cluster_id))
        .filter(authorities::kind.eq(kind))
        .order(authorities::generation.desc())
        .select(Authority::as_select())
        .load(conn)?)
}

/// Writes a new one.
pub fn insert(tx: &mut Tx<'_>, authority: &Authority) -> Result<()> {
    diesel::insert_into(authorities::table)
        .values(authority)
        .execute(&mut **tx)?;
    Ok(())
}

/// Forgets those older than this generation: nothing they signed is in use any more.
pub fn remove_older(tx: &mut Tx<'_>, cluster_id: &str, generation: i64) -> Result<()> {
    diesel::delete(
        authorities::table
            .filter(authorities::cluster_id.eq(cluster_id))
            .filter(authorities::generation.lt(generation)),
    )
    .execute(&mut **tx)?;
    Ok(())
}

/// Forgets all of a cluster's.
pub(super) fn remove_all(tx: &mut Tx<'_>, cluster_id: &str) -> Result<()> {
    diesel::delete(authorities::table.filter(authorities::cluster_id.eq(cluster_id)))
        .execute(&mut **tx)?;
    Ok(())
}
