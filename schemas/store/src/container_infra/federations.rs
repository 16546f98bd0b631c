//! Federations: which clusters a project counts together. A record; nothing is done to the clusters.

use super::schema::federations;
use crate::{Conn, Fail, Result, Scope, Tx};
use diesel::prelude::*;
use schemas::Error;
use schemas::container_infra::field::Labels;

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, PartialEq, Eq)]
#[diesel(table_name = federations, treat_none_as_null = true)]
pub struct Federation {
    /// UUID.
    pub id: String,
    /// Owner.
    pub project_id: String,
    /// Need not be unique.
    pub name: String,
    /// The cluster that leads; it may be gone by now.
    pub host_cluster_id: String,
    /// JSON list of clusters; some may be gone by now.
    pub members: String,
    /// JSON object of texts.
    pub properties: String,
    /// `Status`.
    pub status: String,
    /// What that means.
    pub status_reason: Option<String>,
    /// Rises with each change.
    pub revision: i64,
    /// µs.
    pub created_at: i64,
    /// µs; nothing before the first change.
    pub updated_at: Option<i64>,
}

impl Federation {
    /// Ids of its clusters, in the order they joined.
    pub fn members(&self) -> schemas::Result<Vec<String>> {
        serde_json::from_str(&self.members).map_err(Error::internal)
    }

    /// Replaces its clusters.
    pub fn set_members(&mut self, members: &[String]) -> schemas::Result<()> {
        self.members = serde_json::to_string(members).map_err(Error::internal)?;
        Ok(())
    }

    /// Its further settings.
    pub fn properties(&self) -> schemas::Result<Labels> {
        serde_json::from_str(&self.properties).map_err(Error::internal)
    }

    /// Replaces its further settings.
    pub fn set_properties(&mut self, properties: &Labels) -> schemas::Result<()> {
        self.properties = serde_json::to_string(properties).map_err(Error::internal)?;
        Ok(())
    }
}

/// One the caller may see.
pub fn get(conn: &mut Conn, scope: &Scope, id: &str) -> Result<Option<Federation>> {
    let row: Option<Federation> = federations::table
        .find(id)
        .select(Federation::as_select())
        .first(conn)
        .optional()?;
    Ok(row.filter(|federation| scope.sees(&federation.project_id)))
}

/// Those of this name that the caller may see.
pub fn named(conn: &mut Conn, scope: &Scope, name: &str) -> Result<Vec<Federation>> {
    let mut rows = list(conn, scope)?;
    rows.retain(|federation| federation.name == name);
    Ok(rows)
}

/// All the caller may see, oldest first.
pub fn list(conn: &mut Conn, scope: &Scope) -> Result<Vec<Federation>> {
    let mut query = federations::table
        .order((federations::created_at, federations::id))
        .select(Federation::as_select())
        .into_boxed();
    if let Scope::Project(project) = scope {
        query = query.filter(federations::project_id.eq(project.clone()));
    }
    Ok(query.load(conn)?)
}

/// Writes a new one; a project has at most `most` (negative: any number).
///
/// # Errors
/// `OverQuota`.
pub fn insert(tx: &mut Tx<'_>, federation: &Federation, most: i64) -> Result<()> {
    let there: i64 = federations::table
        .filter(federations::project_id.eq(&federation.project_id))
        .count()
        .get_result(&mut **tx)?;
    super::bounded("federations", there, most)?;
    diesel::insert_into(federations::table)
        .values(federation)
        .execute(&mut **tx)?;
    Ok(())
}

/// Writes a changed row back, if nobody else changed it since it was read.
///
/// # Errors
/// `Fail::Again` when somebody did: the whole transaction is run again.
pub fn update(tx: &mut Tx<'_>, federation: &mut Federation) -> Result<()> {
    let read = federation.revision;
    federation.revision += 1;
    federation.updated_at = Some(tx.now().0);
    let changed = diesel::update(federations::table.find(federation.id.clone()))
        .filter(federations::revision.eq(read))
        .set(&*federation)
        .execute(&mut **tx)?;
    match changed {
        1 => Ok(()),
        _ => Err(Fail::Again),
    }
}

/// Removes one.
pub fn delete(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    diesel::delete(federations::table.find(id)).execute(&mut **tx)?;
    Ok(())
}
