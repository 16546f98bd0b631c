//! What a pod is made of on a real engine, and what it leaves there. Cases need `JEROBOAM_TEST_DOCKER`,
//! as in `docker.rs`, on this machine.

use bollard::Docker;
use bollard::models::ContainerInspectResponse;
use bollard::query_parameters::{
    InspectContainerOptions, InspectNetworkOptions, ListContainersOptionsBuilder,
    ListVolumesOptionsBuilder, RemoveContainerOptionsBuilder,
};
use compute_driver::conformance::{Behaviour, Bench, Connect, must};
use compute_driver::docker::GuardMode;
use compute_driver::{DockerDriver, DockerSettings, DriverError, ExecOrder, Uids};
use schemas::ids::{NetworkId, WorkloadId};
use schemas::workload::pod::{Member, Mount, PodSpec, Restart, Volume};
use schemas::workload::{
    Attachment, GuestNetwork, InjectedFile, Limits, Network, Pod, RunState, Security,
};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Runs a case with the engine itself. With `within`, the driver believes that it speaks to an engine
/// inside a node.
#[expect(clippy::print_stdout, reason = "a skipped test has to say so")]
async fn on_docker(within: bool, case: impl AsyncFnOnce(&Bench, &Docker)) {
    let url = std::env::var("JEROBOAM_TEST_DOCKER").unwrap_or_default();
    let Some(socket) = url.strip_prefix("unix://").map(str::to_owned) else {
        return println!(
            "skipped: JEROBOAM_TEST_DOCKER is not set, or is no engine of this machine"
        );
    };
    let engine = Docker::connect_with_unix(&socket, 60, bollard::API_DEFAULT_VERSION);
    let engine = must(engine, "engine").negotiate_version().await;
    let engine = must(engine, "a version");
    let connect: Connect = Arc::new(move |host| {
        let stranger = Uids {
            first: 4_000_000_000,
            count: 1,
        };
        Arc::new(DockerDriver::new(DockerSettings {
            socket_owner: within.then_some(stranger),
            gateway_guard: GuardMode::Off,
            ..DockerSettings::new(url.clone(), host)
        }))
    });
    let busybox = must(std::fs::read("/bin/busybox"), "a static busybox");
    let case = async |bench: &Bench| case(bench, &engine).await;
    Bench::run(connect, busybox.into(), case).await;
}

async fn pod(bench: &Bench, command: &[&str]) -> Pod {
    let image = bench.image.reference();
    must(
        bench.driver.ensure_image(&image, &bench.image).await,
        "image",
    );
    let main = Member {
        name: "main".into(),
        image,
        command: Some(command.iter().map(|word| (*word).to_owned()).collect()),
        args: None,
        working_dir: Some("/tmp".into()),
        user: Some("1000:1000".into()),
        env: BTreeMap::new(),
        limits: Limits {
            cpu_shares: 512,
            cpu_millis: None,
            memory_bytes: 32 << 20,
            pids: 64,
        },
        security: Security::default(),
        mounts: ["disk", "memory"]
            .map(|name| Mount {
                volume: name.into(),
                path: format!("/{name}"),
                read_only: false,
            })
            .to_vec(),
        ports: BTreeMap::new(),
        liveness: None,
        readiness: None,
        startup: None,
    };
    let volumes = [("disk", None), ("memory", Some(1 << 20))].map(|(name, size_bytes)| Volume {
        name: name.into(),
        memory: size_bytes.is_some(),
        size_bytes,
        files: None,
    });
    Pod {
        id: WorkloadId::new(),
        project_id: "docker".into(),
        name: "case".into(),
        hostname: "case-pod".into(),
        incarnation: 1,
        networks: vec![Attachment {
            network: bench.network("pods", false).await,
            address: None,
            aliases: Vec::new(),
        }],
        spec: PodSpec {
            labels: BTreeMap::new(),
            restart: Restart::Never,
            grace_s: 1,
            volumes: volumes.to_vec(),
            init: Vec::new(),
            containers: vec![main],
        },
    }
}

async fn up(bench: &Bench, pod: &Pod) -> WorkloadId {
    must(bench.driver.ensure_sandbox(pod).await, "sandbox");
    must(bench.driver.ensure_member(pod, "main").await, "member");
    let id = Pod::member_id(pod.id, "main");
    must(bench.driver.ensure_running(id).await, "start");
    id
}

