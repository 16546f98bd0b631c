//! What users ask of a cluster that is there: each operation checks that it is legal now, writes what
//! should be, begins the operation and makes the cluster due, in one transaction.
//!
//! *Guarantees.* An operation that may follow another under way (a resize) takes its place: what should
//! be is what was asked for last.

use super::authorities::{self, Authority};
use super::clusters::{self, Asked, Cluster};
use super::nodegroups::{self, NodeGroup};
use super::nodes::{self, Node, Phase};
use super::spec;
use super::{adopted, control_plane};
use crate::{Conn, Fail, Result, Tx};
use schemas::container_infra::status::{Operation, Progress, Status};
use schemas::{Error, Kind};

/// Addresses for nodes on a cluster's network (a /24; one is the engine's own).
pub const MOST_NODES: i64 = 253;

/// A resize, as asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resize {
    /// The group, by UUID or name; `None`: the default workers.
    pub group: Option<String>,
    /// Nodes it should have.
    pub node_count: i64,
    /// Nodes that go first: by server's UUID or node's name (`default-worker-1`).
    pub nodes_to_remove: Vec<String>,
    /// Legal only where nothing is under way or failed (a PATCH).
    pub settled: bool,
}

/// Gives a group another number of nodes.
///
/// # Errors
/// `NotFound` for a cluster or group that is not there; `BadRequest` for what its status, the group's
/// bounds or its nodes' names forbid.
pub fn resize(tx: &mut Tx<'_>, asked: &Asked, id: &str, wanted: &Resize) -> Result<()> {
    let mut cluster = find(tx, asked, id, "resized")?;
    let may = match wanted.settled {
        true => Status::can_update,
        false => Status::can_resize,
    };
    legal(&cluster, "resized", may)?;
    let ident = wanted.group.as_deref().unwrap_or(nodegroups::WORKERS);
    let mut group = group(tx, &cluster, ident)?;
    let count = wanted.node_count;
    control_plane::stays(&cluster, &group, count, &wanted.nodes_to_remove)?;
    if count < group.min_node_count || group.max_node_count.is_some_and(|most| count > most) {
        let most = group
            .max_node_count
            .map_or("any number".into(), |most| most.to_string());
        return Err(refused(format!(
            "Node group {} has from {} to {most} nodes; {count} were asked for.",
            group.name, group.min_node_count
        )));
    }
    bounded(tx, &cluster, &group.id, count)?;
    let leaving = named(tx, &group, &wanted.nodes_to_remove)?;
    for mut node in leaving {
        node.phase = Phase::Remove.as_str().into();
        node.problem = Some("was named to go".into());
        nodes::update(tx, &mut node)?;
    }
    group.node_count = count;
    begin(tx, asked, &mut cluster, "resize")?;
    set_status(tx, &mut group, Operation::Update)
}

/// The nodes of a group with these names.
fn named(conn: &mut Conn, group: &NodeGroup, names: &[String]) -> Result<Vec<Node>> {
    let known = nodes::of(conn, &group.cluster_id)?;
    let own = |node: &&Node| node.nodegroup_id == group.id;
    let mut found: Vec<Node> = Vec::new();
    for name in names {
        let is_it = |node: &&Node| node.server_id == *name || node.name == *name;
        let Some(node) = known.iter().filter(own).find(is_it) else {
            return Err(refused(format!(
                "Node group {} has no node {name}; a node is named by its server's UUID or as in {}.",
                group.name, "default-worker-1"
            )));
        };
        if !found.iter().any(|one| one.id == node.id) {
            found.push(node.clone());
        }
    }
    Ok(found)
}

/// Other images, flavors or labels for the nodes of these groups, which are replaced a few at a time.
#[derive(Clone, Debug)]
pub struct Upgrade {
    /// The cluster's spec from now on.
    pub spec: spec::Cluster,
    /// Group's id → what its nodes are made of from now on.
    pub groups: Vec<(String, spec::NodeGroup)>,
    /// Nodes replaced at once, in each group.
    pub batch: i64,
}

