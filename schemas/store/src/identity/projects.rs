//! Projects: the owners of everything outside identity; a tree within a domain.

use super::schema::{application_credentials, projects, users};
use super::{assignments, epoch};
use crate::{Conn, Fail, Result, Tx};
use diesel::prelude::*;
use schemas::Error;
use std::collections::HashSet;

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, PartialEq, Eq)]
#[diesel(table_name = projects)]
pub struct Project {
    /// 32 hex digits.
    pub id: String,
    /// Its domain.
    pub domain_id: String,
    /// The project it is part of, or the domain.
    pub parent_id: String,
    /// Unique in the domain.
    pub name: String,
    /// Free text.
    pub description: String,
    /// 0: no token for it.
    pub enabled: i32,
    /// JSON list.
    pub tags: String,
    /// Other attributes, JSON object.
    pub extra: String,
    /// µs.
    pub created_at: i64,
}

/// Deepest tree: more helps nobody and costs every role look-up.
pub const MAX_DEPTH: usize = 5;

/// One by id.
pub fn find(conn: &mut Conn, id: &str) -> Result<Option<Project>> {
    Ok(projects::table
        .find(id)
        .select(Project::as_select())
        .first(conn)
        .optional()?)
}

/// One by id.
///
/// # Errors
/// `NotFound`.
pub fn get(conn: &mut Conn, id: &str) -> Result<Project> {
    find(conn, id)?.ok_or_else(|| Error::not_found("Project", id).into())
}

/// One by domain and name.
pub fn by_name(conn: &mut Conn, domain_id: &str, name: &str) -> Result<Option<Project>> {
    let named = projects::table.filter(
        projects::domain_id
            .eq(domain_id)
            .and(projects::name.eq(name)),
    );
    Ok(named.select(Project::as_select()).first(conn).optional()?)
}

/// The only project with this name in any domain, for clients that know no domains.
pub fn by_name_anywhere(conn: &mut Conn, name: &str) -> Result<Option<Project>> {
    let named = projects::table.filter(projects::name.eq(name)).limit(2);
    let mut found: Vec<Project> = named.select(Project::as_select()).load(conn)?;
    Ok(if found.len() == 1 { found.pop() } else { None })
}

/// What a list may be narrowed by.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this domain.
    pub domain_id: Option<String>,
    /// Directly below.
    pub parent_id: Option<String>,
    /// Exactly this name.
    pub name: Option<String>,
    /// Enabled or not.
    pub enabled: Option<bool>,
}

/// Those that match, oldest first.
pub fn list(conn: &mut Conn, filter: &Filter) -> Result<Vec<Project>> {
    let mut query = projects::table
        .order((projects::created_at, projects::id))
        .select(Project::as_select())
        .into_boxed();
    if let Some(domain_id) = &filter.domain_id {
        query = query.filter(projects::domain_id.eq(domain_id));
    }
    if let Some(parent_id) = &filter.parent_id {
        query = query.filter(projects::parent_id.eq(parent_id));
    }
    if let Some(name) = &filter.name {
        query = query.filter(projects::name.eq(name));
    }
    if let Some(enabled) = filter.enabled {
        query = query.filter(projects::enabled.eq(i32::from(enabled)));
    }
    Ok(query.load(conn)?)
}

/// Those with these ids, oldest first.
pub fn with_ids(conn: &mut Conn, ids: &HashSet<String>) -> Result<Vec<Project>> {
    let mut found = Vec::new();
    let ids: Vec<&String> = ids.iter().collect();
    for some in ids.chunks(500) {
        let some = projects::table.filter(projects::id.eq_any(some.iter().copied()));
        found.extend(some.select(Project::as_select()).load::<Project>(conn)?);
    }
    found.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    Ok(found)
}

/// The projects above, nearest first; without the domain.
pub fn parents(conn: &mut Conn, project: &Project) -> Result<Vec<Project>> {
    let mut above = Vec::new();
    let mut next = project.parent_id.clone();
    while next != project.domain_id && above.len() < MAX_DEPTH {
        let Some(parent) = find(conn, &next)? else {
            break;
        };
        next = parent.parent_id.clone();
        above.push(parent);
    }
    Ok(above)
}

