//! Application credentials: a secret that stands for a user on one project with some of his roles;
//! and the rules that narrow what it is good for.

use super::epoch;
use super::schema::{access_rules, application_credentials};
use crate::{Conn, Fail, Result, Tx};
use diesel::prelude::*;
use schemas::Error;

/// A row. Its `Debug` form does not show the hash.
#[derive(Clone, Queryable, Selectable, Insertable, PartialEq, Eq)]
#[diesel(table_name = application_credentials)]
pub struct ApplicationCredential {
    /// 32 hex digits.
    pub id: String,
    /// Whose.
    pub user_id: String,
    /// For which project.
    pub project_id: String,
    /// Unique for the user.
    pub name: String,
    /// Free text.
    pub description: String,
    /// argon2id.
    pub secret_hash: String,
    /// µs.
    pub expires_at: Option<i64>,
    /// 1: tokens from it may make further credentials.
    pub unrestricted: i32,
    /// Role ids, JSON list.
    pub roles: String,
    /// Access rule ids, JSON list; `None` allows everything.
    pub access_rules: Option<String>,
    /// µs.
    pub created_at: i64,
}

impl std::fmt::Debug for ApplicationCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApplicationCredential")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, PartialEq, Eq)]
#[diesel(table_name = access_rules)]
pub struct AccessRule {
    /// 32 hex digits.
    pub id: String,
    /// Whose.
    pub user_id: String,
    /// Service type.
    pub service: String,
    /// HTTP method.
    pub method: String,
    /// Path pattern.
    pub path: String,
}

/// One by id.
pub fn find(conn: &mut Conn, id: &str) -> Result<Option<ApplicationCredential>> {
    let found = application_credentials::table.find(id);
    Ok(found
        .select(ApplicationCredential::as_select())
        .first(conn)
        .optional()?)
}

/// One of a user's.
///
/// # Errors
/// `NotFound`.
pub fn get(conn: &mut Conn, user_id: &str, id: &str) -> Result<ApplicationCredential> {
    find(conn, id)?
        .filter(|found| found.user_id == user_id)
        .ok_or_else(|| Error::not_found("Application Credential", id).into())
}

/// A user's, with this name if given, oldest first.
pub fn list(
    conn: &mut Conn,
    user_id: &str,
    name: Option<&str>,
) -> Result<Vec<ApplicationCredential>> {
    let mut query = application_credentials::table
        .filter(application_credentials::user_id.eq(user_id.to_owned()))
        .order((
            application_credentials::created_at,
            application_credentials::id,
        ))
        .select(ApplicationCredential::as_select())
        .into_boxed();
    if let Some(name) = name {
        query = query.filter(application_credentials::name.eq(name.to_owned()));
    }
    Ok(query.load(conn)?)
}

/// Makes one; a user has at most `most` (negative: any number).
///
/// # Errors
/// `Conflict` when the user has one of this name; `OverQuota`.
pub fn create(tx: &mut Tx<'_>, credential: &ApplicationCredential, most: i64) -> Result<()> {
    let there: i64 = application_credentials::table
        .filter(application_credentials::user_id.eq(&credential.user_id))
        .count()
        .get_result(&mut **tx)?;
    bounded("application credentials", there, most)?;
    let made = diesel::insert_into(application_credentials::table).values(credential);
    match made.execute(&mut **tx).map_err(Fail::from) {
        Err(fail) if fail.is_duplicate() => Err(Error::Conflict(format!(
            "An application credential named {} exists already.",
            credential.name
        ))
        .into()),
        made => made.map(|_| ()),
    }
}

/// In Keystone's words.
pub(super) fn bounded(what: &str, there: i64, most: i64) -> Result<()> {
    if most < 0 || there < most {
        return Ok(());
    }
    Err(Error::OverQuota(format!(
        "Unable to create additional {what}, maximum of {most} already exceeded for user; delete \
         some, or ask the operator for more."
    ))
    .into())
}

/// Removes one of a user's; tokens from it end.
///
/// # Errors
/// `NotFound`.
pub fn delete(tx: &mut Tx<'_>, user_id: &str, id: &str) -> Result<()> {
    get(tx, user_id, id)?;
    diesel::delete(application_credentials::table.find(id)).execute(&mut **tx)?;
    epoch::advance(tx)
}

/// Removes those of a user on a project: he has lost a role there.
pub fn forget(tx: &mut Tx<'_>, user_id: &str, project_id: &str) -> Result<()> {
    diesel::delete(
        application_credentials::table.filter(
            application_credentials::user_id
                .eq(user_id)
                .and(application_credentials::project_id.eq(project_id)),
        ),
    )
    .execute(&mut **tx)?;
    Ok(())
}

/// A user's access rules.
pub fn access_rules(conn: &mut Conn, user_id: &str) -> Result<Vec<AccessRule>> {
    let own = access_rules::table.filter(access_rules::user_id.eq(user_id));
    Ok(own
        .order(access_rules::id)
        .select(AccessRule::as_select())
        .load(conn)?)
}

/// Those of a JSON list of ids.
pub fn access_rules_with(conn: &mut Conn, ids: &[String]) -> Result<Vec<AccessRule>> {
    let some = access_rules::table.filter(access_rules::id.eq_any(ids));
    Ok(some
        .order(access_rules::id)
        .select(AccessRule::as_select())
        .load(conn)?)
}

/// Writes a rule down unless the user has the same already; gives the one that is there then. A user
/// has at most `most` (negative: any number).
///
/// # Errors
/// `OverQuota`.
pub fn ensure_access_rule(tx: &mut Tx<'_>, rule: &AccessRule, most: i64) -> Result<AccessRule> {
    let all = access_rules(tx, &rule.user_id)?;
    let there = all.len() as i64;
    let same = all.into_iter().find(|known| {
        (&known.service, &known.method, &known.path) == (&rule.service, &rule.method, &rule.path)
    });
    if let Some(known) = same {
        return Ok(known);
    }
    bounded("access rules", there, most)?;
    diesel::insert_into(access_rules::table)
        .values(rule)
        .execute(&mut **tx)?;
    Ok(rule.clone())
}

/// Removes a rule no application credential needs.
///
/// # Errors
/// `NotFound`; `Forbidden` while one needs it.
pub fn delete_access_rule(tx: &mut Tx<'_>, user_id: &str, id: &str) -> Result<()> {
    if !access_rules(tx, user_id)?.iter().any(|rule| rule.id == id) {
        return Err(Error::not_found("Access Rule", id).into());
    }
    let needle = format!("\"{id}\"");
    let used = list(tx, user_id, None)?;
    if used.iter().any(|c| {
        c.access_rules
            .as_ref()
            .is_some_and(|rules| rules.contains(&needle))
    }) {
        let error = "The access rule is used by an application credential; delete that first.";
        return Err(Error::Forbidden(error.into()).into());
    }
    diesel::delete(access_rules::table.find(id)).execute(&mut **tx)?;
    Ok(())
}
