//! Nodes of clusters: places in a group, each with the server that is in it now.
//!
//! ```text
//!   launch ──► run ──► replace ──(server gone)──► launch …
//!                 └──► remove  ──(server gone)──► row gone
//!   launch, run ──(tries used up)──► failed ──(next operation)──► replace
//! ```

use super::nodegroups::NodeGroup;
use super::schema::cluster_nodes as nodes;
use crate::kept::kept;
use crate::{Conn, Fail, Result, Tx};
use diesel::prelude::*;
use schemas::Error;
use schemas::ids::ServerId;
use uuid::Uuid;

/// What becomes of a node next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Its server is to be made.
    Launch,
    /// It has a server.
    Run,
    /// Its server is to go, and another to be made.
    Replace,
    /// It is to go.
    Remove,
    /// Given up until something else is asked for.
    Failed,
}

const PHASES: [(Phase, &str); 5] = [
    (Phase::Launch, "launch"),
    (Phase::Run, "run"),
    (Phase::Replace, "replace"),
    (Phase::Remove, "remove"),
    (Phase::Failed, "failed"),
];

impl Phase {
    /// The phase with this name.
    pub fn parse(name: &str) -> Option<Phase> {
        PHASES.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// Its name in the row.
    pub fn as_str(self) -> &'static str {
        PHASES
            .iter()
            .find(|row| row.0 == self)
            .map_or("", |row| row.1)
    }
}

/// A row.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset, PartialEq)]
#[diesel(table_name = nodes, treat_none_as_null = true)]
pub struct Node {
    /// UUID, of the place.
    pub id: String,
    /// Whose.
    pub cluster_id: String,
    /// In which group.
    pub nodegroup_id: String,
    /// Place in the group, from 0.
    pub ordinal: i32,
    /// Group's name and place (`default-worker-1`): how the cluster's user knows it.
    pub name: String,
    /// The server in it: known before it is made, never used twice.
    pub server_id: String,
    /// Which of the group's servers that is.
    pub attempt: i64,
    /// `Phase`.
    pub phase: String,
    /// Generation of the group that its server was made by.
    pub generation: i64,
    /// Servers made for it since it last was ready.
    pub tries: i32,
    /// What went wrong last, in words.
    pub problem: Option<String>,
    /// 1 = its server ran and its engine answered.
    pub ready: i32,
    /// µs; since when it is not as it was.
    pub unwell_since: Option<i64>,
    /// On the cluster's network.
    pub address: Option<String>,
    /// Generation of the authority that signed its certificate.
    pub authority: i64,
    /// PEM: the node's own certificate, made when its server was placed, and behind it what leads from who
    /// signed it to older authorities.
    pub certificate: Option<String>,
    /// Private key, PKCS #8 PEM, sealed for [`Node::about`].
    pub sealed_key: Option<String>,
    /// µs; end of its certificate's validity.
    pub certified_until: Option<i64>,
    /// The machine's address that its certificate names; empty without one.
    pub certified_for: String,
    /// Rises with each change of the row.
    pub revision: i64,
    /// µs.
    pub created_at: i64,
    /// What a control plane on it proves itself with: `Control` as JSON, sealed for
    /// [`Node::about_control`].
    pub sealed_control: Option<String>,
    /// Generation of the oldest authority that it trusts beside the one that signed its certificate, so that
    /// those are let in who still have to follow; 0: none.
    pub trusts_from: i64,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Node({} {} {} {:?})",
            self.name, self.server_id, self.phase, self.problem
        )
    }
}

impl Node {
    /// The phase, typed.
    pub fn phase(&self) -> Result<Phase> {
        Phase::parse(&self.phase).ok_or_else(|| {
            Fail::Told(Error::internal(format_args!(
                "node {} is in the phase {:?}",
                self.id, self.phase
            )))
        })
    }

    /// What its key is sealed for, so that it cannot be moved to another row.
    pub fn about(&self) -> String {
        format!("node {}", self.server_id)
    }

    /// What its control plane's papers are sealed for.
    pub fn about_control(&self) -> String {
        format!("control {}", self.server_id)
    }

