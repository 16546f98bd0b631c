//! Who has which role where.

use super::epoch;
use super::projects::{self, Project};
use super::schema::{assignments, group_members};
use crate::{Conn, Result, Tx};
use diesel::prelude::*;
use schemas::Error;

/// The target id of the whole system.
pub const SYSTEM: &str = "all";

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, PartialEq, Eq, Hash)]
#[diesel(table_name = assignments)]
pub struct Assignment {
    /// `user` or `group`.
    pub actor: String,
    /// Its id.
    pub actor_id: String,
    /// `project`, `domain` or `system`.
    pub target: String,
    /// Its id; `all` for the system.
    pub target_id: String,
    /// The role.
    pub role_id: String,
    /// 1: counts for what is below the target, not for the target itself.
    pub inherited: i32,
}

fn is_there(conn: &mut Conn, a: &Assignment) -> Result<bool> {
    let found: i64 = assignments::table
        .filter(
            assignments::actor_id
                .eq(&a.actor_id)
                .and(assignments::actor.eq(&a.actor)),
        )
        .filter(
            assignments::target_id
                .eq(&a.target_id)
                .and(assignments::target.eq(&a.target)),
        )
        .filter(
            assignments::role_id
                .eq(&a.role_id)
                .and(assignments::inherited.eq(a.inherited)),
        )
        .count()
        .get_result(conn)?;
    Ok(found > 0)
}

/// Gives a role; again is no error.
pub fn grant(tx: &mut Tx<'_>, assignment: &Assignment) -> Result<()> {
    if is_there(tx, assignment)? {
        return Ok(());
    }
    diesel::insert_into(assignments::table)
        .values(assignment)
        .execute(&mut **tx)?;
    epoch::advance(tx)
}

/// Is it given?
///
/// # Errors
/// `NotFound`.
pub fn check(conn: &mut Conn, assignment: &Assignment) -> Result<()> {
    if is_there(conn, assignment)? {
        return Ok(());
    }
    Err(missing(assignment).into())
}

/// Takes a role away.
///
/// # Errors
/// `NotFound`.
pub fn revoke(tx: &mut Tx<'_>, a: &Assignment) -> Result<()> {
    let gone = diesel::delete(
        assignments::table
            .filter(
                assignments::actor_id
                    .eq(&a.actor_id)
                    .and(assignments::actor.eq(&a.actor)),
            )
            .filter(
                assignments::target_id
                    .eq(&a.target_id)
                    .and(assignments::target.eq(&a.target)),
            )
            .filter(
                assignments::role_id
                    .eq(&a.role_id)
                    .and(assignments::inherited.eq(a.inherited)),
            ),
    )
    .execute(&mut **tx)?;
    if gone == 0 {
        return Err(missing(a).into());
    }
    epoch::advance(tx)
}

fn missing(a: &Assignment) -> Error {
    Error::NotFound(format!(
        "{} {} does not have role {} on {} {}.",
        a.actor, a.actor_id, a.role_id, a.target, a.target_id
    ))
}

pub(super) fn forget_actor(tx: &mut Tx<'_>, actor: &str, id: &str) -> Result<()> {
    diesel::delete(
        assignments::table.filter(
            assignments::actor_id
                .eq(id)
                .and(assignments::actor.eq(actor)),
        ),
    )
    .execute(&mut **tx)?;
    Ok(())
}

pub(super) fn forget_target(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    diesel::delete(assignments::table.filter(assignments::target_id.eq(id))).execute(&mut **tx)?;
    Ok(())
}

/// All of them.
pub fn list(conn: &mut Conn) -> Result<Vec<Assignment>> {
    Ok(assignments::table
        .select(Assignment::as_select())
        .load(conn)?)
}

/// Those an actor has, directly.
pub fn of_actor(conn: &mut Conn, actor: &str, id: &str) -> Result<Vec<Assignment>> {
    let own = assignments::table.filter(
        assignments::actor_id
            .eq(id)
            .and(assignments::actor.eq(actor)),
    );
    Ok(own.select(Assignment::as_select()).load(conn)?)
}

/// Those a user has, directly or through his groups.
pub fn of_user(conn: &mut Conn, user_id: &str) -> Result<Vec<Assignment>> {
    let groups: Vec<String> = group_members::table
        .filter(group_members::user_id.eq(user_id))
        .select(group_members::group_id)
        .load(conn)?;
    let mut all = of_actor(conn, "user", user_id)?;
    for group in groups {
        all.extend(of_actor(conn, "group", &group)?);
    }
    Ok(all)
}

/// The role ids a user has on a project, without implied ones.
pub fn roles_on_project(conn: &mut Conn, user_id: &str, project: &Project) -> Result<Vec<String>> {
    let all = of_user(conn, user_id)?;
    let mut above = Vec::new();
    if all.iter().any(|a| a.inherited != 0) {
        above = projects::parents(conn, project)?
            .into_iter()
            .map(|p| p.id)
            .collect();
        above.push(project.domain_id.clone());
    }
    let counts = |a: &Assignment| match a.inherited {
        0 => a.target == "project" && a.target_id == project.id,
        _ => above.contains(&a.target_id),
    };
    Ok(all.into_iter().filter(counts).map(|a| a.role_id).collect())
}

/// The role ids a user has on a domain itself, without implied ones.
pub fn roles_on_domain(conn: &mut Conn, user_id: &str, domain_id: &str) -> Result<Vec<String>> {
    let counts =
        |a: &Assignment| a.inherited == 0 && a.target == "domain" && a.target_id == domain_id;
    Ok(of_user(conn, user_id)?
        .into_iter()
        .filter(counts)
        .map(|a| a.role_id)
        .collect())
}

/// The role ids a user has on the system, without implied ones.
pub fn roles_on_system(conn: &mut Conn, user_id: &str) -> Result<Vec<String>> {
    let counts = |a: &Assignment| a.target == "system";
    Ok(of_user(conn, user_id)?
        .into_iter()
        .filter(counts)
        .map(|a| a.role_id)
        .collect())
}
