//! Guests of clusters: containers and pods. Each is placed on one of its cluster's nodes, told and
//! followed as a server is, and is a row of `servers`; compute neither shows nor counts it, for what it
//! needs is in the nodes, which its project pays for.

mod page;

pub use page::{Page, page};

use super::launch::{self, Launch};
use super::servers::{self, Server};
use super::spec::{Guest, Node};
use crate::container_infra::endpoints;
use crate::schema::servers as table;
use crate::{Conn, Fail, Result, Scope, Tx, events};
use diesel::prelude::*;
use schemas::ids::{ClusterId, NetworkId, ServerId};
use schemas::workload::Power;
use schemas::{Error, Timestamp};
use std::time::Duration;

/// A pod that is to go is asked to end when no node sends it anything new any more, or after this.
pub const LET_GO: Duration = Duration::from_secs(5);

/// What a guest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `/containers`.
    Container,
    /// `/pods`.
    Pod,
}

impl Kind {
    /// What this guest is.
    pub fn of(guest: &Guest) -> Kind {
        match guest {
            Guest::Container { .. } => Kind::Container,
            Guest::Pod { .. } => Kind::Pod,
        }
    }

    /// As in `servers.guest_kind`.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Container => "container",
            Kind::Pod => "pod",
        }
    }
}

/// The network that a cluster's guests are on, on each node's engine.
pub fn network_id(cluster: ClusterId) -> NetworkId {
    NetworkId::derived(cluster.0, "guests")
}

/// What this row is, if it is a guest.
pub fn kind(server: &Server) -> Option<Kind> {
    let name = server.guest_kind.as_deref()?;
    [Kind::Container, Kind::Pod]
        .into_iter()
        .find(|kind| kind.as_str() == name)
}

/// What a new row is.
#[derive(Clone, Copy)]
pub(super) enum Made<'a> {
    Server,
    Node(&'a Node),
    Guest(&'a Guest, Option<&'a str>),
}

impl<'a> Made<'a> {
    pub(super) fn node(self) -> Option<&'a Node> {
        match self {
            Made::Node(node) => Some(node),
            _ => None,
        }
    }

    pub(super) fn guest(self) -> Option<&'a Guest> {
        match self {
            Made::Guest(guest, _) => Some(guest),
            _ => None,
        }
    }

    pub(super) fn owner(self) -> Option<&'a str> {
        match self {
            Made::Guest(_, owner) => owner,
            _ => None,
        }
    }

    /// A container of 2015 is made, and waits to be started.
    pub(super) fn power(self) -> Power {
        match self.guest() {
            Some(Guest::Container { .. }) => Power::Stopped,
            _ => Power::Running,
        }
    }

    /// A pod waits until there is room, however long that takes.
    pub(super) fn deadline(self, until: Timestamp) -> Option<i64> {
        match self.guest() {
            Some(Guest::Pod { .. }) => None,
            _ => Some(until.0),
        }
    }
}

/// Writes a guest of the cluster `wanted.within`, under an id chosen by the caller, that `owner` (a
/// replication controller) keeps. One that is there already is left as it is: false.
///
/// # Errors
/// `Conflict` for a pod whose name another pod of the cluster has.
pub fn launch(
    tx: &mut Tx<'_>,
    id: ServerId,
    wanted: &Launch,
    guest: &Guest,
    owner: Option<&str>,
) -> Result<bool> {
    if servers::any(tx, &id.to_string())?.is_some() {
        return Ok(false);
    }
    let cluster = wanted
        .within
        .ok_or_else(|| Fail::Told(Error::internal("a guest of no cluster")))?
        .to_string();
    if Kind::of(guest) == Kind::Pod
        && !named(tx, &Scope::All, Some(&cluster), Kind::Pod, &wanted.name)?.is_empty()
    {
        return Err(Error::Conflict(format!(
            "Pod {} already exists in this cluster; a pod's name is its own there.",
            wanted.name
        ))
        .into());
    }
    let wanted = Launch {
        networked: true,
        group_id: None,
        min_count: 1,
        max_count: 1,
        ..wanted.clone()
    };
    let made = Made::Guest(guest, owner);
    launch::one(tx, &wanted, id, made, (0, 1), &launch::reservation())?;
    Ok(true)
}

/// One guest of this kind that the caller may see.
pub fn get(conn: &mut Conn, scope: &Scope, kind: Kind, id: &str) -> Result<Option<Server>> {
    let row = servers::any(conn, id)?;
    Ok(row.filter(|row| {
        row.guest_kind.as_deref() == Some(kind.as_str()) && scope.sees(&row.project_id)
    }))
}

