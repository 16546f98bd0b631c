//! What is ordered and what becomes of it.

use crate::world::*;
use compute_driver::Driver;
use process::Faults;
use schemas::host::{Desired, Seen};
use schemas::ids::{HostId, WorkloadId};
use schemas::workload::{Attachment, Network, Power, Reboot, RunState, Workload};
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn an_agent_says_hello_and_boots_what_it_is_told() {
    let mut world = World::new().await;
    let hello = world.hello().await;
    assert_eq!((hello.host, hello.present.len()), (world.host, 0));
    assert_eq!(hello.inventory.hostname, "h1");
    assert_eq!(
        (hello.inventory.cpus, hello.inventory.driver.as_str()),
        (4, "sim")
    );

    let mut want = workload(&world.image("hi"));
    want.networks = vec![attach(&network("net"))];
    let seen = reached(world.settle(want.id, container(&want)).await);
    assert_eq!((seen.state, seen.interfaces.len()), (RunState::Running, 1));
    assert_eq!(seen.limits, want.limits);

    let beat = world.report(|report| match report {
        bus::Report::Heartbeat(beat) if !beat.inventory.images.is_empty() => Some(beat),
        _ => None,
    });
    assert_eq!(beat.await.inventory.images, [want.image.manifest]);
}

#[tokio::test(start_paused = true)]
async fn a_subnet_that_another_cloud_has_on_this_engine_is_replaced() {
    let mut world = World::new().await;
    let chosen = |name| Network {
        cidr: Some("10.9.0.0/24".into()),
        ..network(name)
    };
    let stranger = world.engine.connect(HostId::new());
    stranger.ensure_network(&chosen("theirs")).await.unwrap();

    let (ours, image) = (chosen("ours"), world.image("hi"));
    for _ in 0..2 {
        let mut want = workload(&image);
        want.networks = vec![attach(&ours)];
        let seen = reached(world.settle(want.id, container(&want)).await);
        assert_eq!(seen.interfaces.len(), 1);
        assert!(!seen.interfaces[0].address.starts_with("10.9.0."));
    }

    let mut fixed = workload(&image);
    fixed.networks = vec![Attachment {
        address: Some("10.9.0.7".into()),
        ..attach(&chosen("fixed"))
    }];
    let refused = world.settle(fixed.id, container(&fixed)).await;
    let problem = refused.problem.expect("that address is not to be had here");
    assert!(problem.host_fault, "{problem:?}");
}

