//! The decision, pure: who speaks, what each node is told, how each stands.

mod speaker;

use super::{Node, Standing, Swarm, nodes};
use crate::cluster::snapshot::Snapshot;
use schemas::host::{
    SwarmDuties, SwarmEntry, SwarmMember, SwarmNode, SwarmOrder, SwarmRole, TokenDuty,
};
use sha2::{Digest, Sha256};
use speaker::Speaker;
use std::collections::BTreeMap;
use store::container_infra::swarms;

/// What holds now.
#[derive(Clone, Debug)]
pub(super) struct Plan<'a> {
    /// The row as it is to be.
    pub row: swarms::Swarm,
    /// What the speaker sees; `None` while nobody speaks for the Swarm.
    pub roster: Option<&'a [SwarmNode]>,
    /// What each node that can be told is told, by its server.
    pub orders: BTreeMap<String, SwarmOrder>,
    /// How each node stands, by its server.
    pub standings: BTreeMap<String, Standing>,
    /// What is not as it should be, in words.
    pub lacking: Option<String>,
    /// What its owner has to know: the Swarm before is lost.
    pub lost: Option<String>,
}

/// What the planning of one Swarm depends on everywhere.
struct At<'a> {
    swarm: &'a Swarm,
    nodes: Vec<Node<'a>>,
    speaker: Speaker,
    roster: Option<&'a [SwarmNode]>,
    /// The speaker has done all that it is to be told now, so what it sees is of after that.
    current: bool,
}

/// The plan for a Swarm, from all that is known.
pub(super) fn plan<'a>(at: &'a Snapshot, swarm: &'a Swarm) -> Plan<'a> {
    let nodes = nodes(at, swarm);
    let speaker = Speaker::choose(swarm, &nodes);
    let speaks = nodes.iter().find(|node| speaker.is(node));
    let mut at = At {
        swarm,
        roster: speaks.and_then(|node| swarm.roster(node)),
        nodes,
        speaker,
        current: false,
    };
    at.current = at.speaker_is_current();
    let mut row = at.speaker.row(swarm, at.roster);
    if at.current && matches!(at.token_duty(), TokenDuty::Retire { .. }) {
        row.sealed_tokens = None;
    }
    let able = at.nodes.iter().filter(|node| node.able);
    let orders = able.map(|node| (node.server.to_owned(), at.order(node)));
    let standings = at.nodes.iter();
    let standings = standings.map(|node| (node.server.to_owned(), at.standing(node)));
    let (orders, standings) = (orders.collect(), standings.collect());
    Plan {
        lacking: at.lacking(&standings),
        lost: at.speaker.lost(&at.nodes),
        roster: at.roster,
        row,
        orders,
        standings,
    }
}

/// Tells one order from another.
pub(super) fn digest(order: &SwarmOrder) -> String {
    let text = serde_json::to_vec(order).unwrap_or_default();
    format!("{:x}", Sha256::digest(text))
}

