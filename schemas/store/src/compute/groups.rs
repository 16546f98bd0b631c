//! Server groups: rules about which servers share a host.

use crate::schema::{server_groups, servers};
use crate::{Conn, Result, Scope};
use diesel::prelude::*;

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, PartialEq, Eq)]
#[diesel(table_name = server_groups)]
pub struct ServerGroup {
    /// UUID.
    pub id: String,
    /// Owner.
    pub project_id: String,
    /// Maker.
    pub user_id: String,
    /// Name; need not be unique.
    pub name: String,
    /// `affinity`, `anti-affinity`, `soft-affinity`, `soft-anti-affinity`.
    pub policy: String,
    /// For anti-affinity: how many members one host may have (2.64).
    pub max_server_per_host: Option<i32>,
    /// µs.
    pub created_at: i64,
}

/// One group the caller may see.
pub fn get(conn: &mut Conn, scope: &Scope, id: &str) -> Result<Option<ServerGroup>> {
    let row: Option<ServerGroup> = server_groups::table
        .find(id)
        .select(ServerGroup::as_select())
        .first(conn)
        .optional()?;
    Ok(row.filter(|group| scope.sees(&group.project_id)))
}

/// Hosts of the group's servers, one item a server.
pub fn hosts_of(conn: &mut Conn, group_id: &str) -> Result<Vec<String>> {
    let hosts: Vec<Option<String>> = servers::table
        .filter(
            servers::group_id
                .eq(group_id)
                .and(servers::host_id.is_not_null()),
        )
        .filter(servers::deleting.eq(0))
        .select(servers::host_id)
        .load(conn)?;
    Ok(hosts.into_iter().flatten().collect())
}
