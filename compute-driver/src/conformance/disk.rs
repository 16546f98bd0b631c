//! Disks of nodes that are made anew. What is on one is looked for by its files, since only a simulated
//! node has an engine that answers.

use super::files::{fetch, put};
use super::node::{first_uid, node};
use super::swarm::begin;
use super::workloads::attachment;
use super::{Behaviour, Bench, must};
use crate::Driver;
use crate::error::DriverError;
use crate::sim::files::FileKind;
use schemas::host::{SwarmEntry, SwarmOrder};
use schemas::ids::WorkloadId;
use schemas::workload::{RunState, Workload};
use std::sync::Arc;
use std::time::Duration;

const DISK: &str = "/var/lib/docker";

/// The disk has the number that it was made with, however often the node is made anew, and files on it
/// stay their owners' even when a lower range of users has become free.
pub async fn a_node_made_anew_with_the_disk_before_it_has_what_was_there_and_its_users(
    bench: &Bench,
) {
    let neighbour = node(bench).await;
    must(bench.driver.ensure_created(&neighbour).await, "create");
    let mut workload = node(bench).await;
    bench.start(&workload).await;
    write(bench, workload.id, "etcd").await;
    let users = first_uid(&*bench.driver, workload.id).await;
    must(bench.driver.ensure_absent(neighbour.id).await, "remove");
    for incarnation in [2, 3] {
        anew(&mut workload, incarnation, Some(1));
        bench.start(&workload).await;
        assert_eq!(bench.seen(workload.id).await.incarnation, incarnation);
        assert_eq!(read(bench, workload.id).await.as_deref(), Some("etcd"));
        assert_eq!(first_uid(&*bench.driver, workload.id).await, users);
    }
    write(bench, workload.id, "written by the third").await;
    must(bench.driver.ensure_created(&workload).await, "once more");
    assert_eq!(bench.seen(workload.id).await.state, RunState::Running);
    let there = read(bench, workload.id).await;
    assert_eq!(there.as_deref(), Some("written by the third"));
    let next = node(bench).await;
    must(bench.driver.ensure_created(&next).await, "create");
    assert_ne!(first_uid(&*bench.driver, next.id).await, users);
}

/// Who was told where a node is published finds it there in another life, and when it is made anew with
/// its disk.
pub async fn a_node_is_published_where_it_was(bench: &Bench) {
    let network = bench.network("cluster", true).await;
    let mut ports = Vec::new();
    for _ in 0..2 {
        let mut workload = node(bench).await;
        workload.networks = vec![attachment(&network)];
        workload.publish = vec![2376, 6443];
        bench.start(&workload).await;
        let published = bench.seen(workload.id).await.published;
        let inside: Vec<u16> = published.keys().copied().collect();
        assert_eq!(inside, [2376, 6443]);
        let stop = bench.driver.ensure_stopped(workload.id, Duration::ZERO);
        must(stop.await, "stop");
        assert!(bench.seen(workload.id).await.published.is_empty());
        must(bench.driver.ensure_running(workload.id).await, "again");
        assert_eq!(bench.seen(workload.id).await.published, published);
        for incarnation in [2, 3] {
            anew(&mut workload, incarnation, Some(1));
            bench.start(&workload).await;
            assert_eq!(bench.seen(workload.id).await.published, published);
        }
        ports.extend(published.into_values());
    }
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 4, "{ports:?}");
}

/// And what was before is gone for good, not only out of sight.
pub async fn a_node_made_anew_with_a_disk_of_its_own_has_nothing_of_what_was_before(bench: &Bench) {
    let mut workload = node(bench).await;
    bench.start(&workload).await;
    write(bench, workload.id, "of the first").await;
    anew(&mut workload, 2, None);
    bench.start(&workload).await;
    assert_eq!(read(bench, workload.id).await, None);
    write(bench, workload.id, "of the second").await;
    anew(&mut workload, 3, Some(1));
    bench.start(&workload).await;
    assert_eq!(read(bench, workload.id).await, None);
    anew(&mut workload, 4, Some(2));
    bench.start(&workload).await;
    assert_eq!(read(bench, workload.id).await, None);
}

