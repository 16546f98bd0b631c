//! What stays after deletions and after processes that died: what is needed, and nothing else.

use super::archive::{docker, layer};
use super::cloud::Cloud;
use blobs::{Format, Terms};
use schemas::image::Status;
use serde_json::json;
use std::time::Duration;
use store::Scope;
use store::image::{images, uploads};

#[actix_web::test]
async fn a_layer_shared_by_images_goes_with_the_last_of_them() {
    let cloud = Cloud::new().await;
    let base = layer("bin/base", 1);
    let one = docker(&[base.clone(), layer("bin/a", 2)], "amd64");
    let two = docker(&[base, layer("bin/b", 3)], "amd64");
    let first = cloud.upload("alice", json!({}), &one).await;
    let alone = cloud.files().len();
    let second = cloud.upload("bob", json!({}), &two).await;
    let both = cloud.files().len();
    assert_eq!(both, 2 * alone - 1, "the base is kept once");
    cloud
        .delete("alice", &format!("/v2/images/{first}"))
        .await
        .is(204);
    cloud.settle().await;
    assert_eq!(cloud.files().len(), alone);
    let file = cloud
        .get("bob", &format!("/v2/images/{second}/file"))
        .await
        .is(200);
    assert_eq!(file.bytes, two);
    cloud
        .delete("bob", &format!("/v2/images/{second}"))
        .await
        .is(204);
    cloud.settle().await;
    assert_eq!(cloud.files(), [""; 0]);
}

#[actix_web::test]
async fn the_same_image_uploaded_again_after_its_deletion_is_whole() {
    let cloud = Cloud::new().await;
    let data = docker(&[layer("bin/a", 1)], "amd64");
    let first = cloud.upload("alice", json!({}), &data).await;
    cloud
        .delete("alice", &format!("/v2/images/{first}"))
        .await
        .is(204);
    // The collector has not come yet: the blobs are found and needed again.
    let second = cloud.upload("alice", json!({}), &data).await;
    cloud.settle().await;
    let file = cloud
        .get("alice", &format!("/v2/images/{second}/file"))
        .await
        .is(200);
    assert_eq!(file.bytes, data);
}

#[actix_web::test]
async fn blobs_of_a_process_that_died_before_its_commit_are_swept() {
    let cloud = Cloud::new().await;
    let kept = cloud
        .upload("alice", json!({}), &layer("bin/kept", 9))
        .await;
    let before = cloud.files();
    let data = docker(&[layer("bin/a", 1)], "amd64");
    let store = cloud.state.images.blobs().clone();
    let taken =
        blobs::take_apart(data.as_slice(), Format::Docker, &store, &Terms::default()).unwrap();
    // While the process lives its pins hold the blobs, whoever sweeps.
    cloud.settle().await;
    assert!(cloud.files().len() > before.len());
    drop((taken, store));
    let cloud = cloud.again();
    let sweep = |tx: &mut store::Tx<'_>| tx.due(schemas::Kind::Blob, "sweep");
    cloud.state.store.write(sweep).await.unwrap();
    cloud.settle().await;
    assert_eq!(cloud.files(), before);
    cloud
        .get("alice", &format!("/v2/images/{kept}/file"))
        .await
        .is(200);
}

#[actix_web::test]
async fn an_upload_whose_process_died_gives_its_image_back_when_the_lease_is_over() {
    let cloud = Cloud::new().await;
    let id = cloud.create("alice", json!({})).await;
    let begin = |length: Duration| {
        let id = id.clone();
        cloud.state.store.write(move |tx| {
            uploads::begin(
                tx,
                &Scope::All,
                &id,
                "dead",
                Status::Queued,
                Status::Saving,
                length,
            )
        })
    };
    begin(Duration::from_secs(60)).await.unwrap();
    let due = |tx: &mut store::Tx<'_>| tx.due(schemas::Kind::ImageTask, "uploads");
    cloud.settle().await;
    assert_eq!(cloud.show("alice", &id).await["status"], "saving");
    let token = id.clone();
    cloud
        .state
        .store
        .write(move |tx| uploads::abandon(tx, &token, "dead", ""))
        .await
        .unwrap();
    begin(Duration::ZERO).await.unwrap();
    cloud.state.store.write(due).await.unwrap();
    cloud.settle().await;
    let image = cloud.show("alice", &id).await;
    assert_eq!(image["status"], "queued");
    assert!(
        image["status_reason"]
            .as_str()
            .unwrap()
            .contains("broke off")
    );
    // Whoever lost the lease cannot finish what others may have begun.
    let late = id.clone();
    let finished = cloud
        .state
        .store
        .write(move |tx| uploads::finish(tx, &late, "dead", &uploads::Data::default(), -1))
        .await;
    assert!(matches!(finished, Err(schemas::Error::Gone(_))));
    cloud.upload("alice", json!({}), &layer("bin/a", 1)).await;
}

#[actix_web::test]
async fn an_image_deleted_during_its_upload_stays_deleted_and_leaves_nothing() {
    let cloud = Cloud::new().await;
    let id = cloud.create("alice", json!({})).await;
    let held = id.clone();
    cloud
        .state
        .store
        .write(move |tx| {
            uploads::begin(
                tx,
                &Scope::All,
                &held,
                "t",
                Status::Queued,
                Status::Saving,
                uploads::LEASE,
            )
        })
        .await
        .unwrap();
    cloud
        .delete("alice", &format!("/v2/images/{id}"))
        .await
        .is(204);
    let gone = id.clone();
    let renewed = cloud
        .state
        .store
        .write(move |tx| uploads::renew(tx, &gone, "t"))
        .await;
    assert!(!renewed.unwrap());
    let gone = id.clone();
    let left = cloud
        .state
        .store
        .read(move |conn| images::get(conn, &Scope::All, &gone))
        .await;
    assert_eq!(left.unwrap(), None);
}
