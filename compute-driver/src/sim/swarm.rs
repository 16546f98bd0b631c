//! Simulated Swarms, of the nodes of one machine: only those are on a network with each other.
//!
//! What is modelled: who is in, as what, and heard of; tokens and their rotation; that managers decide
//! by more than half of them; that tasks leave a node which is drained. Services are not.

use super::driver::SimDriver;
use super::engine::{Shared, SimEngine};
use crate::error::{DriverError, Result};
use schemas::host::{
    JoinToken, JoinTokens, SWARM_LABEL, SwarmDuties, SwarmEntry, SwarmNode, SwarmOrder, SwarmRole,
    SwarmSeen, TokenDuty,
};
use schemas::ids::ServerId;
use schemas::workload::Node;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// All Swarms among the nodes of one machine.
#[derive(Clone, Default)]
pub(super) struct Swarms(Arc<Mutex<Net>>);

#[derive(Default)]
struct Net {
    swarms: BTreeMap<u64, Swarm>,
    made: u64,
}

#[derive(Default)]
struct Swarm {
    rotations: u64,
    nodes: BTreeMap<String, Member>,
}

struct Member {
    engine: Weak<Shared>,
    server: Option<ServerId>,
    address: String,
    manager: bool,
    drained: bool,
}

/// What an engine inside a node knows of Swarms; on the node's disk.
#[derive(Default)]
pub(super) struct Part {
    net: Swarms,
    server: Option<ServerId>,
    /// The Swarm, and the id in it.
    within: Option<(u64, String)>,
}

impl Part {
    /// Of a new node.
    pub(super) fn of(net: Swarms, node: &Node) -> Part {
        let server = node.labels.get(SWARM_LABEL);
        Part {
            net,
            server: server.and_then(|text| ServerId::parse(text)),
            within: None,
        }
    }

    /// Of a node that goes on with its disk: it is in the same Swarm.
    pub(super) fn again(&self, node: &Node) -> Part {
        Part {
            within: self.within.clone(),
            ..Part::of(self.net.clone(), node)
        }
    }
}

impl Swarms {
    fn net(&self) -> MutexGuard<'_, Net> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Member {
    /// Its engine answers, and has not left.
    fn up(&self, swarm: u64, id: &str) -> bool {
        let Some(shared) = self.engine.upgrade() else {
            return false;
        };
        let engine = SimEngine { shared };
        let machine = engine.machine();
        let here = machine.part.within.as_ref();
        let within = here.is_some_and(|(of, own)| *of == swarm && own == id);
        within && !machine.down && !machine.hanging
    }
}

impl Swarm {
    fn tokens(&self, id: u64) -> JoinTokens {
        let token = |role| JoinToken(format!("SWMTKN-{id}-{}-{role}", self.rotations));
        JoinTokens {
            worker: token("worker"),
            manager: token("manager"),
        }
    }

    /// More than half of the managers are there.
    fn decides(&self, id: u64) -> bool {
        let managers = self.nodes.iter().filter(|(_, member)| member.manager);
        let (all, up) = managers.fold((0, 0), |(all, up), (own, member)| {
            (all + 1, up + usize::from(member.up(id, own)))
        });
        up * 2 > all
    }

    fn see_to(&mut self, id: u64, duties: &SwarmDuties) {
        let standing: BTreeMap<String, bool> = self
            .nodes
            .iter()
            .map(|(own, member)| (own.clone(), member.up(id, own)))
            .collect();
        self.nodes.retain(|own, member| {
            let Some(server) = member.server else {
                return true;
            };
            let up = standing.get(own).copied().unwrap_or(false);
            let Some(wanted) = duties.members.get(&server) else {
                return false;
            };
            match wanted.role {
                SwarmRole::Manager => member.manager = true,
                SwarmRole::Worker => {}
                SwarmRole::Leaving => {
                    member.manager = false;
                    member.drained = true;
                }
            }
            let other = wanted.node_id.as_ref().is_some_and(|is| is != own);
            up || !other
        });
    }

    fn roster(&self, id: u64) -> Vec<SwarmNode> {
        let nodes = self.nodes.iter().map(|(own, member)| SwarmNode {
            node_id: own.clone(),
            server: member.server,
            manager: member.manager,
            ready: member.up(id, own),
            drained: member.drained,
            tasks: 0,
        });
        nodes.collect()
    }
}

impl SimDriver {
    pub(super) async fn take_part(&self, order: &SwarmOrder) -> Result<SwarmSeen> {
        let effect = self.engine.shared.timings.effect;
        self.engine.enter("ensure_swarm", effect).await?;
        let seen = self.engine.take_part(order)?;
        self.settle().await;
        Ok(seen)
    }
}

