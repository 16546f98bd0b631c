//! The same agent on a real Docker engine, when `JEROBOAM_TEST_DOCKER` holds its URL. Needs a static
//! busybox at `/bin/busybox`.

use crate::nodes::node;
use crate::pods::{desired, member, pod, probe, until};
use crate::snapshots::snapshot;
use crate::world::*;
use bus::Report;
use compute_driver::docker::{GuardMode, NodeSettings};
use compute_driver::{DockerDriver, DockerSettings, Driver};
use process::Faults;
use schemas::host::{Desired, Op, Reply, Seen};
use schemas::workload::pod::{Check, MemberState, Mount, Phase, Restart, Volume};
use schemas::workload::{ImageRef, Power, RunState};
use std::io::Write;
use std::sync::Arc;

/// A root filesystem with nothing but busybox, compressed.
fn busybox() -> Vec<u8> {
    let binary = std::fs::read("/bin/busybox").expect("a static busybox");
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(binary.len() as u64);
    header.set_mode(0o755);
    tar.append_data(&mut header, "bin/busybox", &binary[..])
        .unwrap();
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    link.set_mode(0o777);
    tar.append_link(&mut link, "bin/sh", "busybox").unwrap();
    let tar = tar.into_inner().unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&tar).unwrap();
    gzip.finish().unwrap()
}

#[tokio::test]
async fn a_container_lives_and_goes_on_docker_as_on_the_simulated_engine() {
    let Ok(url) = std::env::var("JEROBOAM_TEST_DOCKER") else {
        println!("skipped: JEROBOAM_TEST_DOCKER is not set");
        return;
    };
    let mut world = World::without_agent().await;
    world.settings.stop_grace_s = 1;
    let driver: Arc<dyn Driver> = Arc::new(DockerDriver::new(DockerSettings {
        gateway_guard: GuardMode::Off,
        ..DockerSettings::new(url, world.host)
    }));
    world.real = Some(driver.clone());
    world.start(Faults::none());
    let hello = world.hello().await;
    assert!(
        hello.inventory.engine.starts_with("Docker"),
        "{:?}",
        hello.inventory
    );

    let image = world.upload(&busybox());
    let mut want = workload(&image);
    let words = ["/bin/busybox", "sleep", "600"];
    want.command = Some(words.map(str::to_owned).to_vec());
    want.networks = vec![attach(&network("front"))];
    let first = reached(world.settle(want.id, container(&want)).await);
    assert_eq!(
        (first.state, first.interfaces.len()),
        (RunState::Running, 1)
    );

    let command = |line: &str| Op::Exec {
        command: ["/bin/busybox", "sh", "-c", line]
            .map(str::to_owned)
            .to_vec(),
        container: None,
    };
    let said = world
        .call(want.id, command("echo kept > /kept; echo done"))
        .await;
    assert!(
        matches!(&said, Reply::Text { text, .. } if text == "done\n"),
        "{said:?}"
    );

    let (id, order) = snapshot(&want);
    let end = world.settle(id, Desired::Snapshot(order.clone())).await;
    let Seen::Snapshot { manifest } = end.state else {
        panic!("{end:?}")
    };
    assert_eq!(
        world.images.put.lock().unwrap().len(),
        2,
        "one layer and the config"
    );

    // It ends by itself; a new life of the agent, told the same, leaves it so.
    let order = world.order(want.id, container(&want)).await;
    world.settled(&order).await;
    world
        .call(want.id, command("kill -9 1; kill -15 1; exit 0"))
        .await;
    driver
        .ensure_stopped(want.id, std::time::Duration::ZERO)
        .await
        .unwrap();
    let ended = world.hear(|seen| {
        seen.id == want.id
            && matches!(&seen.state, Seen::Container(it) if it.state == RunState::Exited)
    });
    assert_eq!(ended.await.generation, order.generation);
    world.kill().await;
    world.start(Faults::none());
    world.hello().await;
    world.send(&order).await;
    assert_eq!(reached(world.settled(&order).await).state, RunState::Exited);

    let mut again = workload(&ImageRef {
        id: schemas::ids::ImageId(id.0),
        manifest,
    });
    again.command.clone_from(&want.command);
    again.power = Power::Paused;
    again.networks.clone_from(&want.networks);
    let seen = reached(world.settle(again.id, container(&again)).await);
    assert_eq!(seen.state, RunState::Paused);
    again.power = Power::Running;
    reached(world.settle(again.id, container(&again)).await);
    let said = world.call(again.id, command("cat /kept")).await;
    assert!(
        matches!(&said, Reply::Text { text, .. } if text == "kept\n"),
        "{said:?}"
    );

    for id in [want.id, again.id] {
        let gone = world.settle(id, Desired::Absent).await;
        assert_eq!((gone.state, gone.problem), (Seen::Absent, None));
    }
    assert_eq!(driver.list().await.unwrap(), []);
    assert_eq!(driver.list_networks().await.unwrap(), []);
    world.kill().await;
    driver.remove_unused_images(&[]).await.unwrap();
}

