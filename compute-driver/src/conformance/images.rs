//! Images: fetched once, checked, kept while needed.

use super::test_image::Fault;
use super::{Behaviour, Bench, TestImage, must};
use crate::error::DriverError;

/// The source is asked only when the image is not here.
pub async fn an_image_is_fetched_once(bench: &Bench) {
    let image = bench.image.reference();
    assert!(!must(bench.driver.has_image(&image).await, "has"));
    must(
        bench.driver.ensure_image(&image, &bench.image).await,
        "fetch",
    );
    assert!(must(bench.driver.has_image(&image).await, "has"));
    must(
        bench.driver.ensure_image(&image, &bench.image).await,
        "fetch again",
    );
    assert_eq!(bench.image.opened(), 1);
    assert_eq!(
        must(bench.driver.images().await, "images"),
        [image.manifest]
    );
}

/// A second image above the same layers brings only its own, and is whole.
pub async fn layers_that_are_here_are_not_sent_again(bench: &Bench) {
    let workload = bench.workload(Behaviour::Idle).await;
    let above = bench.image.with_file("/etc/more", "more");
    must(
        bench.driver.ensure_image(&above.reference(), &above).await,
        "fetch",
    );
    // All or nothing: an engine whose store needs every file is sent every file.
    assert!(
        [0, bench.image.layers().len()].contains(&above.present()),
        "{}",
        above.present()
    );
    assert_eq!(above.opened(), 1);
    let mut second = workload.clone();
    second.id = schemas::ids::WorkloadId::new();
    second.image = above.reference();
    bench.start(&second).await;
    for (path, text) in [("/etc/more", "more"), ("/etc/mark", "")] {
        let order = crate::ExecOrder::new(["/bin/cat", path]);
        let said = must(bench.driver.exec(second.id, order).await, path);
        assert_eq!(said.exit_code, 0, "{path}");
        assert!(
            said.text.starts_with(text) && !said.text.is_empty(),
            "{path}: {}",
            said.text
        );
    }
}

/// Somebody else's content never gets the image's name.
pub async fn an_image_with_other_content_than_announced_is_refused(bench: &Bench) {
    let lying = bench
        .image
        .with_file("/etc/lie", "lie")
        .with_fault(Fault::Lies);
    let result = bench.driver.ensure_image(&lying.reference(), &lying).await;
    assert!(
        matches!(result, Err(DriverError::ImageData { .. })),
        "{result:?}"
    );
    assert!(!must(
        bench.driver.has_image(&lying.reference()).await,
        "has"
    ));
}

/// Half an image is none, and the next try may succeed.
pub async fn a_source_that_breaks_off_leaves_no_image(bench: &Bench) {
    let whole = bench.image.with_file("/etc/half", "half");
    let broken = bench
        .image
        .with_file("/etc/half", "half")
        .with_fault(Fault::BreaksOff);
    let result = bench
        .driver
        .ensure_image(&broken.reference(), &broken)
        .await;
    assert!(
        matches!(
            result,
            Err(DriverError::ImageData {
                permanent: false,
                ..
            })
        ),
        "{result:?}"
    );
    assert!(!must(
        bench.driver.has_image(&broken.reference()).await,
        "has"
    ));
    must(
        bench.driver.ensure_image(&whole.reference(), &whole).await,
        "the next try",
    );
}

/// Kept by wish or by a container, removed otherwise.
pub async fn images_in_use_are_kept(bench: &Bench) {
    let workload = bench.workload(Behaviour::Idle).await;
    must(bench.driver.ensure_created(&workload).await, "create");
    let wanted = bench.image.with_file("/etc/wanted", "wanted");
    let unused = bench.image.with_file("/etc/unused", "unused");
    for image in [&wanted, &unused] {
        must(
            bench
                .driver
                .ensure_image(&image.reference(), image as &TestImage)
                .await,
            "fetch",
        );
    }
    let keep = [wanted.reference()];
    let removed = must(bench.driver.remove_unused_images(&keep).await, "remove");
    assert_eq!(removed, [unused.reference().manifest]);
    let mut left = must(bench.driver.images().await, "images");
    let mut expected = [workload.image.manifest.clone(), wanted.reference().manifest];
    left.sort();
    expected.sort();
    assert_eq!(left, expected);
    assert_eq!(
        must(bench.driver.remove_unused_images(&keep).await, "again"),
        [""; 0]
    );
}

/// Said in a way that the caller can act on.
pub async fn a_container_without_its_image_is_not_made(bench: &Bench) {
    let mut workload = bench.workload(Behaviour::Idle).await;
    workload.image = bench.image.with_file("/etc/absent", "absent").reference();
    let result = bench.driver.ensure_created(&workload).await;
    assert!(
        matches!(result, Err(DriverError::NotFound { .. })),
        "{result:?}"
    );
    assert_eq!(
        must(bench.driver.inspect(workload.id).await, "inspect"),
        None
    );
}