/// Everything below, parents before children.
pub fn subtree(conn: &mut Conn, id: &str) -> Result<Vec<Project>> {
    let mut below: Vec<Project> = Vec::new();
    let mut level = vec![id.to_owned()];
    while !level.is_empty() {
        let mut children = Vec::new();
        for some in level.chunks(500) {
            let some = projects::table.filter(projects::parent_id.eq_any(some));
            let some = some.order((projects::created_at, projects::id));
            children.extend(some.select(Project::as_select()).load::<Project>(conn)?);
        }
        level = children.iter().map(|child| child.id.clone()).collect();
        below.extend(children);
    }
    Ok(below)
}

/// Makes one below a parent that exists and is enabled.
///
/// # Errors
/// `Conflict` when the name is taken; `BadRequest` or `Forbidden` for the wrong parent.
pub fn create(tx: &mut Tx<'_>, project: &Project) -> Result<()> {
    let domain = super::domains::find(tx, &project.domain_id)?
        .ok_or_else(|| Error::BadRequest(format!("There is no domain {}.", project.domain_id)))?;
    if domain.enabled == 0 {
        return Err(Error::Forbidden("The domain is disabled.".into()).into());
    }
    if project.parent_id != project.domain_id {
        let parent = find(tx, &project.parent_id)?.ok_or_else(|| {
            Error::BadRequest(format!("There is no parent project {}.", project.parent_id))
        })?;
        if parent.domain_id != project.domain_id {
            let error = "A project must be in the domain of its parent.";
            return Err(Error::BadRequest(error.into()).into());
        }
        if parent.enabled == 0 {
            return Err(Error::Forbidden("The parent project is disabled.".into()).into());
        }
        if parents(tx, &parent)?.len() + 2 >= MAX_DEPTH {
            return Err(Error::Forbidden(format!(
                "Projects may be nested {MAX_DEPTH} deep, domain included."
            ))
            .into());
        }
    }
    diesel::insert_into(projects::table)
        .values(project)
        .execute(&mut **tx)
        .map_err(|error| taken(error.into(), &project.name))?;
    Ok(())
}

/// Writes all columns.
///
/// # Errors
/// `Conflict` when the name is taken.
pub fn update(tx: &mut Tx<'_>, project: &Project) -> Result<()> {
    diesel::update(projects::table.find(&project.id))
        .set(project)
        .execute(&mut **tx)
        .map_err(|error| taken(error.into(), &project.name))?;
    epoch::advance(tx)
}

fn taken(fail: Fail, name: &str) -> Fail {
    if !fail.is_duplicate() {
        return fail;
    }
    Error::Conflict(format!(
        "A project named {name} exists already in this domain."
    ))
    .into()
}

/// Removes one that has no projects below. What other services still hold for it is theirs to
/// clean up; it does not keep the project from going.
///
/// # Errors
/// `Forbidden` while it has children; `NotFound`.
pub fn delete(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    get(tx, id)?;
    let children: i64 = projects::table
        .filter(projects::parent_id.eq(id))
        .count()
        .get_result(&mut **tx)?;
    if children > 0 {
        return Err(Error::Forbidden(format!(
            "Project {id} has {children} projects below it; delete those first."
        ))
        .into());
    }
    remove(tx, id)
}

/// Removes one with all that refers to it.
pub(super) fn remove(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    diesel::delete(
        application_credentials::table.filter(application_credentials::project_id.eq(id)),
    )
    .execute(&mut **tx)?;
    diesel::update(users::table.filter(users::default_project_id.eq(id)))
        .set(users::default_project_id.eq(None::<String>))
        .execute(&mut **tx)?;
    assignments::forget_target(tx, id)?;
    diesel::delete(projects::table.find(id)).execute(&mut **tx)?;
    epoch::advance(tx)
}