/// Replaces the nodes by ones of another kind.
///
/// # Errors
/// As [`resize`].
pub fn upgrade(tx: &mut Tx<'_>, asked: &Asked, id: &str, wanted: &Upgrade) -> Result<()> {
    let mut cluster = find(tx, asked, id, "upgraded")?;
    legal(&cluster, "upgraded", Status::can_update)?;
    cluster.template_id.clone_from(&wanted.spec.template.id);
    cluster.set_spec(&wanted.spec)?;
    begin(tx, asked, &mut cluster, "upgrade")?;
    for (id, spec) in &wanted.groups {
        let mut group = group(tx, &cluster, id)?;
        group.batch = wanted.batch.max(1);
        control_plane::upgraded(&cluster, &group, spec)?;
        if group.spec()? != *spec {
            group.set_spec(spec)?;
            group.generation += 1;
        }
        set_status(tx, &mut group, Operation::Update)?;
    }
    Ok(())
}

/// Gives the cluster other authorities. Its nodes are replaced one after the other by ones that trust
/// and are trusted by them.
///
/// # Errors
/// As [`resize`]; `BadRequest` for a cluster without TLS.
pub fn rotate(tx: &mut Tx<'_>, asked: &Asked, id: &str, newer: &[Authority]) -> Result<()> {
    let mut cluster = find(tx, asked, id, "given another authority")?;
    legal(&cluster, "given another authority", Status::can_update)?;
    if cluster.spec()?.template.tls_disabled {
        return Err(refused(
            "The cluster's template disables TLS, so it has no certificates to change.".into(),
        ));
    }
    begin(tx, asked, &mut cluster, "rotate-ca")?;
    for authority in newer {
        authorities::insert(tx, authority)?;
    }
    for mut group in nodegroups::of(tx, id)? {
        group.batch = 1;
        set_status(tx, &mut group, Operation::Update)?;
    }
    Ok(())
}

/// Adds a group. Answers it with its number.
///
/// # Errors
/// As [`resize`]; `Conflict` for a cluster that has no address yet, for a name it has already, for
/// counts that do not fit each other.
pub fn add_group(tx: &mut Tx<'_>, asked: &Asked, group: NodeGroup) -> Result<NodeGroup> {
    let mut cluster = find(tx, asked, &group.cluster_id, "given a node group")?;
    if cluster.api_address.is_none() {
        return Err(Error::Conflict(format!(
            "Cluster {} has no API address yet: node groups are added once it is complete.",
            cluster.name
        ))
        .into());
    }
    legal(&cluster, "given a node group", Status::can_update)?;
    in_order(&group)?;
    bounded(tx, &cluster, "", group.node_count)?;
    let group = nodegroups::insert(tx, group)?;
    begin(tx, asked, &mut cluster, "create-nodegroup")?;
    Ok(group)
}

/// Changes a group's bounds, or what its nodes are labelled with.
///
/// # Errors
/// As [`add_group`].
pub fn change_group(
    tx: &mut Tx<'_>,
    asked: &Asked,
    id: &str,
    ident: &str,
    how: impl FnOnce(&mut NodeGroup) -> Result<()>,
) -> Result<NodeGroup> {
    let mut cluster = find(tx, asked, id, "changed")?;
    legal(&cluster, "changed", Status::can_update)?;
    let mut group = group(tx, &cluster, ident)?;
    how(&mut group)?;
    in_order(&group)?;
    begin(tx, asked, &mut cluster, "update-nodegroup")?;
    set_status(tx, &mut group, Operation::Update)?;
    Ok(group)
}

