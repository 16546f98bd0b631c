//! Groups of users, and who is in them.

use super::schema::{group_members, user_groups, users};
use super::users::User;
use super::{assignments, epoch};
use crate::{Conn, Fail, Result, Tx};
use diesel::prelude::*;
use schemas::Error;

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, PartialEq, Eq)]
#[diesel(table_name = user_groups)]
pub struct Group {
    /// 32 hex digits.
    pub id: String,
    /// Its domain.
    pub domain_id: String,
    /// Unique in the domain.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Other attributes, JSON object.
    pub extra: String,
    /// µs.
    pub created_at: i64,
}

/// One by id.
pub fn find(conn: &mut Conn, id: &str) -> Result<Option<Group>> {
    Ok(user_groups::table
        .find(id)
        .select(Group::as_select())
        .first(conn)
        .optional()?)
}

/// One by id.
///
/// # Errors
/// `NotFound`.
pub fn get(conn: &mut Conn, id: &str) -> Result<Group> {
    find(conn, id)?.ok_or_else(|| Error::not_found("Group", id).into())
}

/// All of a domain or of every domain, with this name if given, oldest first.
pub fn list(conn: &mut Conn, domain_id: Option<&str>, name: Option<&str>) -> Result<Vec<Group>> {
    let mut query = user_groups::table
        .order((user_groups::created_at, user_groups::id))
        .select(Group::as_select())
        .into_boxed();
    if let Some(domain_id) = domain_id {
        query = query.filter(user_groups::domain_id.eq(domain_id.to_owned()));
    }
    if let Some(name) = name {
        query = query.filter(user_groups::name.eq(name.to_owned()));
    }
    Ok(query.load(conn)?)
}

/// The groups of a user, oldest first.
pub fn of_user(conn: &mut Conn, user_id: &str) -> Result<Vec<Group>> {
    Ok(user_groups::table
        .inner_join(group_members::table.on(group_members::group_id.eq(user_groups::id)))
        .filter(group_members::user_id.eq(user_id))
        .order((user_groups::created_at, user_groups::id))
        .select(Group::as_select())
        .load(conn)?)
}

/// The users in a group, oldest first.
pub fn members(conn: &mut Conn, group_id: &str) -> Result<Vec<User>> {
    Ok(users::table
        .inner_join(group_members::table.on(group_members::user_id.eq(users::id)))
        .filter(group_members::group_id.eq(group_id))
        .order((users::created_at, users::id))
        .select(User::as_select())
        .load(conn)?)
}

/// Is the user in the group?
pub fn is_member(conn: &mut Conn, group_id: &str, user_id: &str) -> Result<bool> {
    let found: i64 = group_members::table
        .filter(
            group_members::group_id
                .eq(group_id)
                .and(group_members::user_id.eq(user_id)),
        )
        .count()
        .get_result(conn)?;
    Ok(found > 0)
}

/// Makes one.
///
/// # Errors
/// `Conflict` when the name is taken; `BadRequest` when the domain is not there.
pub fn create(tx: &mut Tx<'_>, group: &Group) -> Result<()> {
    if super::domains::find(tx, &group.domain_id)?.is_none() {
        return Err(Error::BadRequest(format!("There is no domain {}.", group.domain_id)).into());
    }
    diesel::insert_into(user_groups::table)
        .values(group)
        .execute(&mut **tx)
        .map_err(|error| taken(error.into(), &group.name))?;
    Ok(())
}

/// Writes all columns.
///
/// # Errors
/// `Conflict` when the name is taken.
pub fn update(tx: &mut Tx<'_>, group: &Group) -> Result<()> {
    diesel::update(user_groups::table.find(&group.id))
        .set(group)
        .execute(&mut **tx)
        .map_err(|error| taken(error.into(), &group.name))?;
    Ok(())
}

fn taken(fail: Fail, name: &str) -> Fail {
    if !fail.is_duplicate() {
        return fail;
    }
    Error::Conflict(format!(
        "A group named {name} exists already in this domain."
    ))
    .into()
}

/// Puts a user in; again is no error.
pub fn add(tx: &mut Tx<'_>, group_id: &str, user_id: &str) -> Result<()> {
    if is_member(tx, group_id, user_id)? {
        return Ok(());
    }
    diesel::insert_into(group_members::table)
        .values((
            group_members::group_id.eq(group_id),
            group_members::user_id.eq(user_id),
        ))
        .execute(&mut **tx)?;
    epoch::advance(tx)
}

/// Takes a user out.
///
/// # Errors
/// `NotFound` when he is not in it.
pub fn take_out(tx: &mut Tx<'_>, group_id: &str, user_id: &str) -> Result<()> {
    let gone = diesel::delete(group_members::table.find((group_id, user_id))).execute(&mut **tx)?;
    if gone == 0 {
        return Err(Error::not_found("Group member", user_id).into());
    }
    epoch::advance(tx)
}

/// Removes one with all that refers to it.
///
/// # Errors
/// `NotFound`.
pub fn delete(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    get(tx, id)?;
    diesel::delete(group_members::table.filter(group_members::group_id.eq(id)))
        .execute(&mut **tx)?;
    assignments::forget_actor(tx, "group", id)?;
    diesel::delete(user_groups::table.find(id)).execute(&mut **tx)?;
    epoch::advance(tx)
}
