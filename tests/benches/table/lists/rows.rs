//! What is listed, written straight into the database as it would stand there after a while: bays that
//! are complete, pods and servers that run.

use crate::rows::small;
use schemas::container_infra::manifest;
use schemas::host::{Inventory, Seen};
use schemas::ids::{ClusterId, EpochId, HostId, ImageId, NetworkId, NodegroupId, ServerId};
use schemas::workload::pod::{MemberSeen, MemberState, Phase};
use schemas::workload::{ImageRef, Interface, PodSeen};
use std::collections::BTreeMap;
use store::compute::guests;
use store::compute::launch::{self, Launch};
use store::compute::servers::{self, Sight};
use store::compute::spec::{BootImage, Flavor, Guest};
use store::compute::{hosts, usages};
use store::container_infra::clusters::{self, Cluster, New};
use store::container_infra::nodegroups::{MASTERS, NodeGroup, WORKERS};
use store::container_infra::{nodes, spec};
use store::{Store, Tx};
use tests::api::cloud::Cloud;

const BAYS: usize = 1000;
const PODS: usize = 10_000;
const SERVERS: usize = 1000;

/// Rows of one transaction.
const BATCH: usize = 500;

/// Whose everything is.
#[derive(Clone)]
struct Owner {
    project: String,
    user: String,
}

/// Writes all of it for the member of the seed; the bay with the pods, and these in order.
pub async fn write(cloud: &Cloud) -> (String, Vec<String>) {
    let store = &cloud.state.store;
    let owner = Owner {
        project: cloud.things.get("project/home").into(),
        user: cloud.things.get("user/member").into(),
    };
    let mut bay = String::new();
    for batch in 0..BAYS / 50 {
        let owner = owner.clone();
        let made = store.write(move |tx| {
            (0..50)
                .map(|n| one_bay(tx, &owner, batch * 50 + n))
                .collect()
        });
        let made: Vec<String> = made.await.unwrap();
        bay = made[0].clone();
    }
    many_servers(store, &owner).await;
    let node = HostId::new();
    let inventory = Inventory {
        hostname: "bench-node".into(),
        ..Inventory::default()
    };
    let hello = move |tx: &mut Tx<'_>| hosts::report(tx, node, EpochId::new(), &inventory);
    assert!(store.write(hello).await.unwrap());
    let mut pods = Vec::new();
    for batch in 0..PODS / BATCH {
        let (owner, bay) = (owner.clone(), bay.clone());
        let made = store.write(move |tx| {
            let numbers = batch * BATCH..(batch + 1) * BATCH;
            numbers
                .map(|n| one_pod(tx, &owner, &bay, node, n))
                .collect()
        });
        let made: Vec<String> = made.await.unwrap();
        pods.extend(made);
    }
    (bay, pods)
}

async fn many_servers(store: &Store, owner: &Owner) {
    let wanted = Launch {
        project_id: owner.project.clone(),
        user_id: owner.user.clone(),
        ..small("bench", image(), &[("purpose", "bench")], SERVERS as u32)
    };
    let written = store.write(move |tx| {
        for resource in ["instances", "cores", "ram"] {
            usages::set_limit(tx, &wanted.project_id, resource, -1)?;
        }
        launch::launch(tx, &wanted).map(drop)
    });
    written.await.unwrap();
}

fn image() -> BootImage {
    BootImage {
        id: ImageId::new(),
        manifest: format!("sha256:{}", "0".repeat(64)),
    }
}

