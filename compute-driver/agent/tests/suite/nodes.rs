//! Nodes: containers whose engines are hosts of the same agent.

use crate::world::*;
use bus::Report;
use compute_driver::Driver;
use process::Faults;
use schemas::host::{Converge, Desired, Hello, Op, Reply, Seen};
use schemas::ids::{ClusterId, HostId, NodegroupId, WorkloadId};
use schemas::workload::services::Service;
use schemas::workload::{ImageRef, Limits, Node, Power, RunState, Services, Workload};
use std::net::Ipv4Addr;
use std::time::Duration;

/// A container that is to be a node, with these instructions.
pub fn node(image: &ImageRef, labels: &[(&str, &str)]) -> Workload {
    Workload {
        hostname: "node-0".into(),
        node: Some(Node {
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
        }),
        limits: Limits {
            cpu_millis: Some(2000),
            memory_bytes: 1 << 30,
            ..Limits::default()
        },
        ..labelled(image, labels)
    }
}

impl World {
    /// The hello of one host.
    pub async fn hello_of(&mut self, host: HostId) -> Hello {
        self.report(|report| match report {
            Report::Hello(hello) if hello.host == host => Some(hello),
            _ => None,
        })
        .await
    }

    /// What is wrong with a host's engine, once it is this.
    async fn problem_of(&mut self, host: HostId, words: &str) -> String {
        self.report(|report| match report {
            Report::Heartbeat(beat) if beat.host == host => beat
                .inventory
                .engine_problem
                .filter(|problem| problem.contains(words)),
            _ => None,
        })
        .await
    }

    /// Nothing is heard of the host for a minute.
    async fn silent(&mut self, host: HostId) {
        // What is on its way.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let heard = async {
            let from = |report: &Report| match report {
                Report::Hello(it) => it.host,
                Report::Heartbeat(it) => it.host,
                Report::Observed(it) => it.host,
            };
            self.report(|report| (from(&report) == host).then_some(report))
                .await
        };
        let heard = tokio::time::timeout(Duration::from_secs(60), heard).await;
        assert!(heard.is_err(), "{heard:?}");
    }

    /// Speaks to that host from now on.
    fn turn_to(&mut self, host: HostId) {
        self.host = host;
    }
}

/// A node that has said hello.
async fn up(world: &mut World, labels: &[(&str, &str)]) -> (Workload, Hello) {
    let image = world.image("an engine");
    let want = node(&image, labels);
    world.settle(want.id, container(&want)).await;
    let hello = world.hello_of(want.id.into()).await;
    (want, hello)
}

