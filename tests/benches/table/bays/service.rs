//! Requests through a service beside requests straight to the pod behind it. Server and load generator
//! are this program, in the networks of two pods of one node, so the way between them is that of two
//! containers, and neither of them is the limit; then from the machine, at the port where it publishes
//! the service, beside the same port of the node.

use super::bay::Bays;
use super::pod;
use crate::client::Client;
use crate::limit::{Static, within};
use crate::load::{self, Report};
use crate::table::{Table, time};
use bollard::Docker;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;

const CONNECTIONS: &str = "16";
/// What the server listens on in its pod.
const PORT: u16 = 8080;

pub async fn measure(
    table: &mut Table,
    admin: &Client,
    bays: &Bays<'_>,
    bay: &str,
    image: &str,
    inner: &Docker,
) {
    let manifest = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": "bench" },
        "spec": {
            "type": "NodePort", "selector": { "app": "server" },
            "ports": [{ "port": 80, "targetPort": PORT }],
        },
    });
    let body = json!({ "bay_uuid": bay, "manifest": manifest.to_string() });
    let path = "/container-infra/v1/services";
    let (status, text) = admin.answer("POST", path, Some(body)).await;
    if status == 501 {
        return table.left_out("services", "this cloud has none yet (501)");
    }
    assert_eq!(status, 201, "{text}");
    let service: Value = serde_json::from_str(&text).unwrap();
    let ip: Ipv4Addr = service["ip"].as_str().unwrap().parse().unwrap();
    let node_port = service["ports"][0]["nodePort"].as_u64().unwrap() as u16;

    let [server, client] = ["server", "client"].map(|name| place(admin, bay, name, image, inner));
    let (server, client) = (server.await, client.await);
    let everywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, PORT));
    let serving = Static::within(server.pid, everywhere);
    for (ending, words) in [
        ("kept", "connections kept"),
        ("ended", "a connection for each"),
    ] {
        let load = |at| loaded(within(client.pid), at, ending);
        row(
            table,
            &format!("service: requests from a pod, {words}"),
            load(SocketAddr::from((ip, 80))),
            "straight to its pod",
            load(SocketAddr::from((server.address, PORT))),
        );
        let load = |at| loaded(Command::new(std::env::current_exe().unwrap()), at, ending);
        row(
            table,
            &format!("published service: from the machine, {words}"),
            load(SocketAddr::from((Ipv4Addr::LOCALHOST, node_port))),
            "the node's port",
            load(SocketAddr::from((bays.address(bay).await, node_port))),
        );
    }
    drop(serving);
    let id = service["uuid"].as_str().unwrap();
    admin.call("DELETE", &format!("{path}/{id}"), None).await;
}

fn row(table: &mut Table, what: &str, figure: Report, limit_is: &str, limit: Report) {
    table.row(
        what,
        &format!(
            "{:.0}/s p50 {} p99 {}",
            figure.per_second,
            time(figure.p50),
            time(figure.p99)
        ),
        &format!(
            "{limit_is} {:.0}/s p50 {}",
            limit.per_second,
            time(limit.p50)
        ),
        Some(figure.per_second / limit.per_second),
        "",
    );
}

fn loaded(mut program: Command, at: SocketAddr, ending: &str) -> Report {
    let done = program
        .args(["load", &at.to_string(), CONNECTIONS, ending])
        .stderr(std::process::Stdio::inherit())
        .output();
    let done = done.unwrap();
    assert!(done.status.success(), "the load on {at} failed");
    load::heard(&String::from_utf8(done.stdout).unwrap())
}

/// A pod's network.
struct Place {
    /// One of its processes, as the machine counts.
    pid: u32,
    address: Ipv4Addr,
}

async fn place(admin: &Client, bay: &str, name: &str, image: &str, inner: &Docker) -> Place {
    let (_, pod) = pod::make(admin, bay, name, image).await;
    let [sandbox, _] = pod::parts(inner, &pod).await;
    let networks = sandbox.network_settings.unwrap().networks.unwrap();
    let address = networks.into_values().find_map(|it| it.ip_address);
    Place {
        pid: process_of(&sandbox.id.unwrap()),
        address: address.unwrap().parse().unwrap(),
    }
}

/// A process of a container inside a node: the engine there counts otherwise, but the machine sees its
/// group.
fn process_of(container: &str) -> u32 {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let mut pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_its = |pid: &u32| {
        let group = std::fs::read_to_string(format!("/proc/{pid}/cgroup"));
        group.is_ok_and(|group| group.contains(container))
    };
    pids.find(is_its).expect("a process of the container")
}
