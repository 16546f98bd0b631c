//! Images' data: it goes when nobody needs it, and never before.

use crate::{once, told_and_replayed};
use serde_json::json;
use std::time::Duration;
use tests::world::World;
use tokio::time::sleep;

/// The tar of a root filesystem with one file.
fn rootfs(text: &str) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "etc/text", text.as_bytes())
        .unwrap();
    tar.into_inner().unwrap()
}

#[test]
fn an_image_is_deleted_while_a_host_fetches_it() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let image = world.upload("mine", &rootfs("mine")).await;
            let id = world.create_with("one", json!({ "imageRef": image })).await;
            sleep(Duration::from_millis(5)).await;
            world.delete(id).await;
            world.delete_image(image).await;
            world.until_gone(id).await;
            let other = world.create("other", &[]).await;
            world.until_state(other, "active").await;
        })
    });
}

#[test]
fn the_same_layer_is_uploaded_twice_at_once_and_stays_until_both_are_gone() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let data = rootfs("shared");
            let uploads = [("one", &data), ("two", &data)];
            let uploads = uploads.map(|(name, data)| world.upload(name, data));
            let images = futures::future::join_all(uploads).await;
            world.delete_image(images[0]).await;
            collected(world).await;
            assert_eq!(world.download(images[1]).await, data);
            let id = world
                .create_with("one", json!({ "imageRef": images[1] }))
                .await;
            world.until_state(id, "active").await;
            world.delete(id).await;
            world.until_gone(id).await;
            world.delete_image(images[1]).await;
        })
    });
}

/// Longer than the collector waits for anything but its sweep.
async fn collected(world: &World) {
    world.quiet().await;
    sleep(Duration::from_secs(10)).await;
}

#[test]
fn an_image_is_deleted_and_uploaded_again_while_its_blobs_are_collected() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let data = rootfs("again");
            let first = world.upload("first", &data).await;
            let deleting = world.delete_image(first);
            let uploading = world.upload("second", &data);
            let ((), second) = futures::join!(deleting, uploading);
            collected(world).await;
            assert_eq!(world.download(second).await, data);
            let id = world
                .create_with("one", json!({ "imageRef": second }))
                .await;
            world.until_state(id, "active").await;
        })
    });
}

#[test]
fn a_snapshot_keeps_the_layers_of_its_base_that_is_deleted_meanwhile() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let base = world.upload("base-of-it", &rootfs("base")).await;
            let wanted = json!({
                "imageRef": base, "metadata": { "sim.snapshot_delay": "3s" },
            });
            let id = world.create_with("one", wanted).await;
            world.until_state(id, "active").await;
            let picture = world.snapshot(id, "picture").await;
            world
                .until_image(picture, schemas::image::Status::Active)
                .await;
            world.delete(id).await;
            world.until_gone(id).await;
            world.delete_image(base).await;
            collected(world).await;
            let two = world
                .create_with("two", json!({ "imageRef": picture }))
                .await;
            world.until_state(two, "active").await;
        })
    });
}

#[test]
fn twenty_images_of_the_same_data_come_and_go_at_once() {
    once(1, |world| {
        Box::pin(async move {
            let data = rootfs("crowd");
            let names: Vec<String> = (0..20).map(|n| format!("crowd-{n}")).collect();
            let uploads = names.iter().map(|name| world.upload(name, &data));
            let images = futures::future::join_all(uploads).await;
            let (keep, gone) = images.split_first().unwrap();
            futures::future::join_all(gone.iter().map(|id| world.delete_image(*id))).await;
            collected(world).await;
            assert_eq!(world.download(*keep).await, data);
        })
    });
}
