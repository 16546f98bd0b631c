//! Users, and how often they mistook their password.

use super::schema::{access_rules, application_credentials, credentials, group_members, users};
use super::{assignments, epoch};
use crate::{Conn, Fail, Result, Tx};
use diesel::prelude::*;
use schemas::{Error, Timestamp};
use std::collections::HashSet;

/// A row. Its `Debug` form does not show the hash.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset, PartialEq, Eq)]
#[diesel(table_name = users, treat_none_as_null = true)]
pub struct User {
    /// 32 hex digits.
    pub id: String,
    /// Its domain.
    pub domain_id: String,
    /// Unique in the domain.
    pub name: String,
    /// 0: cannot log in.
    pub enabled: i32,
    /// Where a log-in without scope leads.
    pub default_project_id: Option<String>,
    /// Free text.
    pub description: String,
    /// Other attributes (email), JSON object.
    pub extra: String,
    /// Keystone's user options, JSON object.
    pub options: String,
    /// argon2id; without one there is no log-in by password.
    pub password_hash: Option<String>,
    /// µs; the password must be changed by then.
    pub password_expires_at: Option<i64>,
    /// Wrong passwords in a row.
    pub failures: i32,
    /// µs; when the last was given.
    pub failed_at: i64,
    /// µs; older tokens are refused.
    pub tokens_after: i64,
    /// µs.
    pub created_at: i64,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// One by id.
pub fn find(conn: &mut Conn, id: &str) -> Result<Option<User>> {
    Ok(users::table
        .find(id)
        .select(User::as_select())
        .first(conn)
        .optional()?)
}

/// One by id.
///
/// # Errors
/// `NotFound`.
pub fn get(conn: &mut Conn, id: &str) -> Result<User> {
    find(conn, id)?.ok_or_else(|| Error::not_found("User", id).into())
}

/// One by domain and name.
pub fn by_name(conn: &mut Conn, domain_id: &str, name: &str) -> Result<Option<User>> {
    let named = users::table.filter(users::domain_id.eq(domain_id).and(users::name.eq(name)));
    Ok(named.select(User::as_select()).first(conn).optional()?)
}

/// The only user with this name in any domain, for clients that know no domains.
pub fn by_name_anywhere(conn: &mut Conn, name: &str) -> Result<Option<User>> {
    let named = users::table.filter(users::name.eq(name)).limit(2);
    let mut found: Vec<User> = named.select(User::as_select()).load(conn)?;
    Ok(if found.len() == 1 { found.pop() } else { None })
}

/// What a list may be narrowed by.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this domain.
    pub domain_id: Option<String>,
    /// Exactly this name.
    pub name: Option<String>,
    /// Enabled or not.
    pub enabled: Option<bool>,
}

/// Those that match, oldest first.
pub fn list(conn: &mut Conn, filter: &Filter) -> Result<Vec<User>> {
    let mut query = users::table
        .order((users::created_at, users::id))
        .select(User::as_select())
        .into_boxed();
    if let Some(domain_id) = &filter.domain_id {
        query = query.filter(users::domain_id.eq(domain_id));
    }
    if let Some(name) = &filter.name {
        query = query.filter(users::name.eq(name));
    }
    if let Some(enabled) = filter.enabled {
        query = query.filter(users::enabled.eq(i32::from(enabled)));
    }
    Ok(query.load(conn)?)
}

/// Those with these ids.
pub fn with_ids(conn: &mut Conn, ids: &HashSet<String>) -> Result<Vec<User>> {
    let mut found = Vec::new();
    let ids: Vec<&String> = ids.iter().collect();
    for some in ids.chunks(500) {
        let some = users::table.filter(users::id.eq_any(some.iter().copied()));
        found.extend(some.select(User::as_select()).load::<User>(conn)?);
    }
    Ok(found)
}

/// Makes one.
///
/// # Errors
/// `Conflict` when the name is taken; `BadRequest` when the domain is not there.
pub fn create(tx: &mut Tx<'_>, user: &User) -> Result<()> {
    if super::domains::find(tx, &user.domain_id)?.is_none() {
        return Err(Error::BadRequest(format!("There is no domain {}.", user.domain_id)).into());
    }
    diesel::insert_into(users::table)
        .values(user)
        .execute(&mut **tx)
        .map_err(|error| taken(error.into(), &user.name))?;
    Ok(())
}

/// Writes all columns.
///
/// # Errors
/// `Conflict` when the name is taken.
pub fn update(tx: &mut Tx<'_>, user: &User) -> Result<()> {
    diesel::update(users::table.find(&user.id))
        .set(user)
        .execute(&mut **tx)
        .map_err(|error| taken(error.into(), &user.name))?;
    epoch::advance(tx)
}

fn taken(fail: Fail, name: &str) -> Fail {
    if !fail.is_duplicate() {
        return fail;
    }
    Error::Conflict(format!(
        "A user named {name} exists already in this domain."
    ))
    .into()
}

/// Counts a wrong password; those given before `since` no longer count.
pub fn failed(tx: &mut Tx<'_>, id: &str, since: Timestamp) -> Result<()> {
    let now = tx.now().0;
    diesel::update(users::table.filter(users::id.eq(id).and(users::failed_at.lt(since.0))))
        .set(users::failures.eq(0))
        .execute(&mut **tx)?;
    diesel::update(users::table.find(id))
        .set((
            users::failures.eq(users::failures + 1),
            users::failed_at.eq(now),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Forgets wrong passwords after a right one.
pub fn succeeded(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    diesel::update(users::table.find(id))
        .set(users::failures.eq(0))
        .execute(&mut **tx)?;
    Ok(())
}

/// Refuses all tokens the user has.
pub fn end_tokens(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    let Timestamp(now) = tx.now();
    diesel::update(users::table.find(id))
        .set(users::tokens_after.eq(now))
        .execute(&mut **tx)?;
    epoch::advance(tx)
}

/// Removes one with all that refers to it.
///
/// # Errors
/// `NotFound`.
pub fn delete(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    get(tx, id)?;
    diesel::delete(group_members::table.filter(group_members::user_id.eq(id)))
        .execute(&mut **tx)?;
    diesel::delete(application_credentials::table.filter(application_credentials::user_id.eq(id)))
        .execute(&mut **tx)?;
    diesel::delete(access_rules::table.filter(access_rules::user_id.eq(id))).execute(&mut **tx)?;
    diesel::delete(credentials::table.filter(credentials::user_id.eq(id))).execute(&mut **tx)?;
    assignments::forget_actor(tx, "user", id)?;
    diesel::delete(users::table.find(id)).execute(&mut **tx)?;
    epoch::advance(tx)
}
