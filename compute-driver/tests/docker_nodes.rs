//! What a node's container gets of its machine, and what it leaves there. Cases need a real engine
//! (`JEROBOAM_TEST_DOCKER`, as in `docker.rs`) on this machine, and root for users of other ids.

#[path = "docker_nodes/disks.rs"]
mod disks;

use bollard::Docker;
use bollard::models::{ContainerInspectResponse, HostConfigCgroupnsModeEnum};
use bollard::query_parameters::{
    InspectContainerOptions, ListContainersOptionsBuilder, ListVolumesOptionsBuilder,
};
use compute_driver::conformance::{Behaviour, Bench, Connect, must};
use compute_driver::docker::{GuardMode, NodeSettings};
use compute_driver::{DockerDriver, DockerSettings, DriverError, ExecOrder};
use schemas::ids::{ClusterId, NodegroupId, WorkloadId};
use schemas::workload::{Attachment, Node, Workload};
use std::collections::HashMap;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

#[expect(clippy::print_stdout, reason = "a skipped test has to say so")]
fn socket() -> Option<String> {
    let url = std::env::var("JEROBOAM_TEST_DOCKER").unwrap_or_default();
    let socket = url.strip_prefix("unix://").map(str::to_owned);
    if socket.is_none() {
        println!("skipped: JEROBOAM_TEST_DOCKER is not set, or is no engine of this machine");
    }
    socket
}

/// Runs a case with the folder that holds nodes' folders, and the engine itself.
async fn with_nodes(socket: String, case: impl AsyncFnOnce(&Bench, &Path, &Docker)) {
    let engine = Docker::connect_with_unix(&socket, 60, bollard::API_DEFAULT_VERSION);
    let engine = must(engine, "engine").negotiate_version().await;
    let engine = must(engine, "a version");
    let folders = must(tempfile::tempdir(), "a folder");
    let dir = folders.path().to_owned();
    let connect: Connect = Arc::new(move |host| {
        // Room for three nodes, and no other test's.
        let [.., one, two] = *host.0.as_bytes();
        let nth = u32::from(u16::from_be_bytes([one, two]) % 3_000);
        let first_uid = 1_000_000_000 + nth * 3 * 65_536;
        let settings = DockerSettings {
            nodes: NodeSettings {
                dir: Some(dir.clone()),
                first_uid,
                end_uid: first_uid + 3 * 65_536,
                ..NodeSettings::default()
            },
            gateway_guard: GuardMode::Off,
            ..DockerSettings::new(format!("unix://{socket}"), host)
        };
        Arc::new(DockerDriver::new(settings))
    });
    let busybox = must(std::fs::read("/bin/busybox"), "a static busybox");
    let case = async |bench: &Bench| case(bench, folders.path(), &engine).await;
    Bench::run(connect, busybox.into(), case).await;
    let left = must(std::fs::read_dir(folders.path()), "the folder").count();
    assert_eq!(left, 0, "folders of nodes are left");
}

async fn node(bench: &Bench) -> Workload {
    let mut workload = bench.workload(Behaviour::Idle).await;
    workload.node = Some(Node {
        cluster_id: ClusterId::new(),
        nodegroup_id: NodegroupId::new(),
        disk: None,
        uid_count: 65_536,
        bip: "172.31.0.1/24".into(),
        address_pool: "172.30.0.0/16".into(),
        address_pool_size: 24,
        guests: None,
        labels: Default::default(),
        tls: None,
        kubernetes: None,
    });
    workload
}

async fn described(engine: &Docker, id: WorkloadId) -> ContainerInspectResponse {
    let label = HashMap::from([("label", vec![format!("jeroboam.id={id}")])]);
    let options = ListContainersOptionsBuilder::new().all(true);
    let found = engine.list_containers(Some(options.filters(&label).build()));
    let found = must(found.await, "list").remove(0).id.unwrap_or_default();
    let described = engine.inspect_container(&found, None::<InspectContainerOptions>);
    must(described.await, "inspect")
}