    /// The next server is to be made in it, by what its group is now.
    pub fn renew(&mut self, group: &mut NodeGroup) -> Result<()> {
        group.made += 1;
        self.server_id = server_id(group, self.ordinal)?;
        self.attempt = group.made;
        self.phase = Phase::Launch.as_str().into();
        self.generation = group.generation;
        self.tries += 1;
        self.ready = 0;
        self.unwell_since = None;
        self.forget_certificates();
        Ok(())
    }

    /// It gets other certificates when it is told next.
    pub fn forget_certificates(&mut self) {
        self.authority = 0;
        self.certificate = None;
        self.sealed_key = None;
        self.sealed_control = None;
        self.certified_until = None;
        self.certified_for = String::new();
        self.trusts_from = 0;
    }
}

/// The id of the server that a group makes at this place now (`made` counts it already).
fn server_id(group: &NodeGroup, ordinal: i32) -> Result<String> {
    let parent = Uuid::parse_str(&group.id)
        .map_err(|_| Error::internal(format_args!("node group {} is no UUID", group.id)))?;
    Ok(ServerId::derived(parent, &format!("{ordinal}/{}", group.made)).to_string())
}

/// A new place in a group, whose server is to be made. The group's count of servers made rises: it is
/// the caller's to write it back.
pub fn new(group: &mut NodeGroup, ordinal: i32, now: schemas::Timestamp) -> Result<Node> {
    let parent = Uuid::parse_str(&group.id)
        .map_err(|_| Error::internal(format_args!("node group {} is no UUID", group.id)))?;
    let mut node = Node {
        id: ServerId::derived(parent, &format!("place {ordinal}")).to_string(),
        cluster_id: group.cluster_id.clone(),
        nodegroup_id: group.id.clone(),
        ordinal,
        name: format!("{}-{ordinal}", group.name),
        server_id: String::new(),
        attempt: 0,
        phase: Phase::Launch.as_str().into(),
        generation: group.generation,
        tries: 0,
        problem: None,
        ready: 0,
        unwell_since: None,
        address: None,
        authority: 0,
        certificate: None,
        sealed_key: None,
        certified_until: None,
        certified_for: String::new(),
        revision: 1,
        created_at: now.0,
        sealed_control: None,
        trusts_from: 0,
    };
    node.renew(group)?;
    Ok(node)
}

/// All of a cluster's, by group and place.
pub fn of(conn: &mut Conn, cluster_id: &str) -> Result<Vec<Node>> {
    Ok(nodes::table
        .filter(nodes::cluster_id.eq(cluster_id))
        .order((nodes::nodegroup_id, nodes::ordinal))
        .select(Node::as_select())
        .load(conn)?)
}

/// All of these clusters', by group and place, for lists.
pub fn of_all(conn: &mut Conn, cluster_ids: &[String]) -> Result<Vec<Node>> {
    match cluster_ids {
        // Whoever shows one cluster asks so; a list of values would be parsed anew each time.
        [one] => of(conn, one),
        some => Ok(nodes::table
            .filter(nodes::cluster_id.eq_any(some))
            .order((nodes::nodegroup_id, nodes::ordinal))
            .select(Node::as_select())
            .load(conn)?),
    }
}

/// The node whose server this is now.
pub fn of_server(conn: &mut Conn, server_id: &str) -> Result<Option<Node>> {
    Ok(nodes::table
        .filter(nodes::server_id.eq(server_id))
        .select(Node::as_select())
        .first(conn)
        .optional()?)
}

/// Writes a new one.
pub fn insert(tx: &mut Tx<'_>, node: &Node) -> Result<()> {
    diesel::insert_into(nodes::table)
        .values(node)
        .execute(&mut **tx)?;
    Ok(())
}

/// Writes a changed row back, if nobody else changed it since it was read.
///
/// # Errors
/// `Fail::Again` when somebody did: the whole transaction is run again.
pub fn update(tx: &mut Tx<'_>, node: &mut Node) -> Result<()> {
    let read = node.revision;
    node.revision += 1;
    let changed = kept(
        diesel::update(nodes::table.find(node.id.clone()))
            .filter(nodes::revision.eq(read))
            .set(&*node),
    )
    .execute(&mut **tx)?;
    match changed {
        1 => Ok(()),
        _ => Err(Fail::Again),
    }
}

/// Removes one whose server is gone.
pub fn remove(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    diesel::delete(nodes::table.find(id)).execute(&mut **tx)?;
    Ok(())
}
