//! One line for each server, until it is forgotten: what usage reports are made of, after the server's
//! own row is gone.

use super::schema::server_lives;
use super::spec::Flavor;
use crate::kept::kept;
use crate::{Conn, Result, Tx};
use diesel::prelude::*;

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, PartialEq, Eq)]
#[diesel(table_name = server_lives)]
pub struct Life {
    /// The server.
    pub server_id: String,
    /// Its project.
    pub project_id: String,
    /// Its name when it was made.
    pub name: String,
    /// Its flavor's name; a confirmed resize changes it.
    pub flavor: String,
    /// CPUs.
    pub vcpus: i64,
    /// MiB.
    pub ram_mb: i64,
    /// GiB, root and ephemeral.
    pub disk_gb: i64,
    /// µs.
    pub started_at: i64,
    /// µs; `None` while it exists.
    pub ended_at: Option<i64>,
}

/// A server begins.
pub fn begin(
    tx: &mut Tx<'_>,
    server_id: &str,
    project_id: &str,
    name: &str,
    flavor: &Flavor,
) -> Result<()> {
    let life = Life {
        server_id: server_id.into(),
        project_id: project_id.into(),
        name: name.into(),
        flavor: flavor.name.clone(),
        vcpus: i64::from(flavor.vcpus),
        ram_mb: flavor.size().memory_mb,
        disk_gb: flavor.size().disk_gb,
        started_at: tx.now().0,
        ended_at: None,
    };
    diesel::insert_into(server_lives::table)
        .values(&life)
        .execute(&mut **tx)?;
    Ok(())
}

/// A server goes on with another size.
pub fn resized(tx: &mut Tx<'_>, server_id: &str, flavor: &Flavor) -> Result<()> {
    diesel::update(server_lives::table.find(server_id))
        .set((
            server_lives::flavor.eq(&flavor.name),
            server_lives::vcpus.eq(i64::from(flavor.vcpus)),
            server_lives::ram_mb.eq(flavor.size().memory_mb),
            server_lives::disk_gb.eq(flavor.size().disk_gb),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// A server is gone.
pub fn end(tx: &mut Tx<'_>, server_id: &str) -> Result<()> {
    let now = tx.now().0;
    kept(
        diesel::update(server_lives::table.find(server_id))
            .filter(server_lives::ended_at.is_null())
            .set(server_lives::ended_at.eq(now)),
    )
    .execute(&mut **tx)?;
    Ok(())
}

/// Is there, or was there, a server of this id? Guests of clusters leave no line.
pub fn known(conn: &mut Conn, server_id: &str) -> Result<bool> {
    let line: Option<String> = server_lives::table
        .find(server_id)
        .select(server_lives::server_id)
        .first(conn)
        .optional()?;
    Ok(line.is_some())
}

/// Nobody will ask for it any more. How many there were.
pub(crate) fn forget(tx: &mut Tx<'_>, server_id: &str) -> Result<usize> {
    let ended = diesel::delete(server_lives::table.find(server_id))
        .filter(server_lives::ended_at.is_not_null());
    Ok(ended.execute(&mut **tx)?)
}

/// Those that existed at some time from `from` until `until`, oldest first; of one project or all.
pub fn within(
    conn: &mut Conn,
    project_id: Option<&str>,
    from: i64,
    until: i64,
) -> Result<Vec<Life>> {
    let mut query = server_lives::table
        .filter(server_lives::started_at.le(until))
        .filter(
            server_lives::ended_at
                .is_null()
                .or(server_lives::ended_at.ge(from)),
        )
        .order((server_lives::started_at, server_lives::server_id))
        .select(Life::as_select())
        .into_boxed();
    if let Some(project) = project_id {
        query = query.filter(server_lives::project_id.eq(project.to_owned()));
    }
    Ok(query.load(conn)?)
}
