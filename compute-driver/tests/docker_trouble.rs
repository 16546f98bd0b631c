//! What the Docker driver does when things go wrong, and what it keeps containers from. Cases with a
//! real engine need `JEROBOAM_TEST_DOCKER`, as in `docker.rs`.

use compute_driver::conformance::{Behaviour, Bench, Connect, PATIENCE, must};
use compute_driver::docker::{Deadlines, GuardMode, guard};
use compute_driver::{DockerDriver, DockerSettings, Driver, DriverError, ExecOrder};
use futures::StreamExt;
use schemas::ids::{HostId, WorkloadId};
use schemas::workload::{Attachment, RunState};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::process::Command;
use tokio::task::JoinSet;

fn impatient(url: String) -> DockerDriver {
    let mut settings = DockerSettings::new(url, HostId::new());
    settings.gateway_guard = GuardMode::Off;
    settings.deadlines = Deadlines {
        call_s: 1,
        effect_s: 1,
        ..Deadlines::default()
    };
    DockerDriver::new(settings)
}

#[tokio::test]
async fn an_engine_that_never_answers_costs_a_deadline_and_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("engine.sock");
    let listener = UnixListener::bind(&socket).expect("a socket");
    let silent = tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            kept.push(stream);
        }
    });
    let driver = impatient(format!("unix://{}", socket.display()));
    let calls = async {
        let id = WorkloadId::new();
        assert!(matches!(
            driver.list().await,
            Err(DriverError::Timeout { .. })
        ));
        let result = driver.ensure_stopped(id, Duration::ZERO).await;
        assert!(
            matches!(result, Err(DriverError::Timeout { .. })),
            "{result:?}"
        );
        assert!(matches!(
            driver.events().await.map(drop),
            Err(DriverError::Timeout { .. })
        ));
    };
    tokio::time::timeout(PATIENCE, calls)
        .await
        .expect("every call ends");
    silent.abort();
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_down() {
    for url in ["unix:///no/such/engine.sock", "tcp://127.0.0.1:9"] {
        let result = impatient(url.into()).list().await;
        assert!(
            matches!(result, Err(DriverError::EngineDown { .. })),
            "{url}: {result:?}"
        );
    }
}

#[expect(clippy::print_stdout, reason = "a skipped test has to say so")]
fn url() -> Option<String> {
    let url = std::env::var("JEROBOAM_TEST_DOCKER").ok();
    if url.is_none() {
        println!("skipped: JEROBOAM_TEST_DOCKER is not set");
    }
    url
}

async fn on_docker(
    url: String,
    change: impl Fn(&mut DockerSettings) + Send + Sync + 'static,
    case: impl AsyncFnOnce(&Bench),
) {
    let connect: Connect = Arc::new(move |host| {
        let mut settings = DockerSettings::new(url.clone(), host);
        // The firewall of the machine belongs to the one test that is about it.
        settings.gateway_guard = GuardMode::Off;
        change(&mut settings);
        Arc::new(DockerDriver::new(settings))
    });
    let busybox = must(std::fs::read("/bin/busybox"), "a static busybox");
    Bench::run(connect, busybox.into(), case).await;
}

/// Passes bytes between a socket of its own and the engine's, until told to vanish.
async fn proxy(listener: UnixListener, engine: String) {
    let mut connections = JoinSet::new();
    while let Ok((mut here, _)) = listener.accept().await {
        let engine = engine.clone();
        connections.spawn(async move {
            if let Ok(mut there) = UnixStream::connect(engine).await {
                _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
            }
        });
    }
}

#[tokio::test]
async fn events_end_with_the_engine_and_begin_again_with_it() {
    let Some(url) = url() else { return };
    let Some(engine) = url.strip_prefix("unix://") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("engine.sock");
    let listen = |path: &Path| {
        let listener = UnixListener::bind(path).expect("a socket");
        tokio::spawn(proxy(listener, engine.to_owned()))
    };
    let up = listen(&socket);
    let driver = impatient(format!("unix://{}", socket.display()));
    let mut events = must(driver.events().await, "events");
    assert!(futures::poll!(events.next()).is_pending());
    up.abort();
    let end = tokio::time::timeout(PATIENCE, events.next())
        .await
        .expect("the end");
    assert!(end.is_none(), "{end:?}");
    assert!(matches!(
        driver.list().await,
        Err(DriverError::EngineDown { .. })
    ));
    std::fs::remove_file(&socket).expect("the socket goes");
    let up = listen(&socket);
    must(driver.events().await.map(drop), "events again");
    assert_eq!(must(driver.list().await, "list"), []);
    up.abort();
}

