//! Containers that are nodes, and ports that are published. What runs inside a node is its image's
//! matter: here it is the test image, so only a simulated node has an engine that answers.

use super::files::fetch;
use super::workloads::attachment;
use super::{Behaviour, Bench, must};
use crate::Driver;
use crate::error::DriverError;
use crate::sim::files::FileKind;
use schemas::ids::{ClusterId, NodegroupId, WorkloadId};
use schemas::workload::kubernetes::Control;
use schemas::workload::{Node, NodeKubernetes, NodeTls, Workload};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

const COUNT: u32 = 65_536;

/// A node is seen as one of its cluster, and finds its facts and certificates inside.
pub async fn a_node_is_told_what_it_is(bench: &Bench) {
    let mut workload = node(bench).await;
    let Some(wanted) = workload.node.clone() else {
        return;
    };
    bench.start(&workload).await;
    let seen = bench.seen(workload.id).await;
    let is = seen.node.unwrap_or_else(|| panic!("not seen as a node"));
    assert_eq!(
        (is.cluster_id, is.hostname),
        (wanted.cluster_id, workload.hostname.clone())
    );
    assert_eq!(
        seen.limits, workload.limits,
        "a node is bounded as any other container"
    );
    let facts = facts(&*bench.driver, workload.id).await;
    assert_eq!(facts["uid_count"], COUNT);
    assert_eq!(facts["bip"], "172.31.0.1/24");
    assert_eq!(facts["address_pool"], "172.30.0.0/16");
    assert_eq!(facts["address_pool_size"], 24);
    assert_eq!(facts["labels"]["colour"], "blue");
    let kubernetes = &facts["kubernetes"];
    assert_eq!(kubernetes["name"], "node-0");
    assert_eq!(kubernetes["control"], true);
    assert!(!kubernetes.to_string().contains("its key"));
    for (path, content) in [
        ("tls/key.pem", "the key"),
        ("kubernetes/control.pem", "who may do everything"),
        ("kubernetes/control-key.pem", "its key"),
        ("kubernetes/accounts-key.pem", "accounts' key"),
        ("kubernetes/etcd-ca.pem", "etcd's authority"),
        ("kubernetes/etcd.pem", "etcd's certificate"),
        ("kubernetes/etcd-key.pem", "etcd's key"),
    ] {
        let path = format!("/etc/jeroboam/{path}");
        let file = fetch(&*bench.driver, workload.id, &path).await;
        let expected = FileKind::Content(content.into());
        assert_eq!((file.mode, file.kind), (0o600, expected), "{path}");
    }

    // Made anew it is a node again, with files of its own.
    workload.incarnation = 2;
    must(bench.driver.ensure_created(&workload).await, "anew");
    assert!(bench.seen(workload.id).await.node.is_some());
}

/// No two nodes of an engine have a user in common, and what a node that is gone had is free.
pub async fn every_node_has_users_of_its_own(bench: &Bench) {
    let mut first_uids = Vec::new();
    let mut nodes = Vec::new();
    for _ in 0..3 {
        let workload = node(bench).await;
        must(bench.driver.ensure_created(&workload).await, "create");
        first_uids.push(first_uid(&*bench.driver, workload.id).await);
        nodes.push(workload);
    }
    let apart = |one: u64, other: u64| one.abs_diff(other) >= u64::from(COUNT);
    for (n, one) in first_uids.iter().enumerate() {
        let mut others = first_uids.iter().skip(n + 1);
        assert!(others.all(|other| apart(*one, *other)), "{first_uids:?}");
    }
    must(bench.driver.ensure_absent(nodes[0].id).await, "remove");
    let next = node(bench).await;
    must(bench.driver.ensure_created(&next).await, "create");
    let uid = first_uid(&*bench.driver, next.id).await;
    assert!(
        first_uids[1..].iter().all(|other| apart(uid, *other)),
        "{uid} of {first_uids:?}"
    );
}

