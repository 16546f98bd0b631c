//! Changes: another size, deadlines, what is given up and what comes of it.

use super::*;

#[test]
fn a_server_that_ran_is_not_an_error_because_a_change_failed() {
    let mut at = active(RunState::Running, None);
    at.server.task_state = Some("pausing".into());
    at.sight.problem = problem(true, false);
    assert!(matches!(
        step(&at),
        Step::Fail {
            vm_state: "active",
            ..
        }
    ));
}

#[test]
fn a_change_is_given_up_at_its_deadline_with_the_last_step_heard() {
    let mut at = building();
    at.server.deadline = Some(NOW.0);
    at.sight.step = Some("fetching image: 3 of 12 MiB".into());
    let Step::Fail { vm_state, reason } = step(&at) else {
        panic!("not given up")
    };
    assert_eq!(vm_state, "error");
    assert!(
        reason.contains("3 of 12 MiB") && reason.contains("host h"),
        "{reason}"
    );
}

#[test]
fn another_size_is_reserved_first_then_told_then_waits_to_be_confirmed() {
    let mut at = active(RunState::Running, None);
    at.spec.previous_flavor = Some(at.spec.flavor.clone());
    at.server.task_state = Some("resize_prep".into());
    assert_eq!(step(&at), Step::Grow);
    at.server.task_state = Some("resize_finish".into());
    at.server.generation = 3;
    assert_eq!(step(&at), Step::Tell);
    at.server.seen_generation = 3;
    assert_eq!(
        step(&at),
        Step::Settle {
            vm_state: "resized"
        }
    );
    at.server.vm_state = "resized".into();
    at.server.task_state = None;
    assert_eq!(step(&at), Step::Rest);
    at.spec.previous_flavor = None;
    assert_eq!(step(&at), Step::Settle { vm_state: "active" });
}

#[test]
fn a_resize_the_host_fails_leaves_the_server_as_it_ran() {
    for (state, expected) in [
        (RunState::Running, "active"),
        (RunState::Exited, "stopped"),
        (RunState::Paused, "paused"),
    ] {
        let mut at = active(state, Some(0));
        at.spec.power = Power::Stopped;
        at.spec.previous_flavor = Some(at.spec.flavor.clone());
        at.server.task_state = Some("resize_finish".into());
        at.sight.problem = problem(true, false);
        let Step::Fail { vm_state, reason } = step(&at) else {
            panic!("not failed")
        };
        assert_eq!((vm_state, reason.as_str()), (expected, "because"));
    }
}

#[test]
fn a_server_declared_in_error_stays_so_whatever_is_seen_until_something_is_asked_of_it() {
    let mut at = active(RunState::Running, None);
    at.server.vm_state = "error".into();
    at.spec.held_in_error = true;
    assert_eq!(step(&at), Step::Rest);
    at.server.generation += 1;
    assert_eq!(step(&at), Step::Rest, "its host began anew");
    at.server.task_state = Some("rebooting_hard".into());
    assert_eq!(step(&at), Step::Tell);
    at.server.deleting = 1;
    assert_eq!(step(&at), Step::Tell);
}

#[test]
fn room_that_a_given_up_resize_held_is_given_back_when_the_host_has_come_round() {
    let mut at = active(RunState::Running, None);
    assert_eq!(step(&at), Step::Rest);
    at.spec.charged.memory_mb = 512;
    assert_eq!(step(&at), Step::Settle { vm_state: "active" });
    at.spec.previous_flavor = Some(at.spec.flavor.clone());
    at.server.vm_state = "resized".into();
    assert_eq!(
        step(&at),
        Step::Rest,
        "both sizes are held until it is confirmed"
    );
}
