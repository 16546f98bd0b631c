//! Clusters: rows and queries.

use super::authorities::{self, Authority};
use super::nodegroups::{self, NodeGroup};
use super::schema::clusters;
use super::spec;
use super::{accounts_keys, adopted, endpoints, overlays, services, swarms};
use crate::compute::usages;
use crate::kept::kept;
use crate::{Conn, Fail, Result, Scope, Tx, events};
use diesel::prelude::*;
use schemas::container_infra::status::{Operation, Progress, Status};
use schemas::{Error, Kind, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// The quota's resource, and the usage's.
pub const RESOURCE: &str = "Cluster";

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, PartialEq)]
#[diesel(table_name = clusters, treat_none_as_null = true)]
pub struct Cluster {
    /// UUID.
    pub id: String,
    /// Owner.
    pub project_id: String,
    /// Maker.
    pub user_id: String,
    /// Need not be unique.
    pub name: String,
    /// The template it was made from, or last upgraded to.
    pub template_id: String,
    /// What orchestrates its containers (`docker`).
    pub coe: String,
    /// `Status`.
    pub status: String,
    /// How far it is, or why it failed.
    pub status_reason: Option<String>,
    /// `HEALTHY`, `UNHEALTHY`, `UNKNOWN`; nothing before it was first there.
    pub health_status: Option<String>,
    /// JSON: node → what is wrong with it, or `ok`.
    pub health_reason: String,
    /// Where its users find it.
    pub api_address: Option<String>,
    /// Rises with each change of what should be.
    pub generation: i64,
    /// Rises with each change of the row.
    pub revision: i64,
    /// µs; when the present operation is given up.
    pub deadline: Option<i64>,
    /// 1 = tombstone: the row goes when its nodes are gone.
    pub deleting: i32,
    /// Request that asked for the present operation.
    pub request_id: String,
    /// µs.
    pub created_at: i64,
    /// µs; nothing before the first change a user asked for.
    pub updated_at: Option<i64>,
    /// `spec::Cluster`.
    pub spec: String,
}

/// Who asks for something.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Whose clusters he may touch.
    pub scope: Scope,
    /// Who.
    pub user_id: String,
    /// The request.
    pub request_id: String,
}

impl Cluster {
    /// What it should be.
    pub fn spec(&self) -> Result<spec::Cluster> {
        Ok(serde_json::from_str(&self.spec)?)
    }

    /// Replaces what it should be.
    pub fn set_spec(&mut self, spec: &spec::Cluster) -> Result<()> {
        self.spec = serde_json::to_string(spec)?;
        Ok(())
    }

    /// The status, typed.
    pub fn state(&self) -> Result<Status> {
        Status::parse(&self.status).ok_or_else(|| {
            Fail::Told(Error::internal(format_args!(
                "cluster {} has the status {:?}",
                self.id, self.status
            )))
        })
    }

    /// Node → what is wrong with it, or `ok`.
    pub fn health(&self) -> Result<BTreeMap<String, String>> {
        Ok(serde_json::from_str(&self.health_reason)?)
    }

    /// An operation begins: its status, its deadline, its request.
    pub fn begin(&mut self, now: Timestamp, operation: Operation, request_id: &str) -> Result<()> {
        let minutes = u64::from(self.spec()?.create_timeout);
        let patience = Duration::from_secs(minutes * 60);
        self.status = Status(operation, Progress::InProgress).as_str().into();
        self.status_reason = None;
        self.deadline = (minutes > 0).then(|| (now + patience).0);
        self.request_id = request_id.to_owned();
        self.generation += 1;
        if operation != Operation::Create {
            self.updated_at = Some(now.0);
        }
        Ok(())
    }
}

/// One cluster the caller may see.
pub fn get(conn: &mut Conn, scope: &Scope, id: &str) -> Result<Option<Cluster>> {
    let row: Option<Cluster> = clusters::table
        .find(id)
        .select(Cluster::as_select())
        .first(conn)
        .optional()?;
    Ok(row.filter(|cluster| scope.sees(&cluster.project_id)))
}

/// Those of this name that the caller may see; names need not be unique.
pub fn named(conn: &mut Conn, scope: &Scope, name: &str) -> Result<Vec<Cluster>> {
    let rows: Vec<Cluster> = clusters::table
        .filter(clusters::name.eq(name))
        .order((clusters::created_at, clusters::id))
        .select(Cluster::as_select())
        .load(conn)?;
    let seen = rows.into_iter();
    Ok(seen
        .filter(|cluster| scope.sees(&cluster.project_id))
        .collect())
}

/// All the caller may see, oldest first.
pub fn list(conn: &mut Conn, scope: &Scope) -> Result<Vec<Cluster>> {
    let mut query = clusters::table
        .order((clusters::created_at, clusters::id))
        .select(Cluster::as_select())
        .into_boxed();
    if let Scope::Project(project) = scope {
        query = query.filter(clusters::project_id.eq(project.clone()));
    }
    Ok(query.load(conn)?)
}