/// Guests of this kind with this name, of one cluster or of all, that the caller may see.
pub fn named(
    conn: &mut Conn,
    scope: &Scope,
    cluster: Option<&str>,
    kind: Kind,
    name: &str,
) -> Result<Vec<Server>> {
    let mut query = table::table
        .filter(table::guest_of.is_not_null())
        .filter(
            table::guest_kind
                .eq(kind.as_str())
                .and(table::name.eq(name.to_owned())),
        )
        .into_boxed();
    if let Some(cluster) = cluster {
        query = query.filter(table::guest_of.eq(cluster.to_owned()));
    }
    if let Scope::Project(project) = scope {
        query = query.filter(table::project_id.eq(project.clone()));
    }
    Ok(query
        .order(table::id)
        .select(Server::as_select())
        .load(conn)?)
}

/// Guests of this kind that the caller may see, oldest first: of one cluster, or of all.
pub fn list(
    conn: &mut Conn,
    scope: &Scope,
    cluster: Option<&str>,
    kind: Kind,
) -> Result<Vec<Server>> {
    let mut query = table::table
        .filter(table::guest_of.is_not_null())
        .filter(table::guest_kind.eq(kind.as_str()))
        .into_boxed();
    if let Some(cluster) = cluster {
        query = query.filter(table::guest_of.eq(cluster.to_owned()));
    }
    if let Scope::Project(project) = scope {
        query = query.filter(table::project_id.eq(project.clone()));
    }
    Ok(query
        .order((table::created_at, table::id))
        .select(Server::as_select())
        .load(conn)?)
}

/// Guests of a cluster that are not on their way out, so many at most.
pub fn staying(conn: &mut Conn, cluster: &str, most: usize) -> Result<Vec<Server>> {
    Ok(table::table
        .filter(table::guest_of.eq(cluster).and(table::deleting.eq(0)))
        .order(table::id)
        .limit(i64::try_from(most).unwrap_or(i64::MAX))
        .select(Server::as_select())
        .load(conn)?)
}

/// How many guests a cluster has, on their way out or not.
pub fn left(conn: &mut Conn, cluster: &str) -> Result<i64> {
    Ok(table::table
        .filter(table::guest_of.eq(cluster))
        .count()
        .get_result(conn)?)
}

/// May a project have one more guest of this kind? It has at most `most` (negative: any number).
///
/// # Errors
/// `OverQuota`.
pub fn room(conn: &mut Conn, project_id: &str, kind: Kind, most: i64) -> Result<()> {
    let there = count(conn, project_id, kind)?;
    let what = match kind {
        Kind::Container => "containers",
        Kind::Pod => "pods",
    };
    crate::container_infra::bounded(what, there, most)
}

/// How many guests of this kind a project has.
pub fn count(conn: &mut Conn, project_id: &str, kind: Kind) -> Result<i64> {
    Ok(table::table
        .filter(table::guest_of.is_not_null())
        .filter(
            table::project_id
                .eq(project_id)
                .and(table::guest_kind.eq(kind.as_str())),
        )
        .count()
        .get_result(conn)?)
}

/// Gives a pod to a replication controller, or to none.
pub fn set_owner(tx: &mut Tx<'_>, server: &mut Server, owner: Option<&str>) -> Result<()> {
    let read = server.revision;
    server.revision += 1;
    server.guest_owner = owner.map(str::to_owned);
    let changed = diesel::update(table::table.find(&server.id))
        .filter(table::revision.eq(read))
        .set((
            table::guest_owner.eq(&server.guest_owner),
            table::revision.eq(server.revision),
        ))
        .execute(&mut **tx)?;
    match changed {
        1 => Ok(()),
        _ => Err(Fail::Again),
    }
}

/// A guest is to go, whoever wants that; from every state.
pub fn condemn(tx: &mut Tx<'_>, server: &mut Server, request_id: &str) -> Result<()> {
    if server.deleting != 0 {
        return Ok(());
    }
    server.deleting = 1;
    server.task_state = Some("deleting".into());
    server.generation += 1;
    server.request_id = request_id.to_owned();
    if let Some(cluster) = &server.guest_of
        && kind(server) == Some(Kind::Pod)
    {
        server.deadline = Some((tx.now() + LET_GO).0);
        endpoints::wake(tx, cluster)?;
    }
    tx.event(events::New {
        kind: schemas::Kind::Server,
        object_id: &server.id,
        project_id: &server.project_id,
        user_id: "",
        request_id,
        action: "delete",
        phase: "request",
        result: "",
        message: "",
    })?;
    servers::update(tx, server)?;
    tx.due(schemas::Kind::Server, &server.id)
}

/// Pods of a cluster that are on their way out may go on: fewer nodes know them.
pub fn wake_leaving(tx: &mut Tx<'_>, cluster: &str) -> Result<()> {
    let leaving: Vec<String> = table::table
        .filter(table::guest_of.eq(cluster).and(table::deleting.eq(1)))
        .filter(table::guest_kind.eq(Kind::Pod.as_str()))
        .select(table::id)
        .load(&mut **tx)?;
    leaving
        .iter()
        .try_for_each(|id| tx.due(schemas::Kind::Server, id))
}