/// Stands in for the engine inside a node: whoever connects speaks to the machine's own.
fn stand_in(at: std::path::PathBuf, engine: String) {
    let listener = tokio::net::UnixListener::bind(at).unwrap();
    tokio::spawn(async move {
        while let Ok((mut here, _)) = listener.accept().await {
            let engine = engine.clone();
            tokio::spawn(async move {
                let mut there = tokio::net::UnixStream::connect(engine).await.unwrap();
                _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
            });
        }
    });
}

#[tokio::test]
async fn a_node_on_docker_is_a_host_whose_containers_the_agent_runs() {
    let url = std::env::var("JEROBOAM_TEST_DOCKER").unwrap_or_default();
    let Some(engine) = url.strip_prefix("unix://").map(str::to_owned) else {
        println!("skipped: JEROBOAM_TEST_DOCKER is not set, or is no engine of this machine");
        return;
    };
    let mut world = World::without_agent().await;
    world.settings.stop_grace_s = 1;
    let folders = world.settings.state_dir.join("nodes");
    let driver: Arc<dyn Driver> = Arc::new(DockerDriver::new(DockerSettings {
        nodes: NodeSettings {
            dir: Some(folders.clone()),
            ..NodeSettings::default()
        },
        gateway_guard: GuardMode::Off,
        ..DockerSettings::new(url, world.host)
    }));
    world.real = Some(driver.clone());
    world.start(Faults::none());
    world.hello().await;
    let image = world.upload(&busybox());
    let words = ["/bin/busybox", "sh", "-c", "echo no engine here; sleep 600"];
    let mut want = node(&image, &[]);
    want.command = Some(words.map(str::to_owned).to_vec());
    let made = reached(world.settle(want.id, container(&want)).await);
    assert_eq!(made.node.unwrap().hostname, "node-0");

    let machine = world.host;
    stand_in(
        folders.join(want.id.to_string()).join("docker.sock"),
        engine,
    );
    world.host = want.id.into();
    // It may say hello before anybody answers at the socket.
    let mut engine = String::new();
    while !engine.starts_with("Docker") {
        let node = world.host;
        engine = world
            .report(|report| match report {
                Report::Hello(hello) if hello.host == node => {
                    assert_eq!(hello.present, []);
                    Some(hello.inventory.engine)
                }
                Report::Heartbeat(beat) if beat.host == node => Some(beat.inventory.engine),
                _ => None,
            })
            .await;
    }
    let mut inner = workload(&image);
    inner.command = Some(["/bin/busybox", "sleep", "600"].map(str::to_owned).to_vec());
    let seen = world.settle(inner.id, container(&inner)).await;
    assert_eq!(reached(seen).state, RunState::Running);
    let command = ["/bin/busybox", "echo", "inside"]
        .map(str::to_owned)
        .to_vec();
    let command = Op::Exec {
        command,
        container: None,
    };
    let said = world.call(inner.id, command).await;
    assert!(
        matches!(&said, Reply::Text { text, .. } if text == "inside\n"),
        "{said:?}"
    );
    let on_the_machine = driver.list().await.unwrap();
    assert_eq!(
        on_the_machine.len(),
        1,
        "the node alone: {on_the_machine:?}"
    );
    let within = driver.inner(want.id).await.unwrap();
    world.settle(inner.id, Desired::Absent).await;
    within.remove_unused_images(&[]).await.unwrap();

    world.host = machine;
    world.settle(want.id, Desired::Absent).await;
    assert_eq!(driver.list().await.unwrap(), []);
    assert!(!folders.join(want.id.to_string()).exists());
    world.kill().await;
    driver.remove_unused_images(&[]).await.unwrap();
}

