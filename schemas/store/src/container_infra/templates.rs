//! Cluster templates (baymodels): rows, and who may see them.

use super::clusters;
use super::schema::cluster_templates;
use crate::{Conn, Fail, Result, Scope, Tx};
use diesel::prelude::*;
use schemas::Error;
use schemas::container_infra::template::Template as Document;

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, PartialEq)]
#[diesel(table_name = cluster_templates, treat_none_as_null = true)]
pub struct Template {
    /// UUID.
    pub id: String,
    /// Owner.
    pub project_id: String,
    /// Maker.
    pub user_id: String,
    /// As in the document.
    pub name: Option<String>,
    /// 1 = every project may use it.
    pub public: i32,
    /// 1 = listed for owner and administrators only.
    pub hidden: i32,
    /// Rises with each change.
    pub revision: i64,
    /// µs.
    pub created_at: i64,
    /// µs; nothing before the first change.
    pub updated_at: Option<i64>,
    /// The document.
    pub spec: String,
}

impl Template {
    /// Its settings.
    pub fn document(&self) -> schemas::Result<Document> {
        serde_json::from_str(&self.spec).map_err(Error::internal)
    }

    /// Replaces its settings, and what queries ask of them.
    pub fn set_document(&mut self, document: &Document) -> schemas::Result<()> {
        self.spec = serde_json::to_string(document).map_err(Error::internal)?;
        self.name = document.name.as_deref().map(str::to_owned);
        self.public = document.public.0.into();
        self.hidden = document.hidden.0.into();
        Ok(())
    }

    /// May the caller see it by its id or name? His own, and what is public.
    fn seen(&self, scope: &Scope) -> bool {
        scope.sees(&self.project_id) || self.public != 0
    }
}

/// One that the caller may see and use.
pub fn get(conn: &mut Conn, scope: &Scope, id: &str) -> Result<Option<Template>> {
    let row: Option<Template> = cluster_templates::table
        .find(id)
        .select(Template::as_select())
        .first(conn)
        .optional()?;
    Ok(row.filter(|template| template.seen(scope)))
}

/// Those of this name that the caller may see and use; names need not be unique.
pub fn named(conn: &mut Conn, scope: &Scope, name: &str) -> Result<Vec<Template>> {
    let mut rows: Vec<Template> = cluster_templates::table
        .filter(cluster_templates::name.eq(name))
        .order((cluster_templates::created_at, cluster_templates::id))
        .select(Template::as_select())
        .load(conn)?;
    rows.retain(|template| template.seen(scope));
    Ok(rows)
}

/// What the caller's lists hold, oldest first: his own, and what is public and not hidden.
pub fn list(conn: &mut Conn, scope: &Scope) -> Result<Vec<Template>> {
    let mut query = cluster_templates::table
        .order((cluster_templates::created_at, cluster_templates::id))
        .select(Template::as_select())
        .into_boxed();
    if let Scope::Project(project) = scope {
        let shown = cluster_templates::public
            .ne(0)
            .and(cluster_templates::hidden.eq(0));
        query = query.filter(cluster_templates::project_id.eq(project.clone()).or(shown));
    }
    Ok(query.load(conn)?)
}

/// Writes a new one; a project has at most `most` (negative: any number).
///
/// # Errors
/// `OverQuota`, `Conflict` when the id is taken.
pub fn insert(tx: &mut Tx<'_>, template: &Template, most: i64) -> Result<()> {
    let there: i64 = cluster_templates::table
        .filter(cluster_templates::project_id.eq(&template.project_id))
        .count()
        .get_result(&mut **tx)?;
    super::bounded("cluster templates", there, most)?;
    let inserted = diesel::insert_into(cluster_templates::table)
        .values(template)
        .execute(&mut **tx)
        .map_err(Fail::from);
    super::taken("cluster template", &template.id, inserted)
}

/// Writes a changed row back, if nobody else changed it since it was read.
///
/// # Errors
/// `Fail::Again` when somebody did: the whole transaction is run again.
pub fn update(tx: &mut Tx<'_>, template: &mut Template) -> Result<()> {
    let read = template.revision;
    template.revision += 1;
    template.updated_at = Some(tx.now().0);
    let changed = diesel::update(cluster_templates::table.find(template.id.clone()))
        .filter(cluster_templates::revision.eq(read))
        .set(&*template)
        .execute(&mut **tx)?;
    match changed {
        1 => Ok(()),
        _ => Err(Fail::Again),
    }
}

/// Removes one that no cluster was made from.
///
/// # Errors
/// `BadRequest` when a cluster was.
pub fn delete(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    if clusters::uses_template(tx, id)? {
        return Err(Error::BadRequest(format!(
            "Cluster template {id} is referenced by one or multiple clusters; delete them first."
        ))
        .into());
    }
    diesel::delete(cluster_templates::table.find(id)).execute(&mut **tx)?;
    Ok(())
}
