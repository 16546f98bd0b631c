//! Groups of nodes of one kind within a cluster.

use super::schema::nodegroups;
use super::spec;
use crate::kept::kept;
use crate::{Conn, Fail, Result, Tx};
use diesel::prelude::*;
use schemas::Error;
use schemas::container_infra::status::Status;

/// The group of a new cluster's masters.
pub const MASTERS: &str = "default-master";
/// The group of a new cluster's workers.
pub const WORKERS: &str = "default-worker";

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, PartialEq)]
#[diesel(table_name = nodegroups, treat_none_as_null = true)]
pub struct NodeGroup {
    /// UUID.
    pub id: String,
    /// What the API shows as `id`; given when it is inserted.
    pub number: i64,
    /// Whose.
    pub cluster_id: String,
    /// Owner of the cluster.
    pub project_id: String,
    /// Unique within the cluster.
    pub name: String,
    /// `master`, `worker`, or the user's own word.
    pub role: String,
    /// 1 = came with the cluster, goes with it.
    pub is_default: i32,
    /// Nodes it should have.
    pub node_count: i64,
    /// Nodes it has at least.
    pub min_node_count: i64,
    /// Nodes it has at most.
    pub max_node_count: Option<i64>,
    /// `Status`.
    pub status: String,
    /// Why it failed.
    pub status_reason: Option<String>,
    /// Rises with each change of what its nodes are made of: older nodes are replaced.
    pub generation: i64,
    /// So many nodes at most are replaced at once.
    pub batch: i64,
    /// Servers made for it so far: no two ever have one id.
    pub made: i64,
    /// 1 = tombstone: the row goes when its nodes are gone.
    pub deleting: i32,
    /// Rises with each change of the row.
    pub revision: i64,
    /// µs.
    pub created_at: i64,
    /// µs; nothing before the first change.
    pub updated_at: Option<i64>,
    /// `spec::NodeGroup`.
    pub spec: String,
}

impl NodeGroup {
    /// What its nodes are made of.
    pub fn spec(&self) -> Result<spec::NodeGroup> {
        Ok(serde_json::from_str(&self.spec)?)
    }

    /// Replaces what its nodes are made of.
    pub fn set_spec(&mut self, spec: &spec::NodeGroup) -> Result<()> {
        self.spec = serde_json::to_string(spec)?;
        Ok(())
    }

    /// The status, typed.
    pub fn state(&self) -> Result<Status> {
        Status::parse(&self.status).ok_or_else(|| {
            Fail::Told(Error::internal(format_args!(
                "node group {} has the status {:?}",
                self.id, self.status
            )))
        })
    }

    /// Its nodes are there for the API's address.
    pub fn is_master(&self) -> bool {
        self.role == "master"
    }
}

/// All of a cluster's, oldest first: the masters, the workers, the others.
pub fn of(conn: &mut Conn, cluster_id: &str) -> Result<Vec<NodeGroup>> {
    Ok(nodegroups::table
        .filter(nodegroups::cluster_id.eq(cluster_id))
        .order(nodegroups::number)
        .select(NodeGroup::as_select())
        .load(conn)?)
}

/// All of these clusters', for lists.
pub fn of_all(conn: &mut Conn, cluster_ids: &[String]) -> Result<Vec<NodeGroup>> {
    Ok(nodegroups::table
        .filter(nodegroups::cluster_id.eq_any(cluster_ids))
        .order(nodegroups::number)
        .select(NodeGroup::as_select())
        .load(conn)?)
}

/// One of a cluster's, by UUID or name.
pub fn find(conn: &mut Conn, cluster_id: &str, ident: &str) -> Result<Option<NodeGroup>> {
    let groups = of(conn, cluster_id)?.into_iter();
    Ok(groups
        .into_iter()
        .find(|group| group.id == ident || group.name == ident))
}

/// How many nodes the clusters of a project (of all, without one) should have: for stats.
pub fn count_nodes(conn: &mut Conn, project_id: Option<&str>) -> Result<i64> {
    let mut query = nodegroups::table
        .select(nodegroups::node_count)
        .into_boxed();
    if let Some(project) = project_id {
        query = query.filter(nodegroups::project_id.eq(project.to_owned()));
    }
    let counts: Vec<i64> = query.load(conn)?;
    Ok(counts.into_iter().sum())
}

/// Writes a new one and gives it its number.
///
/// # Errors
/// `Conflict` when the cluster has one of this name.
pub fn insert(tx: &mut Tx<'_>, mut group: NodeGroup) -> Result<NodeGroup> {
    if find(tx, &group.cluster_id, &group.name)?.is_some() {
        return Err(Error::Conflict(format!(
            "The cluster has a node group {} already.",
            group.name
        ))
        .into());
    }
    let last: Option<i64> = nodegroups::table
        .select(diesel::dsl::max(nodegroups::number))
        .first(&mut **tx)?;
    group.number = last.unwrap_or(0) + 1;
    let inserted = diesel::insert_into(nodegroups::table)
        .values(&group)
        .execute(&mut **tx)
        .map_err(Fail::from);
    match inserted {
        Ok(_) => Ok(group),
        // Another transaction took the number.
        Err(fail) if fail.is_duplicate() => Err(Fail::Again),
        Err(fail) => Err(fail),
    }
}

/// Writes a changed row back, if nobody else changed it since it was read.
///
/// # Errors
/// `Fail::Again` when somebody did: the whole transaction is run again.
pub fn update(tx: &mut Tx<'_>, group: &mut NodeGroup) -> Result<()> {
    let read = group.revision;
    group.revision += 1;
    let changed = kept(
        diesel::update(nodegroups::table.find(group.id.clone()))
            .filter(nodegroups::revision.eq(read))
            .set(&*group),
    )
    .execute(&mut **tx)?;
    match changed {
        1 => Ok(()),
        _ => Err(Fail::Again),
    }
}

/// Removes one none of whose nodes is left.
pub fn remove(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    diesel::delete(nodegroups::table.find(id)).execute(&mut **tx)?;
    Ok(())
}

/// Removes all of a cluster's.
pub(super) fn remove_all(tx: &mut Tx<'_>, cluster_id: &str) -> Result<()> {
    diesel::delete(nodegroups::table.filter(nodegroups::cluster_id.eq(cluster_id)))
        .execute(&mut **tx)?;
    Ok(())
}
