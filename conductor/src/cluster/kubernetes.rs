//! Clusters of Kubernetes whose nodes this cloud makes: who is known to the API server, and what it has to
//! forget.
//!
//! ```text
//!   master is made ──► its engine works, 6443 is published ──► a kubeconfig of our own (`opens`)
//!                                                                    │
//!   a node registers by itself ◄── (kubelet) ──► sight ◄── Probe ◄───┘   every node is In: complete
//!   a node's server is gone ──► its name is nobody's ──► the next probe removes it, and looks
//! ```
//!
//! What is seen is kept where that of adopted clusters is, and probes are made as theirs are
//! ([`super::adopted`]), so all that serves those serves these.
//!
//! # Guarantees
//! - A node's name is never used twice, so what the API server says of a name is about one server, and
//!   removing a name removes nobody who has come since.
//! - Only nodes that this cloud made, by their label, are removed. Those that users have added stay.
//!
//! # Assumes
//! The one master holds all that the cluster is (etcd): it is brought back, not replaced, as long as there
//! is something to bring back ([`super::plan`]).

mod node;
mod opens;
mod step;

pub(super) use node::{part, publish};
pub(super) use step::step;

use super::condition::Standing;
use super::snapshot::Snapshot;
use schemas::container_infra::adopted::{Seen, Sight};
use std::collections::{BTreeMap, BTreeSet};
use store::container_infra::adopted::{self, Adopted};
use store::container_infra::clusters::Cluster;
use store::container_infra::control_plane;
use store::container_infra::nodegroups::NodeGroup;
use store::{Conn, Result};

/// What is known of a cluster's API server.
#[derive(Clone, Debug)]
pub(super) struct Plane {
    /// Nothing before there is somewhere to ask.
    pub row: Option<Adopted>,
    /// What the last probe came to.
    pub sight: Option<Sight>,
}

impl Plane {
    /// Reads it; nothing for clusters that are none of Kubernetes, or are being deleted.
    pub(super) fn read(conn: &mut Conn, cluster: &Cluster) -> Result<Option<Plane>> {
        if !control_plane::is_one(cluster) || cluster.deleting != 0 {
            return Ok(None);
        }
        let row = adopted::get(conn, &cluster.id)?;
        let sight = match &row {
            Some(row) => row.sight()?,
            None => None,
        };
        Ok(Some(Plane { row, sight }))
    }

    fn seen(&self) -> Option<&Seen> {
        match &self.sight {
            Some(Sight::Answers(seen)) => Some(seen),
            _ => None,
        }
    }

    /// How the node of this name stands.
    fn standing(&self, name: &str, master: bool) -> Standing {
        let seen = match (&self.row, &self.sight) {
            (None, _) if master => {
                return Standing::Out("its API server's port is not published yet".into());
            }
            (None, _) => return Standing::Waits("waits for the API server".into()),
            (Some(_), None) => return Standing::Waits("the API server is asked".into()),
            (_, Some(Sight::Silent(why))) => {
                let why = format!("the API server does not answer: {why}");
                return match master {
                    true => Standing::Out(why),
                    false => Standing::Waits(why),
                };
            }
            (_, Some(Sight::Answers(seen))) => seen,
        };
        if let Some(why) = &seen.hidden {
            return Standing::Waits(format!("the API server does not list its nodes: {why}"));
        }
        match seen.nodes.iter().find(|node| node.name == name) {
            None => Standing::Out("the API server does not know it yet".into()),
            Some(node) if node.ready == "True" => Standing::In,
            Some(node) => {
                let why = node.why.as_deref().unwrap_or(&node.ready);
                Standing::Out(format!("not ready: {why}"))
            }
        }
    }
}

/// Nodes other than masters need a master's address to be made: is there none yet?
pub(super) fn waits_for_master(at: &Snapshot, group: &NodeGroup) -> bool {
    let mut masters = at.places().filter(|(group, _)| group.row.is_master());
    at.kubernetes.is_some()
        && !group.is_master()
        && !masters.any(|(_, place)| place.row.address.is_some())
}

/// Notes at every place how its node stands.
pub(super) fn stand(at: &mut Snapshot) {
    let Some(plane) = &at.kubernetes else {
        return;
    };
    for group in &mut at.groups {
        for place in &mut group.places {
            if let Some(seat) = &place.server {
                place.standing = plane.standing(&seat.name, group.row.is_master());
            }
        }
    }
}

/// Nodes of this cloud's making that the API server lists, and that have no server any more.
fn gone(at: &Snapshot) -> Vec<String> {
    let Some(seen) = at.kubernetes.as_ref().and_then(Plane::seen) else {
        return Vec::new();
    };
    let there: BTreeSet<&str> = at
        .places()
        .filter_map(|(_, place)| Some(place.server.as_ref()?.name.as_str()))
        .collect();
    let ours = seen.nodes.iter().filter(|node| node.group.is_some());
    ours.map(|node| node.name.clone())
        .filter(|name| !there.contains(name.as_str()))
        .collect()
}

/// What is left to do before the API server lists who is there, and nobody else of this cloud's.
pub(super) fn lacking(at: &Snapshot) -> Option<String> {
    let name = gone(at).into_iter().next()?;
    Some(format!(
        "the API server still lists {name}, whose server is gone"
    ))
}

/// The reasons for a cluster's health as Magnum's own driver of Kubernetes words them, and those of nodes
/// that it has no word for.
pub(super) fn reasons(
    plane: &Plane,
    mut places: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    places.retain(|_, words| words != "ok");
    let api = match &plane.sight {
        Some(Sight::Answers(_)) => "ok",
        Some(Sight::Silent(why)) => why,
        None => "was not asked yet",
    };
    places.insert("api".into(), api.to_owned());
    for node in plane.seen().iter().flat_map(|seen| &seen.nodes) {
        places.insert(format!("{}.Ready", node.name), node.ready.clone());
    }
    places
}

#[cfg(test)]
mod tests;
