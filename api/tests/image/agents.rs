//! The routes of hosts: parts of images, and snapshots brought part by part.

use super::archive::{config, docker, layer};
use super::cloud::Cloud;
use actix_web::http::Method;
use blobs::{BlobStore, Digest, Format, Terms};
use schemas::ids::{ImageId, ServerId};
use schemas::workload::Power;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::compute::servers::{self, Server, Sight};
use store::compute::spec::{BootImage, Spec};
use store::image::snapshots;

#[actix_web::test]
async fn a_host_fetches_manifest_and_blobs_of_any_image_and_nobody_else_does() {
    let cloud = Cloud::new().await;
    let layers = [layer("bin/a", 1)];
    let id = cloud
        .upload(
            "alice",
            json!({ "visibility": "private" }),
            &docker(&layers, "amd64"),
        )
        .await;
    let path = format!("/v2/images/{id}/manifest");
    for user in ["alice", "reader", "bob"] {
        cloud.get(user, &path).await.is(403);
    }
    let answer = cloud.get("agent", &path).await.is(200);
    assert_eq!(
        answer.header("docker-content-digest"),
        Digest::of(&answer.bytes).to_string()
    );
    let manifest = answer.json();
    let digest = manifest["layers"][0]["digest"].as_str().unwrap();
    let blob = format!("/v2/images/{id}/blobs/{digest}");
    assert_eq!(cloud.get("agent", &blob).await.is(200).bytes, layers[0]);
    let part = cloud
        .request("agent", Method::GET, &blob)
        .insert_header(("range", "bytes=10-19"));
    assert_eq!(cloud.send(part).await.is(206).bytes, layers[0][10..20]);
    cloud
        .send(cloud.request("agent", Method::HEAD, &blob))
        .await
        .is(200);
    cloud.get("alice", &blob).await.is(403);
    let other = cloud.upload("alice", json!({}), &layer("bin/b", 2)).await;
    cloud
        .get("agent", &format!("/v2/images/{other}/blobs/{digest}"))
        .await
        .is(404);
    cloud
        .get("agent", &format!("/v2/images/{id}/blobs/sha256:nonsense"))
        .await
        .is(404);
    let queued = cloud.create("alice", json!({})).await;
    cloud
        .get("agent", &format!("/v2/images/{queued}/manifest"))
        .await
        .is(404);
    cloud
        .put_bytes(
            "agent",
            &format!("/v2/images/{queued}/blobs/{digest}"),
            &layers[0],
        )
        .await
        .is(409);
}

/// A server booted from the image, and a snapshot of it that waits for its data.
async fn snapshot(cloud: &Cloud, base: &str) -> (String, String) {
    let manifest = cloud
        .get("agent", &format!("/v2/images/{base}/manifest"))
        .await
        .is(200);
    let manifest = manifest.header("docker-content-digest").to_owned();
    let (server_id, image_id) = (ServerId::new().to_string(), ImageId::new().to_string());
    let (server, image, base) = (server_id.clone(), image_id.clone(), base.to_owned());
    cloud
        .state
        .store
        .write(move |tx| {
            let spec = spec(&base, &manifest);
            let row = row(&server, &base, &spec);
            servers::insert(tx, &row)?;
            snapshots::create(
                tx,
                snapshots::New {
                    id: &image,
                    name: "snap",
                    user_id: "alice",
                    request_id: "req-1",
                    server: &row,
                    properties: BTreeMap::from([("mine".into(), "yes".into())]),
                    pause: true,
                    deadline: tx.now().0 + 600_000_000,
                    limit: -1,
                },
            )
        })
        .await
        .unwrap();
    (server_id, image_id)
}

fn spec(base: &str, manifest: &str) -> Spec {
    Spec {
        image: BootImage {
            id: ImageId::parse(base).unwrap(),
            manifest: manifest.into(),
        },
        flavor: Default::default(),
        previous_flavor: None,
        charged: Default::default(),
        metadata: BTreeMap::new(),
        tags: Default::default(),
        description: None,
        key: None,
        user_data: None,
        files: Vec::new(),
        access_v4: String::new(),
        access_v6: String::new(),
        node: None,
        within: None,
        guest: None,
        lent: None,
        networked: false,
        zone: None,
        wanted_host: None,
        hints: Value::Null,
        command: None,
        power: Power::Running,
        incarnation: 0,
        reboot: None,
        leaving: false,
        avoid: Vec::new(),
        failed_on: None,
        locked_reason: None,
        reservation_id: String::new(),
        launch_index: 0,
        held_in_error: false,
        config_drive: false,
    }
}

fn row(id: &str, image: &str, spec: &Spec) -> Server {
    Server {
        id: id.into(),
        project_id: "red".into(),
        user_id: "alice".into(),
        name: "s".into(),
        vm_state: "active".into(),
        task_state: Some(snapshots::TASK.into()),
        host_id: None,
        hostname: "s".into(),
        image_id: Some(image.into()),
        flavor_id: "1".into(),
        group_id: None,
        zone: String::new(),
        locked: 0,
        deleting: 0,
        generation: 1,
        seen_generation: 1,
        seen_epoch: String::new(),
        seen_seq: 0,
        revision: 1,
        request_id: String::new(),
        created_at: 0,
        updated_at: 0,
        launched_at: None,
        deadline: None,
        spec: serde_json::to_string(spec).unwrap(),
        seen: serde_json::to_string(&Sight::default()).unwrap(),
        fault: None,
        node_of: None,
        guest_of: None,
        guest_kind: None,
        guest_owner: None,
    }
}

