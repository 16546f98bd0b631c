//! Making, starting, freezing, stopping and removing.

use super::{Behaviour, Bench, must};
use crate::error::DriverError;
use schemas::ids::WorkloadId;
use schemas::workload::{Observation, Reboot, RunState};
use std::collections::BTreeMap;
use std::time::Duration;

const GRACE: Duration = Duration::from_secs(10);

/// `ensure_created` twice makes one, which has no life yet.
pub async fn a_container_is_made_once_and_not_started(bench: &Bench) {
    let workload = bench.workload(Behaviour::Idle).await;
    assert_eq!(
        must(bench.driver.inspect(workload.id).await, "inspect"),
        None
    );
    must(bench.driver.ensure_created(&workload).await, "create");
    must(bench.driver.ensure_created(&workload).await, "create again");
    let all = must(bench.driver.list().await, "list");
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(
        all[0],
        bench.seen(workload.id).await,
        "list and inspect agree"
    );
    assert_eq!((all[0].id, all[0].state), (workload.id, RunState::Created));
    assert_eq!(
        (all[0].boot.as_str(), all[0].exit_code, all[0].oom_killed),
        ("", None, false)
    );
    must(
        bench.driver.ensure_stopped(workload.id, GRACE).await,
        "what never ran is stopped",
    );
    assert_eq!(bench.seen(workload.id).await.state, RunState::Created);
}

/// A rebuilt container begins anew, whatever the old one was doing.
pub async fn another_incarnation_replaces_the_container(bench: &Bench) {
    let mut workload = bench.started(Behaviour::Idle).await;
    must(
        bench.driver.ensure_created(&workload).await,
        "the same incarnation",
    );
    assert_eq!(
        bench.seen(workload.id).await.state,
        RunState::Running,
        "stays untouched"
    );
    workload.incarnation = 2;
    must(
        bench.driver.ensure_created(&workload).await,
        "the next incarnation",
    );
    let seen = bench.seen(workload.id).await;
    assert_eq!((seen.incarnation, seen.state), (2, RunState::Created));
    assert_eq!(must(bench.driver.list().await, "list").len(), 1);
}

/// `ensure_running` twice is one life.
pub async fn what_runs_is_not_started_again(bench: &Bench) {
    let workload = bench.started(Behaviour::Idle).await;
    let first = bench.seen(workload.id).await;
    assert_eq!(first.state, RunState::Running);
    assert_ne!(first.boot, "", "a life has a name");
    must(
        bench.driver.ensure_running(workload.id).await,
        "start again",
    );
    assert_eq!(bench.seen(workload.id).await.boot, first.boot);
}

/// `ensure_stopped` twice; the next start is another life.
pub async fn what_has_ended_stays_ended_and_starts_as_another_life(bench: &Bench) {
    let workload = bench.started(Behaviour::Idle).await;
    let first = bench.seen(workload.id).await;
    must(
        bench.driver.ensure_stopped(workload.id, GRACE).await,
        "stop",
    );
    let ended = bench.seen(workload.id).await;
    assert_eq!((ended.state, &ended.boot), (RunState::Exited, &first.boot));
    assert!(ended.exit_code.is_some() && !ended.oom_killed, "{ended:?}");
    must(
        bench.driver.ensure_stopped(workload.id, GRACE).await,
        "stop again",
    );
    assert_eq!(bench.seen(workload.id).await, ended);
    must(bench.driver.ensure_running(workload.id).await, "start");
    let second = bench.seen(workload.id).await;
    assert_eq!((second.state, second.exit_code), (RunState::Running, None));
    assert_ne!(second.boot, first.boot);
}

