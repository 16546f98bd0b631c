//! What follows from what is seen of a Swarm.

use super::plan::{digest, plan};
use super::*;
use crate::cluster::snapshot::Snapshot;
use schemas::host::{JoinToken, SwarmEntry, SwarmOrder, SwarmRole, TokenDuty};

const NOW: Timestamp = Timestamp(1_000_000_000_000);

/// A cluster of so many masters and workers, all of whom can be told, and no Swarm yet.
struct Story(Snapshot);

fn server(name: &str) -> String {
    ServerId::derived(uuid::Uuid::nil(), name).to_string()
}

impl Story {
    fn of(masters: u32, workers: u32) -> Story {
        Story(crate::cluster::plan::tests::swarm_of(
            masters, workers, server,
        ))
    }

    fn swarm(&mut self) -> &mut Swarm {
        self.0.swarm.as_mut().unwrap()
    }

    fn plan(&self) -> plan::Plan<'_> {
        plan(&self.0, self.0.swarm.as_ref().unwrap())
    }

    fn order(&self, name: &str) -> SwarmOrder {
        self.plan().orders[&server(name)].clone()
    }

    fn standing(&self, name: &str) -> Standing {
        self.plan().standings[&server(name)].clone()
    }

    fn place(&mut self, name: &str) -> &mut Place {
        let mut places = self.0.groups.iter_mut().flat_map(|group| &mut group.places);
        places.find(|place| place.row.name == name).unwrap()
    }

    fn part(&mut self, name: &str) -> &mut Known {
        let server = server(name);
        let row = Part::of("c", &server).unwrap();
        let new = || Known {
            row,
            seen: SwarmSeen::default(),
        };
        self.swarm().parts.entry(server).or_insert_with(new)
    }

    /// The node says that it is in, under the id `in-NAME`.
    fn is_in(&mut self, name: &str, manager: bool) {
        let seen = &mut self.part(name).seen;
        seen.node_id = Some(format!("in-{name}"));
        seen.manager = manager;
    }

    /// The manager sees these (name, manager, ready), and has done what it is told now.
    fn sees(&mut self, speaker: &str, nodes: &[(&str, bool, bool)]) {
        let roster = nodes.iter().map(|(name, manager, ready)| SwarmNode {
            node_id: format!("in-{name}"),
            server: ServerId::parse(&server(name)),
            manager: *manager,
            ready: *ready,
            drained: false,
            tasks: 0,
        });
        self.part(speaker).seen.roster = Some(roster.collect());
        self.note();
        self.is_current(speaker);
    }

    fn is_current(&mut self, speaker: &str) {
        let told = digest(&self.order(speaker));
        let row = &mut self.part(speaker).row;
        (row.told, row.generation, row.seen_generation) = (told, 7, 7);
    }

    /// The row is written.
    fn note(&mut self) {
        let row = self.plan().row.clone();
        self.swarm().row = row;
    }

    fn open(&mut self) {
        self.swarm().tokens = Some(JoinTokens {
            worker: JoinToken("w".into()),
            manager: JoinToken("m".into()),
        });
    }
}

const M0: &str = "default-master-0";
const M1: &str = "default-master-1";
const M2: &str = "default-master-2";
const W0: &str = "default-worker-0";
const W1: &str = "default-worker-1";

/// One manager and one worker, both in.
fn whole() -> Story {
    let mut story = Story::of(1, 1);
    story.note();
    story.is_in(M0, true);
    story.is_in(W0, false);
    story.sees(M0, &[(M0, true, true), (W0, false, true)]);
    story
}

fn joins(order: &SwarmOrder) -> Option<&str> {
    match &order.entry {
        SwarmEntry::Join { token, .. } => Some(&token.0),
        _ => None,
    }
}

