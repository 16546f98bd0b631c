//! Who speaks for a Swarm, who begins it, and when it is lost.

use super::super::{Node, Swarm};
use schemas::host::SwarmNode;
use store::container_infra::swarms;

/// The node that is told what to see to for all, by its server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    /// It is a manager, and there are enough of them.
    Speaks(String),
    /// It is to begin one. Anew: the one before is lost.
    Begins { server: String, anew: bool },
    /// It is a manager whose fellows are gone for good, so it has to go on alone.
    Alone(String),
    /// There are managers, and none that can be asked now; or nobody yet who could begin.
    Nobody,
}

impl Speaker {
    pub(super) fn choose(swarm: &Swarm, nodes: &[Node<'_>]) -> Speaker {
        let before = |node: &Node<'_>| swarm.row.manager_id.as_deref() == Some(node.server);
        let voices = nodes.iter().filter(|node| swarm.roster(node).is_some());
        let best = voices.min_by_key(|node| (node.leaving, !before(node), !node.master));
        if let Some(node) = best {
            return Speaker::Speaks(node.server.to_owned());
        }
        // An engine that has just come back does not know yet that it is a manager.
        let may =
            |node: &&Node<'_>| node.seen.manager || node.master && node.seen.node_id.is_some();
        if nodes.iter().any(|node| may(&node)) {
            let left = nodes.iter().filter(|node| node.seen.manager).count();
            let few =
                i64::try_from(left).unwrap_or(i64::MAX).saturating_mul(2) <= swarm.row.managers;
            let mut asked = nodes
                .iter()
                .filter(|node| node.seen.manager && node.able && !node.leaving);
            return match asked.next() {
                Some(node) if few => Speaker::Alone(node.server.to_owned()),
                _ => Speaker::Nobody,
            };
        }
        let anew = swarm.row.managers > 0;
        let chosen = nodes
            .iter()
            .find(|node| before(node) && !node.leaving && !anew);
        let fit = |node: &&Node<'_>| node.master && node.able && !node.leaving;
        match chosen.or_else(|| nodes.iter().find(fit)) {
            Some(node) => Speaker::Begins {
                server: node.server.to_owned(),
                anew,
            },
            None => Speaker::Nobody,
        }
    }

    fn server(&self) -> Option<&str> {
        match self {
            Speaker::Speaks(server) | Speaker::Alone(server) | Speaker::Begins { server, .. } => {
                Some(server)
            }
            Speaker::Nobody => None,
        }
    }

    pub(super) fn is(&self, node: &Node<'_>) -> bool {
        self.server() == Some(node.server)
    }

    /// It is to begin a Swarm; true: with what is left of the one before.
    pub(super) fn begins(&self) -> Option<bool> {
        match self {
            Speaker::Begins { .. } => Some(false),
            Speaker::Alone(_) => Some(true),
            Speaker::Speaks(_) | Speaker::Nobody => None,
        }
    }

    /// The row as it is to be.
    pub(super) fn row(&self, swarm: &Swarm, roster: Option<&[SwarmNode]>) -> swarms::Swarm {
        let mut row = swarm.row.clone();
        let Some(server) = self.server() else {
            return row;
        };
        let same = row.manager_id.as_deref() == Some(server);
        row.manager_id = Some(server.to_owned());
        match self {
            Speaker::Begins { anew, .. } if *anew || !same => {
                row.begun += 1;
                row.managers = 0;
                row.sealed_tokens = None;
            }
            _ => {
                let managers = roster.map(|all| all.iter().filter(|one| one.manager).count());
                if let Some(managers) = managers {
                    row.managers = i64::try_from(managers).unwrap_or(i64::MAX);
                }
            }
        }
        row
    }

    /// What its owner has to know.
    pub(super) fn lost(&self, nodes: &[Node<'_>]) -> Option<String> {
        let Speaker::Begins { anew: true, .. } = self else {
            return None;
        };
        let node = nodes.iter().find(|node| self.is(node))?;
        Some(format!(
            "{} begins a new Swarm: no manager of the one before is left, and its services and \
             networks are lost with them. The other nodes leave it and join the new one.",
            node.place.row.name
        ))
    }
}
