//! Masters that hold all that their cluster is, and who waits for them.

use super::*;

const MASTER: &str = "default-master-0";

fn kubernetes(masters: Vec<Place>, workers: Vec<Place>) -> Snapshot {
    let mut at = kubernetes_of(0);
    at.groups[1].row.node_count = workers.len() as i64;
    at.groups[1].places = workers;
    at.groups[0].places = masters;
    let places = at.groups.iter_mut().flat_map(|group| &mut group.places);
    for place in places.filter(|place| place.standing == Standing::Apart) {
        place.standing = Standing::In;
    }
    at
}

fn master() -> Place {
    let mut master = place(MASTER);
    master.row.address = Some("10.0.0.2".into());
    master
}

/// The one act about the master.
fn of_master(master: Place, status: Status) -> Option<Act> {
    let mut acts = acts(&kubernetes(vec![master], vec![w(0)]), status);
    assert!(acts.len() < 2, "{acts:?}");
    acts.pop()
}

#[test]
fn a_master_that_worked_is_started_again_after_its_grace_time_and_not_replaced() {
    let down = || master().life(Life::Down("its server is stopped".into()));
    let broken = || master().engine(Engine::Broken("no engine".into()));
    let silent = || {
        let mut master = master();
        master.standing = Standing::Out("the API server does not answer".into());
        master
    };
    let failed = || master().life(Life::Failed("no room".into()));
    for (case, sick, why) in [
        ("stopped", down as fn() -> Place, "its server is stopped"),
        ("its engine", broken, "no engine"),
        ("its API server", silent, "the API server does not answer"),
        ("in error", failed, "no room"),
    ] {
        let noted = of_master(sick(), CREATED);
        let expected = Act::Unwell {
            place: MASTER.into(),
            why: why.into(),
        };
        assert_eq!(noted, Some(expected), "{case}");
        assert_eq!(of_master(sick().unwell(119), CREATED), None, "{case}");
        let restarted = Act::Restart {
            place: MASTER.into(),
            why: why.into(),
        };
        assert_eq!(
            of_master(sick().unwell(120), CREATED),
            Some(restarted),
            "{case}"
        );
        let mut at = kubernetes(vec![sick().unwell(120)], vec![]);
        let labels = &mut at.spec.labels;
        labels.insert("auto_healing_enabled".into(), "false".into());
        assert_eq!(acts(&at, CREATED), [], "{case}: healing is off");
    }
}

#[test]
fn only_a_master_that_is_gone_for_good_is_replaced_and_it_is_said_what_is_lost() {
    let gone = || master().bare();
    let dead = || master().machine_lost(true);
    let nowhere = || {
        let mut master = master().life(Life::Failed("its host is gone".into()));
        master.server.as_mut().unwrap().placed = false;
        master
    };
    for lost in [gone, dead as fn() -> Place, nowhere] {
        let Some(Act::Drop { then, why, .. }) = of_master(lost(), CREATED) else {
            panic!("{:?}", lost());
        };
        assert_eq!(then, Phase::Replace);
        assert!(why.contains("the cluster begins empty"), "{why}");
    }
    assert_eq!(of_master(master().machine_lost(false), CREATED), None);
}

#[test]
fn a_master_that_never_worked_fails_as_any_node() {
    let why = "its server failed".to_owned();
    let failed = master().fresh(1).life(Life::Failed(why.clone()));
    let expected = Act::Drop {
        place: MASTER.into(),
        then: Phase::Replace,
        why,
        anew: false,
    };
    assert_eq!(of_master(failed, CREATING), Some(expected));
}

#[test]
fn workers_of_an_older_kind_are_replaced_and_the_master_is_not() {
    let mut at = kubernetes(vec![master()], vec![w(0)]);
    for group in &mut at.groups {
        group.row.generation = 2;
    }
    let why = "is replaced by one of the new image or flavor";
    assert_eq!(acts(&at, UPDATING), [drops(0, Phase::Replace, why, true)]);
    let outlook = planned(&kubernetes(vec![master()], vec![w(0)]), UPDATING).outlook;
    assert_eq!(outlook.status.1, Progress::Complete);
}

#[test]
fn workers_are_made_when_the_master_has_an_address_and_fail_with_it() {
    let launch = |name: &str| place(name).phase(Phase::Launch).bare().fresh(1);
    let worker = || launch("default-worker-0");
    let act = |name: &str| Act::Launch { place: name.into() };
    let at = kubernetes(vec![launch(MASTER)], vec![worker()]);
    assert_eq!(acts(&at, CREATING), [act(MASTER)]);
    let mut made = launch(MASTER);
    made.row.address = Some("10.0.0.2".into());
    let at = kubernetes(vec![made], vec![worker()]);
    assert_eq!(acts(&at, CREATING), [act(MASTER), act("default-worker-0")]);
    let given_up = place(MASTER)
        .phase(Phase::Failed)
        .fresh(3)
        .problem("no room");
    let at = kubernetes(vec![given_up.bare()], vec![worker()]);
    let outlook = planned(&at, CREATING).outlook;
    assert_eq!(outlook.status, CREATE_FAILED);
    let reason = outlook.status_reason.unwrap_or_default();
    assert!(reason.contains("default-master-0: no room"), "{reason}");
}

#[test]
fn a_node_has_longer_to_be_ready_than_an_engine_to_answer() {
    let mut joining = w(0).fresh(1);
    joining.standing = Standing::Out("not ready: no network".into());
    let early = kubernetes(vec![master()], vec![joining.clone().unwell(299)]);
    assert_eq!(acts(&early, CREATING), []);
    let late = kubernetes(vec![master()], vec![joining.unwell(300)]);
    let why = "it was not part of its cluster in 300 s: not ready: no network";
    assert_eq!(
        acts(&late, CREATING),
        [drops(0, Phase::Replace, why, false)]
    );
}
