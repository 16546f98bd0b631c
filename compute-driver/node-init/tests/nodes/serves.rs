//! What a node is for.

use super::authority::Authority;
use super::inner::{self, run};
use super::node::{Machine, Node, until};
use bollard::Docker;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::{ExecConfig, HostConfig, NetworkCreateRequest};
use bollard::query_parameters::{InspectNetworkOptions, StatsOptionsBuilder};
use futures::{StreamExt, TryStreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_node_serves_its_own_clients_and_the_agent_and_nobody_else() {
    Machine::with(async |machine| {
        let node = machine.boot(1).await;
        let inner = machine.ready(&node).await;
        let info = inner.info().await.unwrap();
        assert_eq!(info.driver.as_deref(), Some("overlay2"));
        assert_eq!(info.labels.unwrap(), ["number=1"]);
        let by_socket = node.socket().await.info().await.unwrap();
        assert_eq!(by_socket.id, info.id, "the agent speaks to the same engine");

        let ports = machine
            .look_at(&node)
            .await
            .network_settings
            .unwrap()
            .ports
            .unwrap();
        let port = ports["2376/tcp"].clone().unwrap()[0]
            .host_port
            .clone()
            .unwrap();
        let published = node.connect(&format!("tcp://127.0.0.1:{port}"));
        assert_eq!(
            published.info().await.unwrap().id,
            info.id,
            "as from outside"
        );

        let strangers = tempfile::tempdir().unwrap();
        let other = Authority::new();
        node.authority
            .write_client(strangers.path(), &other.client());
        let stranger = node.connect_as(&format!("tcp://{}:2376", node.address), strangers.path());
        assert!(
            stranger.info().await.is_err(),
            "a certificate of another cluster"
        );
        assert!(without_certificate(&node).await.is_err(), "no certificate");
        assert!(in_the_clear(&node).await.contains("HTTPS"));
        machine.remove(node).await;
    })
    .await;
}

/// What becomes of a client that trusts the node and has no certificate.
async fn without_certificate(node: &Node) -> reqwest::Result<reqwest::Response> {
    let authority = reqwest::Certificate::from_pem(node.authority.pem.as_bytes()).unwrap();
    let client = reqwest::Client::builder()
        .tls_certs_only([authority])
        .build()
        .unwrap();
    client
        .get(format!("https://{}:2376/info", node.address))
        .send()
        .await
}

/// What the engine says to plain HTTP.
async fn in_the_clear(node: &Node) -> String {
    let mut stream = TcpStream::connect((node.address.as_str(), 2376))
        .await
        .unwrap();
    stream
        .write_all(b"GET /info HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn containers_run_in_a_node_on_networks_of_its_own() {
    Machine::with(async |machine| {
        let node = machine.boot(1).await;
        let inner = machine.furnished(&node).await;
        let (status, said) = run(
            &inner,
            "ip route; cat /etc/resolv.conf",
            HostConfig::default(),
        )
        .await;
        assert_eq!(status, 0, "{said}");
        assert!(said.contains("default via 172.31.0.1"), "{said}");
        assert!(said.contains("nameserver 192.0.2.53"), "{said}");
        assert!(!said.contains("127.0.0.11"), "{said}");
        let script = "grep SigBlk /proc/self/status";
        let (_, held) = run(&inner, script, HostConfig::default()).await;
        assert!(held.contains("0000000000000000"), "held back: {held}");

        let request = NetworkCreateRequest {
            name: "own".to_owned(),
            ..NetworkCreateRequest::default()
        };
        inner.create_network(request).await.unwrap();
        let network = inner
            .inspect_network("own", None::<InspectNetworkOptions>)
            .await
            .unwrap();
        let subnet = network.ipam.unwrap().config.unwrap()[0]
            .subnet
            .clone()
            .unwrap();
        assert_eq!(subnet, "172.30.0.0/24");
        let on_it = || HostConfig {
            network_mode: Some("own".to_owned()),
            ..HostConfig::default()
        };
        let server = inner::start(&inner, &["httpd", "-f", "-h", "/etc"], on_it()).await;
        let script = format!("wget -q -O - http://{}/group", &server[..12]);
        let fetched = until("one finds the other by its name", async || {
            let (status, said) = run(&inner, &script, on_it()).await;
            (status == 0).then_some(said)
        });
        assert!(fetched.await.contains("root:x:0:"));
        machine.remove(node).await;
    })
    .await;
}

#[tokio::test]
async fn two_nodes_live_side_by_side_and_reach_each_other() {
    Machine::with(async |machine| {
        let (one, other) = tokio::join!(machine.boot(1), machine.boot(2));
        let (inner, there) = tokio::join!(machine.furnished(&one), machine.ready(&other));
        assert_ne!(
            inner.info().await.unwrap().id,
            there.info().await.unwrap().id
        );
        let script = format!("nc -w 10 {} 2376 </dev/null && echo reached", other.address);
        let (_, said) = run(&inner, &script, HostConfig::default()).await;
        assert_eq!(said, "reached\n");
        machine.remove(one).await;
        there.info().await.expect("the other lives on");
        machine.remove(other).await;
    })
    .await;
}

#[tokio::test]
async fn the_machines_engine_still_counts_what_a_node_uses_and_runs_commands_in_it() {
    Machine::with(async |machine| {
        let node = machine.boot(1).await;
        machine.ready(&node).await;
        let options = StatsOptionsBuilder::new().stream(false).build();
        let mut stats = machine.engine.stats(&node.name, Some(options));
        let stats = stats.next().await.unwrap().unwrap();
        assert!(
            stats.memory_stats.unwrap().usage.unwrap() > 10 << 20,
            "the engine's memory"
        );
        let network = stats.networks.unwrap();
        let received = network["eth0"].rx_bytes.unwrap();
        assert!(received > 1000, "certificates went through it: {received}");
        let (status, said) = exec(&machine.engine, &node.name, &["ps", "-eo", "args"]).await;
        assert_eq!(status, Some(0), "{said}");
        assert!(said.contains("dockerd --config-file"), "{said}");
        machine.remove(node).await;
    })
    .await;
}

/// Runs a command by the machine's engine.
pub async fn exec(engine: &Docker, name: &str, command: &[&str]) -> (Option<i64>, String) {
    let config = ExecConfig {
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(command.iter().map(|&it| it.to_owned()).collect()),
        ..ExecConfig::default()
    };
    let id = engine.create_exec(name, config).await.unwrap().id;
    let started = engine
        .start_exec(&id, None::<StartExecOptions>)
        .await
        .unwrap();
    let StartExecResults::Attached { output, .. } = started else {
        panic!("not attached");
    };
    let parts: Vec<_> = output.try_collect().await.unwrap();
    let said = parts.iter().map(ToString::to_string).collect();
    (engine.inspect_exec(&id).await.unwrap().exit_code, said)
}