/// Whichever incarnation's it was.
pub async fn a_disk_goes_with_its_node(bench: &Bench) {
    let mut workload = node(bench).await;
    bench.start(&workload).await;
    write(bench, workload.id, "left").await;
    anew(&mut workload, 2, Some(1));
    must(bench.driver.ensure_created(&workload).await, "anew");
    must(bench.driver.ensure_absent(workload.id).await, "remove");
    must(bench.driver.ensure_absent(workload.id).await, "again");
    anew(&mut workload, 3, Some(1));
    bench.start(&workload).await;
    assert_eq!(read(bench, workload.id).await, None);
}

/// What is on the inner engine is on the disk, its part in a Swarm, too; what ran there has ended.
pub async fn what_a_node_runs_is_on_its_disk(bench: &Bench) {
    if bench.driver.name() != "sim" {
        return;
    }
    let mut workload = node(bench).await;
    let guest = bench.workload(Behaviour::Idle).await;
    let furnish = async |inner: &dyn Driver| {
        let put = inner.ensure_image(&guest.image, &bench.image);
        must(put.await, "image");
        must(inner.ensure_created(&guest).await, "create");
        must(inner.ensure_running(guest.id).await, "start");
        take_part(inner, begin()).await
    };
    bench.start(&workload).await;
    let mut inner = up(bench, workload.id).await;
    let begun = furnish(&*inner).await;
    assert!(begun.is_some());

    anew(&mut workload, 2, Some(1));
    must(bench.driver.ensure_created(&workload).await, "anew");
    let early = inner.list().await;
    assert!(
        matches!(early, Err(DriverError::EngineDown { .. })),
        "the node has not been started: {early:?}"
    );
    must(bench.driver.ensure_running(workload.id).await, "start");
    inner = up(bench, workload.id).await;
    let there = must(inner.list().await, "list");
    let there: Vec<_> = there.iter().map(|it| (it.id, it.state)).collect();
    assert_eq!(there, [(guest.id, RunState::Exited)]);
    assert_eq!(take_part(&*inner, SwarmEntry::Wait).await, begun);

    for (incarnation, removed, disk) in [(3, false, None), (4, true, Some(3))] {
        anew(&mut workload, incarnation, disk);
        if removed {
            must(bench.driver.ensure_absent(workload.id).await, "remove");
        }
        bench.start(&workload).await;
        inner = up(bench, workload.id).await;
        assert_eq!(must(inner.list().await, "list"), []);
        assert_eq!(must(inner.images().await, "images"), [""; 0]);
        assert_eq!(take_part(&*inner, SwarmEntry::Wait).await, None);
        furnish(&*inner).await;
    }
}

/// Which node of a Swarm it is then.
async fn take_part(inner: &dyn Driver, entry: SwarmEntry) -> Option<String> {
    let order = SwarmOrder {
        address: "10.96.0.5".into(),
        entry,
        over: Vec::new(),
        duties: None,
    };
    must(inner.ensure_swarm(&order).await, "swarm").node_id
}

/// The engine inside, once it answers.
async fn up(bench: &Bench, id: WorkloadId) -> Arc<dyn Driver> {
    let inner = must(bench.driver.inner(id).await, "inner");
    while inner.host().await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    inner
}

/// Orders another incarnation, with this disk.
fn anew(workload: &mut Workload, incarnation: u32, disk: Option<u32>) {
    workload.incarnation = incarnation;
    if let Some(node) = &mut workload.node {
        node.disk = disk;
    }
}

async fn write(bench: &Bench, id: WorkloadId, text: &str) {
    put(&*bench.driver, id, DISK, "note", text).await;
}

/// What was written to the disk of a node, if it is there.
async fn read(bench: &Bench, id: WorkloadId) -> Option<String> {
    let path = format!("{DISK}/note");
    match bench.driver.archive_get(id, &path).await {
        Err(DriverError::NotFound { .. }) => return None,
        Err(error) => panic!("{path}: {error}"),
        Ok(_) => {}
    }
    match fetch(&*bench.driver, id, &path).await.kind {
        FileKind::Content(content) => Some(String::from_utf8_lossy(&content).into_owned()),
        other => panic!("{path} is {other:?}"),
    }
}