/// Freezing and resuming do not end a life; freezing what does not run starts it.
pub async fn a_paused_container_lives_on_when_resumed(bench: &Bench) {
    let workload = bench.workload(Behaviour::Idle).await;
    must(bench.driver.ensure_created(&workload).await, "create");
    must(
        bench.driver.ensure_paused(workload.id).await,
        "pause what was never started",
    );
    let paused = bench.seen(workload.id).await;
    assert_eq!(paused.state, RunState::Paused);
    must(bench.driver.ensure_paused(workload.id).await, "pause again");
    assert_eq!(bench.seen(workload.id).await, paused);
    must(bench.driver.ensure_running(workload.id).await, "resume");
    let resumed = bench.seen(workload.id).await;
    assert_eq!(
        (resumed.state, &resumed.boot),
        (RunState::Running, &paused.boot)
    );
    must(
        bench.driver.ensure_paused(workload.id).await,
        "pause what runs",
    );
    must(
        bench.driver.ensure_stopped(workload.id, GRACE).await,
        "stop what is paused",
    );
    assert_eq!(bench.seen(workload.id).await.state, RunState::Exited);
}

/// A program's own end is seen, with its status.
pub async fn a_status_of_exit_is_seen(bench: &Bench) {
    let workload = bench.started(Behaviour::Exits(7)).await;
    let ended = bench.ended(workload.id).await;
    assert_eq!((ended.exit_code, ended.oom_killed), (Some(7), false));
    assert_ne!(ended.boot, "");
}

/// The grace over, it is killed: one stubborn container does not hold its host up.
pub async fn a_container_that_ignores_the_request_to_end_is_killed(bench: &Bench) {
    let workload = bench.started(Behaviour::IgnoresTerm).await;
    must(
        bench
            .driver
            .ensure_stopped(workload.id, Duration::from_secs(1))
            .await,
        "stop",
    );
    let ended = bench.seen(workload.id).await;
    assert_eq!(
        (ended.state, ended.exit_code),
        (RunState::Exited, Some(137))
    );
}

/// The bound on memory holds, and the reason of the end is told.
pub async fn a_container_that_eats_memory_is_seen_to_be_killed_for_it(bench: &Bench) {
    let workload = bench.started(Behaviour::EatsMemory).await;
    // The kernel tells the engine of both, in no order: the end may be seen first.
    let killed = |seen: &Observation| seen.state == RunState::Exited && seen.oom_killed;
    let ended = bench.until(workload.id, killed).await;
    assert_eq!(ended.exit_code, Some(137));
}

/// The tenant's mistake is told as such, and trying again is not suggested.
pub async fn a_command_that_the_image_lacks_is_refused_for_good(bench: &Bench) {
    let workload = bench.workload(Behaviour::LacksCommand).await;
    must(bench.driver.ensure_created(&workload).await, "create");
    match bench.driver.ensure_running(workload.id).await {
        Err(DriverError::Refused {
            text,
            permanent: true,
            host_fault: false,
        }) => {
            assert!(!text.contains("OCI"), "in the engine's words: {text}");
        }
        other => panic!("started, or refused otherwise: {other:?}"),
    }
    assert!(!matches!(
        bench.seen(workload.id).await.state,
        RunState::Running | RunState::Paused
    ));
    must(bench.driver.ensure_absent(workload.id).await, "remove");
}

/// `ensure_absent` asks for no state.
pub async fn a_container_is_removed_from_every_state(bench: &Bench) {
    let made = bench.workload(Behaviour::Idle).await;
    must(bench.driver.ensure_created(&made).await, "create");
    let running = bench.started(Behaviour::IgnoresTerm).await;
    let paused = bench.started(Behaviour::Idle).await;
    must(bench.driver.ensure_paused(paused.id).await, "pause");
    let ended = bench.started(Behaviour::Exits(0)).await;
    bench.ended(ended.id).await;
    for workload in [made, running, paused, ended] {
        must(bench.driver.ensure_absent(workload.id).await, "remove");
        assert_eq!(
            must(bench.driver.inspect(workload.id).await, "inspect"),
            None
        );
        must(
            bench.driver.ensure_absent(workload.id).await,
            "remove again",
        );
    }
    assert_eq!(must(bench.driver.list().await, "list"), []);
}