#[tokio::test(start_paused = true)]
async fn a_node_is_a_host_as_long_as_its_container_runs() {
    let mut world = World::new().await;
    let (machine, (mut want, hello)) = (world.host, up(&mut world, &[]).await);
    let host = HostId::from(want.id);
    let facts = &hello.inventory;
    assert_eq!(facts.cluster, want.node.as_ref().map(|it| it.cluster_id));
    assert_eq!((facts.hostname.as_str(), facts.cpus), ("node-0", 2));
    assert_eq!(facts.memory_bytes, 1 << 30);
    assert_eq!((&hello.present, &facts.engine_problem), (&vec![], &None));

    world.turn_to(host);
    let image = world.image("hi");
    let inner = labelled(&image, &[("sim.log", "inside")]);
    let seen = world.settle(inner.id, container(&inner)).await;
    assert_eq!(seen.host, host);
    assert_eq!(reached(seen).state, RunState::Running);
    let command = Op::Exec {
        command: vec!["echo".into(), "hello".into()],
        container: None,
    };
    let said = world.call(inner.id, command).await;
    assert!(matches!(said, Reply::Text { text, .. } if text == "hello\n"));
    let on_the_machine = world.engine.connect(machine);
    let there = on_the_machine.list().await.unwrap();
    assert_eq!(there.iter().map(|it| it.id).collect::<Vec<_>>(), [want.id]);

    world.turn_to(machine);
    want.power = Power::Stopped;
    world.settle(want.id, container(&want)).await;
    world.silent(host).await;
    want.power = Power::Running;
    world.settle(want.id, container(&want)).await;
    let again = world.hello_of(host).await;
    assert!(again.epoch > hello.epoch, "another life");
    // Its disk is the same, and so is what was finished.
    assert_eq!(again.present[0].id, inner.id);
    let told = world.hear(|seen| seen.id == inner.id).await;
    assert_eq!(told.generation, 2, "{told:?}");

    world.settle(want.id, Desired::Absent).await;
    world.silent(host).await;
    world.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn another_incarnation_begins_with_nothing() {
    let mut world = World::new().await;
    let (machine, (mut want, _)) = (world.host, up(&mut world, &[]).await);
    let host = HostId::from(want.id);
    world.turn_to(host);
    let inner = workload(&world.image("hi"));
    let order = world.order(inner.id, container(&inner)).await;
    world.settled(&order).await;
    world.turn_to(machine);
    want.incarnation = 2;
    world.settle(want.id, container(&want)).await;
    assert_eq!(world.hello_of(host).await.present, []);
    world.turn_to(host);
    // An agent that remembered would say that this is done.
    world.send(&order).await;
    let seen = world.settled(&order).await;
    assert_eq!(reached(seen).state, RunState::Running);
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_was_killed_finds_its_nodes_by_their_labels() {
    let mut world = World::new().await;
    let (want, hello) = up(&mut world, &[]).await;
    let host = HostId::from(want.id);
    world.kill().await;
    world.silent(host).await;
    world.start(Faults::none());
    let again = world.hello_of(host).await;
    assert!(again.epoch > hello.epoch);
    assert_eq!(again.inventory.cluster, hello.inventory.cluster);
}

#[tokio::test(start_paused = true)]
async fn what_a_node_left_that_went_while_no_agent_was_here_is_removed() {
    let mut world = World::new().await;
    let (want, _) = up(&mut world, &[]).await;
    let folder = world.settings.state_dir.join("inner");
    let folder = folder.join(want.id.to_string());
    assert!(folder.exists());
    world.kill().await;
    world.driver().ensure_absent(want.id).await.unwrap();
    world.start(Faults::none());
    world.hello_of(world.host).await;
    while folder.exists() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_does_not_come_up_is_told_with_the_nodes_last_words() {
    let mut world = World::new().await;
    let image = world.image("an engine");
    let want = node(&image, &[("sim.engine", "never")]);
    world.settle(want.id, container(&want)).await;
    let host = want.id.into();
    let early = world.problem_of(host, "").await;
    assert_eq!(early, "the node's engine is coming up");
    let late = world.problem_of(host, "did not").await;
    assert_eq!(
        late,
        "the node's engine did not answer in 60 s: the engine is started"
    );
}

#[tokio::test(start_paused = true)]
async fn a_node_that_hangs_holds_up_neither_its_machine_nor_another_node() {
    let mut world = World::new().await;
    let machine = world.host;
    let (stuck, _) = up(&mut world, &[("sim.engine_hangs", "1s")]).await;
    let (well, _) = up(&mut world, &[]).await;
    let image = world.image("hi");
    world.problem_of(stuck.id.into(), "answers no more").await;
    world.turn_to(stuck.id.into());
    for _ in 0..10 {
        world
            .order(WorkloadId::new(), container(&workload(&image)))
            .await;
    }
    for host in [machine, well.id.into()] {
        world.turn_to(host);
        let want = workload(&image);
        let begun = tokio::time::Instant::now();
        world.settle(want.id, container(&want)).await;
        assert!(begun.elapsed() < Duration::from_secs(2), "{host}");
    }
}

#[tokio::test(start_paused = true)]
async fn blobs_are_fetched_once_for_a_machine_and_its_nodes() {
    let mut world = World::new().await;
    let machine = world.host;
    let (one, _) = up(&mut world, &[]).await;
    let (two, _) = up(&mut world, &[]).await;
    let image = world.image("shared");
    world.images.asked.lock().unwrap().clear();
    for host in [machine, one.id.into(), two.id.into()] {
        world.turn_to(host);
        let want = workload(&image);
        let seen = world.settle(want.id, container(&want)).await;
        assert_eq!(reached(seen).state, RunState::Running);
    }
    let asked = world.images.asked.lock().unwrap();
    assert_eq!(asked.len(), 2, "a layer and a config: {asked:?}");
    assert!(asked.values().all(|times| times.len() == 1), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn thirty_nodes_live_side_by_side_and_end_with_their_agent() {
    let mut world = World::new().await;
    // It listens for orders.
    world.hello_of(world.host).await;
    let image = world.image("an engine");
    let mut all: Vec<WorkloadId> = Vec::new();
    for _ in 0..30 {
        let want = node(&image, &[]);
        world.order(want.id, container(&want)).await;
        all.push(want.id);
    }
    let mut missing = all.clone();
    while !missing.is_empty() {
        let host = world
            .report(|report| match report {
                Report::Hello(hello) => Some(hello.host),
                _ => None,
            })
            .await;
        missing.retain(|id| HostId::from(*id) != host);
    }
    world.stop().await;
    for id in all {
        let seen = world.driver().inspect(id).await.unwrap();
        assert_eq!(seen.unwrap().state, RunState::Running, "left as it is");
    }
    world.silent(world.host).await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_frozen_is_no_host_meanwhile() {
    let mut world = World::new().await;
    let (mut want, _) = up(&mut world, &[]).await;
    want.power = Power::Paused;
    let seen = world.settle(want.id, container(&want)).await;
    assert!(matches!(seen.state, Seen::Container(_)));
    world.silent(want.id.into()).await;
    want.power = Power::Running;
    world.settle(want.id, container(&want)).await;
    world.hello_of(want.id.into()).await;
}

fn services(cluster: ClusterId, names: &[&str]) -> Desired {
    let service = |name: &&str| Service {
        name: (*name).into(),
        address: Some(Ipv4Addr::new(10, 254, 0, 40)),
        pods: vec![Ipv4Addr::new(10, 100, 2, 3)],
        ports: Vec::new(),
    };
    Desired::Services(Services {
        cluster_id: cluster,
        services: names.iter().map(service).collect(),
    })
}

#[tokio::test(start_paused = true)]
async fn a_node_serves_what_it_was_told_last_and_a_machine_serves_nothing() {
    let mut world = World::new().await;
    let (machine, (want, hello)) = (world.host, up(&mut world, &[]).await);
    let cluster = hello.inventory.cluster.unwrap();
    let id = WorkloadId::of_services(cluster);
    world.turn_to(want.id.into());
    let served = |world: &World| {
        let engine = world.engine.inner(machine, want.id).unwrap();
        let services = engine.services().unwrap().services;
        services.into_iter().map(|it| it.name).collect::<Vec<_>>()
    };
    let seen = world.settle(id, services(cluster, &["web"])).await;
    assert_eq!((&seen.state, &seen.problem), (&Seen::Services, &None));
    assert_eq!(served(&world), ["web"]);

    let newer = world.order(id, services(cluster, &["api", "web"])).await;
    world.settled(&newer).await;
    let older = Converge {
        generation: newer.generation - 1,
        desired: services(cluster, &[]),
        ..newer.clone()
    };
    world.send(&older).await;
    // Told again after the node's agent has begun anew, with the number it had.
    world.send(&newer).await;
    world.settled(&newer).await;
    assert_eq!(served(&world), ["api", "web"]);

    world.turn_to(machine);
    let seen = world.settle(id, services(cluster, &["web"])).await;
    assert!(seen.problem.unwrap().permanent, "a machine is no node");
}
