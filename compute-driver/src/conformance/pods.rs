//! Pods: sandboxes, and the containers that share them.

use super::workloads::{self, attachment};
use super::{Bench, must};
use crate::error::DriverError;
use crate::facts::Happening;
use crate::terminal::ExecOrder;
use bytes::Bytes;
use futures::StreamExt;
use schemas::ids::WorkloadId;
use schemas::workload::pod::{Mount, PodSpec, Restart, Volume};
use schemas::workload::{InjectedFile, Observation, Pod, RunState};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const FOREVER: [&str; 2] = ["/bin/sleep", "1000000"];
const PATIENCE: Duration = Duration::from_secs(5);

/// `ensure_sandbox` twice makes one, which is the pod to whoever lists.
pub async fn a_pod_is_made_once_and_seen_under_its_id(bench: &Bench) {
    let pod = pod(bench, &[("main", &FOREVER)]).await;
    let before = must(bench.driver.inspect_pod(pod.id).await, "inspect");
    assert_eq!(before, None);
    must(bench.driver.ensure_sandbox(&pod).await, "sandbox");
    let sandbox = bench.seen(pod.id).await;
    assert_eq!(sandbox.state, RunState::Running);
    assert_eq!(sandbox.interfaces.len(), 1, "{sandbox:?}");
    must(bench.driver.ensure_sandbox(&pod).await, "sandbox again");
    let main = started(bench, &pod, "main").await;
    must(bench.driver.ensure_member(&pod, "main").await, "main again");
    assert_eq!(seen(bench, &pod, "main").await.boot, main.boot);

    let here = must(bench.driver.inspect_pod(pod.id).await, "inspect");
    let here = here.unwrap_or_default();
    assert_eq!(here.sandbox, Some(sandbox.clone()), "it goes on as it was");
    assert_eq!(here.members.keys().collect::<Vec<_>>(), ["main"]);
    let all = must(bench.driver.list().await, "list");
    assert_eq!(all, [sandbox], "containers of a pod are not listed");
    let back = bench.reconnected();
    let found = must(back.inspect_pod(pod.id).await, "inspect");
    assert!(found.is_some_and(|found| found.members.len() == 1));
}