#[test]
fn the_first_master_that_can_be_told_begins_and_stays_the_one() {
    let mut story = Story::of(2, 1);
    story.place(M0).server.as_mut().unwrap().engine = Engine::Unheard;
    let row = story.plan().row.clone();
    assert_eq!(row.manager_id, Some(server(M1)));
    assert_eq!(row.begun, 1);
    story.note();
    story.place(M0).server.as_mut().unwrap().engine = Engine::Works(0);
    let plan = story.plan();
    assert_eq!(
        (&plan.row, &plan.lost),
        (&story.0.swarm.as_ref().unwrap().row, &None)
    );
    assert!(matches!(
        story.order(M1).entry,
        SwarmEntry::Begin { alone: false, .. }
    ));
    assert_eq!(story.order(M0).entry, SwarmEntry::Wait);
    assert_eq!(story.order(W0).entry, SwarmEntry::Wait);
    // While nobody can begin, nobody is written down.
    let mut none = Story::of(1, 1);
    none.place(M0).server.as_mut().unwrap().engine = Engine::Unheard;
    assert_eq!(none.plan().row.manager_id, None);
}

#[test]
fn who_is_in_none_joins_once_the_speaker_knows_of_him_and_has_told_the_tokens() {
    let mut story = Story::of(1, 2);
    story.is_in(M0, true);
    story.sees(M0, &[(M0, true, true)]);
    let duties = story.order(M0).duties.unwrap();
    assert_eq!(duties.tokens, TokenDuty::Tell);
    assert_eq!(duties.members.len(), 3);
    assert_eq!(joins(&story.order(W0)), None, "no tokens yet");
    story.open();
    assert_eq!(joins(&story.order(W0)), Some("w"));
    let SwarmEntry::Join { managers, .. } = story.order(W1).entry else {
        panic!("does not join");
    };
    assert_eq!(managers, ["10.0.0.1"]);
    // The speaker has not done yet what it is told.
    story.part(M0).row.generation = 8;
    assert_eq!(joins(&story.order(W0)), None);
    assert!(matches!(story.standing(W0), Standing::Waits(_)));
}

#[test]
fn masters_join_one_after_the_other_as_managers() {
    let mut story = Story::of(3, 0);
    story.is_in(M0, true);
    story.open();
    story.sees(M0, &[(M0, true, true)]);
    assert_eq!(joins(&story.order(M1)), Some("m"));
    assert_eq!(joins(&story.order(M2)), None);
    story.is_in(M1, true);
    story.sees(M0, &[(M0, true, true), (M1, true, true)]);
    assert_eq!(joins(&story.order(M2)), Some("m"));
}

#[test]
fn nobody_joins_while_somebody_is_in_who_is_gone() {
    let mut story = Story::of(1, 1);
    story.is_in(M0, true);
    story.open();
    story.sees(M0, &[(M0, true, true), ("gone", false, false)]);
    assert_eq!(joins(&story.order(W0)), None);
    let Standing::Waits(why) = story.standing(W0) else {
        panic!("does not wait");
    };
    assert!(why.contains("gone"), "{why}");
}

#[test]
fn tokens_that_were_told_are_retired_when_nobody_needs_them() {
    let mut story = whole();
    assert_eq!(story.order(M0).duties.unwrap().tokens, TokenDuty::Keep);
    story.open();
    story.swarm().row.sealed_tokens = Some("sealed".into());
    let TokenDuty::Retire { .. } = story.order(M0).duties.unwrap().tokens else {
        panic!("they stay");
    };
    assert!(
        story.plan().row.sealed_tokens.is_some(),
        "not before it is done"
    );
    story.is_current(M0);
    assert_eq!(story.plan().row.sealed_tokens, None);
}

#[test]
fn a_node_stands_as_the_speaker_sees_it() {
    let mut story = whole();
    assert_eq!(story.standing(W0), Standing::In);
    assert_eq!(lacking(&story.0), None);
    story.sees(M0, &[(M0, true, true), (W0, false, false)]);
    assert!(matches!(story.standing(W0), Standing::Out(_)));
    assert!(lacking(&story.0).is_some_and(|why| why.starts_with(W0)));
    // It was removed by somebody: it is to leave, and to come in again.
    story.open();
    story.sees(M0, &[(M0, true, true)]);
    let order = story.order(W0);
    assert_eq!(order.over, ["in-default-worker-0"]);
    assert_eq!(joins(&order), Some("w"));
    // While nobody can say, who was well is believed to be.
    story.place(M0).server.as_mut().unwrap().engine = Engine::Broken("silent".into());
    assert_eq!(story.standing(W0), Standing::In);
}

