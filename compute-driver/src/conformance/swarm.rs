//! Engines inside nodes form a Swarm. What is inside a node of a real engine is its image's matter, so
//! [`nodes_form_a_swarm`] is for whoever has two real nodes; simulated ones are made here.

use super::{Bench, PATIENCE, must, node};
use crate::Driver;
use crate::error::DriverError;
use schemas::host::{
    JoinToken, JoinTokens, SWARM_LABEL, SwarmDuties, SwarmEntry, SwarmMember, SwarmNode,
    SwarmOrder, SwarmRole, SwarmSeen, TokenDuty,
};
use schemas::ids::{NetworkId, ServerId};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The engine of a node, on one network with the others; it carries the label [`SWARM_LABEL`].
pub struct Member {
    /// Speaks to it.
    pub driver: Arc<dyn Driver>,
    /// The node's own.
    pub address: String,
    /// What its label says.
    pub server: ServerId,
}

impl Member {
    fn order(&self, entry: SwarmEntry) -> SwarmOrder {
        SwarmOrder {
            address: self.address.clone(),
            entry,
            over: Vec::new(),
            duties: None,
        }
    }

    async fn told(&self, order: &SwarmOrder) -> SwarmSeen {
        must(self.driver.ensure_swarm(order).await, "swarm")
    }

    /// Told to let in and see to these.
    async fn sees_to(&self, members: &[(&Member, SwarmRole)], tokens: TokenDuty) -> SwarmSeen {
        let member = |(member, role): &(&Member, SwarmRole)| {
            let (role, node_id) = (*role, None);
            (member.server, SwarmMember { role, node_id })
        };
        let mut order = self.order(begin());
        order.duties = Some(SwarmDuties {
            members: members.iter().map(member).collect::<BTreeMap<_, _>>(),
            tokens,
        });
        self.told(&order).await
    }

    async fn tokens(&self, members: &[(&Member, SwarmRole)]) -> JoinTokens {
        let seen = self.sees_to(members, TokenDuty::Tell).await;
        seen.tokens.unwrap_or_else(|| panic!("no tokens are told"))
    }

    fn joins(&self, token: &JoinToken, whom: &Member) -> SwarmOrder {
        self.order(SwarmEntry::Join {
            token: token.clone(),
            managers: vec![whom.address.clone()],
        })
    }
}

/// Two nodes that are in no Swarm become one, in every way that an order can ask for.
pub async fn nodes_form_a_swarm(first: &Member, second: &Member) {
    let both = [(first, SwarmRole::Manager), (second, SwarmRole::Worker)];
    let seen = second.told(&second.order(SwarmEntry::Wait)).await;
    assert_eq!(seen, SwarmSeen::default(), "in none");

    let begun = first.sees_to(&both, TokenDuty::Keep).await;
    assert!(begun.manager && begun.tokens.is_none());
    let again = first.sees_to(&both, TokenDuty::Keep).await;
    assert_eq!(again.node_id, begun.node_id, "begun once");
    let tokens = first.tokens(&both).await;

    let joined = second.told(&second.joins(&tokens.worker, first)).await;
    assert!(!joined.manager && joined.roster.is_none());
    let again = second.told(&second.joins(&tokens.worker, first)).await;
    assert_eq!(again.node_id, joined.node_id, "joined once");
    let node_id = joined.node_id.clone().unwrap_or_default();
    let is = until(first, &both, |one| one.ready && one.node_id == node_id).await;
    assert_eq!((is.server, is.manager), (Some(second.server), false));

    // What was told opens it no more, however often that is asked for.
    for _ in 0..2 {
        let tokens = tokens.clone();
        first.sees_to(&both, TokenDuty::Retire { tokens }).await;
    }
    let newer = first.tokens(&both).await;
    assert!(newer.worker != tokens.worker && newer.manager != tokens.manager);
    assert_eq!(newer, first.tokens(&both).await, "rotated once");

    // Who leaves is given nothing more.
    let leaving = [both[0], (second, SwarmRole::Leaving)];
    let is = until(first, &leaving, |one| one.node_id == node_id && one.drained).await;
    assert_eq!(is.tasks, 0);

    // Its membership is over; the old token does not help it back in.
    let mut order = second.joins(&tokens.worker, first);
    order.over.push(node_id.clone());
    let refused = second.driver.ensure_swarm(&order).await;
    assert!(refused.is_err(), "{refused:?}");
    let out = second.told(&second.order(SwarmEntry::Wait)).await;
    assert_eq!(out.node_id, None, "{out:?}");
    let mut order = second.joins(&newer.manager, first);
    order.over.push(node_id.clone());
    let back = second.told(&order).await;
    let other = back.node_id.clone().unwrap_or_default();
    assert!(back.manager && other != node_id, "{back:?}");

    // A server that is the cluster's no more is removed, though it is a manager.
    let alone = [both[0]];
    until_roster(first, &alone, |all| all.len() == 1).await;
    let mine = first.told(&first.order(SwarmEntry::Wait)).await;
    assert_eq!(mine.node_id, begun.node_id);
}

async fn until(
    whom: &Member,
    members: &[(&Member, SwarmRole)],
    wanted: impl Fn(&SwarmNode) -> bool,
) -> SwarmNode {
    let all = until_roster(whom, members, |all| all.iter().any(&wanted)).await;
    let found = all.into_iter().find(|one| wanted(one));
    found.unwrap_or_else(|| panic!("nobody is as wanted"))
}

/// Asks the manager again and again, as whoever orders does, until all nodes are as wanted.
async fn until_roster(
    whom: &Member,
    members: &[(&Member, SwarmRole)],
    wanted: impl Fn(&[SwarmNode]) -> bool,
) -> Vec<SwarmNode> {
    let asking = async {
        loop {
            let seen = whom.sees_to(members, TokenDuty::Keep).await;
            let roster = seen.roster.unwrap_or_default();
            if wanted(&roster) {
                return roster;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let asked = tokio::time::timeout(PATIENCE, asking).await;
    asked.unwrap_or_else(|_| panic!("the nodes are not as wanted after {PATIENCE:?}"))
}

pub(super) fn begin() -> SwarmEntry {
    SwarmEntry::Begin {
        address_pool: "172.28.0.0/16".into(),
        subnet_size: 24,
        alone: false,
    }
}

/// Nobody puts a machine's own engine into a Swarm.
pub async fn a_machines_engine_takes_no_part(bench: &Bench) {
    let order = SwarmOrder {
        address: "127.0.0.1".into(),
        entry: begin(),
        over: Vec::new(),
        duties: None,
    };
    let refused = bench.driver.ensure_swarm(&order).await;
    assert!(
        matches!(
            refused,
            Err(DriverError::Refused {
                permanent: true,
                ..
            })
        ),
        "{refused:?}"
    );
}

/// Simulated nodes do as real ones; of a real engine see the tests of `node-init`.
pub async fn simulated_nodes_form_a_swarm(bench: &Bench) {
    if bench.driver.name() != "sim" {
        return;
    }
    let mut members = Vec::new();
    for number in 1..=2 {
        let mut workload = node::node(bench).await;
        let server = ServerId::derived(NetworkId::default().0, &format!("node {number}"));
        if let Some(node) = &mut workload.node {
            node.labels.insert(SWARM_LABEL.into(), server.to_string());
        }
        bench.start(&workload).await;
        let driver = must(bench.driver.inner(workload.id).await, "inner");
        while driver.host().await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        members.push(Member {
            driver,
            address: format!("10.0.0.{number}"),
            server,
        });
    }
    nodes_form_a_swarm(&members[0], &members[1]).await;
}
