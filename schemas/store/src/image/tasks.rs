//! Imports: work that goes on after the request for it was answered.

use super::schema::image_tasks;
use crate::{Conn, Result, Scope, Tx};
use diesel::prelude::*;
use schemas::{Error, Kind};

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, PartialEq, Eq)]
#[diesel(table_name = image_tasks)]
pub struct Task {
    /// UUID.
    pub id: String,
    /// Who asked.
    pub project_id: String,
    /// Who asked.
    pub user_id: String,
    /// The image it is about.
    pub image_id: String,
    /// Glance's type: `api_image_import`.
    pub kind: String,
    /// `pending`, `processing`, `success`, `failure`.
    pub status: String,
    /// JSON: what was asked.
    pub input: String,
    /// Why it failed, in words.
    pub message: String,
    /// The request that asked for it.
    pub request_id: String,
    /// µs.
    pub created_at: i64,
    /// µs.
    pub updated_at: i64,
}

/// Writes a new task and makes it due.
pub fn insert(tx: &mut Tx<'_>, task: &Task) -> Result<()> {
    diesel::insert_into(image_tasks::table)
        .values(task)
        .execute(&mut **tx)?;
    bound(tx, &task.project_id)?;
    tx.due(Kind::ImageTask, &task.id)
}

/// One task the caller may see.
///
/// # Errors
/// `NotFound`.
pub fn find(conn: &mut Conn, scope: &Scope, id: &str) -> Result<Task> {
    let row: Option<Task> = image_tasks::table
        .find(id)
        .select(Task::as_select())
        .first(conn)
        .optional()?;
    row.filter(|task| scope.sees(&task.project_id))
        .ok_or_else(|| Error::NotFound(format!("No task found with ID {id}.")).into())
}

/// The tasks the caller may see, newest first; those of one image, or all.
pub fn list(conn: &mut Conn, scope: &Scope, image_id: Option<&str>) -> Result<Vec<Task>> {
    let mut query = image_tasks::table
        .order((image_tasks::created_at.desc(), image_tasks::id.desc()))
        .select(Task::as_select())
        .into_boxed();
    if let Scope::Project(project) = scope {
        query = query.filter(image_tasks::project_id.eq(project));
    }
    if let Some(image_id) = image_id {
        query = query.filter(image_tasks::image_id.eq(image_id));
    }
    Ok(query.limit(1000).load(conn)?)
}

/// Writes down how far it is.
pub fn update(tx: &mut Tx<'_>, id: &str, status: &str, message: &str) -> Result<()> {
    diesel::update(image_tasks::table.find(id))
        .set((
            image_tasks::status.eq(status),
            image_tasks::message.eq(message),
            image_tasks::updated_at.eq(tx.now().0),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Of one project so many ended tasks are kept at most.
pub const KEPT: i64 = 100;

/// Forgets the oldest ended tasks of a project that has too many.
fn bound(tx: &mut Tx<'_>, project_id: &str) -> Result<()> {
    let ended = image_tasks::table
        .filter(image_tasks::project_id.eq(project_id))
        .filter(image_tasks::status.eq_any(ENDED))
        .order((image_tasks::created_at.desc(), image_tasks::id.desc()));
    let old: Vec<String> = ended
        .select(image_tasks::id)
        .offset(KEPT)
        .limit(KEPT)
        .load(&mut **tx)?;
    diesel::delete(image_tasks::table.filter(image_tasks::id.eq_any(old))).execute(&mut **tx)?;
    Ok(())
}

const ENDED: [&str; 2] = ["success", "failure"];

/// Forgets tasks that ended before `before` (µs).
pub fn forget(tx: &mut Tx<'_>, before: i64) -> Result<()> {
    diesel::delete(image_tasks::table)
        .filter(image_tasks::updated_at.lt(before))
        .filter(image_tasks::status.eq_any(ENDED))
        .execute(&mut **tx)?;
    Ok(())
}
