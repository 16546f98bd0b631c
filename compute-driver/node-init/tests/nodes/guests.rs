//! Guests of a cluster on its nodes: on a network as the driver makes it, with services as the agent
//! tells them.

use super::confined::processes;
use super::inner;
use super::node::{Files, Machine, Node, guests, until};
use bollard::Docker;
use bollard::models::{HostConfig, Ipam, IpamConfig, NetworkCreateRequest};
use bollard::query_parameters::InspectContainerOptions;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::process::{Command, Output};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

/// The resolver of the services below.
pub const RESOLVER: &str = "100.96.0.10";

/// A node that is up, with its engine. Names that are none of services it asks the machine for.
pub async fn boot(machine: &Machine, number: u8) -> (Node, Docker) {
    let join = |files: &mut Files| {
        files.config["guests"] = guests();
        files.config["resolvers"] = json!([machine.gateway()]);
    };
    let node = machine.make(number, join).await;
    machine.start(&node).await;
    let inner = machine.furnished(&node).await;
    let number = node.address.rsplit('.').next().expect("a number");
    let part = IpamConfig {
        subnet: Some(format!("100.64.{number}.0/24")),
        ..IpamConfig::default()
    };
    let request = NetworkCreateRequest {
        name: "guests".to_owned(),
        ipam: Some(Ipam {
            config: Some(vec![part]),
            ..Ipam::default()
        }),
        options: Some(HashMap::from([(
            "com.docker.network.bridge.enable_ip_masquerade".to_owned(),
            "false".to_owned(),
        )])),
        ..NetworkCreateRequest::default()
    };
    inner.create_network(request).await.expect("a network");
    (node, inner)
}

/// On the network of guests.
pub fn guest() -> HostConfig {
    HostConfig {
        network_mode: Some("guests".to_owned()),
        dns: Some(vec![RESOLVER.to_owned()]),
        dns_search: Some(
            ["default.svc.bay.test", "svc.bay.test", "bay.test"]
                .map(str::to_owned)
                .to_vec(),
        ),
        dns_options: Some(vec!["ndots:5".to_owned()]),
        ..HostConfig::default()
    }
}

/// A pod that says its name at port 8080, with its address.
pub async fn pod(inner: &Docker, name: &str) -> (String, String) {
    let script = format!("echo {name} > /tmp/index.html; exec httpd -f -v -p 8080 -h /tmp");
    let id = inner::start(inner, &["sh", "-c", &script], guest()).await;
    let address = address(inner, &id).await;
    (id, address)
}

/// The address of a guest.
pub async fn address(inner: &Docker, id: &str) -> String {
    let looked = inner.inspect_container(id, None::<InspectContainerOptions>);
    let networks = looked.await.expect("it is there").network_settings;
    let networks = networks.and_then(|it| it.networks).expect("networks");
    networks["guests"].ip_address.clone().expect("an address")
}

/// What several requests are answered by, each once, in order.
pub async fn answers(inner: &Docker, at: &str, config: HostConfig) -> String {
    let script = format!(
        "for i in $(seq 24); do timeout 5 wget -q -O - http://{at}/ 2>&1 || exit 1; done | sort -u | xargs"
    );
    let (_, said) = inner::run(inner, &script, config).await;
    said.trim().to_owned()
}

/// One service at a port, over TCP.
pub fn service(name: &str, address: &str, port: Value) -> Value {
    json!({ "name": name, "address": address, "pods": [], "ports": [port] })
}

/// Tells a node its services, as soon as it listens; its answer.
pub async fn told(node: &Node, services: Value) -> Value {
    let path = node.folder.path().join("services.sock");
    let mut stream = until("the node listens for services", async || {
        UnixStream::connect(&path).await.ok()
    })
    .await;
    let line = format!("{}\n", json!({ "services": services }));
    stream.write_all(line.as_bytes()).await.expect("it listens");
    let mut answer = String::new();
    let mut stream = BufReader::new(stream);
    stream.read_line(&mut answer).await.expect("an answer");
    serde_json::from_str(&answer).expect("JSON")
}

/// Tells a node services that it serves.
pub async fn tell(node: &Node, services: Value) {
    assert_eq!(told(node, services).await, json!({ "ok": true }));
}

/// The process of a node whose command line has these words.
pub async fn process(machine: &Machine, node: &Node, words: &str) -> i32 {
    let container = machine.look_at(node).await.id.expect("an id");
    until(words, async || {
        let all = processes(|membership| membership.contains(&container));
        let found = all.iter().find(|it| it.command.contains(words));
        found.map(|it| it.id)
    })
    .await
}

/// Runs a program of the machine in the network of a process.
pub fn within(process: i32, command: &[&str]) -> Output {
    Command::new("nsenter")
        .args(["--target", &process.to_string(), "--net"])
        .args(command)
        .output()
        .expect("nsenter")
}
