//! How many clusters projects may have, where an administrator has said so.

use super::clusters;
use super::schema::cluster_quotas;
use crate::{Conn, Fail, Result, Tx};
use diesel::prelude::*;
use schemas::Error;

/// The one resource there are quotas of.
pub const RESOURCE: &str = clusters::RESOURCE;

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, PartialEq, Eq)]
#[diesel(table_name = cluster_quotas)]
pub struct Quota {
    /// Whose.
    pub project_id: String,
    /// [`RESOURCE`].
    pub resource: String,
    /// What the API shows as `id`.
    pub number: i64,
    /// So many and no more.
    pub hard_limit: i64,
    /// µs.
    pub created_at: i64,
    /// µs; nothing before the first change.
    pub updated_at: Option<i64>,
}

/// A project's, if it has one.
pub fn find(conn: &mut Conn, project_id: &str, resource: &str) -> Result<Option<Quota>> {
    Ok(cluster_quotas::table
        .find((project_id, resource))
        .select(Quota::as_select())
        .first(conn)
        .optional()?)
}

/// How many clusters a project may have: its own quota, else the `default`. Negative is any number.
pub fn limit(conn: &mut Conn, project_id: &str, default: i64) -> Result<i64> {
    let quota = find(conn, project_id, RESOURCE)?;
    Ok(quota.map_or(default, |quota| quota.hard_limit))
}

/// One project's, or all; in the order they were set.
pub fn list(conn: &mut Conn, project_id: Option<&str>) -> Result<Vec<Quota>> {
    let mut query = cluster_quotas::table
        .order(cluster_quotas::number)
        .select(Quota::as_select())
        .into_boxed();
    if let Some(project) = project_id {
        query = query.filter(cluster_quotas::project_id.eq(project.to_owned()));
    }
    Ok(query.load(conn)?)
}

/// Sets one that was not set.
///
/// # Errors
/// `Conflict` when it was.
pub fn insert(tx: &mut Tx<'_>, project_id: &str, resource: &str, hard_limit: i64) -> Result<Quota> {
    if find(tx, project_id, resource)?.is_some() {
        return Err(Error::Conflict(format!(
            "A quota for project {project_id} and resource {resource} exists already; change it."
        ))
        .into());
    }
    let last: Option<i64> = cluster_quotas::table
        .select(diesel::dsl::max(cluster_quotas::number))
        .first(&mut **tx)?;
    let quota = Quota {
        project_id: project_id.to_owned(),
        resource: resource.to_owned(),
        number: last.unwrap_or(0) + 1,
        hard_limit,
        created_at: tx.now().0,
        updated_at: None,
    };
    let inserted = diesel::insert_into(cluster_quotas::table)
        .values(&quota)
        .execute(&mut **tx)
        .map_err(Fail::from);
    match inserted {
        Ok(_) => Ok(quota),
        // Another transaction took the number.
        Err(fail) if fail.is_duplicate() => Err(Fail::Again),
        Err(fail) => Err(fail),
    }
}

/// Changes one that was set.
///
/// # Errors
/// `NotFound` when it was not.
pub fn update(tx: &mut Tx<'_>, project_id: &str, resource: &str, hard_limit: i64) -> Result<Quota> {
    let found = find(tx, project_id, resource)?;
    let mut quota = found.ok_or_else(|| missing(project_id, resource))?;
    quota.hard_limit = hard_limit;
    quota.updated_at = Some(tx.now().0);
    diesel::update(cluster_quotas::table.find((project_id, resource)))
        .set((
            cluster_quotas::hard_limit.eq(quota.hard_limit),
            cluster_quotas::updated_at.eq(quota.updated_at),
        ))
        .execute(&mut **tx)?;
    Ok(quota)
}

/// Forgets one: the default is in force again.
///
/// # Errors
/// `NotFound` when it was not set.
pub fn delete(tx: &mut Tx<'_>, project_id: &str, resource: &str) -> Result<()> {
    match diesel::delete(cluster_quotas::table.find((project_id, resource))).execute(&mut **tx)? {
        0 => Err(missing(project_id, resource)),
        _ => Ok(()),
    }
}

fn missing(project_id: &str, resource: &str) -> Fail {
    Error::NotFound(format!(
        "No quota is set for project {project_id} and resource {resource}."
    ))
    .into()
}
