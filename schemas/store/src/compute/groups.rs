//! Server groups: rules about which servers share a host.

use crate::schema::{server_groups, servers};
use crate::{Conn, Result, Scope, Tx};
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

/// Those the caller may see, newest first.
pub fn list(conn: &mut Conn, scope: &Scope) -> Result<Vec<ServerGroup>> {
    let mut query = server_groups::table
        .order((server_groups::created_at.desc(), server_groups::id.desc()))
        .select(ServerGroup::as_select())
        .into_boxed();
    if let Scope::Project(project) = scope {
        query = query.filter(server_groups::project_id.eq(project.clone()));
    }
    Ok(query.load(conn)?)
}

/// Ids of the group's servers.
pub fn members_of(conn: &mut Conn, group_id: &str) -> Result<Vec<String>> {
    Ok(servers::table
        .filter(servers::group_id.eq(group_id).and(servers::deleting.eq(0)))
        .order((servers::created_at, servers::id))
        .select(servers::id)
        .load(conn)?)
}

/// Writes a new group.
pub fn insert(tx: &mut Tx<'_>, group: &ServerGroup) -> Result<()> {
    diesel::insert_into(server_groups::table)
        .values(group)
        .execute(&mut **tx)?;
    Ok(())
}

/// Removes a group; its servers stay where they are. False when it was not there.
pub fn remove(tx: &mut Tx<'_>, id: &str) -> Result<bool> {
    let gone = diesel::delete(server_groups::table.find(id)).execute(&mut **tx)?;
    Ok(gone == 1)
}
