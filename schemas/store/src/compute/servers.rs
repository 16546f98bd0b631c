//! Servers: rows and queries.

use crate::compute::spec::Spec;
use crate::container_infra::endpoints;
use crate::kept::kept;
use crate::schema::servers;
use crate::{Conn, Fail, Result, Scope, Tx};
use diesel::prelude::*;
use schemas::host::{Problem, Seen};
use schemas::ids::{HostId, ServerId};
use schemas::{Error, Kind, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, PartialEq)]
#[diesel(table_name = servers)]
pub struct Server {
    /// UUID.
    pub id: String,
    /// Owner.
    pub project_id: String,
    /// Maker.
    pub user_id: String,
    /// Display name; need not be unique.
    pub name: String,
    /// Nova's `vm_state` (`VmState`).
    pub vm_state: String,
    /// Nova's `task_state`.
    pub task_state: Option<String>,
    /// Where it is placed.
    pub host_id: Option<String>,
    /// Host name inside.
    pub hostname: String,
    /// Image it was booted from.
    pub image_id: Option<String>,
    /// Flavor's id.
    pub flavor_id: String,
    /// Server group.
    pub group_id: Option<String>,
    /// Zone it is in; empty before it is placed.
    pub zone: String,
    /// 1 = locked.
    pub locked: i32,
    /// 1 = tombstone: the row goes when the agent has seen nothing left.
    pub deleting: i32,
    /// Rises with each change of what should be.
    pub generation: i64,
    /// Generation the agent has finished with.
    pub seen_generation: i64,
    /// Agent's life and count of the last observation.
    pub seen_epoch: String,
    /// See `seen_epoch`.
    pub seen_seq: i64,
    /// Rises with each change of the row.
    pub revision: i64,
    /// Request that asked for the present change.
    pub request_id: String,
    /// µs.
    pub created_at: i64,
    /// µs.
    pub updated_at: i64,
    /// µs; first time it ran.
    pub launched_at: Option<i64>,
    /// µs; when the present change is given up.
    pub deadline: Option<i64>,
    /// `Spec`.
    pub spec: String,
    /// `Sight`.
    pub seen: String,
    /// `Fault`.
    pub fault: Option<String>,
    /// The cluster it is a node of.
    pub node_of: Option<String>,
    /// The cluster it is a guest of: no server to compute, but a container or a pod.
    pub guest_of: Option<String>,
    /// Which of the two: `guests::Kind`.
    pub guest_kind: Option<String>,
    /// The replication controller that keeps it.
    pub guest_owner: Option<String>,
}

/// What changes in a server's life, but for its name: every column named here costs the indexes it
/// is in, whether its value is another one or not.
#[derive(AsChangeset)]
#[diesel(table_name = servers, treat_none_as_null = true)]
struct Change<'a> {
    vm_state: &'a str,
    task_state: Option<&'a str>,
    host_id: Option<&'a str>,
    image_id: Option<&'a str>,
    flavor_id: &'a str,
    zone: &'a str,
    locked: i32,
    deleting: i32,
    generation: i64,
    seen_generation: i64,
    seen_epoch: &'a str,
    seen_seq: i64,
    revision: i64,
    request_id: &'a str,
    updated_at: i64,
    launched_at: Option<i64>,
    deadline: Option<i64>,
    spec: &'a str,
    seen: &'a str,
    fault: Option<&'a str>,
}

impl<'a> From<&'a Server> for Change<'a> {
    fn from(server: &'a Server) -> Change<'a> {
        Change {
            vm_state: &server.vm_state,
            task_state: server.task_state.as_deref(),
            host_id: server.host_id.as_deref(),
            image_id: server.image_id.as_deref(),
            flavor_id: &server.flavor_id,
            zone: &server.zone,
            locked: server.locked,
            deleting: server.deleting,
            generation: server.generation,
            seen_generation: server.seen_generation,
            seen_epoch: &server.seen_epoch,
            seen_seq: server.seen_seq,
            revision: server.revision,
            request_id: &server.request_id,
            updated_at: server.updated_at,
            launched_at: server.launched_at,
            deadline: server.deadline,
            spec: &server.spec,
            seen: &server.seen,
            fault: server.fault.as_deref(),
        }
    }
}

