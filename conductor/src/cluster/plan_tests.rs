//! What follows from what is seen: one node at a time, then whole clusters.

use super::*;
use crate::cluster::snapshot::{Engine, Life, Seat};
use schemas::ids::ImageId;
use store::compute::spec::{BootImage, Flavor};
use store::container_infra::clusters::Cluster;
use store::container_infra::nodegroups::{MASTERS, NodeGroup, WORKERS};
use store::container_infra::nodes::Node;
use store::container_infra::spec;

const NOW: Timestamp = Timestamp(1_000_000_000_000);
const CREATING: Status = Status(Operation::Create, Progress::InProgress);
const CREATED: Status = Status(Operation::Create, Progress::Complete);
const CREATE_FAILED: Status = Status(Operation::Create, Progress::Failed);
const UPDATING: Status = Status(Operation::Update, Progress::InProgress);
const UPDATE_FAILED: Status = Status(Operation::Update, Progress::Failed);
const DELETING: Status = Status(Operation::Delete, Progress::InProgress);

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn group(name: &str, count: i64, places: Vec<Place>) -> Group {
    let spec = spec::NodeGroup {
        image: BootImage {
            id: ImageId::default(),
            manifest: String::new(),
        },
        image_id: "node".into(),
        flavor: Flavor::default(),
        docker_volume_size: None,
        labels: Default::default(),
        node_labels: Default::default(),
        node_taints: Vec::new(),
    };
    Group {
        row: NodeGroup {
            id: format!("id-{name}"),
            number: 1,
            cluster_id: "c".into(),
            project_id: "p".into(),
            name: name.into(),
            role: if name == MASTERS { "master" } else { "worker" }.into(),
            is_default: 1,
            node_count: count,
            min_node_count: 0,
            max_node_count: None,
            status: UPDATING.as_str().into(),
            status_reason: None,
            generation: 1,
            batch: 1,
            made: 9,
            deleting: 0,
            revision: 1,
            created_at: 0,
            updated_at: None,
            spec: serde_json::to_string(&spec).unwrap(),
        },
        places,
    }
}

/// A node that works.
fn place(name: &str) -> Place {
    let (group, ordinal) = name.rsplit_once('-').unwrap();
    Place {
        row: Node {
            id: name.into(),
            cluster_id: "c".into(),
            nodegroup_id: format!("id-{group}"),
            ordinal: ordinal.parse().unwrap(),
            name: name.into(),
            server_id: format!("server-{name}"),
            attempt: 1,
            phase: Phase::Run.as_str().into(),
            generation: 1,
            tries: 0,
            problem: None,
            ready: 1,
            unwell_since: None,
            address: None,
            authority: 1,
            certificate: Some("PEM".into()),
            sealed_key: None,
            certified_until: Some((NOW + seconds(365 * 86_400)).0),
            certified_for: "m".into(),
            revision: 1,
            created_at: 0,
        },
        phase: Phase::Run,
        server: Some(Seat {
            life: Life::Up,
            machine_lost: None,
            engine: Engine::Works(0),
            api_address: Some(format!("tcp://{name}")),
        }),
    }
}

impl Place {
    fn phase(mut self, phase: Phase) -> Place {
        self.phase = phase;
        self.row.phase = phase.as_str().into();
        self
    }

    fn fresh(mut self, tries: i32) -> Place {
        self.row.ready = 0;
        self.row.tries = tries;
        self
    }

    fn life(mut self, life: Life) -> Place {
        self.server.as_mut().unwrap().life = life;
        self
    }

    fn engine(mut self, engine: Engine) -> Place {
        self.server.as_mut().unwrap().engine = engine;
        self
    }

    fn machine_lost(mut self, dead: bool) -> Place {
        self.server.as_mut().unwrap().machine_lost = Some(dead);
        self
    }

    fn unwell(mut self, seconds_ago: u64) -> Place {
        self.row.unwell_since = Some((NOW - seconds(seconds_ago)).0);
        self
    }

    fn problem(mut self, text: &str) -> Place {
        self.row.problem = Some(text.into());
        self
    }

    fn bare(mut self) -> Place {
        self.server = None;
        self
    }
}

/// One master that works, and these workers.
fn cluster(workers: i64, places: Vec<Place>) -> Snapshot {
    Snapshot {
        cluster: Cluster {
            id: "c".into(),
            project_id: "p".into(),
            user_id: "u".into(),
            name: "bay".into(),
            template_id: "t".into(),
            coe: "docker".into(),
            status: String::new(),
            status_reason: None,
            health_status: None,
            health_reason: "{}".into(),
            api_address: None,
            generation: 1,
            revision: 1,
            deadline: Some((NOW + seconds(3600)).0),
            deleting: 0,
            request_id: "req".into(),
            created_at: 0,
            updated_at: None,
            spec: String::new(),
        },
        spec: spec::Cluster {
            create_timeout: 60,
            ..spec::Cluster::default()
        },
        groups: vec![
            group(MASTERS, 1, vec![place("default-master-0")]),
            group(WORKERS, workers, places),
        ],
        authority: 1,
        engines: 1,
    }
}

