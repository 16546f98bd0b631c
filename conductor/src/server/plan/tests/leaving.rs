//! Hosts that fail or are silent, and servers that go.

use super::*;

#[test]
fn a_build_that_its_host_fails_goes_elsewhere_and_one_that_fails_by_itself_is_an_error() {
    let mut at = building();
    at.server.seen_generation = 2;
    at.sight.state = Some(Seen::Absent);
    at.sight.problem = problem(false, true);
    // Its host is told to leave nothing of it first: there may be a network, if no container.
    assert!(matches!(step(&at), Step::Leave { gone: false, .. }));
    at.sight.state = seen(RunState::Created, None);
    assert!(matches!(step(&at), Step::Leave { gone: false, .. }));
    at.sight.problem = problem(true, false);
    assert!(matches!(
        step(&at),
        Step::Fail {
            vm_state: "error",
            ..
        }
    ));
}

#[test]
fn a_build_leaves_a_silent_host_and_a_running_server_does_not() {
    let mut at = building();
    at.host.as_mut().unwrap().up = false;
    assert!(matches!(step(&at), Step::Leave { gone: true, .. }));
    at.host.as_mut().unwrap().up = true;
    at.host.as_mut().unwrap().engine_problem = Some("no answer".into());
    assert!(matches!(step(&at), Step::Leave { gone: true, .. }));
    let mut at = active(RunState::Running, None);
    at.host.as_mut().unwrap().up = false;
    assert_eq!(step(&at), Step::Rest);
}

#[test]
fn deleting_ends_when_nothing_is_left_or_nobody_can_say() {
    let mut at = active(RunState::Running, None);
    at.server.deleting = 1;
    at.server.generation = 3;
    assert_eq!(step(&at), Step::Tell);
    at.server.seen_generation = 3;
    at.sight.state = Some(Seen::Absent);
    assert_eq!(step(&at), Step::Remove);
    at.server.seen_generation = 2;
    assert_eq!(
        step(&at),
        Step::Tell,
        "absent before it was told is no answer"
    );
    at.host.as_mut().unwrap().up = false;
    assert_eq!(step(&at), Step::Remove);
    at.host = None;
    assert_eq!(step(&at), Step::Remove);
}

#[test]
fn a_pod_is_let_go_of_before_it_is_asked_to_end_but_not_for_ever() {
    let mut at = active(RunState::Running, None);
    at.server.deleting = 1;
    at.server.generation = 3;
    at.server.deadline = Some(NOW.0 + 1);
    at.serving = true;
    let Step::Wait { until, reason } = step(&at) else {
        panic!("{:?}", step(&at));
    };
    assert_eq!(until.0, NOW.0 + 1);
    assert!(reason.contains("nothing more"), "{reason}");
    at.serving = false;
    assert_eq!(step(&at), Step::Tell);
    at.serving = true;
    at.server.deadline = Some(NOW.0);
    assert_eq!(step(&at), Step::Tell);
    at.server.deadline = Some(NOW.0 + 1);
    at.host.as_mut().unwrap().up = false;
    assert_eq!(step(&at), Step::Remove, "nobody is left to be let go of");
}

#[test]
fn what_was_on_a_node_that_is_gone_is_lost_and_builds_go_elsewhere() {
    let gone = |mut at: Snapshot| {
        let host = at.host.as_mut().unwrap();
        (host.up, host.gone) = (false, true);
        at
    };
    for held in [false, true] {
        let mut at = gone(active(RunState::Running, None));
        at.spec.held_in_error = held;
        assert!(matches!(step(&at), Step::Lose { reason } if reason.contains("h it was on")));
        at.server.deleting = 1;
        assert_eq!(step(&at), Step::Remove);
    }
    let built = step(&gone(building()));
    assert!(matches!(built, Step::Leave { gone: true, .. }), "{built:?}");
}
