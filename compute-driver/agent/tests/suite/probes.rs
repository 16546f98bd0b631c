//! What becomes of pods by what their probes say.

use crate::pods::*;
use compute_driver::Driver;
use schemas::workload::Pod;
use schemas::workload::pod::{Check, Phase, Restart};
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn readiness_comes_and_goes_with_its_probe() {
    let mut world = world().await;
    let image = world.image("hi");
    let mut web = member(&image, "web", &IDLE);
    web.readiness = probe(command(&["cat", "/tmp/ready"]));
    let want = pod(Restart::Always, vec![], vec![web]);
    world.order(want.id, desired(&want)).await;
    until(&mut world, &want, |it| {
        it.phase == Phase::Running && !it.ready
    })
    .await;
    let web = Pod::member_id(want.id, "web");
    let driver = world.driver();
    driver
        .archive_put(web, "/tmp", file("ready", "yes"))
        .await
        .unwrap();
    let ready = until(&mut world, &want, |it| it.ready).await;
    assert_eq!(ready.containers[0].restarts, 0);
}

#[tokio::test(start_paused = true)]
async fn a_container_whose_liveness_fails_is_killed_and_begins_again() {
    let mut world = world().await;
    let image = world.image("hi");
    let mut web = member(&image, "web", &["httpd", "-f", "-p", "80"]);
    web.startup = probe(Check::Tcp { port: 80 });
    web.liveness = probe(Check::Http {
        port: 80,
        path: "/health".into(),
        tls: false,
        headers: vec![],
    });
    let mut want = pod(Restart::Always, vec![], vec![web]);
    want.spec.containers.push(member(&image, "beside", &IDLE));
    world.order(want.id, desired(&want)).await;
    until(&mut world, &want, |it| it.ready).await;
    let silence = world.all_within(Duration::from_secs(60), want.id).await;
    assert!(
        silence
            .iter()
            .all(|it| shown(it).is_some_and(|it| it.ready)),
        "{silence:?}"
    );
    let web = Pod::member_id(want.id, "web");
    let driver = world.driver();
    let broken = file("http-status", "500");
    driver.archive_put(web, "/", broken).await.unwrap();
    let killed = until(&mut world, &want, |it| {
        !waiting(&it.containers[0]).is_empty()
    })
    .await;
    let reason = waiting(&killed.containers[0]);
    assert!(
        reason.contains("liveness probe failed: HTTP status 500"),
        "{reason}"
    );
    let again = until(&mut world, &want, |it| it.ready).await;
    assert_eq!(
        (again.containers[0].restarts, again.containers[1].restarts),
        (1, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_container_that_never_starts_up_is_begun_again() {
    let mut world = world().await;
    let image = world.image("hi");
    let mut web = member(&image, "web", &IDLE);
    web.startup = probe(Check::Tcp { port: 80 });
    let want = pod(Restart::Always, vec![], vec![web]);
    world.order(want.id, desired(&want)).await;
    let again = until(&mut world, &want, |it| it.containers[0].restarts == 2).await;
    assert!(!again.ready);
}