async fn volumes(engine: &Docker, id: WorkloadId) -> usize {
    let label = HashMap::from([("label", vec![format!("jeroboam.id={id}")])]);
    let options = ListVolumesOptionsBuilder::new().filters(&label).build();
    let listed = must(engine.list_volumes(Some(options)).await, "volumes");
    listed.volumes.unwrap_or_default().len()
}

#[tokio::test]
async fn a_node_may_mount_and_make_namespaces_and_leaves_no_disk() {
    let Some(socket) = socket() else { return };
    with_nodes(socket, async |bench, dir, engine| {
        let workload = node(bench).await;
        bench.start(&workload).await;
        let config = described(engine, workload.id).await.host_config;
        let config = config.unwrap_or_default();
        assert_eq!(
            config.cgroupns_mode,
            Some(HostConfigCgroupnsModeEnum::PRIVATE)
        );
        assert_eq!(config.privileged, Some(false));
        assert_eq!(config.masked_paths.unwrap_or_default(), [""; 0]);
        assert_eq!(config.readonly_paths.unwrap_or_default(), [""; 0]);

        let run = async |line: &str| {
            let order = ExecOrder::new(["/bin/sh", "-c", line]);
            must(bench.driver.exec(workload.id, order).await, line)
        };
        let status = run("cat /proc/1/status").await.text;
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_whitespace().nth(1))
                .unwrap_or("none")
                .to_owned()
        };
        assert_eq!(
            (field("Seccomp:"), field("NoNewPrivs:")),
            ("0".into(), "0".into())
        );
        let granted = u64::from_str_radix(&field("CapBnd:"), 16).expect("a mask");
        const NET_ADMIN: u64 = 1 << 12;
        const SYS_ADMIN: u64 = 1 << 21;
        const SYS_MODULE_RAWIO_PTRACE: u64 = 1 << 16 | 1 << 17 | 1 << 19;
        assert_eq!(granted & (NET_ADMIN | SYS_ADMIN), NET_ADMIN | SYS_ADMIN);
        assert_eq!(granted & SYS_MODULE_RAWIO_PTRACE, 0, "{granted:x}");
        let mounts = run("cat /proc/mounts").await.text;
        assert!(
            !mounts.contains(" /proc/"),
            "nothing below it is covered: {mounts}"
        );
        assert!(
            mounts.contains(" /var/lib/docker "),
            "a disk of its own: {mounts}"
        );
        assert!(
            mounts.contains(" /var/lib/jeroboam "),
            "its folder: {mounts}"
        );

        let folder = dir.join(workload.id.to_string());
        let mode = folder.metadata().expect("the folder").permissions().mode();
        assert_eq!(mode & 0o7777, 0o711);
        assert_eq!(volumes(engine, workload.id).await, 1);
        run("echo left > /var/lib/jeroboam/file; echo left > /var/lib/docker/file").await;
        must(bench.driver.ensure_absent(workload.id).await, "remove");
        assert_eq!(volumes(engine, workload.id).await, 0);
        assert!(!folder.exists());
        must(bench.driver.ensure_absent(workload.id).await, "again");
    })
    .await;
}

#[tokio::test]
async fn no_other_container_gets_any_of_it() {
    let Some(socket) = socket() else { return };
    with_nodes(socket, async |bench, dir, engine| {
        let workload = bench.started(Behaviour::Idle).await;
        let config = described(engine, workload.id).await.host_config;
        let config = config.unwrap_or_default();
        assert_eq!(config.cap_drop, Some(vec!["ALL".to_owned()]));
        assert!(config.mounts.unwrap_or_default().is_empty());
        assert!(!config.masked_paths.unwrap_or_default().is_empty());
        assert!(!dir.join(workload.id.to_string()).exists());
    })
    .await;
}

async fn attached(bench: &Bench, name: &str) -> Attachment {
    Attachment {
        network: bench.network(name, false).await,
        address: None,
        aliases: Vec::new(),
    }
}