#[tokio::test(start_paused = true)]
async fn a_resent_order_is_told_again_and_restarts_nothing_that_has_ended() {
    let mut world = World::new().await;
    let want = labelled(
        &world.image("hi"),
        &[("sim.exit_after", "30s"), ("sim.exit_code", "7")],
    );
    let order = world.order(want.id, container(&want)).await;
    let first = reached(world.settled(&order).await);
    assert_eq!(first.state, RunState::Running);
    world.send(&order).await;
    assert_eq!(reached(world.settled(&order).await), first);

    let ended = world
        .hear(|seen| matches!(&seen.state, Seen::Container(it) if it.state == RunState::Exited));
    let ended = reached(ended.await);
    assert_eq!((ended.exit_code, &ended.boot), (Some(7), &first.boot));
    world.send(&order).await;
    assert_eq!(reached(world.settled(&order).await), ended);

    // Nor after a crash of the agent, though this life of it cannot tell why the container ended.
    world.kill().await;
    world.start(Faults::none());
    world.send(&order).await;
    let found = reached(world.settled(&order).await);
    assert_eq!((found.exit_code, found.boot), (None, ended.boot));

    // A new order does.
    let again = reached(world.settle(want.id, container(&want)).await);
    assert_eq!(again.state, RunState::Running);
    assert_ne!(again.boot, first.boot);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_ends_at_once_is_reached_and_not_started_again() {
    let mut world = World::new().await;
    let want = labelled(
        &world.image("hi"),
        &[("sim.exit_after", "0ms"), ("sim.exit_code", "3")],
    );
    let seen = reached(world.settle(want.id, container(&want)).await);
    assert_eq!(seen.state, RunState::Exited);
    let later = world.all_within(Duration::from_secs(60), want.id).await;
    let boots = later.into_iter().map(|seen| reached(seen).boot);
    assert!(
        boots.clone().all(|boot| boot == seen.boot),
        "{:?}",
        boots.collect::<Vec<_>>()
    );
}

#[tokio::test(start_paused = true)]
async fn an_older_order_is_dropped_even_after_a_restart() {
    let mut world = World::new().await;
    let want = workload(&world.image("hi"));
    let old = world.order(want.id, container(&want)).await;
    world.settled(&old).await;
    let gone = world.settle(want.id, Desired::Absent).await;
    assert_eq!(gone.state, Seen::Absent);
    world.send(&old).await;
    world.kill().await;
    world.start(Faults::none());
    world.send(&old).await;
    world.all_within(Duration::from_secs(30), want.id).await;
    world.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn power_and_limits_follow_the_order_in_place() {
    let mut world = World::new().await;
    let mut want = workload(&world.image("hi"));
    let first = reached(world.settle(want.id, container(&want)).await);
    for (power, state) in [
        (Power::Paused, RunState::Paused),
        (Power::Running, RunState::Running),
        (Power::Stopped, RunState::Exited),
        (Power::Running, RunState::Running),
    ] {
        want.power = power;
        want.limits.memory_bytes += 1 << 20;
        let seen = reached(world.settle(want.id, container(&want)).await);
        assert_eq!((seen.state, &seen.limits), (state, &want.limits));
    }
    let last = world.driver().inspect(want.id).await.unwrap().unwrap();
    assert_ne!(last.boot, first.boot);
}

#[tokio::test(start_paused = true)]
async fn a_reboot_happens_once_however_often_it_is_ordered() {
    let mut world = World::new().await;
    let mut want = workload(&world.image("hi"));
    let first = reached(world.settle(want.id, container(&want)).await);
    want.reboot = Some(Reboot {
        boot: first.boot.clone(),
        hard: false,
    });
    let order = world.order(want.id, container(&want)).await;
    let second = reached(world.settled(&order).await);
    assert_eq!(second.state, RunState::Running);
    assert_ne!(second.boot, first.boot);
    world.send(&order).await;
    assert_eq!(reached(world.settled(&order).await), second);
    let again = world.settle(want.id, container(&want)).await;
    assert_eq!(reached(again), second);
}

#[tokio::test(start_paused = true)]
async fn a_rebuild_makes_the_container_anew_from_its_new_image() {
    let mut world = World::new().await;
    let mut want = workload(&world.image("old"));
    world.settle(want.id, container(&want)).await;
    want.image = world.image("new");
    want.incarnation = 2;
    let seen = reached(world.settle(want.id, container(&want)).await);
    assert_eq!((seen.incarnation, seen.state), (2, RunState::Running));
    let order = compute_driver::ExecOrder::new(["cat", "/etc/motd"]);
    let said = world.driver().exec(want.id, order).await.unwrap();
    assert_eq!(said.text, "new");
}

#[tokio::test(start_paused = true)]
async fn a_network_goes_with_the_last_container_on_it() {
    let mut world = World::new().await;
    let image = world.image("hi");
    let net = network("shared");
    let on_net = || Workload {
        networks: vec![attach(&net)],
        ..workload(&image)
    };
    let (one, two) = (on_net(), on_net());
    world.settle(one.id, container(&one)).await;
    world.settle(two.id, container(&two)).await;
    world.settle(one.id, Desired::Absent).await;
    assert_eq!(world.driver().list_networks().await.unwrap().len(), 1);
    // A stopped container is on its network, too; and a new life of the agent knows it.
    world
        .driver()
        .ensure_stopped(two.id, Duration::ZERO)
        .await
        .unwrap();
    world.kill().await;
    world.start(Faults::none());
    world.settle(two.id, Desired::Absent).await;
    world.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn networks_of_a_host_whose_state_is_lost_go_all_the_same() {
    let mut world = World::new().await;
    let mut want = workload(&world.image("hi"));
    want.networks = vec![attach(&network("net"))];
    world.settle(want.id, container(&want)).await;
    world.kill().await;
    world.settings.host = Some(world.host);
    std::fs::remove_dir_all(&world.settings.state_dir).unwrap();
    world.start(Faults::none());
    world.settle(want.id, Desired::Absent).await;
    world.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_again_and_what_stays_is_told_at_once() {
    let mut world = World::new().await;
    let image = world.image("hi");
    let flaky = labelled(&image, &[("sim.fail", "create:1,start:2")]);
    let seen = reached(world.settle(flaky.id, container(&flaky)).await);
    assert_eq!(seen.state, RunState::Running);

    let broken = labelled(&image, &[("sim.fail", "start:100")]);
    let problem = world
        .settle(broken.id, container(&broken))
        .await
        .problem
        .unwrap();
    assert!(!problem.permanent && problem.host_fault, "{problem:?}");

    let refused = labelled(&image, &[("sim.refuse", "start")]);
    let begun = tokio::time::Instant::now();
    let end = world.settle(refused.id, container(&refused)).await;
    assert!(
        end.problem.as_ref().is_some_and(|it| it.permanent),
        "{end:?}"
    );
    assert!(
        begun.elapsed() < Duration::from_millis(200),
        "{:?}",
        begun.elapsed()
    );

    // A hello repeats the problem with what is there.
    world.broker.stop();
    world.broker.start();
    let told = world.hear(|seen| seen.id == refused.id).await;
    assert_eq!(told.problem, end.problem);
    assert_eq!(told.generation, end.generation);
}

#[tokio::test(start_paused = true)]
async fn containers_that_hang_stop_nobody() {
    let mut world = World::new().await;
    world.hello().await;
    let image = world.image("hi");
    let mut hanging = Vec::new();
    for _ in 0..6 {
        let want = labelled(&image, &[("sim.hang", "start")]);
        hanging.push(world.order(want.id, container(&want)).await);
    }
    let want = workload(&image);
    let begun = tokio::time::Instant::now();
    let order = world.order(want.id, container(&want)).await;
    reached(world.settled(&order).await);
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
    let end = world.settled(&hanging[0]).await;
    assert!(
        end.problem
            .is_some_and(|it| it.text.contains("did not finish 'start'"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_newer_order_overtakes_one_that_waits() {
    let mut world = World::new().await;
    world.hello().await;
    world
        .images
        .down
        .store(true, std::sync::atomic::Ordering::SeqCst);
    let want = workload(&world.image("hi"));
    world.order(want.id, container(&want)).await;
    let gone = world.settle(want.id, Desired::Absent).await;
    assert_eq!((gone.state, gone.problem), (Seen::Absent, None));
}

#[tokio::test(start_paused = true)]
async fn what_was_never_here_is_absent() {
    let mut world = World::new().await;
    let seen = world.settle(WorkloadId::new(), Desired::Absent).await;
    assert_eq!((seen.state, seen.problem), (Seen::Absent, None));
}
