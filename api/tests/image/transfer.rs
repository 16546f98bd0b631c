//! Data on its way in and out.

use super::archive::{docker, layer, tar};
use super::cloud::Cloud;
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::Method;
use futures::{FutureExt, StreamExt};
use serde_json::json;
use sha2::Digest as _;

type BoxedPayload =
    std::pin::Pin<Box<dyn futures::Stream<Item = Result<bytes::Bytes, PayloadError>>>>;

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[actix_web::test]
async fn what_was_uploaded_comes_back_byte_for_byte_with_the_announced_hashes() {
    let cloud = Cloud::new().await;
    let layers = [layer("bin/a", 1), layer("bin/b", 2)];
    for (container, data) in [
        ("bare", layers[0].clone()),
        ("bare", docker(&layers, "amd64")),
        ("docker", docker(&layers, "amd64")),
    ] {
        let id = cloud
            .upload("alice", json!({ "container_format": container }), &data)
            .await;
        let image = cloud.show("alice", &id).await;
        assert_eq!(image["status"], "active");
        assert_eq!(image["size"], data.len());
        assert_eq!(image["os_hash_algo"], "sha512");
        assert_eq!(image["os_hash_value"], hex(sha2::Sha512::digest(&data)));
        let file = cloud
            .get("alice", &format!("/v2/images/{id}/file"))
            .await
            .is(200);
        assert_eq!(file.bytes, data);
        assert_eq!(image["checksum"], file.header("content-md5"));
        assert_eq!(file.header("content-length"), "");
        assert_eq!(file.header("content-type"), "application/octet-stream");
    }
}

#[actix_web::test]
async fn a_part_of_the_data_can_be_asked_for() {
    let cloud = Cloud::new().await;
    let data = docker(&[layer("bin/a", 1)], "amd64");
    let id = cloud.upload("alice", json!({}), &data).await;
    let path = format!("/v2/images/{id}/file");
    let part = async |range: &str| {
        let request = cloud.request("alice", Method::GET, &path);
        cloud.send(request.insert_header(("range", range))).await
    };
    let middle = part("bytes=700-70000").await.is(206);
    assert_eq!(middle.bytes, data[700..=70_000]);
    let size = data.len();
    assert_eq!(
        middle.header("content-range"),
        format!("bytes 700-70000/{size}")
    );
    assert_eq!(part("bytes=-5").await.is(206).bytes, data[size - 5..]);
    part(&format!("bytes={size}-")).await.is(416);
}

#[actix_web::test]
async fn a_queued_image_has_no_data() {
    let cloud = Cloud::new().await;
    let id = cloud.create("alice", json!({})).await;
    let file = cloud.get("alice", &format!("/v2/images/{id}/file")).await;
    assert!(file.is(204).bytes.is_empty());
    let image = cloud.show("alice", &id).await;
    assert!(image["size"].is_null() && image["checksum"].is_null());
}

#[actix_web::test]
async fn data_is_written_once() {
    let cloud = Cloud::new().await;
    let data = layer("bin/a", 1);
    let id = cloud.upload("alice", json!({}), &data).await;
    let again = cloud
        .put_bytes("alice", &format!("/v2/images/{id}/file"), &data)
        .await;
    assert!(again.is(409).words().contains("never changes"));
}

#[actix_web::test]
async fn of_two_uploads_at_once_one_wins() {
    let cloud = Cloud::new().await;
    let id = cloud.create("alice", json!({})).await;
    let path = format!("/v2/images/{id}/file");
    let (one, two) = (layer("bin/a", 1), layer("bin/b", 2));
    let (first, second) = futures::join!(
        cloud.put_bytes("alice", &path, &one),
        cloud.put_bytes("alice", &path, &two)
    );
    let mut codes = [first.status.as_u16(), second.status.as_u16()];
    codes.sort_unstable();
    assert_eq!(codes, [204, 409]);
    let data = if first.status == 204 { one } else { two };
    assert_eq!(cloud.get("alice", &path).await.bytes, data);
}

