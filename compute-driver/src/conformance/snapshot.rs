//! Images made of containers.

use super::files::{collect, fetch, put};
use super::{Behaviour, Bench, TestImage, must};
use crate::error::DriverError;
use crate::sim::files::FileKind;
use bytes::Bytes;
use schemas::host::Snapshot;
use schemas::ids::WorkloadId;
use schemas::workload::RunState;

/// Base layers unchanged, one more above; a container made of it has the changed file.
pub async fn a_snapshot_has_what_was_changed_and_boots(bench: &Bench) {
    let workload = bench.started(Behaviour::Idle).await;
    put(
        &*bench.driver,
        workload.id,
        "/srv",
        "changed",
        "by the user",
    )
    .await;
    for pause in [true, false] {
        let order = order(bench, workload.id, pause);
        let tar = collect(must(bench.driver.ensure_snapshot(&order).await, "snapshot")).await;
        assert_eq!(
            bench.seen(workload.id).await.state,
            RunState::Running,
            "lives on"
        );
        let image = TestImage::saved(&tar);
        let base = bench.image.layers();
        assert_eq!(image.layers().len(), base.len() + 1);
        assert_eq!(&image.layers()[..base.len()], base);
        must(
            bench.driver.ensure_snapshot_absent(order.image).await,
            "remove",
        );

        must(
            bench.driver.ensure_image(&image.reference(), &image).await,
            "load",
        );
        let mut copy = workload.clone();
        copy.id = WorkloadId::new();
        copy.image = image.reference();
        bench.start(&copy).await;
        let there = fetch(&*bench.driver, copy.id, "/srv/changed").await;
        assert_eq!(
            there.kind,
            FileKind::Content(Bytes::from_static(b"by the user"))
        );
    }
}

/// An upload that broke off is repeated with the same bytes, whatever has become of the container.
pub async fn a_snapshot_stays_the_same_until_it_is_removed(bench: &Bench) {
    let workload = bench.started(Behaviour::Idle).await;
    put(&*bench.driver, workload.id, "/srv", "changed", "before").await;
    let order = order(bench, workload.id, false);
    let first = collect(must(bench.driver.ensure_snapshot(&order).await, "snapshot")).await;
    put(&*bench.driver, workload.id, "/srv", "changed", "after").await;
    must(
        bench.driver.ensure_absent(workload.id).await,
        "remove the container",
    );
    let second = collect(must(bench.driver.ensure_snapshot(&order).await, "again")).await;
    let (first, second) = (TestImage::saved(&first), TestImage::saved(&second));
    assert_eq!(first.reference().manifest, second.reference().manifest);
    must(
        bench.driver.ensure_snapshot_absent(order.image).await,
        "remove",
    );
    must(
        bench.driver.ensure_snapshot_absent(order.image).await,
        "remove again",
    );
    match bench.driver.ensure_snapshot(&order).await {
        Err(DriverError::NotFound { .. }) => {}
        Err(other) => panic!("failed otherwise: {other:?}"),
        Ok(_) => panic!("a snapshot of nothing"),
    }
}

fn order(bench: &Bench, of: WorkloadId, pause: bool) -> Snapshot {
    let base = bench.image.reference().manifest;
    Snapshot {
        of,
        image: bench.snapshot_id(),
        base,
        pause,
    }
}