/// What was last seen: the JSON in `servers.seen`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sight {
    /// The agent's word; `None` = never heard.
    pub state: Option<Seen>,
    /// Why the desired state is not reached.
    pub problem: Option<Problem>,
    /// The step under way, for progress and status reasons.
    pub step: Option<String>,
    /// The last telling: generation and µs. Tellings repeat until they are answered.
    pub told: Option<(i64, i64)>,
}

/// Why a server is in ERROR, as Nova shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// HTTP-like code (500).
    pub code: u16,
    /// Cause and remedy, for the tenant.
    pub message: String,
    /// µs.
    pub created: i64,
}

impl Server {
    /// The id, typed.
    pub fn server_id(&self) -> Result<ServerId> {
        ServerId::parse(&self.id).ok_or_else(|| bad_column("id", &self.id))
    }

    /// The host, typed.
    pub fn host(&self) -> Option<HostId> {
        self.host_id.as_deref().and_then(HostId::parse)
    }

    /// What it should be.
    pub fn spec(&self) -> Result<Spec> {
        Ok(serde_json::from_str(&self.spec)?)
    }

    /// Replaces what it should be.
    pub fn set_spec(&mut self, spec: &Spec) -> Result<()> {
        self.spec = serde_json::to_string(spec)?;
        Ok(())
    }

    /// What was last seen.
    pub fn sight(&self) -> Result<Sight> {
        Ok(serde_json::from_str(&self.seen)?)
    }

    /// Replaces what was last seen.
    pub fn set_sight(&mut self, sight: &Sight) -> Result<()> {
        self.seen = serde_json::to_string(sight)?;
        Ok(())
    }

    /// Why it is in ERROR.
    pub fn fault(&self) -> Result<Option<Fault>> {
        Ok(self
            .fault
            .as_deref()
            .map(serde_json::from_str)
            .transpose()?)
    }

    /// Puts it into ERROR, for a cause in words.
    pub fn fail(&mut self, now: Timestamp, message: &str) -> Result<()> {
        let fault = Fault {
            code: 500,
            message: message.to_owned(),
            created: now.0,
        };
        self.fault = Some(serde_json::to_string(&fault)?);
        Ok(())
    }
}

fn bad_column(column: &str, value: &str) -> Fail {
    Fail::Told(Error::internal(format_args!(
        "column {column} holds {value:?}"
    )))
}

/// One server the caller may see; none of the guests of clusters.
pub fn get(conn: &mut Conn, scope: &Scope, id: &str) -> Result<Option<Server>> {
    let row = any(conn, id)?.filter(|server| server.guest_of.is_none());
    Ok(row.filter(|server| scope.sees(&server.project_id)))
}

/// A row, be it a server or a guest of a cluster: for those who do what was asked, not for those who
/// ask.
pub fn any(conn: &mut Conn, id: &str) -> Result<Option<Server>> {
    Ok(servers::table
        .find(id)
        .select(Server::as_select())
        .first(conn)
        .optional()?)
}

/// Servers placed on a host.
pub fn on_host(conn: &mut Conn, host_id: &str) -> Result<Vec<Server>> {
    Ok(servers::table
        .filter(servers::host_id.eq(host_id))
        .order(servers::id)
        .select(Server::as_select())
        .load(conn)?)
}

/// Servers that have no host: not yet placed, or not placeable.
pub fn unplaced(conn: &mut Conn, scope: &Scope) -> Result<Vec<Server>> {
    let rows: Vec<Server> = servers::table
        .filter(servers::host_id.is_null())
        .order(servers::id)
        .select(Server::as_select())
        .load(conn)?;
    Ok(rows
        .into_iter()
        .filter(|server| scope.sees(&server.project_id))
        .collect())
}