/// The lives of a pod's containers.
async fn boots(driver: &dyn Driver, id: schemas::ids::WorkloadId) -> Vec<String> {
    let here = driver.inspect_pod(id).await.unwrap().unwrap();
    here.members.into_values().map(|it| it.boot).collect()
}

#[tokio::test]
async fn a_pod_lives_and_goes_on_docker_as_on_the_simulated_engine() {
    let Ok(url) = std::env::var("JEROBOAM_TEST_DOCKER") else {
        println!("skipped: JEROBOAM_TEST_DOCKER is not set");
        return;
    };
    let mut world = World::without_agent().await;
    world.settings.pods.backoff_s = 1;
    let driver: Arc<dyn Driver> = Arc::new(DockerDriver::new(DockerSettings::new(url, world.host)));
    world.real = Some(driver.clone());
    world.start(Faults::none());
    world.hello().await;

    let image = world.upload(&busybox());
    let shell = |name: &str, line: &str| {
        let mut member = member(&image, name, &["/bin/busybox", "sh", "-c", line]);
        member.mounts = vec![Mount {
            volume: "data".into(),
            path: "/data".into(),
            read_only: false,
        }];
        member
    };
    let init = vec![shell("first", "echo served > /data/index.html")];
    let mut web = shell("web", "exec /bin/busybox httpd -f -p 8080 -h /data");
    web.startup = probe(Check::Tcp { port: 8080 });
    web.readiness = probe(Check::Http {
        port: 8080,
        path: "/index.html".into(),
        tls: false,
        headers: vec![],
    });
    let mut beside = shell("beside", "exec /bin/busybox sleep 600");
    let words = [
        "/bin/busybox",
        "wget",
        "-qO-",
        "http://127.0.0.1:8080/index.html",
    ];
    let command = words.map(str::to_owned).to_vec();
    beside.readiness = probe(Check::Exec {
        command: command.clone(),
    });
    let looping = shell("loop", "exit 3");
    let mut want = pod(Restart::Always, init, vec![web, beside]);
    want.spec.volumes = vec![Volume {
        name: "data".into(),
        memory: false,
        size_bytes: None,
        files: None,
    }];
    world.order(want.id, desired(&want)).await;
    let up = until(&mut world, &want, |it| it.ready).await;
    assert_eq!((up.phase, up.interfaces.len()), (Phase::Running, 1));
    let exec = Op::Exec {
        command,
        container: Some("beside".into()),
    };
    let said = world.call(want.id, exec).await;
    assert!(
        matches!(&said, Reply::Text { text, .. } if text == "served\n"),
        "{said:?}"
    );

    // Another life of the agent leaves it as it is, and says so.
    let before = boots(driver.as_ref(), want.id).await;
    world.kill().await;
    world.start(Faults::none());
    world.hello().await;
    let same = until(&mut world, &want, |_| true).await;
    assert_eq!(same, up);
    assert_eq!(boots(driver.as_ref(), want.id).await, before);

    // Its sandbox dies: all of it begins again.
    driver
        .ensure_stopped(want.id, std::time::Duration::from_secs(1))
        .await
        .unwrap();
    let again = until(&mut world, &want, |it| {
        it.ready && it.containers[0].restarts == 1
    })
    .await;
    assert_eq!(again.init[0].restarts, 1);

    want.incarnation = 2;
    want.spec.containers = vec![looping];
    world.order(want.id, desired(&want)).await;
    let crashing = until(&mut world, &want, |it| {
        let waits = |state: &MemberState| matches!(state, MemberState::Waiting { reason } if reason.contains("status 3"));
        it.containers.len() == 1 && it.containers[0].restarts >= 2 && waits(&it.containers[0].state)
    });
    assert_eq!(crashing.await.incarnation, 2);

    let gone = world.settle(want.id, Desired::Absent).await;
    assert_eq!((gone.state, gone.problem), (Seen::Absent, None));
    assert_eq!(driver.list().await.unwrap(), []);
    assert_eq!(driver.inspect_pod(want.id).await.unwrap(), None);
    assert_eq!(driver.list_networks().await.unwrap(), []);
    world.kill().await;
    driver.remove_unused_images(&[]).await.unwrap();
}