impl At<'_> {
    fn speaker_is_current(&self) -> bool {
        let mut speaks = self.nodes.iter().filter(|node| self.speaker.is(node));
        let (Some(node), Some(_)) = (speaks.next(), self.roster) else {
            return false;
        };
        let told = digest(&self.order(node));
        let known = self.swarm.parts.get(node.server);
        known.is_some_and(|known| {
            known.row.told == told && known.row.answered() && known.row.problem.is_none()
        })
    }

    /// The node as the speaker sees it.
    fn entry(&self, node: &Node<'_>) -> Option<&SwarmNode> {
        let id = node.seen.node_id.as_ref()?;
        self.roster?.iter().find(|one| one.node_id == *id)
    }

    /// Should come in, and is not.
    fn wants_in(&self, node: &Node<'_>) -> bool {
        let out = match node.seen.node_id {
            None => true,
            Some(_) => self.roster.is_some() && self.entry(node).is_none(),
        };
        out && node.able && !node.leaving && !self.speaker.is(node)
    }

    /// Somebody is in the Swarm who is gone.
    fn has_strangers(&self) -> bool {
        let roster = self.roster.unwrap_or_default();
        roster.iter().any(|one| {
            let Some(server) = one.server else {
                return false;
            };
            match self.nodes.iter().find(|node| node.id == server) {
                None => true,
                Some(node) => {
                    let own = node.seen.node_id.as_ref();
                    !one.ready && own.is_some_and(|own| *own != one.node_id)
                }
            }
        })
    }

    fn token_duty(&self) -> TokenDuty {
        let needed = self.nodes.iter().any(|node| self.wants_in(node));
        match &self.swarm.tokens {
            _ if needed => TokenDuty::Tell,
            Some(tokens) => TokenDuty::Retire {
                tokens: tokens.clone(),
            },
            None => TokenDuty::Keep,
        }
    }

    fn order(&self, node: &Node<'_>) -> SwarmOrder {
        let mut order = SwarmOrder {
            address: node.address.to_owned(),
            entry: SwarmEntry::Wait,
            over: Vec::new(),
            duties: None,
        };
        if self.speaker.is(node) {
            if let Some(alone) = self.speaker.begins() {
                let (address_pool, subnet_size) = self.swarm.pool.clone();
                order.entry = SwarmEntry::Begin {
                    address_pool,
                    subnet_size,
                    alone,
                };
            }
            order.duties = Some(self.duties());
            return order;
        }
        if !self.wants_in(node) {
            return order;
        }
        if self.current {
            // The speaker knows of this membership, and does not have it.
            order.over.extend(node.seen.node_id.clone());
        }
        if let Ok(entry) = self.invitation(node) {
            let waits = order.clone();
            order.entry = entry;
            let told = self
                .swarm
                .parts
                .get(node.server)
                .map(|known| &known.row.told);
            // Who was invited stays so, whatever the speaker is being told meanwhile.
            if !self.current && told != Some(&digest(&order)) {
                return waits;
            }
        }
        order
    }

    /// How the node is to join; or why it cannot yet, in words.
    fn invitation(&self, node: &Node<'_>) -> Result<SwarmEntry, &'static str> {
        let roster = self.roster.ok_or("waits for a manager of the Swarm")?;
        if self.has_strangers() {
            return Err("waits until the Swarm is rid of a node that is gone");
        }
        let mut masters = self
            .nodes
            .iter()
            .filter(|one| one.master && self.wants_in(one));
        let first = masters.next().map(|one| one.server);
        if node.master && first != Some(node.server) {
            return Err("waits for another master to join the Swarm");
        }
        let tokens = self.swarm.tokens.as_ref();
        let tokens = tokens.ok_or("waits for the Swarm to be opened")?;
        let manager = |one: &&Node<'_>| {
            let mut seen = roster.iter().filter(|seen| seen.server == Some(one.id));
            seen.any(|seen| seen.manager && seen.ready)
        };
        let managers = self.nodes.iter().filter(manager);
        Ok(SwarmEntry::Join {
            token: match node.master {
                true => tokens.manager.clone(),
                false => tokens.worker.clone(),
            },
            managers: managers.map(|one| one.address.to_owned()).collect(),
        })
    }

    fn duties(&self) -> SwarmDuties {
        let member = |node: &Node<'_>| {
            let role = match () {
                // The last manager cannot be less.
                () if self.speaker.is(node) => SwarmRole::Manager,
                () if node.leaving => SwarmRole::Leaving,
                () if node.master => SwarmRole::Manager,
                () => SwarmRole::Worker,
            };
            let node_id = node.seen.node_id.clone();
            (node.id, SwarmMember { role, node_id })
        };
        SwarmDuties {
            members: self.nodes.iter().map(member).collect(),
            tokens: self.token_duty(),
        }
    }

    fn standing(&self, node: &Node<'_>) -> Standing {
        let known = self.swarm.parts.get(node.server);
        let problem =
            known.and_then(|known| known.row.problem.clone().or(known.seen.trouble.clone()));
        let out = |words: &str| {
            Standing::Out(match &problem {
                Some(problem) => format!("{words}: {problem}"),
                None => words.to_owned(),
            })
        };
        let was_in = node.place.row.ready != 0;
        match self.entry(node) {
            _ if self.roster.is_none() && was_in => Standing::In,
            _ if self.roster.is_none() && self.speaker.is(node) => out("begins the Swarm"),
            Some(one) if !one.ready => out("the Swarm does not hear of it"),
            Some(one) if node.master && !one.manager => out("becomes a manager of the Swarm"),
            Some(_) => Standing::In,
            None => match (self.order(node).entry, self.invitation(node)) {
                (SwarmEntry::Join { .. }, _) => out("joins the Swarm"),
                (_, Err(why)) => Standing::Waits(why.into()),
                (_, Ok(_)) => Standing::Waits("waits for the Swarm's manager".into()),
            },
        }
    }

    fn lacking(&self, standings: &BTreeMap<String, Standing>) -> Option<String> {
        if self.roster.is_none() {
            return Some("the Swarm has no manager that can be asked".into());
        }
        for node in self.nodes.iter().filter(|node| !node.leaving) {
            if let Some(Standing::Waits(why) | Standing::Out(why)) = standings.get(node.server) {
                return Some(format!("{}: {why}", node.place.row.name));
            }
        }
        let mut speaks = self.nodes.iter().filter(|node| self.speaker.is(node));
        let speaks = speaks.find_map(|node| self.swarm.parts.get(node.server));
        let problem = speaks.and_then(|known| known.row.problem.as_deref());
        match problem {
            Some(problem) => Some(format!("the Swarm's manager: {problem}")),
            None if self.has_strangers() => Some("nodes that are gone leave the Swarm".into()),
            None if !self.current => Some("the Swarm's manager is told who its nodes are".into()),
            None => None,
        }
    }
}