/// What a host has in its cache of the image it made: manifest, config, layers.
fn made(layers: &[Vec<u8>]) -> (tempfile::TempDir, BlobStore, blobs::TakenApart) {
    let dir = tempfile::tempdir().unwrap();
    let store = BlobStore::open(dir.path()).unwrap();
    let data = docker(layers, "amd64");
    let taken = blobs::take_apart(data.as_slice(), Format::Docker, &store, &Terms::default());
    (dir, store, taken.unwrap())
}

#[actix_web::test]
async fn a_snapshot_is_brought_part_by_part_and_is_then_an_image_like_others() {
    let cloud = Cloud::new().await;
    let (base_layer, new_layer) = (layer("bin/base", 1), layer("bin/new", 2));
    let base = cloud
        .upload(
            "alice",
            json!({ "os_distro": "busybox" }),
            &docker(std::slice::from_ref(&base_layer), "amd64"),
        )
        .await;
    let (server, id) = snapshot(&cloud, &base).await;
    let queued = cloud.show("alice", &id).await;
    assert_eq!(queued["status"], "queued");
    assert_eq!(queued["image_type"], "snapshot");
    assert_eq!(queued["base_image_ref"], base);
    assert_eq!(queued["instance_uuid"], server);
    assert_eq!(
        (queued["mine"].as_str(), queued["os_distro"].as_str()),
        (Some("yes"), Some("busybox"))
    );
    // Nobody else brings data into it, and its base's image is in use.
    cloud
        .put_bytes("alice", &format!("/v2/images/{id}/file"), &base_layer)
        .await
        .is(409);
    assert!(
        cloud
            .delete("alice", &format!("/v2/images/{base}"))
            .await
            .is(409)
            .words()
            .contains("in use")
    );

    let (_dir, cache, taken) = made(&[base_layer.clone(), new_layer.clone()]);
    let manifest = cache.read(&taken.manifest, 1 << 20).unwrap();
    let put = async |digest: &Digest, bytes: &[u8]| {
        let path = format!("/v2/images/{id}/blobs/{digest}");
        cloud.put_bytes("agent", &path, bytes).await
    };
    // What the service has of the base need not travel.
    let has = cloud.request(
        "agent",
        Method::HEAD,
        &format!("/v2/images/{id}/blobs/{}", Digest::of(&base_layer)),
    );
    cloud.send(has).await.is(200);
    put(&Digest::of(&base_layer), &base_layer).await.is(204);
    // A lying digest is refused; a manifest before its blobs too.
    put(&Digest::of(b"other"), &new_layer).await.is(400);
    let finish = async || {
        let path = format!("/v2/images/{id}/manifest");
        let request = cloud.request("agent", Method::PUT, &path);
        let kind = ("content-type", "application/vnd.oci.image.manifest.v1+json");
        cloud
            .send(request.insert_header(kind).set_payload(manifest.clone()))
            .await
    };
    assert!(finish().await.is(400).words().contains("not in it"));
    let config = config(&[base_layer.clone(), new_layer.clone()], "amd64");
    put(&Digest::of(&config), &config).await.is(201);
    put(&Digest::of(&new_layer), &new_layer).await.is(201);
    put(&Digest::of(&new_layer), &new_layer).await.is(204);
    // The collector comes between: what came for the snapshot stays.
    cloud.settle().await;
    finish().await.is(201);
    finish().await.is(201);
    put(&Digest::of(&new_layer), &new_layer).await.is(409);

    let image = cloud.show("alice", &id).await;
    assert_eq!(image["status"], "active");
    let file = cloud
        .get("alice", &format!("/v2/images/{id}/file"))
        .await
        .is(200);
    assert_eq!(image["size"], file.bytes.len());
    assert_eq!(image["checksum"], file.header("content-md5"));
    // Its download is an archive that can be uploaded again, to the same content.
    let again = cloud.upload("bob", json!({}), &file.bytes).await;
    let digest = async |id: &str| {
        let answer = cloud
            .get("agent", &format!("/v2/images/{id}/manifest"))
            .await
            .is(200);
        answer.header("docker-content-digest").to_owned()
    };
    assert_eq!(digest(&again).await, digest(&id).await);
    assert_eq!(
        cloud.show("bob", &again).await["os_hash_value"],
        image["os_hash_value"]
    );
}

#[actix_web::test]
async fn a_snapshot_that_is_deleted_frees_its_server_and_its_blobs() {
    let cloud = Cloud::new().await;
    let base = cloud
        .upload(
            "alice",
            json!({}),
            &docker(&[layer("bin/base", 1)], "amd64"),
        )
        .await;
    let before = cloud.files();
    let (server, id) = snapshot(&cloud, &base).await;
    let new = layer("bin/new", 2);
    let path = format!("/v2/images/{id}/blobs/{}", Digest::of(&new));
    cloud.put_bytes("agent", &path, &new).await.is(201);
    cloud
        .delete("alice", &format!("/v2/images/{id}"))
        .await
        .is(204);
    cloud.put_bytes("agent", &path, &new).await.is(404);
    cloud.settle().await;
    assert_eq!(cloud.files(), before);
    let row = cloud
        .state
        .store
        .read(move |conn| servers::get(conn, &store::Scope::All, &server))
        .await;
    assert_eq!(row.unwrap().unwrap().task_state, None);
}
