//! The decision as a table: a situation, and the one step it calls for.

mod changes;
mod leaving;

use super::*;
use schemas::ids::{ImageId, WorkloadId};
use schemas::workload::Limits;
use store::compute::spec::{BootImage, Flavor, Size};

const NOW: Timestamp = Timestamp(1_000_000_000);

pub(in crate::server) fn spec() -> Spec {
    Spec {
        image: BootImage {
            id: ImageId::new(),
            manifest: "sha256:0".into(),
        },
        flavor: Flavor {
            id: "1".into(),
            vcpus: 1,
            ram_mb: 64,
            ..Flavor::default()
        },
        previous_flavor: None,
        charged: Size {
            vcpus: 1,
            memory_mb: 64,
            disk_gb: 0,
        },
        metadata: Default::default(),
        tags: Default::default(),
        description: None,
        key: None,
        user_data: None,
        networked: true,
        zone: None,
        wanted_host: None,
        hints: serde_json::Value::Null,
        command: None,
        power: Power::Running,
        incarnation: 1,
        reboot: None,
        leaving: false,
        avoid: vec![],
        failed_on: None,
        locked_reason: None,
        reservation_id: "r-1".into(),
        launch_index: 0,
        held_in_error: false,
        config_drive: false,
        files: vec![],
        access_v4: String::new(),
        access_v6: String::new(),
        node: None,
        within: None,
        guest: None,
        lent: None,
    }
}

fn server() -> Server {
    Server {
        id: uuid::Uuid::now_v7().to_string(),
        project_id: "p".into(),
        user_id: "u".into(),
        name: "n".into(),
        vm_state: "building".into(),
        task_state: Some("spawning".into()),
        host_id: Some("h".into()),
        hostname: "n".into(),
        image_id: None,
        flavor_id: "1".into(),
        group_id: None,
        zone: "nova".into(),
        locked: 0,
        deleting: 0,
        generation: 2,
        seen_generation: 0,
        seen_epoch: String::new(),
        seen_seq: 0,
        revision: 1,
        request_id: "req-1".into(),
        created_at: 0,
        updated_at: 0,
        launched_at: None,
        deadline: Some(NOW.0 + 1),
        spec: String::new(),
        seen: String::new(),
        fault: None,
        node_of: None,
        guest_of: None,
        guest_kind: None,
        guest_owner: None,
    }
}

fn seen(state: RunState, exit_code: Option<i64>) -> Option<Seen> {
    Some(Seen::Container(Observation {
        id: WorkloadId::new(),
        incarnation: 1,
        state,
        boot: "b".into(),
        exit_code,
        oom_killed: false,
        error: None,
        interfaces: vec![],
        limits: Limits::default(),
        published: Default::default(),
        node: None,
    }))
}

fn building() -> Snapshot {
    Snapshot {
        server: server(),
        spec: spec(),
        sight: Sight::default(),
        host: Some(HostView {
            name: "h".into(),
            up: true,
            engine_problem: None,
            gone: false,
        }),
        serving: false,
    }
}

/// Settled as active and seen in this state at the present generation.
fn active(state: RunState, exit_code: Option<i64>) -> Snapshot {
    let mut at = building();
    at.server.vm_state = "active".into();
    at.server.task_state = None;
    at.server.seen_generation = 2;
    at.sight.state = seen(state, exit_code);
    at
}

fn problem(permanent: bool, host_fault: bool) -> Option<Problem> {
    Some(Problem {
        text: "because".into(),
        permanent,
        host_fault,
    })
}

fn step(at: &Snapshot) -> Step {
    plan(at, NOW, &Settings::default())
}

#[test]
fn a_server_without_a_host_is_placed() {
    let mut at = building();
    at.host = None;
    at.server.host_id = None;
    assert_eq!(step(&at), Step::Place);
}

#[test]
fn a_placed_server_is_told_to_its_host_and_told_again_when_there_is_no_answer() {
    let mut at = building();
    assert_eq!(step(&at), Step::Tell);
    at.sight.told = Some((2, NOW.0 - 1_000_000));
    assert!(matches!(step(&at), Step::Wait { until, .. } if until == Timestamp(NOW.0 + 4_000_000)));
    at.sight.told = Some((2, NOW.0 - 5_000_000));
    assert_eq!(step(&at), Step::Tell);
    at.sight.told = Some((1, NOW.0));
    assert_eq!(
        step(&at),
        Step::Tell,
        "an older telling says nothing about this generation"
    );
}

#[test]
fn an_answer_settles_it_as_it_is_seen() {
    let mut at = building();
    at.server.seen_generation = 2;
    for (state, vm_state) in [
        (RunState::Running, "active"),
        (RunState::Paused, "paused"),
        (RunState::Created, "stopped"),
    ] {
        at.sight.state = seen(state, None);
        assert_eq!(step(&at), Step::Settle { vm_state });
    }
    at.spec.previous_flavor = Some(Flavor::default());
    at.sight.state = seen(RunState::Running, None);
    assert_eq!(
        step(&at),
        Step::Settle {
            vm_state: "resized"
        }
    );
}

#[test]
fn a_settled_server_rests() {
    assert_eq!(step(&active(RunState::Running, None)), Step::Rest);
}

#[test]
fn a_command_that_ends_is_accepted_and_one_that_is_killed_is_brought_back() {
    for code in [0, 1, 127] {
        assert_eq!(step(&active(RunState::Exited, Some(code))), Step::Ended);
    }
    // Of an end that nobody watched there is no status.
    for code in [Some(137), Some(143), Some(255), None] {
        assert!(matches!(
            step(&active(RunState::Exited, code)),
            Step::Revive { .. }
        ));
    }
    let mut starved = active(RunState::Exited, Some(137));
    if let Some(Seen::Container(seen)) = &mut starved.sight.state {
        seen.oom_killed = true;
    }
    assert_eq!(step(&starved), Step::Ended);
}

#[test]
fn a_server_that_is_brought_back_during_a_snapshot_fails_like_any_other() {
    let mut at = active(RunState::Exited, Some(0));
    at.spec.power = Power::Stopped;
    at.server.vm_state = "stopped".into();
    at.server.task_state = Some("image_snapshot".into());
    at.server.deadline = None;
    assert_eq!(step(&at), Step::Rest, "the snapshot alone");

    at.spec.power = Power::Running;
    at.server.generation = 3;
    at.server.deadline = Some(NOW.0 + 1);
    assert_eq!(step(&at), Step::Tell);
    at.server.deadline = Some(NOW.0);
    assert!(matches!(step(&at), Step::Fail { .. }), "{:?}", step(&at));

    at.server.seen_generation = 3;
    at.server.deadline = Some(NOW.0 + 1);
    at.sight.problem = problem(true, false);
    assert!(matches!(step(&at), Step::Fail { .. }), "{:?}", step(&at));
    at.sight.problem = None;
    at.sight.state = seen(RunState::Running, None);
    assert_eq!(step(&at), Step::Settle { vm_state: "active" });
}

#[test]
fn a_container_removed_behind_our_back_is_made_anew() {
    let mut at = active(RunState::Running, None);
    at.sight.state = Some(Seen::Absent);
    assert!(matches!(step(&at), Step::Revive { .. }));
}

#[test]
fn an_unplaced_server_in_error_rests_until_somebody_changes_it() {
    let mut at = building();
    at.host = None;
    at.server.host_id = None;
    at.server.vm_state = "error".into();
    at.server.task_state = None;
    assert_eq!(step(&at), Step::Rest);
}
