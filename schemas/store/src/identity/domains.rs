//! Domains: the namespaces of users, groups and projects.

use super::schema::domains;
use super::{epoch, schema};
use crate::{Conn, Fail, Result, Tx};
use diesel::prelude::*;
use schemas::Error;

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, PartialEq, Eq)]
#[diesel(table_name = domains)]
pub struct Domain {
    /// 32 hex digits, or `default`.
    pub id: String,
    /// Unique.
    pub name: String,
    /// Free text.
    pub description: String,
    /// 0: nobody in it can log in.
    pub enabled: i32,
    /// Other attributes, JSON object.
    pub extra: String,
    /// µs.
    pub created_at: i64,
}

/// One by id.
pub fn find(conn: &mut Conn, id: &str) -> Result<Option<Domain>> {
    Ok(domains::table
        .find(id)
        .select(Domain::as_select())
        .first(conn)
        .optional()?)
}

/// One by id.
///
/// # Errors
/// `NotFound`.
pub fn get(conn: &mut Conn, id: &str) -> Result<Domain> {
    find(conn, id)?.ok_or_else(|| Error::not_found("Domain", id).into())
}

/// One by name.
pub fn by_name(conn: &mut Conn, name: &str) -> Result<Option<Domain>> {
    let named = domains::table.filter(domains::name.eq(name));
    Ok(named.select(Domain::as_select()).first(conn).optional()?)
}

/// All, oldest first.
pub fn list(conn: &mut Conn) -> Result<Vec<Domain>> {
    Ok(domains::table
        .order((domains::created_at, domains::id))
        .select(Domain::as_select())
        .load(conn)?)
}

/// Makes one.
///
/// # Errors
/// `Conflict` when the name is taken.
pub fn create(tx: &mut Tx<'_>, domain: &Domain) -> Result<()> {
    diesel::insert_into(domains::table)
        .values(domain)
        .execute(&mut **tx)
        .map_err(|error| taken(error.into(), &domain.name))?;
    Ok(())
}

/// Writes all columns.
///
/// # Errors
/// `Conflict` when the name is taken.
pub fn update(tx: &mut Tx<'_>, domain: &Domain) -> Result<()> {
    diesel::update(domains::table.find(&domain.id))
        .set(domain)
        .execute(&mut **tx)
        .map_err(|error| taken(error.into(), &domain.name))?;
    epoch::advance(tx)
}

fn taken(fail: Fail, name: &str) -> Fail {
    if !fail.is_duplicate() {
        return fail;
    }
    Error::Conflict(format!("A domain named {name} exists already.")).into()
}

/// Removes a disabled domain with everything in it. Gives the ids of its projects.
///
/// # Errors
/// `Forbidden` while it is enabled.
pub fn delete(tx: &mut Tx<'_>, id: &str) -> Result<Vec<String>> {
    use schema::{projects, roles, user_groups, users};
    let domain = get(tx, id)?;
    if domain.enabled != 0 {
        return Err(Error::Forbidden(
            "Cannot delete a domain that is enabled, please disable it first.".into(),
        )
        .into());
    }
    let users: Vec<String> = users::table
        .filter(users::domain_id.eq(id))
        .select(users::id)
        .load(&mut **tx)?;
    for user in users {
        super::users::delete(tx, &user)?;
    }
    let groups: Vec<String> = user_groups::table
        .filter(user_groups::domain_id.eq(id))
        .select(user_groups::id)
        .load(&mut **tx)?;
    for group in groups {
        super::groups::delete(tx, &group)?;
    }
    let projects: Vec<String> = projects::table
        .filter(projects::domain_id.eq(id))
        .select(projects::id)
        .load(&mut **tx)?;
    for project in &projects {
        super::projects::remove(tx, project)?;
    }
    let roles: Vec<String> = roles::table
        .filter(roles::domain_id.eq(id))
        .select(roles::id)
        .load(&mut **tx)?;
    for role in roles {
        super::roles::delete(tx, &role)?;
    }
    super::assignments::forget_target(tx, id)?;
    diesel::delete(domains::table.find(id)).execute(&mut **tx)?;
    epoch::advance(tx)?;
    Ok(projects)
}