/// How many servers have no host.
pub fn count_unplaced(conn: &mut Conn) -> Result<i64> {
    Ok(servers::table
        .filter(servers::host_id.is_null())
        .count()
        .get_result(conn)?)
}

/// Writes a new server and makes it due.
pub fn insert(tx: &mut Tx<'_>, server: &Server) -> Result<()> {
    diesel::insert_into(servers::table)
        .values(server)
        .execute(&mut **tx)?;
    tx.due(Kind::Server, &server.id)?;
    wake(tx, server)
}

/// A node that changes is its cluster's business, too; a pod its controller's.
fn wake(tx: &mut Tx<'_>, server: &Server) -> Result<()> {
    match (&server.node_of, &server.guest_owner) {
        (Some(cluster), _) => {
            endpoints::wake(tx, cluster)?;
            tx.due(Kind::Cluster, cluster)
        }
        (None, Some(owner)) => tx.due(Kind::ReplicationController, owner),
        (None, None) => Ok(()),
    }
}

/// Writes a changed row back, if nobody else changed it since it was read. Owner, maker, group and
/// time of creation never change; a new name is for [`rename`].
///
/// # Errors
/// `Fail::Again` when somebody did: the whole transaction is run again.
pub fn update(tx: &mut Tx<'_>, server: &mut Server) -> Result<()> {
    let read = server.revision;
    server.revision += 1;
    server.updated_at = tx.now().0;
    let changed = kept(
        diesel::update(servers::table.find(server.id.clone()))
            .filter(servers::revision.eq(read))
            .set(Change::from(&*server)),
    )
    .execute(&mut **tx)?;
    if changed == 1 {
        wake(tx, server)
    } else {
        Err(Fail::Again)
    }
}

/// Writes the server's name and its host name; to be followed by [`update`] in the same transaction.
pub fn rename(tx: &mut Tx<'_>, server: &Server) -> Result<()> {
    kept(diesel::update(servers::table.find(&server.id)).set((
        servers::name.eq(&server.name),
        servers::hostname.eq(&server.hostname),
    )))
    .execute(&mut **tx)?;
    Ok(())
}

/// Removes the row. Reservations are given back by the caller, in the same transaction. A node goes
/// as a host, too.
pub fn remove(tx: &mut Tx<'_>, server: &Server) -> Result<()> {
    diesel::delete(servers::table.find(&server.id)).execute(&mut **tx)?;
    if server.node_of.is_some() {
        tx.due(Kind::Host, &server.id)?;
    }
    // A cluster that is being deleted waits for the last of its guests.
    if let Some(cluster) = &server.guest_of {
        tx.due(Kind::Cluster, cluster)?;
    }
    wake(tx, server)
}

/// Nodes of a cluster, by id.
pub fn nodes_of(conn: &mut Conn, cluster_id: &str) -> Result<Vec<Server>> {
    Ok(servers::table
        .filter(servers::node_of.eq(cluster_id))
        .order(servers::id)
        .select(Server::as_select())
        .load(conn)?)
}

/// Ids and names of the servers placed on a host.
pub fn names_on(conn: &mut Conn, host_id: &str) -> Result<Vec<(String, String)>> {
    Ok(servers::table
        .filter(servers::host_id.eq(host_id))
        .order(servers::id)
        .select((servers::id, servers::name))
        .load(conn)?)
}

/// Servers placed on a host, and what was heard last of each: the agent's life, and the number.
pub fn heard_on(conn: &mut Conn, host_id: &str) -> Result<BTreeMap<String, (String, i64)>> {
    let rows: Vec<(String, String, i64)> = servers::table
        .filter(servers::host_id.eq(host_id))
        .select((servers::id, servers::seen_epoch, servers::seen_seq))
        .load(conn)?;
    let heard = rows.into_iter().map(|(id, epoch, seq)| (id, (epoch, seq)));
    Ok(heard.collect())
}