#[actix_web::test]
async fn a_refused_archive_leaves_nothing_and_the_image_waits_for_another() {
    let cloud = Cloud::new().await;
    let layers = [layer("bin/a", 1)];
    let whole = docker(&layers, "amd64");
    let id = cloud
        .create("alice", json!({ "container_format": "docker" }))
        .await;
    let path = format!("/v2/images/{id}/file");
    let lying = {
        let mut bytes = whole.clone();
        let at = bytes.len() - 100_000;
        bytes[at] ^= 1;
        bytes
    };
    for (bad, why) in [
        (whole[..whole.len() / 2].to_vec(), "ends in the middle"),
        (lying, "digest"),
        (tar(&[("../../etc/passwd", b"x")]), "leads outside"),
        (b"no tar at all".repeat(100), "tar"),
        (docker(&layers, "riscv64"), "linux/riscv64"),
        (Vec::new(), "ends in the middle"),
    ] {
        let refused = cloud.put_bytes("alice", &path, &bad).await.is(400);
        assert!(refused.words().contains(why), "{}", refused.words());
        let image = cloud.show("alice", &id).await;
        assert_eq!(image["status"], "queued", "{why}");
        assert!(image["status_reason"].as_str().unwrap().contains(why));
        cloud.settle().await;
        assert_eq!(cloud.files(), [""; 0], "{why}");
    }
    cloud.put_bytes("alice", &path, &whole).await.is(204);
    assert!(cloud.show("alice", &id).await["status_reason"].is_null());
}

#[actix_web::test]
async fn disks_of_virtual_machines_are_refused_in_words() {
    let cloud = Cloud::new().await;
    for (formats, word) in [
        (json!({ "disk_format": "qcow2" }), "qcow2"),
        (json!({ "container_format": "ova" }), "ova"),
        (json!({ "disk_format": null }), "must be set"),
    ] {
        let id = cloud.create("alice", formats).await;
        let path = format!("/v2/images/{id}/file");
        let refused = cloud.put_bytes("alice", &path, b"QFI").await.is(400);
        assert!(refused.words().contains(word), "{}", refused.words());
    }
}

#[actix_web::test]
async fn an_upload_that_breaks_off_leaves_the_image_queued() {
    use actix_web::dev::Service;
    let cloud = Cloud::new().await;
    let data = docker(&[layer("bin/a", 1)], "amd64");
    let id = cloud.create("alice", json!({})).await;
    let path = format!("/v2/images/{id}/file");
    let request = cloud
        .request("alice", Method::PUT, &path)
        .insert_header(("content-type", "application/octet-stream"));
    let app = actix_web::test::init_service(
        actix_web::App::new().configure(api::app(cloud.state.clone())),
    )
    .await;
    // A body that ends with an error, as that of a client that goes away does.
    let pieces = vec![
        Ok(bytes::Bytes::copy_from_slice(&data[..5000])),
        Err(PayloadError::Incomplete(None)),
    ];
    let payload: BoxedPayload = Box::pin(futures::stream::iter(pieces));
    let (request, _) = request
        .to_request()
        .replace_payload(Payload::Stream { payload });
    let answer = app.call(request).await.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(cloud.show("alice", &id).await["status"], "queued");
    assert_eq!(cloud.files(), [""; 0]);
    cloud.put_bytes("alice", &path, &data).await.is(204);
}

/// Sends pieces as they come; the answer's code and words.
async fn stream(
    cloud: &Cloud,
    path: &str,
    pieces: impl futures::Stream<Item = bytes::Bytes> + 'static,
) -> (u16, String) {
    use actix_web::dev::Service;
    let app = actix_web::test::init_service(
        actix_web::App::new().configure(api::app(cloud.state.clone())),
    )
    .await;
    let payload: BoxedPayload = Box::pin(pieces.map(Ok));
    let request = cloud
        .request("alice", Method::PUT, path)
        .insert_header(("content-type", "application/octet-stream"));
    let (request, _) = request
        .to_request()
        .replace_payload(Payload::Stream { payload });
    let answer = app.call(request).await.unwrap();
    let code = answer.status().as_u16();
    let body = actix_web::body::to_bytes(answer.into_body()).await.unwrap();
    (code, String::from_utf8_lossy(&body).into_owned())
}

