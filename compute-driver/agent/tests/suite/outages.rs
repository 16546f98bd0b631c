//! Engine, bus and containers that come and go by themselves.

use crate::world::*;
use bus::Report;
use compute_driver::Driver;
use process::Faults;
use schemas::host::{Desired, Seen};
use schemas::workload::RunState;
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn an_engine_that_goes_away_is_waited_for_and_its_return_is_told() {
    let mut world = World::new().await;
    let image = world.image("hi");
    let there = workload(&image);
    world.settle(there.id, container(&there)).await;

    world.engine.set_down(true);
    let troubled = world.report(|report| match report {
        Report::Heartbeat(beat) => beat.inventory.engine_problem,
        _ => None,
    });
    assert!(troubled.await.contains("does not answer"));
    let want = workload(&image);
    let order = world.order(want.id, container(&want)).await;
    let busy = world.hear(|seen| seen.id == want.id).await;
    assert!(
        matches!(&busy.state, Seen::Busy { step } if step.contains("engine")),
        "{busy:?}"
    );
    assert_eq!(busy.generation, 0);

    world.engine.set_down(false);
    let (mut hello, mut told, mut made) = (false, false, false);
    while !(hello && told && made) {
        match world.report(Some).await {
            Report::Hello(it) => hello = it.present.iter().any(|seen| seen.id == there.id),
            Report::Observed(seen) if seen.id == there.id => told = hello,
            Report::Observed(seen) if seen.id == want.id && !is_busy(&seen) => {
                assert_eq!(seen.generation, order.generation);
                made = reached(seen).state == RunState::Running;
            }
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_engine_there_are_heartbeats_and_no_hello_that_would_say_that_nothing_is_here() {
    let mut world = World::without_agent().await;
    world.engine.set_down(true);
    world.start(Faults::none());
    let mut beats = 0;
    while beats < 3 {
        match world.report(Some).await {
            Report::Heartbeat(beat) if beat.inventory.engine_problem.is_some() => beats += 1,
            Report::Heartbeat(_) => assert_eq!(beats, 0),
            other => panic!("{other:?}"),
        }
    }
    world.engine.set_down(false);
    assert_eq!(world.hello().await.inventory.engine_problem, None);
}

#[tokio::test(start_paused = true)]
async fn heartbeats_go_on_while_the_engine_hangs() {
    let mut world = World::new().await;
    world.hello().await;
    world.engine.set_hanging(true);
    let begun = tokio::time::Instant::now();
    let mut problem = None;
    for _ in 0..10 {
        problem = world.beat().await.engine_problem;
    }
    assert!(problem.is_some());
    assert!(
        begun.elapsed() < Duration::from_secs(100),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_only_restarted_is_not_told_to_be_down() {
    let mut world = World::new().await;
    world.hello().await;
    for _ in 0..3 {
        world.engine.set_down(true);
        let down = tokio::time::Instant::now();
        while down.elapsed() < Duration::from_secs(20) {
            assert_eq!(world.beat().await.engine_problem, None);
        }
        world.engine.set_down(false);
        assert_eq!(world.hello().await.inventory.engine_problem, None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_was_away_is_told_everything_again() {
    let mut world = World::new().await;
    let want = workload(&world.image("hi"));
    let first = reached(world.settle(want.id, container(&want)).await);
    world.broker.stop();
    tokio::time::sleep(Duration::from_secs(30)).await;
    world.broker.start();
    let hello = world.hello().await;
    assert_eq!(hello.present, std::slice::from_ref(&first));
    let told = world.hear(|seen| seen.id == want.id).await;
    assert_eq!(reached(told), first);
}

#[tokio::test(start_paused = true)]
async fn an_end_that_happens_while_the_bus_is_away_is_told_afterwards() {
    let mut world = World::new().await;
    let want = workload(&world.image("hi"));
    let order = world.order(want.id, container(&want)).await;
    world.broker.stop();
    tokio::time::sleep(Duration::from_secs(60)).await;
    world.broker.start();
    assert_eq!(
        reached(world.settled(&order).await).state,
        RunState::Running
    );
}

#[tokio::test(start_paused = true)]
async fn a_container_that_dies_is_told_with_the_last_generation_finished() {
    let mut world = World::new().await;
    let want = workload(&world.image("hi"));
    let order = world.order(want.id, container(&want)).await;
    world.settled(&order).await;
    world.all_within(Duration::from_secs(5), want.id).await;
    world.engine.kill(world.host, want.id, 9).unwrap();
    let told = world.hear(|seen| seen.id == want.id).await;
    assert_eq!(told.generation, order.generation);
    let seen = reached(told);
    assert_eq!((seen.state, seen.exit_code), (RunState::Exited, Some(9)));
}

#[tokio::test(start_paused = true)]
async fn what_an_order_did_is_told_once() {
    let mut world = World::new().await;
    let want = workload(&world.image("hi"));
    world.hello().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    world.settle(want.id, container(&want)).await;
    assert_eq!(world.all_within(Duration::from_secs(60), want.id).await, []);
    world.settle(want.id, Desired::Absent).await;
    assert_eq!(world.all_within(Duration::from_secs(60), want.id).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_dies_with_its_engine_is_told_of_by_the_hello() {
    let mut world = World::new().await;
    let want = workload(&world.image("hi"));
    world.settle(want.id, container(&want)).await;
    world.all_within(Duration::from_secs(5), want.id).await;
    world.engine.kill(world.host, want.id, 137).unwrap();
    world.engine.set_down(true);
    assert_eq!(world.all_within(Duration::from_secs(60), want.id).await, []);
    world.engine.set_down(false);
    assert_eq!(world.hello().await.present[0].state, RunState::Exited);
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_is_asked_to_end_finishes_what_it_does_and_touches_nothing() {
    let mut world = World::new().await;
    let image = world.image("hi");
    let there = workload(&image);
    let seen = reached(world.settle(there.id, container(&there)).await);
    let slow = labelled(&image, &[("sim.start_delay", "3s")]);
    let stuck = labelled(&image, &[("sim.hang", "start")]);
    let order = world.order(slow.id, container(&slow)).await;
    world.order(stuck.id, container(&stuck)).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let begun = tokio::time::Instant::now();
    world.stop().await;
    assert!(
        begun.elapsed() < Duration::from_secs(6),
        "{:?}",
        begun.elapsed()
    );
    let driver = world.driver();
    assert_eq!(driver.inspect(there.id).await.unwrap(), Some(seen));
    let slow = driver.inspect(slow.id).await.unwrap().unwrap();
    assert_eq!(slow.state, RunState::Running);
    let told = world.hear(|seen| seen.id == order.id && !is_busy(seen));
    assert_eq!(told.await.generation, order.generation);
}
