//! Pods: made as ordered, and kept by the agent.

use crate::world::*;
use bytes::Bytes;
use compute_driver::Driver;
use process::Faults;
use schemas::host::{Desired, Observed, Op, Reply, Seen};
use schemas::ids::WorkloadId;
use schemas::workload::pod::*;
use schemas::workload::{ImageRef, Limits, Pod, PodSeen, Security};
use std::collections::BTreeMap;
use std::time::Duration;

pub fn member(image: &ImageRef, name: &str, command: &[&str]) -> Member {
    Member {
        name: name.into(),
        image: image.clone(),
        command: Some(command.iter().map(|word| (*word).to_owned()).collect()),
        args: None,
        working_dir: None,
        user: None,
        env: BTreeMap::new(),
        limits: Limits {
            cpu_shares: 512,
            cpu_millis: None,
            memory_bytes: 64 << 20,
            pids: 100,
        },
        security: Security::default(),
        mounts: Vec::new(),
        ports: BTreeMap::new(),
        liveness: None,
        readiness: None,
        startup: None,
    }
}

pub fn pod(restart: Restart, init: Vec<Member>, containers: Vec<Member>) -> Pod {
    Pod {
        id: WorkloadId::new(),
        project_id: "p".into(),
        name: "web".into(),
        hostname: "web".into(),
        incarnation: 1,
        networks: vec![attach(&network("pods"))],
        spec: PodSpec {
            labels: BTreeMap::new(),
            restart,
            grace_s: 1,
            volumes: Vec::new(),
            init,
            containers,
        },
    }
}

pub fn probe(check: Check) -> Option<Probe> {
    Some(Probe {
        check,
        delay_s: 0,
        period_s: 5,
        timeout_s: 2,
        successes: 1,
        failures: 2,
    })
}

pub fn desired(pod: &Pod) -> Desired {
    Desired::Pod(Box::new(pod.clone()))
}

/// With an agent that hears orders.
pub async fn world() -> World {
    let mut world = World::new().await;
    world.hello().await;
    world
}

/// The pod in an observation without a problem.
pub fn shown(seen: &Observed) -> Option<&PodSeen> {
    match &seen.state {
        Seen::Pod(pod) if seen.problem.is_none() => Some(pod),
        _ => None,
    }
}

/// The next observation of a pod that is like this.
pub async fn until(world: &mut World, pod: &Pod, wanted: impl Fn(&PodSeen) -> bool) -> PodSeen {
    let seen = world.hear(|seen| seen.id == pod.id && shown(seen).is_some_and(&wanted));
    shown(&seen.await).unwrap().clone()
}

pub fn command(words: &[&str]) -> Check {
    Check::Exec {
        command: words.iter().map(|word| (*word).to_owned()).collect(),
    }
}

pub fn file(name: &str, content: &str) -> Bytes {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, name, content.as_bytes())
        .unwrap();
    tar.into_inner().unwrap().into()
}

pub fn waiting(seen: &MemberSeen) -> &str {
    match &seen.state {
        MemberState::Waiting { reason } => reason,
        _ => "",
    }
}

pub const IDLE: [&str; 1] = ["serve"];