fn planned(at: &Snapshot, status: Status) -> Plan {
    plan(at, status, NOW, &Settings::default())
}

fn acts(at: &Snapshot, status: Status) -> Vec<Act> {
    planned(at, status).acts
}

fn w(ordinal: u32) -> Place {
    place(&format!("{WORKERS}-{ordinal}"))
}

fn id(ordinal: u32) -> String {
    format!("{WORKERS}-{ordinal}")
}

fn drops(ordinal: u32, then: Phase, why: &str, anew: bool) -> Act {
    Act::Drop {
        place: id(ordinal),
        then,
        why: why.into(),
        anew,
    }
}

fn adds(ordinal: i32) -> Act {
    Act::Add {
        group: format!("id-{WORKERS}"),
        ordinal,
    }
}

#[test]
fn what_becomes_of_one_node() {
    let place = || id(0);
    let why = |text: &str| text.to_owned();
    let failed = || Life::Failed("no host".into());
    let broken = || Engine::Broken("engine is down".into());
    let table: Vec<(&str, Status, Place, Vec<Act>)> = vec![
        ("works", CREATED, w(0), vec![]),
        (
            "to be made",
            CREATING,
            w(0).phase(Phase::Launch).bare().fresh(1),
            vec![Act::Launch { place: place() }],
        ),
        (
            "is made",
            CREATING,
            w(0).fresh(1).life(Life::Making("fetching image".into())),
            vec![],
        ),
        (
            "works for the first time",
            CREATING,
            w(0).fresh(2).problem("before"),
            vec![Act::Ready { place: place() }],
        ),
        (
            "its engine starts",
            CREATING,
            w(0).fresh(1).engine(Engine::Unheard),
            vec![Act::Unwell {
                place: place(),
                why: why("its engine starts"),
            }],
        ),
        (
            "its engine starts for some time",
            CREATING,
            w(0).fresh(1).engine(Engine::Unheard).unwell(119),
            vec![],
        ),
        (
            "its engine does not come",
            CREATING,
            w(0).fresh(1).engine(broken()).unwell(120),
            vec![drops(
                0,
                Phase::Replace,
                "its engine did not answer in 120 s: engine is down",
                false,
            )],
        ),
        (
            "its server failed",
            CREATING,
            w(0).fresh(2).life(failed()),
            vec![drops(0, Phase::Replace, "no host", false)],
        ),
        (
            "its servers failed as often as they may",
            CREATING,
            w(0).fresh(3).life(failed()),
            vec![Act::GiveUp {
                place: place(),
                why: why("no host"),
            }],
        ),
        (
            "its server ended before it was a node",
            CREATING,
            w(0).fresh(1)
                .life(Life::Down("its server is stopped".into())),
            vec![drops(
                0,
                Phase::Replace,
                "its server is stopped before its engine had answered",
                false,
            )],
        ),
        (
            "a cluster that failed to be made is left as it is",
            CREATE_FAILED,
            w(0).fresh(1).life(failed()),
            vec![],
        ),
        (
            "its engine went away",
            CREATED,
            w(0).engine(broken()),
            vec![Act::Unwell {
                place: place(),
                why: why("engine is down"),
            }],
        ),
        (
            "its engine is away, within the grace time",
            CREATED,
            w(0).engine(broken()).unwell(119),
            vec![],
        ),
        (
            "its engine stays away",
            CREATED,
            w(0).engine(broken()).unwell(120),
            vec![drops(0, Phase::Replace, "engine is down", true)],
        ),
        (
            "its engine came back",
            CREATED,
            w(0).unwell(60),
            vec![Act::Ready { place: place() }],
        ),
        (
            "somebody stopped it",
            CREATED,
            w(0).life(Life::Down("its server is stopped".into()))
                .unwell(500),
            vec![drops(0, Phase::Replace, "its server is stopped", true)],
        ),
        (
            "somebody deletes it",
            CREATED,
            w(0).life(Life::Going),
            vec![],
        ),
        (
            "somebody deleted it",
            CREATED,
            w(0).bare(),
            vec![drops(0, Phase::Replace, "its server was deleted", false)],
        ),
        (
            "its machine is silent: whether it works is not known",
            CREATED,
            w(0).machine_lost(false).unwell(100_000),
            vec![],
        ),
        (
            "its machine was declared dead",
            CREATED,
            w(0).machine_lost(true),
            vec![drops(
                0,
                Phase::Replace,
                "its machine was declared dead",
                true,
            )],
        ),
        (
            "replaced, its server is there yet",
            UPDATING,
            w(0).phase(Phase::Replace).life(Life::Going),
            vec![],
        ),
        (
            "replaced, and its server was not told",
            UPDATING,
            w(0).phase(Phase::Replace),
            vec![drops(0, Phase::Replace, "", false)],
        ),
        (
            "replaced, its server is gone",
            UPDATING,
            w(0).phase(Phase::Replace).bare(),
            vec![Act::Renew { place: place() }],
        ),
        (
            "given up a while ago",
            CREATED,
            w(0).phase(Phase::Failed).fresh(3).unwell(599),
            vec![],
        ),
        (
            "given up long ago",
            CREATED,
            w(0).phase(Phase::Failed).fresh(3).unwell(600),
            vec![drops(0, Phase::Replace, "is tried again", true)],
        ),
        (
            "given up in an update that failed",
            UPDATE_FAILED,
            w(0).phase(Phase::Failed).fresh(3).unwell(9999),
            vec![],
        ),
    ];
    for (case, status, place, expected) in table {
        assert_eq!(acts(&cluster(1, vec![place]), status), expected, "{case}");
    }
}