#[actix_web::test]
async fn a_client_that_trickles_does_not_keep_the_turn_of_others() {
    let cloud = Cloud::with(|settings| {
        settings.uploads = 1;
        settings.idle_s = 1;
        settings.upload_rate = 1 << 20;
    })
    .await;
    let slow = cloud.create("alice", json!({})).await;
    let quick = cloud.create("alice", json!({})).await;
    let path = |id: &str| format!("/v2/images/{id}/file");
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let sent = std::rc::Rc::new(std::cell::Cell::new(0));
    let (counted, mut begun) = (sent.clone(), Some(begun));
    let every = tokio::time::interval(std::time::Duration::from_millis(10));
    let trickle = futures::stream::unfold(every, async |mut every| {
        every.tick().await;
        Some((bytes::Bytes::from_static(b"x"), every))
    });
    let trickle = trickle.inspect(move |_| {
        counted.set(counted.get() + 1);
        begun.take().map(|begun| begun.send(()));
    });
    let slow_path = path(&slow);
    let other = async {
        has_begun.await.unwrap();
        cloud
            .put_bytes("alice", &path(&quick), &layer("bin/a", 1))
            .await
            .is(204);
    };
    let ((code, words), ()) = futures::join!(stream(&cloud, &slow_path, trickle), other);
    assert_eq!(code, 400);
    assert!(words.contains("slower than 1048576 bytes"), "{words}");
    assert!(sent.get() > 10, "it was never silent: {}", sent.get());
    let image = cloud.show("alice", &slow).await;
    assert_eq!(image["status"], "queued");
}

#[actix_web::test]
async fn who_gets_no_turn_in_time_is_asked_to_come_again() {
    let cloud = Cloud::with(|settings| {
        settings.uploads = 1;
        settings.turn_s = 0;
    })
    .await;
    let first = cloud.create("alice", json!({})).await;
    let second = cloud.create("alice", json!({})).await;
    let path = |id: &str| format!("/v2/images/{id}/file");
    let data = layer("bin/a", 1);
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let (end, has_end) = tokio::sync::oneshot::channel::<()>();
    let (half, rest) = data.split_at(data.len() / 2);
    let pieces = futures::stream::iter([half.to_vec(), rest.to_vec()]).enumerate();
    let (mut begun, has_end) = (Some(begun), has_end.shared());
    let pieces = pieces.then(move |(n, piece)| {
        let has_end = has_end.clone();
        let told = (n == 1).then(|| begun.take().map(|begun| begun.send(())));
        async move {
            if told.is_some() {
                has_end.await.unwrap();
            }
            bytes::Bytes::from(piece)
        }
    });
    let first_path = path(&first);
    let other = async {
        has_begun.await.unwrap();
        let refused = cloud.put_bytes("alice", &path(&second), &data).await;
        assert!(refused.is(503).words().contains("later"));
        assert_eq!(cloud.show("alice", &second).await["status"], "queued");
        end.send(()).unwrap();
    };
    let ((code, words), ()) = futures::join!(stream(&cloud, &first_path, pieces), other);
    assert_eq!(code, 204, "{words}");
    cloud
        .put_bytes("alice", &path(&second), &data)
        .await
        .is(204);
}

#[actix_web::test]
async fn an_upload_must_be_octets_of_the_announced_length() {
    let cloud = Cloud::new().await;
    let data = layer("bin/a", 1);
    let id = cloud.create("alice", json!({})).await;
    let path = format!("/v2/images/{id}/file");
    let text = cloud.request("alice", Method::PUT, &path);
    cloud.send(text.set_payload(data.clone())).await.is(415);
    let short = cloud
        .request("alice", Method::PUT, &path)
        .insert_header(("content-type", "application/octet-stream"))
        .insert_header(("x-openstack-image-size", (data.len() + 1).to_string()))
        .set_payload(data.clone());
    assert!(
        cloud
            .send(short)
            .await
            .is(400)
            .words()
            .contains("announced")
    );
    cloud.settle().await;
    assert_eq!(cloud.files(), [""; 0]);
}

#[actix_web::test]
async fn quotas_of_images_and_bytes_hold_and_are_given_back() {
    let data = layer("bin/a", 1);
    let room = data.len() as i64 + 100;
    let cloud = Cloud::with(|settings| {
        settings.project_images = 2;
        settings.project_bytes = room;
    })
    .await;
    let first = cloud.upload("alice", json!({}), &data).await;
    let second = cloud.create("alice", json!({})).await;
    let body = json!({ "name": "third" });
    cloud
        .post("alice", "/v2/images", body.clone())
        .await
        .is(413);
    let path = format!("/v2/images/{second}/file");
    cloud.put_bytes("alice", &path, &data).await.is(413);
    cloud.settle().await;
    let blobs = cloud.files().len();
    // Others have a quota of their own.
    cloud.upload("bob", json!({}), &data).await;
    assert_eq!(cloud.files().len(), blobs, "the same image is kept once");
    cloud
        .delete("alice", &format!("/v2/images/{first}"))
        .await
        .is(204);
    cloud.put_bytes("alice", &path, &data).await.is(204);
    cloud.post("alice", "/v2/images", body).await.is(201);
}