#[tokio::test(start_paused = true)]
async fn a_pod_is_initialized_and_runs_and_goes() {
    let mut world = world().await;
    let image = world.image("hi");
    let init = vec![
        member(&image, "first", &["sleep", "20"]),
        member(&image, "second", &["true"]),
    ];
    let containers = vec![member(&image, "web", &IDLE), member(&image, "log", &IDLE)];
    let want = pod(Restart::Always, init, containers);
    let first = world.settle(want.id, desired(&want)).await;
    let pending = shown(&first).unwrap();
    assert_eq!((pending.phase, pending.ready), (Phase::Pending, false));
    assert_eq!(pending.init[0].state, MemberState::Running);
    assert_eq!(waiting(&pending.containers[0]), "PodInitializing");
    assert_eq!(pending.interfaces.len(), 1);

    let up = until(&mut world, &want, |it| it.ready).await;
    assert_eq!(up.phase, Phase::Running);
    assert!(up.init.iter().all(|it| it.ready));
    let present = world.driver().list().await.unwrap();
    assert_eq!(
        present.iter().map(|it| it.id).collect::<Vec<_>>(),
        [want.id]
    );

    let gone = world.settle(want.id, Desired::Absent).await;
    assert_eq!((gone.state, gone.problem), (Seen::Absent, None));
    world.assert_empty().await;
    assert_eq!(world.driver().inspect_pod(want.id).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_ends_again_and_again_waits_longer_each_time() {
    let mut world = world().await;
    let image = world.image("hi");
    let want = pod(
        Restart::Always,
        vec![],
        vec![member(&image, "web", &["false"])],
    );
    world.settle(want.id, desired(&want)).await;
    let begun = tokio::time::Instant::now();
    let looped = until(&mut world, &want, |it| it.containers[0].restarts == 4);
    let looped = looped.await;
    let took = begun.elapsed().as_secs();
    // 0 + 10 + 20 + 40, and a second for each event to settle.
    assert!((70..80).contains(&took), "{took} s");
    assert_eq!(looped.phase, Phase::Running);
    let waits = until(&mut world, &want, |it| {
        !waiting(&it.containers[0]).is_empty()
    })
    .await;
    assert!(waiting(&waits.containers[0]).starts_with("CrashLoopBackOff"));
}

#[tokio::test(start_paused = true)]
async fn pods_end_as_their_policies_say() {
    let mut world = world().await;
    let image = world.image("hi");
    let end = |command: &[&str]| vec![member(&image, "job", command)];
    for (restart, command, phase) in [
        (Restart::Never, "true", Phase::Succeeded),
        (Restart::Never, "false", Phase::Failed),
        (Restart::OnFailure, "true", Phase::Succeeded),
    ] {
        let want = pod(restart, vec![], end(&[command]));
        world.order(want.id, desired(&want)).await;
        let ended = until(&mut world, &want, |it| it.phase == phase).await;
        assert!(matches!(
            ended.containers[0].state,
            MemberState::Ended { .. }
        ));
        assert_eq!(ended.containers[0].restarts, 0);
    }
    let mut job = end(&IDLE);
    job[0].env = BTreeMap::from([
        ("sim.exit_after".into(), "1s".into()),
        ("sim.exit_code".into(), "1,1,0".into()),
    ]);
    let want = pod(Restart::OnFailure, vec![], job);
    world.order(want.id, desired(&want)).await;
    let ended = until(&mut world, &want, |it| it.phase == Phase::Succeeded).await;
    assert_eq!(ended.containers[0].restarts, 2);

    let broken = pod(Restart::Never, end(&["false"]), end(&IDLE));
    world.order(broken.id, desired(&broken)).await;
    let ended = until(&mut world, &broken, |it| it.phase == Phase::Failed).await;
    assert_eq!(waiting(&ended.containers[0]), "PodInitializing");
}

#[tokio::test(start_paused = true)]
async fn a_pod_whose_sandbox_died_is_made_anew() {
    let mut world = world().await;
    let image = world.image("hi");
    let init = vec![member(&image, "first", &["true"])];
    let want = pod(Restart::Always, init, vec![member(&image, "web", &IDLE)]);
    world.order(want.id, desired(&want)).await;
    until(&mut world, &want, |it| it.ready).await;
    world.engine.kill(world.host, want.id, 137).unwrap();
    let again = until(&mut world, &want, |it| {
        it.ready && it.containers[0].restarts == 1
    });
    assert_eq!(again.await.init[0].restarts, 1);

    let want = pod(Restart::Never, vec![], vec![member(&image, "web", &IDLE)]);
    world.order(want.id, desired(&want)).await;
    until(&mut world, &want, |it| it.ready).await;
    world.engine.kill(world.host, want.id, 137).unwrap();
    until(&mut world, &want, |it| it.phase == Phase::Failed).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let here = world.driver().inspect_pod(want.id).await.unwrap().unwrap();
    let web = &here.members["web"];
    assert_eq!(web.state, schemas::workload::RunState::Exited);
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_lost_power_has_its_pods_again() {
    let mut world = world().await;
    let image = world.image("hi");
    let want = pod(Restart::Always, vec![], vec![member(&image, "web", &IDLE)]);
    world.order(want.id, desired(&want)).await;
    until(&mut world, &want, |it| it.ready).await;
    world.engine.power_cycle();
    until(&mut world, &want, |it| {
        it.ready && it.containers[0].restarts == 1
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_pod_is_kept_though_nobody_can_be_told() {
    let mut world = world().await;
    let image = world.image("hi");
    let want = pod(Restart::Always, vec![], vec![member(&image, "web", &IDLE)]);
    world.order(want.id, desired(&want)).await;
    until(&mut world, &want, |it| it.ready).await;
    let driver = world.driver();
    let boot = async || {
        let here = driver.inspect_pod(want.id).await.unwrap().unwrap();
        here.members["web"].boot.clone()
    };
    let first = boot().await;
    world.broker.stop();
    let web = Pod::member_id(want.id, "web");
    world.engine.kill(world.host, web, 1).unwrap();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_ne!(boot().await, first);
    world.broker.start();
    let told = until(&mut world, &want, |it| it.containers[0].restarts == 1).await;
    assert!(told.ready);
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_comes_back_adopts_pods_and_goes_on_counting() {
    let mut world = world().await;
    let image = world.image("hi");
    let mut web = member(&image, "web", &IDLE);
    web.readiness = probe(command(&["cat", "/etc/motd"]));
    let looping = member(&image, "loop", &["sleep", "30"]);
    let init = vec![member(&image, "first", &["true"])];
    let want = pod(Restart::Always, init, vec![web, looping]);
    let order = world.order(want.id, desired(&want)).await;
    until(&mut world, &want, |it| it.ready).await;
    until(&mut world, &want, |it| {
        it.ready && it.containers[1].restarts == 1
    })
    .await;
    let before = world.driver().inspect_pod(want.id).await.unwrap().unwrap();

    world.kill().await;
    world.start(Faults::none());
    world.hello().await;
    let told = world
        .hear(|seen| seen.id == want.id && shown(seen).is_some())
        .await;
    assert_eq!(told.generation, order.generation);
    let shown = shown(&told).unwrap();
    assert_eq!((shown.phase, shown.ready), (Phase::Running, true));
    assert_eq!(
        (shown.containers[0].restarts, shown.containers[1].restarts),
        (0, 1)
    );
    let after = world.driver().inspect_pod(want.id).await.unwrap().unwrap();
    assert_eq!(before.members["web"].boot, after.members["web"].boot);
    until(&mut world, &want, |it| it.containers[1].restarts == 2).await;
}

#[tokio::test(start_paused = true)]
async fn a_command_that_the_image_lacks_is_told_in_words() {
    let mut world = world().await;
    let image = world.image("hi");
    let mut web = member(&image, "web", &IDLE);
    web.env = BTreeMap::from([("sim.refuse".into(), "start".into())]);
    let want = pod(
        Restart::Always,
        vec![],
        vec![web, member(&image, "beside", &IDLE)],
    );
    let seen = world.settle(want.id, desired(&want)).await;
    let seen = shown(&seen).expect("no problem of the pod");
    assert!(
        waiting(&seen.containers[0]).contains("StartError"),
        "{seen:?}"
    );
    assert_eq!(seen.containers[1].state, MemberState::Running);
}

#[tokio::test(start_paused = true)]
async fn another_incarnation_is_made_anew_and_another_label_changes_nothing() {
    let mut world = world().await;
    let image = world.image("hi");
    let mut want = pod(Restart::Always, vec![], vec![member(&image, "web", &IDLE)]);
    world.settle(want.id, desired(&want)).await;
    let first = world.driver().inspect_pod(want.id).await.unwrap().unwrap();
    want.spec.labels.insert("tier".into(), "front".into());
    want.spec.containers[0].command = Some(vec!["other".into()]);
    world.settle(want.id, desired(&want)).await;
    let same = world.driver().inspect_pod(want.id).await.unwrap().unwrap();
    assert_eq!(first, same);
    want.incarnation = 2;
    let anew = world.settle(want.id, desired(&want)).await;
    let anew = shown(&anew).unwrap();
    assert_eq!((anew.incarnation, anew.containers[0].restarts), (2, 0));
    let other = world.driver().inspect_pod(want.id).await.unwrap().unwrap();
    assert_ne!(first.members["web"].boot, other.members["web"].boot);
}

#[tokio::test(start_paused = true)]
async fn output_and_commands_are_of_the_container_that_is_named() {
    let mut world = world().await;
    let image = world.image("hi");
    let says = |name: &str| {
        let mut member = member(&image, name, &IDLE);
        member.env = BTreeMap::from([
            ("sim.log".into(), format!("{name} speaks")),
            ("NAME".into(), name.into()),
        ]);
        member
    };
    let want = pod(Restart::Always, vec![], vec![says("web"), says("log")]);
    world.settle(want.id, desired(&want)).await;
    for (container, name) in [(None, "web"), (Some("log"), "log")] {
        let container = container.map(str::to_owned);
        let logs = Op::Logs {
            tail: None,
            timestamps: false,
            container: container.clone(),
        };
        let said = world.call(want.id, logs).await;
        let expected = format!("{name} speaks\n");
        assert!(
            matches!(&said, Reply::Text { text, .. } if *text == expected),
            "{said:?}"
        );
        let command = vec!["env".to_owned()];
        let said = world.call(want.id, Op::Exec { command, container }).await;
        let expected = format!("NAME={name}\n");
        assert!(
            matches!(&said, Reply::Text { text, .. } if text.contains(&expected)),
            "{said:?}"
        );
    }
    let container = Some("nobody".to_owned());
    let command = vec!["env".to_owned()];
    let said = world.call(want.id, Op::Exec { command, container }).await;
    assert!(matches!(said, Reply::Failed { code, .. } if code == "not_found"));
}