/// By the label of its own id.
async fn described(engine: &Docker, id: WorkloadId) -> ContainerInspectResponse {
    let label = HashMap::from([("label", vec![format!("jeroboam.id={id}")])]);
    let options = ListContainersOptionsBuilder::new().all(true);
    let found = engine.list_containers(Some(options.filters(&label).build()));
    let found = must(found.await, "list").remove(0).id.unwrap_or_default();
    let described = engine.inspect_container(&found, None::<InspectContainerOptions>);
    must(described.await, "inspect")
}

async fn volumes(engine: &Docker, pod: &Pod) -> usize {
    let label = HashMap::from([("label", vec![format!("jeroboam.pod={}", pod.id)])]);
    let options = ListVolumesOptionsBuilder::new().filters(&label).build();
    let listed = must(engine.list_volumes(Some(options)).await, "volumes");
    listed.volumes.unwrap_or_default().len()
}

#[tokio::test]
async fn a_sandbox_may_do_nothing_and_folders_go_with_their_pod() {
    on_docker(false, async |bench, engine| {
        let pod = pod(bench, &["/bin/sleep", "1000000"]).await;
        let id = up(bench, &pod).await;
        let sandbox = described(engine, pod.id).await;
        let config = sandbox.host_config.unwrap_or_default();
        assert_eq!(config.cap_drop, Some(vec!["ALL".to_owned()]));
        assert_eq!(config.cap_add.unwrap_or_default(), [""; 0]);
        assert_eq!(volumes(engine, &pod).await, 2);

        let run = async |line: &str| {
            let order = ExecOrder::new(["/bin/sh", "-c", line]);
            must(bench.driver.exec(id, order).await, line)
        };
        let said = run("echo one > /disk/a && echo two > /memory/b && pwd").await;
        assert_eq!((said.text.as_str(), said.exit_code), ("/tmp\n", 0));
        let mounts = run("cat /proc/mounts").await.text;
        let memory = mounts.lines().find(|line| line.contains(" /memory "));
        let memory = memory.expect("it is mounted");
        assert!(
            memory.contains("tmpfs") && memory.contains("size=1024k"),
            "{memory}"
        );
        must(bench.driver.ensure_absent(pod.id).await, "remove");
        assert_eq!(volumes(engine, &pod).await, 0);
    })
    .await;
}

#[tokio::test]
async fn files_of_a_folder_have_their_modes_and_are_nobodys_to_write() {
    on_docker(false, async |bench, engine| {
        let mut pod = pod(bench, &["/bin/sleep", "1000000"]).await;
        pod.spec.volumes.push(Volume {
            name: "conf".into(),
            memory: false,
            size_bytes: None,
            files: Some(vec![InjectedFile {
                path: "bin/run".into(),
                mode: 0o555,
                content_b64: schemas::base64(b"#!/bin/sh\necho ran\n"),
            }]),
        });
        let main = &mut pod.spec.containers[0];
        main.mounts.push(Mount {
            volume: "conf".into(),
            path: "/conf".into(),
            read_only: true,
        });
        main.user = None;
        let id = up(bench, &pod).await;
        let run = async |line: &str| {
            let order = ExecOrder::new(["/bin/sh", "-c", line]);
            must(bench.driver.exec(id, order).await, line)
        };
        assert_eq!(run("/conf/bin/run").await.text, "ran\n");
        for line in [
            "echo x > /conf/bin/run",
            "touch /conf/new",
            "rm /conf/bin/run",
        ] {
            let said = run(line).await;
            assert!(
                said.exit_code != 0 && said.text.contains("Read-only"),
                "{}",
                said.text
            );
        }
        must(bench.driver.ensure_absent(pod.id).await, "remove");
        assert_eq!(volumes(engine, &pod).await, 0);
    })
    .await;
}

