//! How images come to a host.

use crate::world::*;
use compute_driver::Driver;
use schemas::host::Seen;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Bytes that no two layers share.
fn large(seed: u32, kib: usize) -> String {
    let line = |n: usize| format!("{:>1023}\n", n as u64 * u64::from(seed));
    (0..kib).map(line).collect()
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_is_cut_goes_on_where_it_broke() {
    let mut world = World::new().await;
    let image = world.image(&large(7, 64));
    world.images.cut_after.store(20 << 10, Ordering::SeqCst);
    world.images.cuts.store(2, Ordering::SeqCst);
    let want = workload(&image);
    reached(world.settle(want.id, container(&want)).await);
    let asked = world.images.asked.lock().unwrap().clone();
    let offsets = asked.values().max_by_key(|offsets| offsets.len()).unwrap();
    assert_eq!(offsets, &[0, 20 << 10, 40 << 10]);
}

#[tokio::test(start_paused = true)]
async fn containers_that_want_one_image_fetch_it_once_and_hear_how_far_it_is() {
    let mut world = World::new().await;
    world.hello().await;
    let image = world.image(&large(3, 3 << 10));
    world.images.ms_per_kib.store(5, Ordering::SeqCst);
    let (one, two) = (workload(&image), workload(&image));
    let first = world.order(one.id, container(&one)).await;
    let second = world.order(two.id, container(&two)).await;
    let mut steps = Vec::new();
    let begun = tokio::time::Instant::now();
    loop {
        let seen = world.hear(|seen| seen.id == two.id).await;
        match seen.state {
            Seen::Busy { step } => steps.push(step),
            _ => break,
        }
    }
    world.send(&first).await;
    world.send(&second).await;
    reached(world.settled(&first).await);
    assert!(
        steps
            .iter()
            .any(|step| step == "fetching image: 1 of 4 MiB"),
        "{steps:?}"
    );
    assert!(
        steps.len() as u64 <= begun.elapsed().as_secs() / 2 + 1,
        "{steps:?}"
    );
    let asked = world.images.asked.lock().unwrap().clone();
    assert!(asked.values().all(|offsets| offsets == &[0]), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn an_image_service_that_is_away_is_a_problem_that_may_pass() {
    let mut world = World::new().await;
    world.images.down.store(true, Ordering::SeqCst);
    let want = workload(&world.image("hi"));
    let order = world.order(want.id, container(&want)).await;
    let problem = world.settled(&order).await.problem.unwrap();
    assert!(!problem.permanent && !problem.host_fault, "{problem:?}");
    world.images.down.store(false, Ordering::SeqCst);
    world.send(&order).await;
    reached(world.settled(&order).await);
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_not_what_was_ordered_is_refused_for_good() {
    let mut world = World::new().await;
    let mut image = world.image("hi");
    image.manifest = blobs::Digest::of(b"something else").to_string();
    let want = workload(&image);
    let problem = world
        .settle(want.id, container(&want))
        .await
        .problem
        .unwrap();
    assert!(problem.permanent, "{problem:?}");
}

#[tokio::test(start_paused = true)]
async fn data_that_is_damaged_on_the_way_never_reaches_the_engine() {
    let mut world = World::new().await;
    let image = world.image("good");
    let taken = world.image("evil");
    let store = world.images.inner.store();
    let layer = |image: &schemas::workload::ImageRef| {
        let digest = image.manifest.parse().unwrap();
        blobs::archive::Manifest::load(store, &digest)
            .unwrap()
            .layers[0]
            .digest
    };
    let path = |digest: blobs::Digest| {
        let dir = world
            .settings
            .state_dir
            .parent()
            .unwrap()
            .join("service/blobs/sha256");
        dir.join(digest.hex())
    };
    std::fs::copy(path(layer(&taken)), path(layer(&image))).unwrap();
    let want = workload(&image);
    let problem = world
        .settle(want.id, container(&want))
        .await
        .problem
        .unwrap();
    assert!(problem.text.contains("other data"), "{problem:?}");
    assert!(!world.driver().has_image(&image).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn the_cache_keeps_what_is_needed_and_lets_the_rest_go() {
    let mut world = World::without_agent().await;
    world.settings.cache_bytes = 100 << 10;
    world.start(process::Faults::none());
    let mut kept = None;
    for n in 0..6 {
        let want = workload(&world.image(&large(n + 1, 40)));
        reached(world.settle(want.id, container(&want)).await);
        match n {
            0 => kept = Some(want),
            _ => _ = world.settle(want.id, schemas::host::Desired::Absent).await,
        }
        tokio::time::sleep(Duration::from_secs(61)).await;
    }
    let cache = blobs::BlobStore::open(world.settings.state_dir.join("cache")).unwrap();
    let total: u64 = cache.list().unwrap().map(|blob| blob.unwrap().size).sum();
    assert!(total <= 100 << 10, "{total}");
    let kept: blobs::Digest = kept.unwrap().image.manifest.parse().unwrap();
    let manifest = blobs::archive::Manifest::load(&cache, &kept).unwrap();
    assert!(manifest.blobs().keys().all(|blob| cache.has(blob).unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_fills_up_loses_the_images_nobody_needs() {
    let mut world = World::without_agent().await;
    world.machine.disk_bytes = 1000;
    world.machine.disk_free_bytes = 50;
    world.start(process::Faults::none());
    let (kept, gone) = (
        workload(&world.image("kept")),
        workload(&world.image("gone")),
    );
    reached(world.settle(kept.id, container(&kept)).await);
    reached(world.settle(gone.id, container(&gone)).await);
    world.settle(gone.id, schemas::host::Desired::Absent).await;
    tokio::time::sleep(Duration::from_secs(90)).await;
    let here = world.driver().images().await.unwrap();
    assert_eq!(here, [kept.image.manifest]);
}