#[tokio::test]
async fn a_container_whose_making_was_cut_off_is_made_anew() {
    let Some(url) = url() else { return };
    let engine = bollard::Docker::connect_with_unix(&url, 60, bollard::API_DEFAULT_VERSION);
    let engine = engine
        .expect("an engine")
        .negotiate_version()
        .await
        .expect("a version");
    on_docker(
        url,
        |_| {},
        async |bench| {
            let workload = bench.workload(Behaviour::Idle).await;
            must(bench.driver.ensure_created(&workload).await, "create");
            // As a crash leaves it: before the files, under the name of the unfinished.
            let label = format!("jeroboam.id={}", workload.id);
            let filters = std::collections::HashMap::from([("label", vec![label])]);
            let options = bollard::query_parameters::ListContainersOptionsBuilder::new().all(true);
            let found = engine
                .list_containers(Some(options.filters(&filters).build()))
                .await;
            let names = found.expect("a list")[0].names.clone().expect("a name");
            let name = names[0].trim_start_matches('/').to_owned();
            let unfinished = format!("{name}-making");
            let options = bollard::query_parameters::RenameContainerOptionsBuilder::new();
            engine
                .rename_container(&name, options.name(&unfinished).build())
                .await
                .expect("a new name");

            // Seen as what it is it would be waited for, and nobody makes it meanwhile.
            let seen = must(bench.driver.inspect(workload.id).await, "inspect");
            assert_eq!(seen, None);
            let listed = must(bench.driver.list().await, "list");
            assert_eq!(
                listed.iter().map(|it| it.state).collect::<Vec<_>>(),
                [RunState::Unknown]
            );
            let result = bench.driver.ensure_running(workload.id).await;
            assert!(
                matches!(result, Err(DriverError::NotFound { .. })),
                "{result:?}"
            );
            bench.start(&workload).await;
            let all = must(bench.driver.list().await, "list");
            assert_eq!(
                all.iter().map(|it| it.state).collect::<Vec<_>>(),
                [RunState::Running]
            );
        },
    )
    .await;
}

#[tokio::test]
async fn a_container_is_confined_by_default() {
    let Some(url) = url() else { return };
    on_docker(
        url,
        |_| {},
        async |bench| {
            let workload = bench.started(Behaviour::Idle).await;
            let order = ExecOrder::new(["/bin/cat", "/proc/1/status"]);
            let status = must(bench.driver.exec(workload.id, order).await, "exec").text;
            let field = |name: &str| {
                let line = status.lines().find(|line| line.starts_with(name));
                line.and_then(|line| line.split_whitespace().nth(1))
                    .unwrap_or("none")
                    .to_owned()
            };
            assert_eq!(field("NoNewPrivs:"), "1");
            assert_eq!(field("Seccomp:"), "2");
            let granted = u64::from_str_radix(&field("CapBnd:"), 16).expect("a mask");
            const NET_ADMIN: u64 = 1 << 12;
            const NET_RAW: u64 = 1 << 13;
            const SYS_ADMIN: u64 = 1 << 21;
            const MKNOD: u64 = 1 << 27;
            assert_eq!(
                granted & (NET_ADMIN | NET_RAW | SYS_ADMIN | MKNOD),
                0,
                "{granted:x}"
            );
            assert_eq!(granted.count_ones(), 10, "{granted:x}");
        },
    )
    .await;
}

#[tokio::test]
async fn containers_do_not_reach_services_of_their_machine() {
    let Some(url) = url() else { return };
    let guarded = |settings: &mut DockerSettings| settings.gateway_guard = GuardMode::Enforce;
    on_docker(url, guarded, async |bench| {
        let service = TcpListener::bind("0.0.0.0:0").await.expect("a port");
        let port = service.local_addr().expect("an address").port().to_string();
        let accepting = tokio::spawn(async move { while service.accept().await.is_ok() {} });
        let network = bench.network("guarded", true).await;
        let gateway = network
            .cidr
            .clone()
            .unwrap_or_default()
            .replace(".0/24", ".1");
        let mut workload = bench.workload(Behaviour::Idle).await;
        workload.networks = vec![Attachment {
            network,
            address: None,
            aliases: Vec::new(),
        }];
        bench.start(&workload).await;
        let reaches = async || {
            let order = ExecOrder::new(["/bin/nc", "-w", "2", &gateway, &port]);
            must(bench.driver.exec(workload.id, order).await, "exec").exit_code == 0
        };
        assert_eq!(guard::in_place().await, Ok(true));
        assert!(!reaches().await, "the door is shut");
        assert!(
            !must(bench.driver.host().await, "host")
                .warnings
                .iter()
                .any(|it| it.contains("machine itself"))
        );

        // Without the rules it is open: the case above proves something.
        for rule in [
            &["-D", "INPUT", "-i", "jb-+", "-j", "JEROBOAM-INPUT"][..],
            &["-F", "JEROBOAM-INPUT"],
            &["-X", "JEROBOAM-INPUT"],
            &[
                "-t",
                "raw",
                "-D",
                "PREROUTING",
                "-i",
                "jb-+",
                "-d",
                "169.254.0.0/16",
                "-j",
                "DROP",
            ],
        ] {
            for program in ["iptables", "ip6tables"] {
                _ = Command::new(program).arg("-w").args(rule).output().await;
            }
        }
        assert_eq!(guard::in_place().await, Ok(false));
        assert!(reaches().await, "the door is open");
        // Rules that somebody has taken away come back.
        let warnings = must(bench.driver.host().await, "host").warnings;
        assert!(
            !warnings.iter().any(|it| it.contains("machine itself")),
            "{warnings:?}"
        );
        assert!(!reaches().await, "the door is shut again");
        accepting.abort();
    })
    .await;
}