#[tokio::test]
async fn members_without_their_sandbox_are_found_and_go() {
    on_docker(false, async |bench, engine| {
        let pod = pod(bench, &["/bin/sleep", "1000000"]).await;
        up(bench, &pod).await;
        let sandbox = described(engine, pod.id).await.id.unwrap_or_default();
        let force = RemoveContainerOptionsBuilder::new().force(true).build();
        must(engine.remove_container(&sandbox, Some(force)).await, "rm");
        let all = must(bench.driver.list().await, "list");
        assert_eq!(all.len(), 1, "{all:?}");
        assert_eq!((all[0].id, all[0].state), (pod.id, RunState::Exited));
        let here = must(bench.driver.inspect_pod(pod.id).await, "inspect");
        assert!(here.is_some_and(|here| here.sandbox.is_none() && here.members.len() == 1));
        must(bench.driver.ensure_absent(pod.id).await, "remove");
        assert_eq!(must(bench.driver.list().await, "list"), []);
        assert_eq!(volumes(engine, &pod).await, 0);

        // Cut off after the last container, only folders tell that there was a pod.
        for id in [up(bench, &pod).await, pod.id] {
            let found = described(engine, id).await.id.unwrap_or_default();
            let force = RemoveContainerOptionsBuilder::new().force(true).build();
            must(engine.remove_container(&found, Some(force)).await, "remove");
        }
        assert_eq!(volumes(engine, &pod).await, 2);
        must(bench.driver.ensure_absent(pod.id).await, "again");
        assert_eq!(volumes(engine, &pod).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_port_is_reached_from_within_where_no_network_leads_there() {
    on_docker(true, async |bench, _| {
        let pod = pod(bench, &["/bin/httpd", "-f", "-p", "8080"]).await;
        up(bench, &pod).await;
        let patience = Duration::from_secs(5);
        let mut tries = 0;
        let mut stream = loop {
            match bench.driver.dial(pod.id, 8080, patience).await {
                Ok(stream) => break stream,
                Err(error) => assert!(tries < 20, "{error}"),
            }
            tries += 1;
            tokio::time::sleep(Duration::from_millis(250)).await;
        };
        let request = b"GET / HTTP/1.1\r\nHost: it\r\nConnection: close\r\n\r\n";
        must(stream.write_all(request).await, "ask");
        let mut answer = String::new();
        must(stream.read_to_string(&mut answer).await, "answer");
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
        let refused = bench.driver.dial(pod.id, 8081, patience).await.map(drop);
        assert!(
            matches!(refused, Err(DriverError::Conflict { .. })),
            "{refused:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn guests_keep_their_addresses_and_members_of_pods_find_services() {
    on_docker(false, async |bench, engine| {
        let guests = GuestNetwork::default();
        let network = Network {
            id: NetworkId::new(),
            name: "guests".into(),
            project_id: "docker".into(),
            cidr: None,
            guests: Some(guests.clone()),
            link: Default::default(),
        };
        must(bench.driver.ensure_network(&network).await, "network");
        let name = format!("jeroboam-{}", network.id);
        let made = engine.inspect_network(&name, None::<InspectNetworkOptions>);
        let options = must(made.await, "inspect").options.unwrap_or_default();
        let masquerade = &options["com.docker.network.bridge.enable_ip_masquerade"];
        assert_eq!(masquerade, "false");

        let mut pod = pod(bench, &["/bin/sleep", "1000000"]).await;
        pod.networks[0].network = network.clone();
        let member = up(bench, &pod).await;
        let mut single = bench.workload(Behaviour::Idle).await;
        single.networks = pod.networks.clone();
        bench.start(&single).await;
        for id in [member, single.id] {
            let order = ExecOrder::new(["/bin/cat", "/etc/resolv.conf"]);
            let said = must(bench.driver.exec(id, order).await, "exec").text;
            let search = format!("search {}", guests.search().join(" "));
            assert!(said.lines().any(|it| it.trim() == search), "{said}");
            assert!(said.contains("ndots:5"), "{said}");
        }
        // Behind the engine's own, which answers for containers of the network.
        let servers = described(engine, pod.id).await.host_config;
        let servers = servers.and_then(|it| it.dns).unwrap_or_default();
        assert_eq!(servers, [guests.resolver().to_string()]);
        for id in [single.id, pod.id] {
            must(bench.driver.ensure_absent(id).await, "remove");
        }
        let removed = bench.driver.ensure_network_absent(network.id).await;
        must(removed, "remove the network");
    })
    .await;
}