/// A bay of one master and one worker, both of which are well.
fn one_bay(tx: &mut Tx<'_>, owner: &Owner, n: usize) -> store::Result<String> {
    let (id, now) = (ClusterId::new(), tx.now());
    let labels: BTreeMap<String, String> = [("purpose".into(), "bench".into())].into();
    let mut cluster = Cluster {
        id: id.to_string(),
        project_id: owner.project.clone(),
        user_id: owner.user.clone(),
        name: format!("bench-{n}"),
        template_id: id.to_string(),
        coe: "docker".into(),
        status: "CREATE_COMPLETE".into(),
        status_reason: None,
        health_status: Some("HEALTHY".into()),
        health_reason: r#"{"default-master-0":"ok","default-worker-0":"ok"}"#.into(),
        api_address: Some("tcp://192.0.2.1:32768".into()),
        generation: 1,
        revision: 1,
        deadline: None,
        deleting: 0,
        request_id: "req-bench".into(),
        created_at: now.0,
        updated_at: None,
        spec: String::new(),
    };
    cluster.set_spec(&spec::Cluster {
        labels: labels.clone(),
        create_timeout: 60,
        ..spec::Cluster::default()
    })?;
    let made_of = spec::NodeGroup {
        image: image(),
        image_id: "jeroboam-node".into(),
        flavor: Flavor::default(),
        docker_volume_size: None,
        labels,
        node_labels: BTreeMap::new(),
        node_taints: Vec::new(),
    };
    let group = |name: &str, role: &str| NodeGroup {
        id: NodegroupId::new().to_string(),
        number: 0,
        cluster_id: cluster.id.clone(),
        project_id: cluster.project_id.clone(),
        name: name.into(),
        role: role.into(),
        is_default: 1,
        node_count: 1,
        min_node_count: 0,
        max_node_count: None,
        status: cluster.status.clone(),
        status_reason: None,
        generation: 1,
        batch: 1,
        made: 0,
        deleting: 0,
        revision: 1,
        created_at: now.0,
        updated_at: None,
        spec: serde_json::to_string(&made_of).unwrap(),
    };
    let mut groups = vec![group(MASTERS, "master"), group(WORKERS, "worker")];
    let mut places = Vec::new();
    for group in &mut groups {
        let mut node = nodes::new(group, 0, now)?;
        node.phase = "run".into();
        node.ready = 1;
        node.address = Some(format!("10.0.0.{}", 2 + places.len()));
        let host = HostId::parse(&node.server_id).unwrap();
        let inventory = Inventory {
            hostname: format!("bench-{n}-{}", node.name),
            engine: "20.10.24".into(),
            ..Inventory::default()
        };
        hosts::report(tx, host, EpochId::new(), &inventory)?;
        places.push(node);
    }
    let new = New {
        cluster,
        groups,
        authorities: Vec::new(),
    };
    clusters::create(tx, &new, -1)?;
    places.iter().try_for_each(|node| nodes::insert(tx, node))?;
    Ok(id.to_string())
}

/// A pod that runs, of a manifest with most of what one can have.
fn one_pod(
    tx: &mut Tx<'_>,
    owner: &Owner,
    bay: &str,
    node: HostId,
    n: usize,
) -> store::Result<String> {
    let (id, boot) = (ServerId::new(), image());
    let name = format!("bench-{n}");
    let words = tests::api::manifest("pods", &name, "busybox").to_string();
    let template = manifest::pod(&words)?.template;
    let spec = template.spec(|_| {
        Ok::<_, store::Fail>(ImageRef {
            id: boot.id,
            manifest: boot.manifest.clone(),
        })
    })?;
    let guest = Guest::Pod {
        spec,
        asked_images: template.images(),
        placing: Default::default(),
    };
    let wanted = Launch {
        within: ClusterId::parse(bay),
        ..Launch::plain(
            [&owner.project, &owner.user, "req-bench"],
            name,
            boot,
            Flavor::default(),
        )
    };
    guests::launch(tx, id, &wanted, &guest, None)?;
    let mut row = servers::any(tx, &id.to_string())?.unwrap();
    row.host_id = Some(node.to_string());
    row.vm_state = "active".into();
    row.task_state = None;
    row.set_sight(&Sight {
        state: Some(Seen::Pod(seen(bay))),
        ..row.sight()?
    })?;
    servers::update(tx, &mut row)?;
    Ok(row.id)
}

fn seen(bay: &str) -> PodSeen {
    let member = |name: &str, state| MemberSeen {
        name: name.into(),
        state,
        restarts: 0,
        ready: true,
    };
    let done = MemberState::Ended {
        exit_code: Some(0),
        reason: "Completed".into(),
    };
    PodSeen {
        incarnation: 1,
        phase: Phase::Running,
        ready: true,
        interfaces: vec![Interface {
            network_id: NetworkId::derived(ClusterId::parse(bay).unwrap().0, "guests"),
            network_name: "guests".into(),
            address: "172.30.0.2".into(),
            prefix: 24,
            mac: "02:42:ac:1e:00:02".into(),
        }],
        init: vec![member("first", done)],
        containers: vec![member("main", MemberState::Running)],
    }
}
