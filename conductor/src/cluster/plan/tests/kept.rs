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

fn rebuilds(why: &str) -> Act {
    Act::Rebuild {
        place: MASTER.into(),
        why: why.into(),
    }
}

#[test]
fn a_master_of_an_older_kind_is_made_anew_and_its_workers_follow_when_it_works() {
    let newer = |master: Place| {
        let mut at = kubernetes(vec![master], vec![w(0)]);
        for group in &mut at.groups {
            group.row.generation = 2;
        }
        at
    };
    let why = "is made anew from the new image";
    assert_eq!(acts(&newer(master()), UPDATING), [rebuilds(why)]);
    let made = |life: Life| {
        let mut master = master().life(life).problem(why).unwell(1);
        master.row.generation = 2;
        master
    };
    // Until its server is there the time that it does not work does not count.
    let on_its_way = newer(made(Life::Making("rebuilding".into())));
    let place = || MASTER.to_owned();
    assert_eq!(
        acts(&on_its_way, UPDATING),
        [Act::Unknown { place: place() }]
    );
    let outlook = planned(&on_its_way, UPDATING).outlook;
    assert_eq!(outlook.status.1, Progress::InProgress);
    let mut silent = made(Life::Up);
    silent.standing = Standing::Waits("the API server is asked".into());
    assert_eq!(
        acts(&newer(silent), UPDATING),
        [Act::Unknown { place: place() }]
    );
    let follows = drops(
        0,
        Phase::Replace,
        "is replaced by one of the new image or flavor",
        true,
    );
    let works = acts(&newer(made(Life::Up)), UPDATING);
    assert_eq!(works, [Act::Ready { place: place() }, follows]);
}

#[test]
fn the_one_manager_of_a_swarm_is_brought_back_and_made_anew_as_well_and_of_three_each_is_replaced()
{
    let swarm = |masters: u32, change: fn(&mut Place)| {
        let mut at = swarm_of(masters, 1, |name| format!("server-{name}"));
        let places = at.groups.iter_mut().flat_map(|group| &mut group.places);
        for place in places {
            place.standing = Standing::In;
        }
        change(&mut at.groups[0].places[0]);
        at
    };
    let old = |master: &mut Place| master.row.authority = 0;
    let why = "gets a certificate of the new authority";
    assert_eq!(acts(&swarm(1, old), CREATED), [rebuilds(why)]);
    let replaces = |why: &str| Act::Drop {
        place: MASTER.into(),
        then: Phase::Replace,
        why: why.into(),
        anew: true,
    };
    assert_eq!(acts(&swarm(3, old), CREATED), [replaces(why)]);
    let broken = |master: &mut Place| {
        *master = master
            .clone()
            .engine(Engine::Broken("no engine".into()))
            .unwell(120);
    };
    let restarts = Act::Restart {
        place: MASTER.into(),
        why: "no engine".into(),
    };
    assert_eq!(acts(&swarm(1, broken), CREATED), [restarts]);
    assert_eq!(acts(&swarm(3, broken), CREATED), [replaces("no engine")]);
}

#[test]
fn a_master_that_cannot_be_made_anew_says_why_and_is_tried_again_by_and_by() {
    let why = "gets a new certificate: Image i cannot boot a node";
    let tried = |seconds_ago| {
        let mut master = master().problem(why).unwell(seconds_ago);
        master.row.certified_until = Some((NOW + seconds(86_400)).0);
        kubernetes(vec![master], vec![w(0)])
    };
    let at = tried(599);
    let step = planned(&at, UPDATING);
    assert_eq!(
        (step.acts, step.outlook.status.1),
        (vec![], Progress::InProgress)
    );
    let reason = step.outlook.status_reason.unwrap_or_default();
    assert!(reason.contains(why), "{reason}");
    assert_eq!(
        acts(&tried(600), UPDATING),
        [rebuilds("gets a new certificate")]
    );
    let mut late = tried(599);
    late.cluster.deadline = Some(NOW.0);
    let outlook = planned(&late, UPDATING).outlook;
    assert_eq!(outlook.status, UPDATE_FAILED);
    assert!(outlook.status_reason.unwrap_or_default().contains(why));
}

#[test]
fn with_another_authority_the_master_is_made_anew_before_its_workers_and_once_more_after_them() {
    let stage = |master_has: i64, trusts_from: i64, worker_has: i64| {
        let (mut master, mut worker) = (master(), w(0));
        master.row.authority = master_has;
        master.row.trusts_from = trusts_from;
        worker.row.authority = worker_has;
        let mut at = kubernetes(vec![master], vec![worker]);
        at.authority = 2;
        let step = planned(&at, UPDATING);
        (step.acts, step.outlook.status.1)
    };
    let why = "gets a certificate of the new authority";
    let going = Progress::InProgress;
    assert_eq!(stage(1, 0, 1), (vec![rebuilds(why)], going));
    assert_eq!(
        stage(2, 1, 1),
        (vec![drops(0, Phase::Replace, why, true)], going)
    );
    let alone = rebuilds("trusts the new authority alone from now on");
    assert_eq!(stage(2, 1, 2), (vec![alone], going));
    assert_eq!(stage(2, 0, 2), (vec![], Progress::Complete));
}

#[test]
fn a_master_whose_certificate_cannot_be_renewed_does_not_keep_its_workers_from_having_theirs() {
    let soon = Some((NOW + seconds(86_400)).0);
    let (mut master, mut worker) = (master().problem("no image").unwell(1), w(0));
    master.row.certified_until = soon;
    worker.row.certified_until = soon;
    let at = kubernetes(vec![master], vec![worker]);
    let renewed = drops(0, Phase::Replace, "gets a new certificate", true);
    assert_eq!(acts(&at, CREATED), [renewed]);
}

#[test]
fn nothing_is_renewed_that_would_not_last_longer() {
    let mut master = master();
    master.row.certified_until = Some((NOW + seconds(86_400)).0);
    let mut at = kubernetes(vec![master], vec![]);
    at.authority_until = NOW + seconds(86_400);
    assert_eq!(acts(&at, CREATED), []);
    at.authority_until = NOW + seconds(86_401);
    assert_eq!(acts(&at, CREATED), [rebuilds("gets a new certificate")]);
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
