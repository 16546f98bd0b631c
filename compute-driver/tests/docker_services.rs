//! Services of clusters, as a node is told of them: by its own socket, and no other.

use compute_driver::conformance::must;
use compute_driver::docker::GuardMode;
use compute_driver::{DockerDriver, DockerSettings, Driver, DriverError, Uids};
use nix::unistd::getuid;
use schemas::ids::{ClusterId, HostId};
use schemas::workload::Services;
use schemas::workload::services::Service;
use serde_json::Value;
use std::os::unix::fs::{chown, symlink};
use std::path::Path;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixListener;

/// The users of a node that nobody has.
const NODE: Uids = Uids {
    first: 4_000_000_000,
    count: 1,
};

fn driver(folder: &Path, inside: bool) -> DockerDriver {
    let engine = format!("unix://{}", folder.join("docker.sock").display());
    DockerDriver::new(DockerSettings {
        socket_owner: inside.then_some(NODE),
        gateway_guard: GuardMode::Off,
        ..DockerSettings::new(engine, HostId::new())
    })
}

fn services() -> Services {
    let web = Service {
        name: "web".into(),
        address: None,
        pods: vec![[10, 100, 7, 2].into()],
        ports: Vec::new(),
    };
    Services {
        cluster_id: ClusterId::new(),
        services: vec![web],
    }
}

/// Stands in for a node: hears one line, and answers another.
fn node(at: &Path, answer: &'static str) -> tokio::task::JoinHandle<Value> {
    let listener = must(UnixListener::bind(at), "a socket");
    tokio::spawn(async move {
        let (stream, _) = must(listener.accept().await, "the driver");
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        must(stream.read_line(&mut line).await, "a line");
        must(stream.write_all(answer.as_bytes()).await, "an answer");
        must(serde_json::from_str(&line), "JSON")
    })
}

fn text(result: Result<(), DriverError>) -> String {
    result.err().map(|it| it.to_string()).unwrap_or_default()
}

#[tokio::test]
async fn a_node_is_told_all_services_and_what_it_answers_is_said() {
    let folder = must(tempfile::tempdir(), "a folder");
    let at = folder.path().join("services.sock");
    let inside = driver(folder.path(), true);
    let told = node(&at, "{\"ok\":true}\n");
    must(inside.ensure_services(&services()).await, "told");
    let told = must(told.await, "the node");
    assert_eq!(told["services"][0]["name"], "web");
    assert_eq!(told["services"][0]["pods"][0], "10.100.7.2");
    for (answer, words) in [
        ("{\"error\":\"nft failed\"}\n", "nft failed"),
        ("what?\n", "not understood"),
        ("", "does not answer"),
    ] {
        must(std::fs::remove_file(&at), "remove");
        let told = node(&at, answer);
        let said = text(inside.ensure_services(&services()).await);
        assert!(said.contains(words), "{said}");
        must(told.await, "the node");
    }
    let outside = driver(folder.path(), false);
    let said = text(outside.ensure_services(&services()).await);
    assert!(said.contains("nodes of clusters"), "{said}");
}

#[tokio::test]
async fn nobody_takes_the_place_of_what_serves_a_node() {
    let folder = must(tempfile::tempdir(), "a folder");
    let at = folder.path().join("services.sock");
    let inside = driver(folder.path(), true);
    let said = text(inside.ensure_services(&services()).await);
    assert!(said.contains("older than its agent"), "{said}");
    let elsewhere = folder.path().join("elsewhere");
    let _other = node(&elsewhere, "{\"ok\":true}\n");
    must(symlink(&elsewhere, &at), "a link");
    let said = text(inside.ensure_services(&services()).await);
    assert!(said.contains("not the node's"), "{said}");
    if getuid().is_root() {
        must(std::fs::rename(&elsewhere, &at), "a socket");
        must(chown(&at, Some(12_345), None), "chown");
        let said = text(inside.ensure_services(&services()).await);
        assert!(said.contains("not the node's"), "a stranger's: {said}");
    }
}
