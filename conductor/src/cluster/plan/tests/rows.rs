//! What the rows say.

use super::*;

#[test]
fn a_cluster_is_complete_when_every_node_has_been_seen_to_work() {
    let plan = planned(&cluster(2, vec![w(0), w(1)]), CREATING);
    assert_eq!(plan.outlook.status, CREATED);
    assert_eq!(plan.outlook.status_reason, None);
    let address = plan.outlook.api_address.as_deref();
    assert_eq!(address, Some("tcp://default-master-0"));
    let made = w(1).fresh(1).life(Life::Making("fetching image".into()));
    let plan = planned(&cluster(2, vec![w(0), made]), CREATING);
    assert_eq!(plan.outlook.status, CREATING);
    assert_eq!(
        plan.outlook.status_reason.as_deref(),
        Some("2 of 3 nodes are up; default-worker-1: fetching image")
    );
    assert_eq!(plan.outlook.health_status, None);
    // No worker at all is a number, too.
    assert_eq!(
        planned(&cluster(0, vec![]), UPDATING).outlook.status.1,
        Progress::Complete
    );
}

#[test]
fn the_deadline_ends_an_operation_and_says_what_was_lacking() {
    let made = || {
        w(0).fresh(2)
            .life(Life::Making("starting".into()))
            .problem("its engine did not answer in 120 s: no cgroups")
    };
    let mut at = cluster(2, vec![made(), w(1)]);
    assert_eq!(planned(&at, CREATING).outlook.status, CREATING);
    at.cluster.deadline = Some(NOW.0);
    let outlook = planned(&at, CREATING).outlook;
    assert_eq!(outlook.status, CREATE_FAILED);
    assert_eq!(
        outlook.status_reason.as_deref(),
        Some(
            "It was not done in 60 minutes; default-worker-0: starting; before: its engine did \
             not answer in 120 s: no cgroups"
        )
    );
    let (status, reason) = &outlook.groups[&format!("id-{WORKERS}")];
    assert_eq!(*status, UPDATE_FAILED);
    assert!(
        reason
            .as_deref()
            .unwrap_or_default()
            .starts_with("default-worker-0: starting")
    );
    // Without a time limit it goes on.
    at.cluster.deadline = None;
    assert_eq!(planned(&at, CREATING).outlook.status, CREATING);
    // It is looked at in time, whatever happens.
    at.cluster.deadline = Some((NOW + seconds(3)).0);
    assert_eq!(planned(&at, CREATING).until, Some(NOW + seconds(3)));
}

#[test]
fn an_operation_fails_once_nothing_more_can_be_done_and_names_the_cause() {
    let failed = || {
        w(0).phase(Phase::Failed)
            .fresh(3)
            .problem("Quota exceeded for cores")
    };
    let making = w(1).fresh(1).life(Life::Making("starting".into()));
    let at = cluster(2, vec![failed(), making]);
    assert_eq!(planned(&at, CREATING).outlook.status, CREATING);
    let at = cluster(2, vec![failed(), w(1)]);
    let outlook = planned(&at, CREATING).outlook;
    assert_eq!(outlook.status, CREATE_FAILED);
    let reason = "default-worker-0: Quota exceeded for cores (tried 3 times)";
    assert_eq!(outlook.status_reason.as_deref(), Some(reason));
    // The group that lacks it failed, the other one did not.
    assert_eq!(
        outlook.groups[&format!("id-{WORKERS}")],
        (UPDATE_FAILED, Some(reason.into()))
    );
    assert_eq!(
        outlook.groups[&format!("id-{MASTERS}")].0,
        UPDATING.now(Progress::Complete)
    );
}

/// What it is about, status and places; health, and its reason.
type Health = (
    &'static str,
    Status,
    Vec<Place>,
    Option<&'static str>,
    &'static str,
);

#[test]
fn health_is_what_is_seen_node_by_node() {
    let broken = || Engine::Broken("engine is down".into());
    let table: Vec<Health> = vec![
        ("all work", CREATED, vec![w(0)], Some("HEALTHY"), "ok"),
        (
            "one does not",
            CREATED,
            vec![w(0).engine(broken())],
            Some("UNHEALTHY"),
            "engine is down",
        ),
        (
            "nobody can tell",
            CREATED,
            vec![w(0).machine_lost(false)],
            Some("UNKNOWN"),
            "its machine does not answer",
        ),
        (
            "one is missing",
            CREATED,
            vec![w(0).phase(Phase::Launch).bare().fresh(1)],
            Some("UNHEALTHY"),
            "waits to be made",
        ),
        (
            "one is on its way because it was asked for",
            UPDATING,
            vec![w(0).fresh(1).life(Life::Making("fetching image".into()))],
            Some("HEALTHY"),
            "fetching image",
        ),
        (
            "one was given up",
            UPDATE_FAILED,
            vec![w(0).phase(Phase::Failed).bare().problem("no host")],
            Some("UNHEALTHY"),
            "no host",
        ),
        ("just made", CREATING, vec![w(0)], Some("HEALTHY"), "ok"),
        (
            "not yet made",
            CREATING,
            vec![w(0).fresh(1).engine(Engine::Unheard).unwell(1)],
            None,
            "",
        ),
    ];
    for (case, status, places, expected, reason) in table {
        let outlook = planned(&cluster(1, places), status).outlook;
        assert_eq!(outlook.health_status, expected, "{case}");
        let told = outlook.health_reason.get(&id(0)).map(String::as_str);
        assert_eq!(told.unwrap_or_default(), reason, "{case}");
    }
}

#[test]
fn the_address_stays_as_long_as_its_master_works() {
    let master = |ordinal| place(&format!("{MASTERS}-{ordinal}"));
    let broken = |ordinal| master(ordinal).engine(Engine::Broken("x".into())).unwell(1);
    let shown = |before: Option<&str>, masters| {
        let mut at = cluster(0, vec![]);
        at.cluster.api_address = before.map(str::to_owned);
        at.groups[0].row.node_count = 2;
        at.groups[0].places = masters;
        planned(&at, CREATED)
            .outlook
            .api_address
            .unwrap_or_default()
    };
    let (first, second) = ("tcp://default-master-0", "tcp://default-master-1");
    assert_eq!(shown(None, vec![master(0), master(1)]), first);
    assert_eq!(shown(Some(second), vec![master(0), master(1)]), second);
    assert_eq!(shown(Some(first), vec![broken(0), master(1)]), second);
    assert_eq!(shown(Some(first), vec![broken(0), broken(1)]), first);
}