#[tokio::test]
async fn a_node_waits_for_its_port_and_says_so() {
    let Some(socket) = socket() else { return };
    with_nodes(socket, async |bench, _, _| {
        let mut workload = node(bench).await;
        workload.networks = vec![attached(bench, "cluster").await];
        workload.publish = vec![2376];
        bench.start(&workload).await;
        let published = bench.seen(workload.id).await.published;
        let stop = bench.driver.ensure_stopped(workload.id, Duration::ZERO);
        must(stop.await, "stop");
        let port = published[&2376];
        let other = must(TcpListener::bind(("0.0.0.0", port)).await, "another's");
        let refused = bench.driver.ensure_running(workload.id).await;
        let words = refused.expect_err("two listen at one port").to_string();
        assert!(words.contains(&port.to_string()), "{words}");
        drop(other);
        must(bench.driver.ensure_running(workload.id).await, "start");
        assert_eq!(bench.seen(workload.id).await.published, published);
    })
    .await;
}

#[tokio::test]
async fn a_published_port_leads_inside() {
    let Some(socket) = socket() else { return };
    with_nodes(socket, async |bench, _, _| {
        let mut workload = bench.workload(Behaviour::Listens(8080)).await;
        workload.networks = vec![attached(bench, "open").await];
        workload.publish = vec![8080];
        bench.start(&workload).await;
        let port = bench.seen(workload.id).await.published[&8080];
        let mut heard = String::new();
        for _ in 0..100 {
            // The engine's proxy answers before the program inside does.
            let mut there = must(TcpStream::connect(("127.0.0.1", port)).await, "connect");
            must(there.write_all(b"GET / HTTP/1.0\r\n\r\n").await, "ask");
            _ = there.read_to_string(&mut heard).await;
            if !heard.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(heard.starts_with("HTTP/1."), "{heard:?}");
    })
    .await;
}

/// Stands in for an engine inside: whoever connects speaks to the machine's.
fn stand_in(at: &Path, engine: String) -> tokio::task::JoinHandle<()> {
    let listener = must(UnixListener::bind(at), "a socket");
    tokio::spawn(async move {
        while let Ok((mut here, _)) = listener.accept().await {
            let engine = engine.clone();
            tokio::spawn(async move {
                if let Ok(mut there) = UnixStream::connect(engine).await {
                    _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
                }
            });
        }
    })
}

#[tokio::test]
async fn only_the_nodes_own_engine_is_spoken_to() {
    let Some(socket) = socket() else { return };
    with_nodes(socket.clone(), async |bench, dir, engine| {
        let workload = node(bench).await;
        must(bench.driver.ensure_created(&workload).await, "create");
        let inner = must(bench.driver.inner(workload.id).await, "inner");
        let at = dir.join(workload.id.to_string()).join("docker.sock");
        let refused = async |what: &str| {
            let result = inner.list().await;
            let down = matches!(result, Err(DriverError::EngineDown { .. }));
            assert!(down, "{what}: {result:?}");
        };
        refused("nothing is there").await;
        // Whoever holds a node would have the agent speak to its machine's engine.
        must(symlink(&socket, &at), "a link");
        refused("a link to another engine").await;
        must(std::fs::remove_file(&at), "remove");
        let up = stand_in(&at, socket.clone());
        must(chown(&at, Some(12_345), None), "chown");
        refused("a stranger's socket").await;

        let labels = described(engine, workload.id).await.config;
        let labels = labels.and_then(|it| it.labels).unwrap_or_default();
        let (first, _) = labels["jeroboam.uids"].split_once(':').expect("a range");
        must(chown(&at, first.parse().ok(), None), "chown");
        assert_eq!(must(inner.list().await, "list"), []);
        must(inner.host().await, "host");
        up.abort();
        must(std::fs::remove_file(&at), "remove");
        refused("the engine has gone").await;
        // As made by the node's process 1, which alone may write into the folder.
        let _up = stand_in(&at, socket.clone());
        assert_eq!(must(inner.list().await, "it has come back"), []);
    })
    .await;
}
