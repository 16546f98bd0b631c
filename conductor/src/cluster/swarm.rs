//! Clusters whose nodes form a Swarm: who begins it, who joins, who speaks for it, who has to leave.
//!
//! ```text
//!   no manager known ──► one master is written down, and told to begin
//!   a node is in none, or in one that is over ──► tokens are asked for ──► it is told to join
//!   nobody has to join ──► the tokens that were told open it no more
//!   a node is to go ──► its tasks move away ──► its server goes ──► it is removed from the Swarm
//!   every manager is gone ──► a new one is begun, and all others move to it
//! ```
//!
//! One manager (the *speaker*) is told what to see to for all nodes; what it sees is what counts. Each
//! node is told its own part, whole, under the cluster's one id for it, until it has said that it is so.
//!
//! # Guarantees
//! - Who begins is written down before anybody is told. Nobody joins while somebody is in the Swarm who
//!   is gone, so no address stands for two.
//! - Nothing is judged by what the speaker saw before it knew of it: its order names whom it is about.
//!
//! # Assumes
//! Its users hold every node: roles, labels and tokens they change are seen, and put right only as far
//! as the cluster needs it.

mod hear;
mod plan;
mod step;

pub(crate) use hear::heard;
pub(super) use step::step;

use super::condition::Standing;
use super::snapshot::{Engine, Life, Place, Snapshot};
use crate::context::Context;
use schemas::Timestamp;
use schemas::container_infra::coe::Coe;
use schemas::host::{JoinTokens, SwarmNode, SwarmSeen};
use schemas::ids::ServerId;
use std::collections::BTreeMap;
use std::time::Duration;
use store::container_infra::clusters::Cluster;
use store::container_infra::nodes::Phase;
use store::container_infra::swarms::{self, Part};
use store::{Conn, Result};

/// So long what runs on a node that is to go may take to move away.
const MOVING: Duration = Duration::from_secs(60);

/// What is known of a cluster's Swarm.
#[derive(Clone, Debug)]
pub(super) struct Swarm {
    pub row: swarms::Swarm,
    /// The row is not in the database yet.
    pub fresh: bool,
    /// By server.
    pub parts: BTreeMap<String, Known>,
    /// Those that were told and still open it.
    pub tokens: Option<JoinTokens>,
    /// Overlay networks have their subnets from here, each with a prefix of this length.
    pub pool: (String, u8),
}

/// One node's part.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub row: Part,
    pub seen: SwarmSeen,
}

/// Do the nodes of such clusters form a Swarm?
pub(super) fn forms_one(cluster: &Cluster) -> bool {
    let coe = cluster.coe.as_str();
    coe == Coe::Swarm.as_str() || coe == Coe::SwarmMode.as_str()
}

impl Swarm {
    pub(super) fn read(
        conn: &mut Conn,
        cluster: &Cluster,
        context: &Context,
    ) -> Result<Option<Swarm>> {
        if !forms_one(cluster) || cluster.deleting != 0 {
            return Ok(None);
        }
        let found = swarms::get(conn, &cluster.id)?;
        let fresh = found.is_none();
        let row = found.unwrap_or_else(|| swarms::Swarm::of(&cluster.id));
        let tokens = match &row.sealed_tokens {
            Some(sealed) => {
                let text = context.seals.unseal(&row.about(), sealed)?;
                Some(serde_json::from_str(&text)?)
            }
            None => None,
        };
        let mut parts = BTreeMap::new();
        for row in swarms::parts(conn, &cluster.id)? {
            let seen = row.seen()?;
            parts.insert(row.server_id.clone(), Known { row, seen });
        }
        let settings = &context.settings.cluster;
        let pool = settings.swarm_address_pool.clone();
        Ok(Some(Swarm {
            row,
            fresh,
            parts,
            tokens,
            pool: (pool, settings.swarm_address_pool_size),
        }))
    }

    /// All nodes as this one sees them; `None` when it cannot be asked, or decides nothing.
    fn roster(&self, node: &Node<'_>) -> Option<&[SwarmNode]> {
        let known = self.parts.get(node.server).filter(|_| node.able)?;
        known.seen.roster.as_deref().filter(|_| known.seen.manager)
    }
}

/// A node of the cluster, as its Swarm is planned by it.
#[derive(Clone, Debug)]
struct Node<'a> {
    server: &'a str,
    id: ServerId,
    place: &'a Place,
    address: &'a str,
    master: bool,
    /// It can be told, and does as told.
    able: bool,
    /// It is to go.
    leaving: bool,
    /// What it said last.
    seen: SwarmSeen,
}

/// Every node that has a server now.
fn nodes<'a>(at: &'a Snapshot, swarm: &Swarm) -> Vec<Node<'a>> {
    let nodes = at.places().filter_map(|(group, place)| {
        let seat = place.server.as_ref()?;
        let known = swarm.parts.get(&place.row.server_id);
        let up = seat.life == Life::Up && seat.machine_lost.is_none();
        Some(Node {
            server: &place.row.server_id,
            id: ServerId::parse(&place.row.server_id)?,
            place,
            address: place.row.address.as_deref()?,
            master: group.row.is_master(),
            able: up && matches!(seat.engine, Engine::Works(_)),
            leaving: matches!(place.phase, Phase::Replace | Phase::Remove),
            seen: known.map(|known| known.seen.clone()).unwrap_or_default(),
        })
    });
    nodes.collect()
}

/// Notes at every place how its node stands, and whether it holds its server. The Swarm is planned
/// once for all of them.
pub(super) fn stand(at: &mut Snapshot, now: Timestamp) {
    let Some(swarm) = &at.swarm else {
        return;
    };
    let plan = plan::plan(at, swarm);
    let noted = plan.standings.iter().map(|(server, standing)| {
        let holds = *standing == Standing::In && holds(swarm, &plan, server, now);
        (server.clone(), (standing.clone(), holds))
    });
    let noted: BTreeMap<String, (Standing, bool)> = noted.collect();
    let places = at.groups.iter_mut().flat_map(|group| &mut group.places);
    for place in places {
        if let Some((standing, holds)) = noted.get(&place.row.server_id) {
            place.standing = standing.clone();
            place.held = *holds;
        }
    }
}

/// Does a node's server have to stay a moment longer, until what runs on it has moved away?
fn holds(swarm: &Swarm, plan: &plan::Plan<'_>, server: &str, now: Timestamp) -> bool {
    let Some(roster) = plan
        .roster
        .filter(|_| plan.row.manager_id.as_deref() != Some(server))
    else {
        return false;
    };
    let Some(known) = swarm.parts.get(server) else {
        return false;
    };
    let since = known.row.leaving_since.map(Timestamp);
    let is = roster
        .iter()
        .find(|one| known.seen.node_id.as_ref() == Some(&one.node_id));
    let moved = is.is_none_or(|is| is.drained && is.tasks == 0);
    !moved && since.is_none_or(|since| now.since(since) < MOVING)
}

/// Is everybody in the Swarm who should be, and nobody else of this cloud's? In words, what is not.
pub(super) fn lacking(at: &Snapshot) -> Option<String> {
    plan::plan(at, at.swarm.as_ref()?).lacking
}

#[cfg(test)]
mod tests;