impl SimEngine {
    fn take_part(&self, order: &SwarmOrder) -> Result<SwarmSeen> {
        if !self.shared.inside {
            return Err(DriverError::permanent(
                "only the engine of a cluster's node takes part in a Swarm",
            ));
        }
        let net = self.machine().part.net.clone();
        let mut net = net.net();
        let within = self.machine().part.within.clone();
        if let Some((_, own)) = &within
            && order.over.contains(own)
        {
            self.machine().part.within = None;
        }
        let within = self.machine().part.within.clone();
        match (&order.entry, &within) {
            (SwarmEntry::Begin { alone: true, .. }, Some((swarm, own))) => {
                let here = net.swarms.entry(*swarm).or_default();
                let manager = here.nodes.get(own).is_some_and(|member| member.manager);
                if manager && !here.decides(*swarm) {
                    here.nodes
                        .retain(|other, member| other == own || !member.manager);
                }
            }
            (_, Some(_)) | (SwarmEntry::Wait, None) => {}
            (SwarmEntry::Begin { .. }, None) => {
                net.made += 1;
                let swarm = net.made;
                net.swarms.insert(swarm, Swarm::default());
                self.enter_swarm(&mut net, swarm, order, true);
            }
            (SwarmEntry::Join { token, managers }, None) => {
                let (swarm, manager) = net.open_to(token, managers)?;
                self.enter_swarm(&mut net, swarm, order, manager);
            }
        }
        Ok(self.seen(&mut net, order))
    }

    fn enter_swarm(&self, net: &mut Net, id: u64, order: &SwarmOrder, manager: bool) {
        net.made += 1;
        let own = format!("sim-node-{}", net.made);
        let Some(swarm) = net.swarms.get_mut(&id) else {
            return;
        };
        let member = Member {
            engine: Arc::downgrade(&self.shared),
            server: self.machine().part.server,
            address: order.address.clone(),
            manager,
            drained: false,
        };
        swarm.nodes.insert(own.clone(), member);
        self.machine().part.within = Some((id, own));
    }

    fn seen(&self, net: &mut Net, order: &SwarmOrder) -> SwarmSeen {
        let Some((id, own)) = self.machine().part.within.clone() else {
            return SwarmSeen::default();
        };
        let mut seen = SwarmSeen {
            node_id: Some(own.clone()),
            ..SwarmSeen::default()
        };
        let server = self.machine().part.server;
        let Some(swarm) = net.swarms.get_mut(&id) else {
            return seen;
        };
        let Some(member) = swarm.nodes.get_mut(&own) else {
            seen.trouble = Some("the Swarm's managers do not know it".into());
            return seen;
        };
        // Its engine says what it is whenever it comes.
        member.server = server;
        seen.manager = member.manager;
        if !seen.manager || !swarm.decides(id) {
            return seen;
        }
        if let Some(duties) = &order.duties {
            match &duties.tokens {
                TokenDuty::Keep => {}
                TokenDuty::Tell => seen.tokens = Some(swarm.tokens(id)),
                TokenDuty::Retire { tokens } if *tokens == swarm.tokens(id) => swarm.rotations += 1,
                TokenDuty::Retire { .. } => {}
            }
            swarm.see_to(id, duties);
        }
        seen.roster = Some(swarm.roster(id));
        seen
    }
}

impl Net {
    /// The Swarm that one of these managers lets somebody with the token into, and as a manager?
    fn open_to(&self, token: &JoinToken, managers: &[String]) -> Result<(u64, bool)> {
        let answers = |(id, swarm): &(&u64, &Swarm)| {
            let at = |(own, member): (&String, &Member)| {
                member.manager && managers.contains(&member.address) && member.up(**id, own)
            };
            swarm.nodes.iter().any(at) && swarm.decides(**id)
        };
        let mut answering = self.swarms.iter().filter(answers).peekable();
        if answering.peek().is_none() {
            return Err(DriverError::Engine {
                text: "no manager of the Swarm answers".into(),
            });
        }
        let fits = answering.find_map(|(id, swarm)| {
            let tokens = swarm.tokens(*id);
            match () {
                () if tokens.worker == *token => Some((*id, false)),
                () if tokens.manager == *token => Some((*id, true)),
                () => None,
            }
        });
        fits.ok_or_else(|| DriverError::Engine {
            text: "the Swarm's token has been rotated".into(),
        })
    }
}