/// One listens, another connects to it, by the loopback address and by the pod's.
pub async fn containers_of_a_pod_share_its_network_and_host_name(bench: &Bench) {
    let listen = ["/bin/httpd", "-f", "-p", "8080"];
    let pod = pod(bench, &[("web", &listen), ("beside", &FOREVER)]).await;
    up(bench, &pod).await;
    let address = bench.seen(pod.id).await.interfaces[0].address.clone();
    for address in ["127.0.0.1", &address] {
        let connect = ["/bin/nc", "-w", "2", address, "8080"];
        let mut tries = 0;
        while run(bench, &pod, "beside", &connect).await.1 != 0 {
            tries += 1;
            assert!(tries < 20, "nobody answers at {address}");
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }
    let said = run(bench, &pod, "beside", &["/bin/hostname"]).await.0;
    assert_eq!(said, format!("{}\n", pod.hostname));
}

/// What one puts there another reads, at another path, on disk and in memory.
pub async fn containers_of_a_pod_share_its_folders(bench: &Bench) {
    let mut pod = pod(bench, &[("one", &FOREVER), ("other", &FOREVER)]).await;
    let volume = |name: &str, memory| Volume {
        name: name.into(),
        memory,
        size_bytes: Some(1 << 20),
        files: None,
    };
    pod.spec.volumes = vec![volume("disk", false), volume("memory", true)];
    for (member, path) in pod.spec.containers.iter_mut().zip(["/here", "/there"]) {
        let mounts = ["disk", "memory"].map(|name| Mount {
            volume: name.into(),
            path: format!("{path}/{name}"),
            read_only: false,
        });
        member.mounts = mounts.to_vec();
    }
    // Any user may write there.
    pod.spec.containers[0].user = Some("1000:1000".into());
    up(bench, &pod).await;
    let one = Pod::member_id(pod.id, "one");
    for name in ["disk", "memory"] {
        let tar = tar_of("word", b"shared\n");
        let folder = format!("/here/{name}");
        must(bench.driver.archive_put(one, &folder, tar).await, "put");
        let said = run(
            bench,
            &pod,
            "other",
            &["/bin/cat", &format!("/there/{name}/word")],
        )
        .await;
        assert_eq!(said, ("shared\n".into(), 0), "{name}");
    }
}

/// In the first container as in the last; a sandbox that is made anew has them again.
pub async fn folders_with_files_are_there_from_the_start(bench: &Bench) {
    let mut pod = pod(bench, &[("one", &FOREVER), ("other", &FOREVER)]).await;
    let file = |path: &str, content: &str| InjectedFile {
        path: path.into(),
        mode: 0o444,
        content_b64: schemas::base64(content.as_bytes()),
    };
    pod.spec.volumes = vec![Volume {
        name: "conf".into(),
        memory: false,
        size_bytes: None,
        files: Some(vec![file("a", "first\n"), file("deep/er/b", "second\n")]),
    }];
    for member in &mut pod.spec.containers {
        member.mounts = vec![Mount {
            volume: "conf".into(),
            path: "/conf".into(),
            read_only: true,
        }];
        member.user = Some("1000:1000".into());
    }
    for _ in 0..2 {
        up(bench, &pod).await;
        for name in ["one", "other"] {
            for (path, content) in [("a", "first\n"), ("deep/er/b", "second\n")] {
                let said = run(bench, &pod, name, &["/bin/cat", &format!("/conf/{path}")]).await;
                assert_eq!(said, (content.into(), 0), "{name} {path}");
            }
        }
        let stopping = bench.driver.ensure_stopped(pod.id, PATIENCE);
        must(stopping.await, "stop the sandbox");
    }
}

/// The image's entrypoint (here it has none) gets them in place of its own command.
pub async fn arguments_alone_are_given_to_what_the_image_runs(bench: &Bench) {
    let mut pod = pod(bench, &[("main", &FOREVER)]).await;
    let main = &mut pod.spec.containers[0];
    main.command = None;
    main.args = Some(["/bin/echo", "given"].map(str::to_owned).to_vec());
    up(bench, &pod).await;
    let id = Pod::member_id(pod.id, "main");
    bench.ended(id).await;
    let said = must(bench.driver.logs(id, None, false).await, "logs");
    assert_eq!(said, "given\n");
}

/// Its end is seen with its status; removed and made again it begins anew in the same sandbox.
pub async fn a_container_of_a_pod_ends_and_is_made_again(bench: &Bench) {
    let pod = pod(bench, &[("main", &["/bin/false"])]).await;
    up(bench, &pod).await;
    let id = Pod::member_id(pod.id, "main");
    let sandbox = bench.seen(pod.id).await;
    let first = bench.ended(id).await;
    assert_eq!(first.exit_code, Some(1));
    must(bench.driver.ensure_absent(id).await, "remove");
    must(bench.driver.ensure_absent(id).await, "remove again");
    assert_eq!(bench.seen(pod.id).await, sandbox, "the pod stays");
    started(bench, &pod, "main").await;
    assert_ne!(bench.ended(id).await.boot, first.boot);
}

/// Its members would be in a network that is nobody's.
pub async fn a_sandbox_that_has_ended_is_made_anew_without_its_members(bench: &Bench) {
    let pod = pod(bench, &[("main", &FOREVER)]).await;
    up(bench, &pod).await;
    let first = bench.seen(pod.id).await;
    let stopping = bench.driver.ensure_stopped(pod.id, PATIENCE);
    must(stopping.await, "stop the sandbox");
    assert_eq!(bench.ended(pod.id).await.exit_code, Some(0));
    let mut other = pod.clone();
    other.spec.containers[0].name = "other".into();
    let refused = async {
        bench.driver.ensure_member(&other, "other").await?;
        let id = Pod::member_id(pod.id, "other");
        bench.driver.ensure_running(id).await
    };
    let refused = refused.await;
    assert!(
        matches!(refused, Err(DriverError::Conflict { .. })),
        "{refused:?}"
    );
    must(bench.driver.ensure_sandbox(&pod).await, "sandbox");
    let second = bench.seen(pod.id).await;
    assert_eq!(second.state, RunState::Running);
    assert_ne!(second.boot, first.boot);
    let here = must(bench.driver.inspect_pod(pod.id).await, "inspect");
    assert!(here.is_some_and(|here| here.members.is_empty()));
}

/// Whatever the old one was doing; folders do not last.
pub async fn another_incarnation_replaces_the_whole_pod(bench: &Bench) {
    let mut pod = pod(bench, &[("main", &FOREVER)]).await;
    pod.spec.volumes = vec![Volume {
        name: "data".into(),
        memory: false,
        size_bytes: None,
        files: None,
    }];
    pod.spec.containers[0].mounts = vec![Mount {
        volume: "data".into(),
        path: "/data".into(),
        read_only: false,
    }];
    up(bench, &pod).await;
    let id = Pod::member_id(pod.id, "main");
    let put = bench
        .driver
        .archive_put(id, "/data", tar_of("word", b"old"));
    must(put.await, "put");
    pod.incarnation = 2;
    must(bench.driver.ensure_sandbox(&pod).await, "sandbox");
    assert_eq!(bench.seen(pod.id).await.incarnation, 2);
    assert_eq!(must(bench.driver.inspect(id).await, "inspect"), None);
    started(bench, &pod, "main").await;
    let read = run(bench, &pod, "main", &["/bin/cat", "/data/word"]).await;
    assert_ne!(read.1, 0, "an old file is there: {}", read.0);
}

/// Whole, without a running sandbox, and when nothing is there.
pub async fn a_pod_goes_with_all_that_is_left_of_it(bench: &Bench) {
    let pod = pod(bench, &[("main", &FOREVER)]).await;
    let remove = async || must(bench.driver.ensure_absent(pod.id).await, "remove");
    remove().await;
    must(bench.driver.ensure_sandbox(&pod).await, "sandbox");
    remove().await;
    up(bench, &pod).await;
    let stopping = bench.driver.ensure_stopped(pod.id, PATIENCE);
    must(stopping.await, "stop the sandbox");
    remove().await;
    remove().await;
    let here = must(bench.driver.inspect_pod(pod.id).await, "inspect");
    assert_eq!(here, None);
    let id = Pod::member_id(pod.id, "main");
    assert_eq!(must(bench.driver.inspect(id).await, "inspect"), None);
    assert_eq!(must(bench.driver.list().await, "list"), []);
}

/// Whoever listens knows pods by their ids only.
pub async fn what_happens_to_a_container_is_told_of_its_pod(bench: &Bench) {
    let mut events = must(bench.driver.events().await, "events");
    let pod = pod(bench, &[("main", &["/bin/true"])]).await;
    up(bench, &pod).await;
    let heard = async {
        while let Some(event) = events.next().await {
            assert_eq!(event.id, pod.id, "{event:?}");
            if event.what == Happening::Died {
                return;
            }
        }
        panic!("the stream ended");
    };
    let heard = tokio::time::timeout(super::PATIENCE, heard).await;
    assert!(heard.is_ok(), "its end was not told");
}

/// From outside, at the pod's address; where nobody listens it is a conflict.
pub async fn a_port_of_a_pod_is_reached(bench: &Bench) {
    let listen = ["/bin/httpd", "-f", "-p", "8080"];
    let pod = pod(bench, &[("web", &listen)]).await;
    up(bench, &pod).await;
    let mut tries = 0;
    let mut stream = loop {
        match bench.driver.dial(pod.id, 8080, PATIENCE).await {
            Ok(stream) => break stream,
            Err(error) => assert!(tries < 20, "{error}"),
        }
        tries += 1;
        tokio::time::sleep(Duration::from_millis(250)).await;
    };
    let request = b"GET / HTTP/1.1\r\nHost: it\r\nConnection: close\r\n\r\n";
    must(stream.write_all(request).await, "ask");
    let mut answer = vec![0; 7];
    must(stream.read_exact(&mut answer).await, "answer");
    assert_eq!(answer, b"HTTP/1.");
    let refused = bench.driver.dial(pod.id, 8081, PATIENCE).await.map(drop);
    assert!(
        matches!(refused, Err(DriverError::Conflict { .. })),
        "{refused:?}"
    );
}

/// A pod on a network of its own, not yet made. Its image is on the engine.
async fn pod(bench: &Bench, containers: &[(&str, &[&str])]) -> Pod {
    let image = bench.image.reference();
    must(
        bench.driver.ensure_image(&image, &bench.image).await,
        "image",
    );
    let network = bench.network("pods", false).await;
    let member = |(name, command): &(&str, &[&str])| workloads::member(&image, name, command);
    Pod {
        id: WorkloadId::new(),
        project_id: "conformance".into(),
        name: "case".into(),
        hostname: "case-pod".into(),
        incarnation: 1,
        networks: vec![attachment(&network)],
        spec: PodSpec {
            labels: Default::default(),
            restart: Restart::Never,
            grace_s: 1,
            volumes: Vec::new(),
            init: Vec::new(),
            containers: containers.iter().map(member).collect(),
        },
    }
}

async fn up(bench: &Bench, pod: &Pod) {
    must(bench.driver.ensure_sandbox(pod).await, "sandbox");
    for member in &pod.spec.containers {
        started(bench, pod, &member.name).await;
    }
}

async fn started(bench: &Bench, pod: &Pod, name: &str) -> Observation {
    must(bench.driver.ensure_member(pod, name).await, "member");
    let id = Pod::member_id(pod.id, name);
    must(bench.driver.ensure_running(id).await, "start");
    seen(bench, pod, name).await
}

async fn seen(bench: &Bench, pod: &Pod, name: &str) -> Observation {
    bench.seen(Pod::member_id(pod.id, name)).await
}

/// What a command in a container of a pod writes, and its status.
async fn run(bench: &Bench, pod: &Pod, name: &str, command: &[&str]) -> (String, i64) {
    let order = ExecOrder::new(command.iter().copied());
    let id = Pod::member_id(pod.id, name);
    let output = must(bench.driver.exec(id, order).await, "command");
    (output.text, output.exit_code)
}

fn tar_of(name: &str, content: &[u8]) -> Bytes {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    must(tar.append_data(&mut header, name, content), "tar");
    must(tar.into_inner(), "tar").into()
}
