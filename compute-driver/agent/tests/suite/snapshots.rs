//! Images made of containers.

use crate::world::*;
use blobs::archive::{ImageConfig, Manifest};
use compute_driver::{Driver, DriverError};
use schemas::host::{Desired, Seen, Snapshot};
use schemas::ids::{ImageId, WorkloadId};
use schemas::workload::{ImageRef, Workload};
use std::io::Write;
use std::sync::atomic::Ordering;

pub fn snapshot(of: &Workload) -> (WorkloadId, Snapshot) {
    let image = ImageId::new();
    let order = Snapshot {
        of: of.id,
        image,
        base: of.image.manifest.clone(),
        pause: true,
    };
    (image.into(), order)
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_uploaded_as_far_as_the_service_lacks_it_and_can_be_booted() {
    let mut world = World::new().await;
    // Uploaded compressed: the engine will write the same layer unpacked.
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(4);
    header.set_mode(0o644);
    tar.append_data(&mut header, "etc/motd", &b"base"[..])
        .unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&tar.into_inner().unwrap()).unwrap();
    let base = world.upload(&gzip.finish().unwrap());

    let want = workload(&base);
    reached(world.settle(want.id, container(&want)).await);
    let (id, order) = snapshot(&want);
    let converge = world.order(id, Desired::Snapshot(order.clone())).await;
    let end = world.settled(&converge).await;
    let Seen::Snapshot { manifest } = end.state else {
        panic!("{end:?}")
    };

    let store = world.images.inner.store().clone();
    let load = |digest: &str| Manifest::load(&store, &digest.parse().unwrap());
    let (old, new) = (load(&base.manifest).unwrap(), {
        let bytes = std::fs::read(
            world
                .settings
                .state_dir
                .parent()
                .unwrap()
                .join("service/manifests")
                .join(order.image.to_string()),
        )
        .unwrap();
        assert_eq!(blobs::Digest::of(&bytes).to_string(), manifest);
        serde_json::from_slice::<Manifest>(&bytes).unwrap()
    });
    assert_eq!(new.layers[0], old.layers[0], "the base's own blob is named");
    assert_eq!(
        world.images.put.lock().unwrap().len(),
        2,
        "one layer and the config"
    );
    assert_eq!(
        ImageConfig::load(&store, &new.config.digest)
            .unwrap()
            .rootfs
            .diff_ids
            .len(),
        2
    );

    // Told again, it is not made again, and the engine keeps nothing of it.
    world.send(&converge).await;
    assert_eq!(
        world.settled(&converge).await.state,
        Seen::Snapshot {
            manifest: manifest.clone()
        }
    );
    world.settle(want.id, Desired::Absent).await;
    let kept = world.driver().ensure_snapshot(&order).await;
    assert!(matches!(kept, Err(DriverError::NotFound { .. })));

    let again = workload(&ImageRef {
        id: order.image,
        manifest,
    });
    reached(world.settle(again.id, container(&again)).await);
    let said = world
        .driver()
        .exec(
            again.id,
            compute_driver::ExecOrder::new(["cat", "/etc/motd"]),
        )
        .await;
    assert_eq!(said.unwrap().text, "base");
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_of_nothing_is_refused_for_good() {
    let mut world = World::new().await;
    let (id, order) = snapshot(&workload(&world.image("hi")));
    let problem = world
        .settle(id, Desired::Snapshot(order))
        .await
        .problem
        .unwrap();
    assert!(problem.permanent, "{problem:?}");
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_waits_out_an_image_service_that_is_away() {
    let mut world = World::new().await;
    let want = workload(&world.image("hi"));
    reached(world.settle(want.id, container(&want)).await);
    world.images.down.store(true, Ordering::SeqCst);
    let (id, order) = snapshot(&want);
    let converge = world.order(id, Desired::Snapshot(order)).await;
    let end = world.settled(&converge).await;
    assert!(end.problem.is_some_and(|it| !it.permanent));
    world.images.down.store(false, Ordering::SeqCst);
    world.send(&converge).await;
    let end = world.settled(&converge).await;
    assert!(matches!(end.state, Seen::Snapshot { .. }), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_is_no_longer_wanted_leaves_nothing() {
    let mut world = World::new().await;
    let want = workload(&world.image("hi"));
    reached(world.settle(want.id, container(&want)).await);
    world.images.down.store(true, Ordering::SeqCst);
    let (id, order) = snapshot(&want);
    let converge = world.order(id, Desired::Snapshot(order.clone())).await;
    world.settled(&converge).await;
    let end = world.settle(id, Desired::Absent).await;
    assert_eq!((end.state, end.problem), (Seen::Absent, None));
    world.settle(want.id, Desired::Absent).await;
    let kept = world.driver().ensure_snapshot(&order).await;
    assert!(matches!(kept, Err(DriverError::NotFound { .. })));
}
