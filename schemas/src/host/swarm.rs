//! The Swarm of a cluster: what each of its nodes is told, and what each says.
//!
//! Every node is told what it should be (in which Swarm, as what), and one manager besides what it has
//! to see to for all of them. Swarm's own ids of nodes are what one node can name another by, so they
//! pass here; they are never shown to users as ids of this cloud's.

use crate::ids::ServerId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The label of a node's engine that names its server. A manager shows the labels of all engines: so
/// it is known which of its nodes are whose, also of those that can no longer be asked.
pub const SWARM_LABEL: &str = "jeroboam.node";

/// Where managers listen for each other and for workers.
pub const SWARM_PORT: u16 = 2377;

/// What one node should be in its cluster's Swarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwarmOrder {
    /// Its address on its cluster's network: where the others find it.
    pub address: String,
    /// How it gets in, when it is in none.
    pub entry: SwarmEntry,
    /// Swarm's ids of memberships that are over: whoever is in a Swarm under one of them leaves it first.
    pub over: Vec<String>,
    /// What it sees to for all, if it is a manager.
    pub duties: Option<SwarmDuties>,
}

/// How a node gets into a Swarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum SwarmEntry {
    /// Not at all, for now; who is in stays in.
    Wait,
    /// By beginning one.
    Begin {
        /// Overlay networks have their subnets from here.
        address_pool: String,
        /// Prefix length of each.
        subnet_size: u8,
        /// A manager whose fellows are gone for good, so that nothing can be decided any more, goes on
        /// alone with what it knows.
        alone: bool,
    },
    /// By joining those who are in.
    Join {
        /// Opens the door, and says as what.
        token: JoinToken,
        /// Addresses of managers.
        managers: Vec<String>,
    },
}

/// What a manager sees to for all nodes of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwarmDuties {
    /// Every server that is a node of the cluster now. Nodes of the Swarm whose label names another
    /// server are removed, and so are earlier memberships of those named here.
    pub members: BTreeMap<ServerId, SwarmMember>,
    /// What becomes of the tokens that open the Swarm.
    pub tokens: TokenDuty,
}

/// A node as its cluster wants it in the Swarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwarmMember {
    /// As what.
    pub role: SwarmRole,
    /// Swarm's id of it, as it says itself; `None`: it has not said, or is in none.
    pub node_id: Option<String>,
}

/// What a node does in the Swarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwarmRole {
    /// Decides with the others of its kind.
    Manager,
    /// Runs what it is given. One that its users made a manager stays one.
    Worker,
    /// It is about to go: decides nothing, and what runs on it moves to others.
    Leaving,
}

/// What becomes of the tokens that open a Swarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum TokenDuty {
    /// Nothing.
    Keep,
    /// They are told.
    Tell,
    /// These open it no more: they were told, and nobody needs them any longer.
    Retire {
        /// Those that were told.
        tokens: JoinTokens,
    },
}

/// Opens a Swarm: a secret. Never shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JoinToken(pub String);

impl fmt::Debug for JoinToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JoinToken([redacted])")
    }
}

/// Both tokens of a Swarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinTokens {
    /// Who comes with it is a worker.
    pub worker: JoinToken,
    /// Who comes with it is a manager.
    pub manager: JoinToken,
}

/// What a node says of its part in the Swarm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwarmSeen {
    /// Swarm's id of it; `None`: it is in none.
    pub node_id: Option<String>,
    /// It is a manager.
    pub manager: bool,
    /// What its engine says is wrong.
    pub trouble: Option<String>,
    /// All nodes, as it sees them; `None` when it is no manager, or one of too few.
    pub roster: Option<Vec<SwarmNode>>,
    /// The tokens, when they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<JoinTokens>,
}

/// A node as a manager sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwarmNode {
    /// Swarm's id of it.
    pub node_id: String,
    /// The server it is; `None` for one that is not this cloud's.
    pub server: Option<ServerId>,
    /// It is a manager.
    pub manager: bool,
    /// It is heard of.
    pub ready: bool,
    /// It gets nothing to run.
    pub drained: bool,
    /// Tasks that have not ended there. Counted only of those that are about to leave.
    pub tasks: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Desired, Seen};

    fn tokens() -> JoinTokens {
        JoinTokens {
            worker: JoinToken("SWMTKN-1-worker".into()),
            manager: JoinToken("SWMTKN-1-manager".into()),
        }
    }

    #[test]
    fn tokens_are_carried_and_never_shown() {
        let order = SwarmOrder {
            address: "10.0.0.2".into(),
            entry: SwarmEntry::Join {
                token: tokens().worker,
                managers: vec!["10.0.0.3".into()],
            },
            over: vec![],
            duties: Some(SwarmDuties {
                members: BTreeMap::new(),
                tokens: TokenDuty::Retire { tokens: tokens() },
            }),
        };
        let desired = Desired::Swarm(Box::new(order));
        let seen = Seen::Swarm(Box::new(SwarmSeen {
            tokens: Some(tokens()),
            ..SwarmSeen::default()
        }));
        for shown in [format!("{desired:?}"), format!("{seen:?}")] {
            assert!(!shown.contains("SWMTKN"), "{shown}");
        }
        let text = serde_json::to_string(&desired).unwrap();
        assert_eq!(serde_json::from_str::<Desired>(&text).unwrap(), desired);
        let text = serde_json::to_string(&seen).unwrap();
        assert_eq!(serde_json::from_str::<Seen>(&text).unwrap(), seen);
    }
}