#[test]
fn healing_can_be_switched_off_and_then_only_what_was_asked_for_is_made() {
    let dead = || w(0).engine(Engine::Broken("down".into())).unwell(9999);
    let mut at = cluster(1, vec![dead()]);
    at.spec
        .labels
        .insert("auto_healing_enabled".into(), "False".into());
    assert_eq!(acts(&at, CREATED), []);
    assert_eq!(
        planned(&at, CREATED).outlook.health_status,
        Some("UNHEALTHY")
    );
    assert_eq!(
        acts(&at, UPDATING),
        [drops(0, Phase::Replace, "down", true)]
    );
}

#[test]
fn places_are_added_where_ordinals_are_free() {
    assert_eq!(
        acts(&cluster(3, vec![]), CREATING),
        [adds(0), adds(1), adds(2)]
    );
    let leaving = w(1).phase(Phase::Remove).life(Life::Going);
    let at = cluster(3, vec![w(0), leaving, w(3)]);
    assert_eq!(acts(&at, UPDATING), [adds(2)]);
    assert_eq!(acts(&at, CREATE_FAILED), []);
    assert_eq!(acts(&at, UPDATE_FAILED), []);
    assert_eq!(acts(&cluster(0, vec![]), UPDATING), []);
}

#[test]
fn of_too_many_nodes_go_those_with_the_least_on_them() {
    let busy = |ordinal, containers| w(ordinal).engine(Engine::Works(containers));
    let one_too_many = |ordinal| drops(ordinal, Phase::Remove, "is one too many", false);
    let victims = |count, places: Vec<Place>| acts(&cluster(count, places), UPDATING);
    assert_eq!(
        victims(1, vec![busy(0, 5), busy(1, 2), busy(2, 3)]),
        [one_too_many(1), one_too_many(2)]
    );
    // Of equal ones the last.
    assert_eq!(victims(1, vec![busy(0, 1), busy(1, 1)]), [one_too_many(1)]);
    // What does not work goes before what works.
    let failed = w(0).phase(Phase::Failed).fresh(3);
    let broken = w(1).engine(Engine::Broken("x".into())).unwell(1);
    assert_eq!(
        victims(1, vec![failed, broken, busy(2, 0)]),
        [one_too_many(0), one_too_many(1)]
    );
    // Who was named to go counts no more.
    let named = busy(0, 9).phase(Phase::Remove);
    assert_eq!(
        victims(1, vec![named, busy(1, 0), busy(2, 4)]),
        [one_too_many(1), drops(0, Phase::Remove, "", false)]
    );
}