/// How many clusters the caller may see: for stats.
pub fn count(conn: &mut Conn, scope: &Scope) -> Result<i64> {
    let mut query = clusters::table.into_boxed();
    if let Scope::Project(project) = scope {
        query = query.filter(clusters::project_id.eq(project.clone()));
    }
    Ok(query.count().get_result(conn)?)
}

/// Is a template in use by some cluster, whoever owns it? Then it cannot be deleted.
pub fn uses_template(conn: &mut Conn, template_id: &str) -> Result<bool> {
    let used: Option<String> = clusters::table
        .filter(clusters::template_id.eq(template_id))
        .select(clusters::id)
        .first(conn)
        .optional()?;
    Ok(used.is_some())
}

/// A cluster to be made.
#[derive(Clone, Debug)]
pub struct New {
    /// Its row, in CREATE_IN_PROGRESS.
    pub cluster: Cluster,
    /// Its first groups.
    pub groups: Vec<NodeGroup>,
    /// Its authorities, their keys sealed.
    pub authorities: Vec<Authority>,
}

/// Writes a new cluster with all that belongs to it, takes its quota (`limit`, negative: none), and
/// makes it due.
///
/// # Errors
/// `Forbidden` when the quota is used up, `Conflict` when the id is taken.
pub fn create(tx: &mut Tx<'_>, new: &New, limit: i64) -> Result<()> {
    let cluster = &new.cluster;
    if !usages::take(tx, &cluster.project_id, RESOURCE, 1, limit)? {
        return Err(Error::Forbidden(format!(
            "The project has {limit} clusters, which is its limit; delete one, or ask an \
             administrator for a larger quota."
        ))
        .into());
    }
    if get(tx, &Scope::All, &cluster.id)?.is_some() {
        return Err(Error::Conflict(format!("A cluster {} exists already.", cluster.id)).into());
    }
    diesel::insert_into(clusters::table)
        .values(cluster)
        .execute(&mut **tx)?;
    for group in &new.groups {
        nodegroups::insert(tx, group.clone())?;
    }
    for authority in &new.authorities {
        authorities::insert(tx, authority)?;
    }
    event(tx, cluster, &cluster.user_id, "create", "request", "", "")?;
    tx.due(Kind::Cluster, &cluster.id)
}

/// Writes a changed row back, if nobody else changed it since it was read.
///
/// # Errors
/// `Fail::Again` when somebody did: the whole transaction is run again.
pub fn update(tx: &mut Tx<'_>, cluster: &mut Cluster) -> Result<()> {
    let read = cluster.revision;
    cluster.revision += 1;
    let changed = kept(
        diesel::update(clusters::table.find(cluster.id.clone()))
            .filter(clusters::revision.eq(read))
            .set(&*cluster),
    )
    .execute(&mut **tx)?;
    match changed {
        1 => Ok(()),
        _ => Err(Fail::Again),
    }
}

/// Asks for a cluster to go. From every state; a second time changes nothing.
///
/// # Errors
/// `NotFound` for what the caller may not see.
pub fn delete(tx: &mut Tx<'_>, asked: &Asked, id: &str) -> Result<()> {
    let Some(mut cluster) = get(tx, &asked.scope, id)? else {
        return Err(missing(id));
    };
    if cluster.deleting != 0 {
        return Ok(());
    }
    cluster.begin(tx.now(), Operation::Delete, &asked.request_id)?;
    cluster.deadline = None;
    cluster.deleting = 1;
    event(tx, &cluster, &asked.user_id, "delete", "request", "", "")?;
    update(tx, &mut cluster)?;
    tx.due(Kind::Cluster, id)
}

/// Removes a cluster none of whose nodes is left: row, groups, authorities, quota.
pub fn remove(tx: &mut Tx<'_>, cluster: &Cluster) -> Result<()> {
    event(tx, cluster, "", "delete", "remove", "Success", "")?;
    services::remove_all(tx, &cluster.id)?;
    endpoints::remove_all(tx, &cluster.id)?;
    authorities::remove_all(tx, &cluster.id)?;
    adopted::remove_all(tx, &cluster.id)?;
    accounts_keys::remove_all(tx, &cluster.id)?;
    swarms::remove_all(tx, &cluster.id)?;
    overlays::remove_all(tx, &cluster.id)?;
    nodegroups::remove_all(tx, &cluster.id)?;
    diesel::delete(clusters::table.find(&cluster.id)).execute(&mut **tx)?;
    usages::give(tx, &cluster.project_id, RESOURCE, 1)
}

/// Writes down what happened to a cluster.
pub fn event(
    tx: &mut Tx<'_>,
    cluster: &Cluster,
    user_id: &str,
    action: &str,
    phase: &str,
    result: &str,
    message: &str,
) -> Result<()> {
    tx.event(events::New {
        kind: Kind::Cluster,
        object_id: &cluster.id,
        project_id: &cluster.project_id,
        user_id,
        request_id: &cluster.request_id,
        action,
        phase,
        result,
        message,
    })
}

/// The cluster is not there, or not the caller's.
pub fn missing(ident: &str) -> Fail {
    Error::not_found("Cluster", ident).into()
}