#[test]
fn another_manager_speaks_when_the_one_before_cannot() {
    let mut story = Story::of(3, 0);
    let all = [(M0, true, true), (M1, true, true), (M2, true, true)];
    for name in [M0, M1, M2] {
        story.is_in(name, true);
        story.part(name);
    }
    story.sees(M0, &all);
    story.sees(M1, &all);
    assert_eq!(story.plan().row.manager_id, Some(server(M0)));
    story.place(M0).server.as_mut().unwrap().engine = Engine::Unheard;
    assert_eq!(story.plan().row.manager_id, Some(server(M1)));
    let duties = story.order(M1).duties.unwrap();
    let first = ServerId::parse(&server(M0)).unwrap();
    assert_eq!(duties.members[&first].role, SwarmRole::Manager);
    assert_eq!(story.plan().row.managers, 3);
}

#[test]
fn with_its_last_manager_a_swarm_is_lost_and_a_new_one_is_begun() {
    let mut story = whole();
    let gone = server(M0);
    let fresh = server("other");
    story.place(M0).row.server_id.clone_from(&fresh);
    let plan = story.plan();
    assert_eq!(plan.row.manager_id, Some(fresh.clone()));
    assert_eq!((plan.row.begun, plan.row.managers), (2, 0));
    assert!(plan.lost.is_some_and(|words| words.contains("services")));
    assert!(matches!(
        plan.orders[&fresh].entry,
        SwarmEntry::Begin { .. }
    ));
    story.swarm().parts.remove(&gone);
    story.note();
    assert_eq!(story.plan().lost, None, "said once");
    assert_eq!(story.plan().row.begun, 2);
}

#[test]
fn an_engine_that_comes_back_is_waited_for() {
    let mut story = whole();
    story.part(M0).seen = SwarmSeen {
        node_id: Some("in-default-master-0".into()),
        ..SwarmSeen::default()
    };
    let plan = story.plan();
    assert_eq!((plan.row.begun, plan.lost), (1, None));
    assert!(
        plan.orders
            .values()
            .all(|order| order.entry == SwarmEntry::Wait)
    );
}

#[test]
fn a_manager_whose_fellows_are_gone_for_good_goes_on_alone() {
    let mut story = Story::of(3, 0);
    for name in [M0, M1, M2] {
        story.is_in(name, true);
    }
    story.sees(M0, &[(M0, true, true), (M1, true, true), (M2, true, true)]);
    story.part(M0).seen.roster = None;
    let alone = |story: &Story| {
        let orders = story.plan().orders;
        orders
            .values()
            .any(|order| matches!(order.entry, SwarmEntry::Begin { alone: true, .. }))
    };
    assert!(!alone(&story), "they may come back");
    for name in [M1, M2] {
        let other = server(&format!("other {name}"));
        story.place(name).row.server_id = other;
    }
    assert!(alone(&story));
    assert_eq!(story.plan().lost, None);
}

#[test]
fn who_is_to_go_stays_until_what_runs_on_it_has_moved() {
    let mut story = whole();
    story.place(W0).phase = Phase::Remove;
    let duties = story.order(M0).duties.unwrap();
    let id = ServerId::parse(&server(W0)).unwrap();
    assert_eq!(duties.members[&id].role, SwarmRole::Leaving);
    let held = |story: &mut Story| {
        stand(&mut story.0, NOW);
        story.place(W0).held
    };
    assert!(held(&mut story));
    let drained = |story: &mut Story, tasks| {
        let roster = story.part(M0).seen.roster.as_mut().unwrap();
        (roster[1].drained, roster[1].tasks) = (true, tasks);
    };
    drained(&mut story, 1);
    assert!(held(&mut story));
    story.part(W0).row.leaving_since = Some((NOW - MOVING).0);
    assert!(!held(&mut story), "not for ever");
    story.part(W0).row.leaving_since = Some(NOW.0);
    drained(&mut story, 0);
    assert!(!held(&mut story));
    // The only manager has nobody to leave it to.
    story.place(M0).phase = Phase::Replace;
    stand(&mut story.0, NOW);
    assert!(!story.place(M0).held);
    let first = ServerId::parse(&server(M0)).unwrap();
    let duties = story.order(M0).duties.unwrap();
    assert_eq!(duties.members[&first].role, SwarmRole::Manager);
}