/// `inner` answers for nodes only; an engine that is not up is down, as any engine.
pub async fn the_engine_inside_a_node_is_a_host_of_its_own(bench: &Bench) {
    let workload = node(bench).await;
    let nobody = bench.driver.inner(workload.id).await.map(drop);
    assert!(
        matches!(nobody, Err(DriverError::NotFound { .. })),
        "{nobody:?}"
    );
    let plain = bench.workload(Behaviour::Idle).await;
    must(bench.driver.ensure_created(&plain).await, "create");
    let refused = bench.driver.inner(plain.id).await.map(drop);
    assert!(
        matches!(refused, Err(DriverError::Conflict { .. })),
        "{refused:?}"
    );
    assert_eq!(bench.seen(plain.id).await.node, None);

    must(bench.driver.ensure_created(&workload).await, "create");
    let inner = must(bench.driver.inner(workload.id).await, "inner");
    let early = inner.list().await;
    assert!(
        matches!(early, Err(DriverError::EngineDown { .. })),
        "{early:?}"
    );
    must(bench.driver.ensure_running(workload.id).await, "start");
    if bench.driver.name() == "sim" {
        while inner.host().await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(must(inner.list().await, "list"), [], "an engine of its own");
        let within = inner.ensure_created(&workload).await;
        assert!(
            matches!(
                within,
                Err(DriverError::Refused {
                    host_fault: true,
                    ..
                })
            ),
            "a node within a node: {within:?}"
        );
    }
    must(bench.driver.ensure_absent(workload.id).await, "remove");
    let gone = inner.list().await;
    assert!(
        matches!(gone, Err(DriverError::EngineDown { .. })),
        "{gone:?}"
    );
}

/// A node has the address its cluster chose for it.
pub async fn a_node_has_its_place_on_its_network(bench: &Bench) {
    let network = bench.network("cluster", true).await;
    let cidr = network.cidr.clone().unwrap_or_default();
    let address = cidr.replace(".0/24", ".7");
    let mut workload = node(bench).await;
    let mut wanted = attachment(&network);
    wanted.address = Some(address.clone());
    workload.networks = vec![wanted];
    bench.start(&workload).await;
    let seen = bench.seen(workload.id).await;
    assert_eq!(seen.interfaces[0].address, address);
}

/// A published port has a port of the machine while the container runs, and nobody else has it.
pub async fn ports_are_published_while_a_container_runs(bench: &Bench) {
    let network = bench.network("open", false).await;
    let mut ports = Vec::new();
    let mut last = None;
    for _ in 0..2 {
        let mut workload = bench.workload(Behaviour::Listens(80)).await;
        workload.networks = vec![attachment(&network)];
        workload.publish = vec![80, 2376];
        must(bench.driver.ensure_created(&workload).await, "create");
        assert!(bench.seen(workload.id).await.published.is_empty());
        must(bench.driver.ensure_running(workload.id).await, "start");
        let published = bench.seen(workload.id).await.published;
        let inside: Vec<u16> = published.keys().copied().collect();
        assert_eq!(inside, [80, 2376]);
        ports.extend(published.into_values());
        last = Some(workload.id);
    }
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 4, "{ports:?}");
    assert!(!ports.contains(&0));
    let last = last.unwrap_or_default();
    must(
        bench.driver.ensure_stopped(last, Duration::ZERO).await,
        "stop",
    );
    assert!(bench.seen(last).await.published.is_empty());
}

/// A container that is to be a node.
pub(super) async fn node(bench: &Bench) -> Workload {
    let mut workload = bench.workload(Behaviour::Idle).await;
    workload.hostname = "node-0".into();
    workload.node = Some(Node {
        cluster_id: ClusterId::new(),
        nodegroup_id: NodegroupId::new(),
        disk: None,
        uid_count: COUNT,
        bip: "172.31.0.1/24".into(),
        address_pool: "172.30.0.0/16".into(),
        address_pool_size: 24,
        guests: None,
        labels: BTreeMap::from([("colour".into(), "blue".into())]),
        tls: Some(NodeTls {
            ca_pem: "the authority".into(),
            cert_pem: "the certificate".into(),
            key_pem: "the key".into(),
        }),
        kubernetes: Some(NodeKubernetes {
            name: "node-0".into(),
            api: "https://10.96.0.5:6443".into(),
            service_address: Ipv4Addr::new(10, 254, 0, 1),
            labels: BTreeMap::new(),
            taints: Vec::new(),
            control: Some(Control {
                cert_pem: "who may do everything".into(),
                key_pem: "its key".into(),
                accounts_key_pem: "accounts' key".into(),
                etcd_ca_pem: "etcd's authority".into(),
                etcd_cert_pem: "etcd's certificate".into(),
                etcd_key_pem: "etcd's key".into(),
            }),
        }),
    });
    workload
}

async fn facts(driver: &dyn Driver, id: WorkloadId) -> Value {
    let file = fetch(driver, id, "/etc/jeroboam/node.json").await;
    let FileKind::Content(content) = file.kind else {
        panic!("node.json is no file");
    };
    must(serde_json::from_slice(&content), "node.json")
}

/// The first of a node's users, as the node is told.
pub(super) async fn first_uid(driver: &dyn Driver, id: WorkloadId) -> u64 {
    let facts = facts(driver, id).await;
    let first = facts["uid_base"].as_u64();
    first.unwrap_or_else(|| panic!("no users in {facts}"))
}