#[test]
fn nodes_of_an_older_kind_are_replaced_so_many_at_a_time() {
    let old = |ordinal| {
        let mut place = w(ordinal);
        place.row.generation = 0;
        place
    };
    let replaced = |ordinal| {
        let why = "is replaced by one of the new image or flavor";
        drops(ordinal, Phase::Replace, why, true)
    };
    let with_batch = |batch, places| {
        let mut at = cluster(3, places);
        at.groups[1].row.batch = batch;
        acts(&at, UPDATING)
    };
    assert_eq!(with_batch(1, vec![old(0), old(1), old(2)]), [replaced(0)]);
    assert_eq!(
        with_batch(2, vec![old(0), old(1), old(2)]),
        [replaced(0), replaced(1)]
    );
    let made = || w(0).fresh(1).life(Life::Making("x".into()));
    assert_eq!(with_batch(1, vec![made(), old(1), old(2)]), []);
    assert_eq!(with_batch(2, vec![made(), old(1), old(2)]), [replaced(1)]);
    // One that failed as the new kind stops it: the others go on as they are.
    let failed = || w(0).phase(Phase::Failed).fresh(3).problem("bad image");
    let at = cluster(3, vec![failed(), old(1), old(2)]);
    let plan = planned(&at, UPDATING);
    assert_eq!(plan.acts, []);
    assert_eq!(plan.outlook.status, UPDATE_FAILED);
    assert_eq!(
        plan.outlook.status_reason.as_deref(),
        Some("default-worker-0: bad image (tried 3 times)")
    );
    assert_eq!(acts(&at, UPDATE_FAILED), []);
}

#[test]
fn certificates_are_renewed_before_they_end_and_after_the_authority_changed() {
    let mut old = w(0);
    old.row.certified_until = Some((NOW + seconds(29 * 86_400)).0);
    let why = "gets a new certificate";
    assert_eq!(
        acts(&cluster(1, vec![old]), CREATED),
        [drops(0, Phase::Replace, why, true)]
    );
    let mut at = cluster(1, vec![w(0)]);
    at.authority = 2;
    let why = "gets a certificate of the new authority";
    let of_group = |group: &str| Act::Drop {
        place: format!("{group}-0"),
        then: Phase::Replace,
        why: why.into(),
        anew: true,
    };
    assert_eq!(acts(&at, UPDATING), [of_group(MASTERS), of_group(WORKERS)]);
}

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

#[test]
fn health_is_what_is_seen_node_by_node() {
    let broken = || Engine::Broken("engine is down".into());
    let table: Vec<(&str, Status, Vec<Place>, Option<&str>, &str)> = vec![
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
        ("not yet made", CREATING, vec![w(0)], None, ""),
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

#[test]
fn whatever_it_was_doing_a_deleted_cluster_only_goes() {
    let gone = |ordinal| drops(ordinal, Phase::Remove, "is deleted", false);
    let mut at = cluster(
        3,
        vec![
            w(0).fresh(1).life(Life::Making("x".into())),
            w(1).phase(Phase::Launch).bare(),
            w(2).phase(Phase::Failed).bare(),
            w(3).phase(Phase::Replace).life(Life::Going),
            w(4).phase(Phase::Remove).life(Life::Going),
            w(5).phase(Phase::Remove).bare(),
        ],
    );
    at.cluster.deleting = 1;
    at.groups[0].places.clear();
    let plan = planned(&at, DELETING);
    let mut acts = plan.acts;
    acts.sort_by_key(|act| format!("{act:?}"));
    let mut expected = vec![
        gone(0),
        gone(1),
        gone(2),
        gone(3),
        Act::Forget { place: id(5) },
    ];
    expected.sort_by_key(|act| format!("{act:?}"));
    assert_eq!(acts, expected);
    assert!(!plan.over);
    assert_eq!(plan.outlook.status, DELETING);
    // Its engines are forgotten after its servers, and its row last.
    at.groups[1].places.clear();
    let last = planned(&at, DELETING);
    assert!(!last.over && last.acts.is_empty());
    at.engines = 0;
    assert!(planned(&at, DELETING).over);
}

#[test]
fn a_deleted_group_goes_with_its_nodes_and_the_cluster_stays() {
    let mut at = cluster(0, vec![]);
    at.groups.push(group("extra", 2, vec![place("extra-0")]));
    at.groups[2].row.deleting = 1;
    let dropped = Act::Drop {
        place: "extra-0".into(),
        then: Phase::Remove,
        why: "is deleted".into(),
        anew: false,
    };
    let plan = planned(&at, UPDATING);
    assert_eq!(plan.acts, [dropped]);
    assert_eq!(plan.outlook.status, UPDATING);
    at.groups[2].places.clear();
    let forgotten = Act::ForgetGroup {
        group: "id-extra".into(),
    };
    let plan = planned(&at, UPDATING);
    assert_eq!((plan.acts, plan.over), (vec![forgotten], false));
}

#[test]
fn one_look_does_a_bounded_number_of_things_and_the_next_one_the_rest() {
    let plan = planned(&cluster(200, vec![]), CREATING);
    assert_eq!(plan.acts.len(), MOST);
    assert_eq!(plan.outlook.status, CREATING);
}
