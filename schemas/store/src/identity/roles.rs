//! Roles, and which implies which.

use super::epoch;
use super::schema::{application_credentials, assignments, implied_roles, roles};
use crate::{Conn, Fail, Result, Tx};
use diesel::prelude::*;
use schemas::Error;
use std::collections::{HashMap, HashSet};

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, PartialEq, Eq)]
#[diesel(table_name = roles)]
pub struct Role {
    /// 32 hex digits.
    pub id: String,
    /// Empty for a role of the whole cloud.
    pub domain_id: String,
    /// Unique in the domain, or in the cloud.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Other attributes and options, JSON object.
    pub extra: String,
    /// µs.
    pub created_at: i64,
}

/// One by id.
pub fn find(conn: &mut Conn, id: &str) -> Result<Option<Role>> {
    Ok(roles::table
        .find(id)
        .select(Role::as_select())
        .first(conn)
        .optional()?)
}

/// One by id.
///
/// # Errors
/// `NotFound`.
pub fn get(conn: &mut Conn, id: &str) -> Result<Role> {
    find(conn, id)?.ok_or_else(|| Error::not_found("Role", id).into())
}

/// The roles of a domain (empty: of the cloud), with this name if given, oldest first.
pub fn list(conn: &mut Conn, domain_id: &str, name: Option<&str>) -> Result<Vec<Role>> {
    let mut query = roles::table
        .filter(roles::domain_id.eq(domain_id.to_owned()))
        .order((roles::created_at, roles::id))
        .select(Role::as_select())
        .into_boxed();
    if let Some(name) = name {
        query = query.filter(roles::name.eq(name.to_owned()));
    }
    Ok(query.load(conn)?)
}

/// All roles by id.
pub fn all(conn: &mut Conn) -> Result<HashMap<String, Role>> {
    let all: Vec<Role> = roles::table.select(Role::as_select()).load(conn)?;
    Ok(all
        .into_iter()
        .map(|role| (role.id.clone(), role))
        .collect())
}

/// Makes one.
///
/// # Errors
/// `Conflict` when the name is taken.
pub fn create(tx: &mut Tx<'_>, role: &Role) -> Result<()> {
    diesel::insert_into(roles::table)
        .values(role)
        .execute(&mut **tx)
        .map_err(|error| taken(error.into(), &role.name))?;
    Ok(())
}

/// Writes all columns.
///
/// # Errors
/// `Conflict` when the name is taken.
pub fn update(tx: &mut Tx<'_>, role: &Role) -> Result<()> {
    diesel::update(roles::table.find(&role.id))
        .set(role)
        .execute(&mut **tx)
        .map_err(|error| taken(error.into(), &role.name))?;
    epoch::advance(tx)
}

fn taken(fail: Fail, name: &str) -> Fail {
    if !fail.is_duplicate() {
        return fail;
    }
    Error::Conflict(format!("A role named {name} exists already.")).into()
}

/// Removes one; whoever had it has it no more, application credentials with it go.
///
/// # Errors
/// `NotFound`.
pub fn delete(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    get(tx, id)?;
    diesel::delete(assignments::table.filter(assignments::role_id.eq(id))).execute(&mut **tx)?;
    diesel::delete(
        implied_roles::table.filter(
            implied_roles::prior_id
                .eq(id)
                .or(implied_roles::implied_id.eq(id)),
        ),
    )
    .execute(&mut **tx)?;
    diesel::delete(
        application_credentials::table
            .filter(application_credentials::roles.like(format!("%\"{id}\"%"))),
    )
    .execute(&mut **tx)?;
    diesel::delete(roles::table.find(id)).execute(&mut **tx)?;
    epoch::advance(tx)
}

/// Who implies whom.
pub fn implications(conn: &mut Conn) -> Result<Vec<(String, String)>> {
    Ok(implied_roles::table
        .order((implied_roles::prior_id, implied_roles::implied_id))
        .select((implied_roles::prior_id, implied_roles::implied_id))
        .load(conn)?)
}

/// These roles and all they imply, directly or not.
pub fn with_implied(
    implications: &[(String, String)],
    given: impl IntoIterator<Item = String>,
) -> HashSet<String> {
    let mut all: HashSet<String> = HashSet::new();
    let mut open: Vec<String> = given.into_iter().collect();
    while let Some(role) = open.pop() {
        let implied = implications.iter().filter(|(prior, _)| *prior == role);
        open.extend(
            implied
                .map(|(_, implied)| implied.clone())
                .filter(|id| !all.contains(id)),
        );
        all.insert(role);
    }
    all
}

/// Makes one role imply another; again is no error.
///
/// # Errors
/// `BadRequest` when it would close a circle.
pub fn imply(tx: &mut Tx<'_>, prior: &str, implied: &str) -> Result<()> {
    let known = implications(tx)?;
    if known.iter().any(|(a, b)| a == prior && b == implied) {
        return Ok(());
    }
    if with_implied(&known, [implied.to_owned()]).contains(prior) {
        let error = "The roles would imply each other in a circle.";
        return Err(Error::BadRequest(error.into()).into());
    }
    diesel::insert_into(implied_roles::table)
        .values((
            implied_roles::prior_id.eq(prior),
            implied_roles::implied_id.eq(implied),
        ))
        .execute(&mut **tx)?;
    epoch::advance(tx)
}

/// Ends an implication.
///
/// # Errors
/// `NotFound`.
pub fn imply_no_more(tx: &mut Tx<'_>, prior: &str, implied: &str) -> Result<()> {
    let gone = diesel::delete(implied_roles::table.find((prior, implied))).execute(&mut **tx)?;
    if gone == 0 {
        return Err(Error::not_found("Implied role", implied).into());
    }
    epoch::advance(tx)
}