/// Every call about an unknown id says so.
pub async fn nothing_can_be_done_with_a_container_that_is_not_there(bench: &Bench) {
    let (driver, id) = (&bench.driver, WorkloadId::new());
    let order = Reboot {
        boot: String::new(),
        hard: false,
    };
    let results = [
        ("running", driver.ensure_running(id).await),
        ("stopped", driver.ensure_stopped(id, GRACE).await),
        ("paused", driver.ensure_paused(id).await),
        ("rebooted", driver.ensure_rebooted(id, &order, GRACE).await),
        (
            "limits",
            driver.ensure_limits(id, &Default::default()).await,
        ),
        ("logs", driver.logs(id, None, false).await.map(drop)),
        ("archive", driver.archive_get(id, "/etc").await.map(drop)),
    ];
    for (call, result) in results {
        assert!(
            matches!(result, Err(DriverError::NotFound { .. })),
            "{call}: {result:?}"
        );
    }
    must(driver.ensure_absent(id).await, "absent is what was wanted");
}

/// A user's words are data: they never name, own or hide anything on the engine.
pub async fn names_and_labels_of_users_do_no_harm(bench: &Bench) {
    let mut first = bench.workload(Behaviour::Idle).await;
    let mut second = bench.workload(Behaviour::Idle).await;
    let hostile = "../../x\" , --privileged \n\u{1f37e} ${HOME} %00 {{.ID}}";
    first.name = hostile.into();
    second.name = hostile.into();
    first.labels = BTreeMap::from([
        ("jeroboam.id".into(), second.id.to_string()),
        ("jeroboam.host".into(), WorkloadId::new().to_string()),
        ("jeroboam.incarnation".into(), "99".into()),
        (hostile.into(), hostile.into()),
        (String::new(), String::new()),
    ]);
    bench.start(&first).await;
    bench.start(&second).await;
    let mut seen: Vec<_> = must(bench.driver.list().await, "list")
        .into_iter()
        .map(|it| (it.id, it.incarnation))
        .collect();
    let mut wanted = [(first.id, 1), (second.id, 1)];
    seen.sort();
    wanted.sort();
    assert_eq!(seen, wanted);
    must(bench.driver.ensure_absent(second.id).await, "remove");
    assert_eq!(bench.seen(first.id).await.state, RunState::Running);
}

/// Two agents may share an engine, as in a demonstration, and even hold the same workload.
pub async fn hosts_on_one_engine_see_their_own_only(bench: &Bench) {
    let workload = bench.started(Behaviour::Idle).await;
    let network = bench.network("mine", false).await;
    let other = bench.another_host();
    assert_eq!(must(other.list().await, "list"), []);
    assert_eq!(must(other.list_networks().await, "networks"), []);
    assert_eq!(must(other.images().await, "images"), [""; 0]);
    assert_eq!(must(other.inspect(workload.id).await, "inspect"), None);
    must(other.ensure_absent(workload.id).await, "absent there");
    must(
        other.ensure_network_absent(network.id).await,
        "absent there",
    );
    assert_eq!(bench.seen(workload.id).await.state, RunState::Running);

    must(
        other.ensure_image(&workload.image, &bench.image).await,
        "image",
    );
    must(
        other.ensure_created(&workload).await,
        "the same workload on the other host",
    );
    must(bench.driver.ensure_absent(workload.id).await, "remove here");
    let there = must(other.inspect(workload.id).await, "inspect there");
    assert_eq!(there.map(|it| it.state), Some(RunState::Created));
    must(other.ensure_absent(workload.id).await, "remove there");
    must(other.remove_unused_images(&[]).await, "images there");
}

/// The driver keeps nothing that the engine does not know.
pub async fn a_driver_that_comes_back_finds_everything(bench: &Bench) {
    let workload = bench.started(Behaviour::Idle).await;
    let network = bench.network("kept", true).await;
    let back = bench.reconnected();
    assert_eq!(
        must(back.list().await, "list"),
        [bench.seen(workload.id).await]
    );
    assert_eq!(must(back.list_networks().await, "networks"), [network]);
    assert_eq!(
        must(back.images().await, "images"),
        std::slice::from_ref(&workload.image.manifest)
    );
    must(back.ensure_stopped(workload.id, GRACE).await, "stop");
    assert_eq!(bench.seen(workload.id).await.state, RunState::Exited);
}
