//! Nodes as the clients of 2015 keep them: lines in a book, with nothing behind them.

use super::schema::bay_nodes;
use crate::{Conn, Fail, Result, Scope, Tx};
use diesel::prelude::*;
use schemas::Error;

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, PartialEq, Eq)]
#[diesel(table_name = bay_nodes, treat_none_as_null = true)]
pub struct Node {
    /// UUID.
    pub id: String,
    /// Owner.
    pub project_id: String,
    /// Any text.
    pub kind: Option<String>,
    /// Any text.
    pub image_id: Option<String>,
    /// Any text.
    pub ironic_node_id: Option<String>,
    /// µs.
    pub created_at: i64,
    /// µs; nothing before the first change.
    pub updated_at: Option<i64>,
}

/// One the caller may see.
///
/// # Errors
/// `NotFound`.
pub fn get(conn: &mut Conn, scope: &Scope, id: &str) -> Result<Node> {
    let row: Option<Node> = bay_nodes::table
        .find(id)
        .select(Node::as_select())
        .first(conn)
        .optional()?;
    row.filter(|node| scope.sees(&node.project_id))
        .ok_or_else(|| Error::not_found("Node", id).into())
}

/// All the caller may see, oldest first.
pub fn list(conn: &mut Conn, scope: &Scope) -> Result<Vec<Node>> {
    let mut query = bay_nodes::table
        .order((bay_nodes::created_at, bay_nodes::id))
        .select(Node::as_select())
        .into_boxed();
    if let Scope::Project(project) = scope {
        query = query.filter(bay_nodes::project_id.eq(project.clone()));
    }
    Ok(query.load(conn)?)
}

/// Writes a new one; a project has at most `most` (negative: any number).
///
/// # Errors
/// `OverQuota`, `Conflict` when the id is taken.
pub fn insert(tx: &mut Tx<'_>, node: &Node, most: i64) -> Result<()> {
    let there: i64 = bay_nodes::table
        .filter(bay_nodes::project_id.eq(&node.project_id))
        .count()
        .get_result(&mut **tx)?;
    super::bounded("nodes", there, most)?;
    let inserted = diesel::insert_into(bay_nodes::table)
        .values(node)
        .execute(&mut **tx)
        .map_err(Fail::from);
    super::taken("node", &node.id, inserted)
}

/// Writes a changed row back.
pub fn update(tx: &mut Tx<'_>, node: &mut Node) -> Result<()> {
    node.updated_at = Some(tx.now().0);
    diesel::update(bay_nodes::table.find(node.id.clone()))
        .set(&*node)
        .execute(&mut **tx)?;
    Ok(())
}

/// Removes one.
pub fn delete(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    diesel::delete(bay_nodes::table.find(id)).execute(&mut **tx)?;
    Ok(())
}