/// A group is to go, with its nodes.
///
/// # Errors
/// As [`resize`]; `BadRequest` for a group that came with the cluster.
pub fn remove_group(tx: &mut Tx<'_>, asked: &Asked, id: &str, ident: &str) -> Result<()> {
    let mut cluster = find(tx, asked, id, "changed")?;
    let mut group = group(tx, &cluster, ident)?;
    if group.is_default != 0 {
        return Err(refused(format!(
            "Node group {} came with the cluster and goes with it only.",
            group.name
        )));
    }
    if group.deleting != 0 {
        return Ok(());
    }
    legal(&cluster, "changed", Status::can_update)?;
    group.deleting = 1;
    begin(tx, asked, &mut cluster, "delete-nodegroup")?;
    set_status(tx, &mut group, Operation::Delete)
}

/// A cluster whose nodes are this cloud's, for something to be done to them.
///
/// # Errors
/// `NotFound`; `BadRequest` for an adopted one.
pub fn find(conn: &mut Conn, asked: &Asked, id: &str, what: &str) -> Result<Cluster> {
    let found = clusters::get(conn, &asked.scope, id)?;
    let cluster = found.ok_or_else(|| clusters::missing(id))?;
    adopted::refuse(conn, &cluster, what)?;
    Ok(cluster)
}

fn group(conn: &mut Conn, cluster: &Cluster, ident: &str) -> Result<NodeGroup> {
    nodegroups::find(conn, &cluster.id, ident)?
        .ok_or_else(|| Error::not_found("Node group", ident).into())
}

fn refused(text: String) -> Fail {
    Error::BadRequest(text).into()
}

fn legal(cluster: &Cluster, what: &str, may: fn(Status) -> bool) -> Result<()> {
    let status = cluster.state()?;
    if cluster.deleting == 0 && may(status) {
        return Ok(());
    }
    Err(refused(format!(
        "Cluster {} cannot be {what} while its status is {status}.",
        cluster.name
    )))
}

fn in_order(group: &NodeGroup) -> Result<()> {
    let (least, count) = (group.min_node_count, group.node_count);
    let most = group.max_node_count.unwrap_or(i64::MAX);
    if least <= count && count <= most {
        return Ok(());
    }
    Err(Error::Conflict(format!(
        "The counts of node group {} do not fit: min_node_count {least} ≤ node_count {count} ≤ \
         max_node_count {} has to hold.",
        group.name,
        group
            .max_node_count
            .map_or("(none)".into(), |most| most.to_string())
    ))
    .into())
}

/// Is there an address for every node?
fn bounded(conn: &mut Conn, cluster: &Cluster, but_for: &str, more: i64) -> Result<()> {
    let others: i64 = nodegroups::of(conn, &cluster.id)?
        .iter()
        .filter(|group| group.id != but_for)
        .map(|group| group.node_count)
        .sum();
    if others.saturating_add(more) <= MOST_NODES {
        return Ok(());
    }
    Err(refused(format!(
        "A cluster's network has addresses for {MOST_NODES} nodes, masters among them."
    )))
}

/// The operation begins. What was given up in the one before is tried again.
fn begin(tx: &mut Tx<'_>, asked: &Asked, cluster: &mut Cluster, action: &str) -> Result<()> {
    cluster.begin(tx.now(), Operation::Update, &asked.request_id)?;
    for mut node in nodes::of(tx, &cluster.id)? {
        if node.phase()? == Phase::Failed {
            node.phase = Phase::Replace.as_str().into();
            node.tries = 0;
            nodes::update(tx, &mut node)?;
        }
    }
    clusters::event(tx, cluster, &asked.user_id, action, "request", "", "")?;
    clusters::update(tx, cluster)?;
    tx.due(Kind::Cluster, &cluster.id)
}

fn set_status(tx: &mut Tx<'_>, group: &mut NodeGroup, operation: Operation) -> Result<()> {
    group.status = Status(operation, Progress::InProgress).as_str().into();
    group.status_reason = None;
    group.updated_at = Some(tx.now().0);
    nodegroups::update(tx, group)
}
