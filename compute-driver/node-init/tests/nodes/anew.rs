//! A node that is made anew as the agent makes it, of another image and with the disk it had: its engine
//! goes on in another container.

use super::authority::Authority;
use super::node::{MEMORY, Machine, until};
use bollard::query_parameters::{
    InspectContainerOptions, ListContainersOptionsBuilder, ListVolumesOptionsBuilder,
    TagImageOptionsBuilder,
};
use compute_driver::conformance::{Behaviour, Bench, Connect};
use compute_driver::docker::{GuardMode, NodeSettings};
use compute_driver::{DockerDriver, DockerSettings, Driver};
use schemas::ids::{ClusterId, HostId, ImageId, NodegroupId, WorkloadId};
use schemas::workload::{
    Attachment, ImageRef, Limits, Network, Node, NodeTls, Observation, RunState, Workload,
};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// As the driver knows the image of nodes, under a name of its own each time.
async fn image(machine: &Machine, host: HostId) -> ImageRef {
    let hex = || uuid::Uuid::new_v4().simple().to_string();
    let manifest = hex() + &hex();
    let options = TagImageOptionsBuilder::new()
        .repo(&format!("jeroboam/{manifest}"))
        .tag(&host.0.simple().to_string())
        .build();
    let tagged = machine.engine.tag_image(&machine.image.name, Some(options));
    tagged.await.expect("a name");
    ImageRef {
        id: ImageId::new(),
        manifest: format!("sha256:{manifest}"),
    }
}

/// A node at the tenth address of a network.
fn node(mut workload: Workload, network: Network) -> Workload {
    let cidr = network.cidr.clone().expect("a subnet");
    let address = cidr.replace(".0/24", ".10");
    let authority = Authority::new();
    let identity = authority.node(vec![address.clone()]);
    workload.command = None;
    workload.limits = Limits {
        cpu_shares: 1024,
        cpu_millis: None,
        memory_bytes: u64::try_from(MEMORY).expect("some"),
        pids: 4096,
    };
    workload.networks = vec![Attachment {
        network,
        address: Some(address),
        aliases: Vec::new(),
    }];
    workload.node = Some(Node {
        cluster_id: ClusterId::new(),
        nodegroup_id: NodegroupId::new(),
        disk: None,
        uid_count: 65_536,
        bip: "172.31.0.1/24".into(),
        address_pool: "172.30.0.0/16".into(),
        address_pool_size: 24,
        guests: None,
        labels: BTreeMap::new(),
        tls: Some(NodeTls {
            ca_pem: authority.pem.clone(),
            cert_pem: identity.cert,
            key_pem: identity.key,
        }),
        kubernetes: None,
    });
    workload
}

/// What the driver has written on a node's container, and how many disks the node has.
async fn seen(machine: &Machine, id: WorkloadId) -> (String, usize) {
    let label = HashMap::from([("label", vec![format!("jeroboam.id={id}")])]);
    let options = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&label);
    let found = machine.engine.list_containers(Some(options.build())).await;
    let mut users = String::new();
    if let Some(found) = found.expect("containers").first() {
        let id = found.id.clone().expect("an id");
        let options = None::<InspectContainerOptions>;
        let there = machine.engine.inspect_container(&id, options).await;
        let labels = there.expect("a container").config.expect("a configuration");
        users = labels.labels.expect("labels")["jeroboam.uids"].clone();
    }
    let options = ListVolumesOptionsBuilder::new().filters(&label).build();
    let volumes = machine.engine.list_volumes(Some(options)).await;
    let volumes = volumes.expect("volumes").volumes.unwrap_or_default();
    (users, volumes.len())
}

/// The engine inside once it answers, and what is on it.
async fn up(bench: &Bench, node: &Workload) -> (Arc<dyn Driver>, Vec<Observation>) {
    bench.start(node).await;
    let inner = bench.driver.inner(node.id).await.expect("a node");
    until("the engine inside answers", async || {
        let listed = inner.list().await.ok();
        let seen = bench.seen(node.id).await;
        assert_eq!(seen.state, RunState::Running, "{seen:?}");
        listed.map(|there| (inner.clone(), there))
    })
    .await
}

#[tokio::test]
async fn an_engine_goes_on_with_its_disk_in_another_container() {
    Machine::with(async |machine| {
        let folders = tempfile::tempdir().expect("a folder");
        let dir = folders.path().to_owned();
        let connect: Connect = Arc::new(move |host| {
            let url = std::env::var("JEROBOAM_TEST_DOCKER").expect("an engine");
            let nodes = NodeSettings {
                dir: Some(dir.clone()),
                ..NodeSettings::default()
            };
            Arc::new(DockerDriver::new(DockerSettings {
                nodes,
                gateway_guard: GuardMode::Off,
                ..DockerSettings::new(url, host)
            }))
        });
        let busybox = std::fs::read("/bin/busybox").expect("a static busybox");
        Bench::run(connect, busybox.into(), async |bench| {
            let guest = bench.workload(Behaviour::Idle).await;
            let network = bench.network("cluster", true).await;
            let mut node = node(bench.workload(Behaviour::Idle).await, network);
            node.image = image(machine, bench.host()).await;

            let (inner, there) = up(bench, &node).await;
            assert_eq!(there, []);
            inner
                .ensure_image(&guest.image, &bench.image)
                .await
                .expect("an image");
            inner.ensure_created(&guest).await.expect("a guest");
            inner.ensure_running(guest.id).await.expect("it runs");
            let before = seen(machine, node.id).await;
            assert_eq!(before.1, 1);

            node.image = image(machine, bench.host()).await;
            node.incarnation = 2;
            node.node.as_mut().expect("a node").disk = Some(1);
            let (inner, there) = up(bench, &node).await;
            let there: Vec<_> = there.iter().map(|it| (it.id, it.state)).collect();
            assert_eq!(there, [(guest.id, RunState::Exited)]);
            inner.ensure_running(guest.id).await.expect("it runs again");
            assert_eq!(seen(machine, node.id).await, before, "its users, one disk");

            node.incarnation = 3;
            node.node.as_mut().expect("a node").disk = None;
            let (_, there) = up(bench, &node).await;
            assert_eq!(there, []);
            bench.driver.ensure_absent(node.id).await.expect("it goes");
            assert_eq!(seen(machine, node.id).await, (String::new(), 0));
        })
        .await;
        let left = std::fs::read_dir(folders.path()).expect("the folder");
        assert_eq!(left.count(), 0);
    })
    .await;
}
