//! Images' attributes: made, shown, changed, deleted.

use super::archive::layer;
use super::cloud::Cloud;
use actix_web::http::Method;
use serde_json::json;

#[actix_web::test]
async fn an_image_is_made_with_properties_and_shown_as_it_was_made() {
    let cloud = Cloud::new().await;
    let answer = cloud
        .post(
            "alice",
            "/v2/images",
            json!({
                "name": "busybox", "container_format": "bare", "disk_format": "raw",
                "min_ram": 32, "tags": ["small", "small"], "os_distro": "busybox",
                "owner_specified.openstack.object": "images/busybox",
            }),
        )
        .await
        .is(201);
    let made = answer.json();
    let id = made["id"].as_str().unwrap();
    assert!(
        answer
            .header("location")
            .ends_with(&format!("/image/v2/images/{id}"))
    );
    assert_eq!(
        answer.header("openstack-image-import-methods"),
        "glance-direct,web-download"
    );
    assert_eq!(cloud.show("alice", id).await, made);
    assert_eq!(made["status"], "queued");
    assert_eq!(made["visibility"], "shared");
    assert_eq!(made["owner"], "red");
    assert_eq!(made["tags"], json!(["small"]));
    assert_eq!(made["os_distro"], "busybox");
    assert_eq!(made["owner_specified.openstack.object"], "images/busybox");
    assert_eq!(made["file"], format!("/v2/images/{id}/file"));
}

#[actix_web::test]
async fn an_id_may_be_chosen_once() {
    let cloud = Cloud::new().await;
    let body = json!({ "id": "7d0e2f1c-8c5e-4b25-9d7c-0d3c7a1f5b11" });
    cloud
        .post("alice", "/v2/images", body.clone())
        .await
        .is(201);
    let again = cloud.post("bob", "/v2/images", body).await.is(409);
    assert!(again.words().contains("exists already"));
}

#[actix_web::test]
async fn only_those_who_may_make_images_for_others_or_for_all() {
    let cloud = Cloud::new().await;
    cloud.post("reader", "/v2/images", json!({})).await.is(403);
    cloud
        .post("alice", "/v2/images", json!({ "owner": "blue" }))
        .await
        .is(403);
    cloud
        .post("alice", "/v2/images", json!({ "visibility": "public" }))
        .await
        .is(403);
    cloud
        .post("alice", "/v2/images", json!({ "visibility": "community" }))
        .await
        .is(201);
    cloud
        .post("alice", "/v2/images", json!({ "status": "active" }))
        .await
        .is(403);
    cloud
        .post("alice", "/v2/images", json!({ "locations": [] }))
        .await
        .is(403);
    cloud
        .post("alice", "/v2/images", json!({ "min_ram": "x" }))
        .await
        .is(400);
    let body = json!({ "owner": "blue", "visibility": "public" });
    let image = cloud.post("admin", "/v2/images", body).await.is(201).json();
    assert_eq!(image["owner"], "blue");
}

#[actix_web::test]
async fn changes_are_made_in_glances_dialect_all_or_none() {
    let cloud = Cloud::new().await;
    let id = cloud
        .create("alice", json!({ "name": "old", "a": "1" }))
        .await;
    let changed = cloud
        .patch(
            "alice",
            &id,
            json!([
                {"op": "add", "path": "/name", "value": "new"},
                {"op": "replace", "path": "/a", "value": "2"},
                {"op": "add", "path": "/b", "value": "3"},
                {"op": "replace", "path": "/tags", "value": ["t"]},
                {"op": "add", "path": "/protected", "value": true},
            ]),
        )
        .await
        .is(200)
        .json();
    assert_eq!(changed["name"], "new");
    assert_eq!(
        (changed["a"].as_str(), changed["b"].as_str()),
        (Some("2"), Some("3"))
    );
    assert_eq!(changed, cloud.show("alice", &id).await);
    for (changes, code) in [
        (
            json!([{"op": "replace", "path": "/name", "value": "x"}, {"op": "replace", "path": "/none", "value": "x"}]),
            409,
        ),
        (json!([{"op": "remove", "path": "/none"}]), 409),
        (
            json!([{"op": "replace", "path": "/status", "value": "active"}]),
            403,
        ),
        (
            json!([{"op": "replace", "path": "/visibility", "value": "public"}]),
            403,
        ),
        (
            json!([{"op": "replace", "path": "/owner", "value": "blue"}]),
            403,
        ),
        (json!([{"op": "move", "path": "/name", "value": "x"}]), 400),
        (json!({}), 400),
    ] {
        cloud.patch("alice", &id, changes.clone()).await.is(code);
        assert_eq!(cloud.show("alice", &id).await, changed, "{changes}");
    }
    let path = format!("/v2/images/{id}");
    let other = cloud
        .request("alice", Method::PATCH, &path)
        .set_json(json!([]));
    cloud.send(other).await.is(415);
    cloud.patch("reader", &id, json!([])).await.is(403);
}

#[actix_web::test]
async fn formats_are_fixed_once_there_is_data() {
    let cloud = Cloud::new().await;
    let id = cloud.upload("alice", json!({}), &layer("bin/a", 1)).await;
    let change = json!([{"op": "replace", "path": "/container_format", "value": "docker"}]);
    cloud.patch("alice", &id, change).await.is(403);
    let same = json!([{"op": "replace", "path": "/container_format", "value": "bare"}]);
    cloud.patch("alice", &id, same).await.is(200);
}

#[actix_web::test]
async fn a_protected_image_is_not_deleted_and_a_deleted_one_is_gone() {
    let cloud = Cloud::new().await;
    let id = cloud.create("alice", json!({ "protected": true })).await;
    let path = format!("/v2/images/{id}");
    assert!(
        cloud
            .delete("alice", &path)
            .await
            .is(403)
            .words()
            .contains("protected")
    );
    let change = json!([{"op": "replace", "path": "/protected", "value": false}]);
    cloud.patch("alice", &id, change).await.is(200);
    cloud.delete("reader", &path).await.is(403);
    cloud.delete("bob", &path).await.is(404);
    cloud.delete("alice", &path).await.is(204);
    cloud.get("alice", &path).await.is(404);
    cloud.delete("alice", &path).await.is(404);
}

#[actix_web::test]
async fn a_name_in_the_place_of_an_id_is_not_found() {
    let cloud = Cloud::new().await;
    cloud.create("alice", json!({ "name": "busybox" })).await;
    let answer = cloud
        .get("alice", "/v2/images/busybox")
        .await
        .is(404)
        .json();
    assert_eq!(answer["code"], "404 Not Found");
}

#[actix_web::test]
async fn tags_come_and_go_one_by_one() {
    let cloud = Cloud::new().await;
    let id = cloud.create("alice", json!({})).await;
    let tag = |name: &str| format!("/v2/images/{id}/tags/{name}");
    let put = |path: String| cloud.send(cloud.request("alice", Method::PUT, &path));
    put(tag("b")).await.is(204);
    put(tag("a%20b")).await.is(204);
    put(tag("b")).await.is(204);
    assert_eq!(cloud.show("alice", &id).await["tags"], json!(["a b", "b"]));
    cloud.delete("alice", &tag("b")).await.is(204);
    cloud.delete("alice", &tag("b")).await.is(404);
    put(tag(&"x".repeat(256))).await.is(400);
}

#[actix_web::test]
async fn a_deactivated_image_is_fetched_by_administrators_only() {
    let cloud = Cloud::new().await;
    let queued = cloud.create("alice", json!({})).await;
    let action = |id: &str, name: &str| format!("/v2/images/{id}/actions/{name}");
    cloud
        .post("alice", &action(&queued, "deactivate"), json!(null))
        .await
        .is(403);
    let id = cloud.upload("alice", json!({}), &layer("bin/a", 1)).await;
    let file = format!("/v2/images/{id}/file");
    for _ in 0..2 {
        cloud
            .post("alice", &action(&id, "deactivate"), json!(null))
            .await
            .is(204);
    }
    assert_eq!(cloud.show("alice", &id).await["status"], "deactivated");
    cloud.get("alice", &file).await.is(403);
    cloud.get("admin", &file).await.is(200);
    cloud
        .post("alice", &action(&id, "reactivate"), json!(null))
        .await
        .is(204);
    cloud.get("alice", &file).await.is(200);
}

#[actix_web::test]
async fn what_clients_ask_before_they_begin_is_answered() {
    let cloud = Cloud::new().await;
    for name in [
        "image",
        "images",
        "member",
        "members",
        "task",
        "tasks",
        "metadefs/namespace",
        "metadefs/namespaces",
        "metadefs/properties",
    ] {
        let schema = cloud
            .get("reader", &format!("/v2/schemas/{name}"))
            .await
            .is(200)
            .json();
        assert!(schema["properties"].is_object(), "{name}");
    }
    cloud.get("reader", "/v2/schemas/nothing").await.is(404);
    let all = cloud
        .get(
            "reader",
            "/v2/metadefs/namespaces?resource_types=OS::Glance::Image",
        )
        .await;
    assert_eq!(
        all.is(200).json()["namespaces"].as_array().unwrap().len(),
        1
    );
    let one = cloud
        .get("reader", "/v2/metadefs/namespaces/OS::Software::Container")
        .await;
    assert!(one.is(200).json()["properties"]["os_command_line"].is_object());
    cloud
        .post("admin", "/v2/metadefs/namespaces", json!({}))
        .await
        .is(501);
    let methods = cloud.get("reader", "/v2/info/import").await.is(200).json();
    assert_eq!(
        methods["import-methods"]["value"],
        json!(["glance-direct", "web-download"])
    );
    let stores = cloud.get("reader", "/v2/info/stores").await.is(200).json();
    assert_eq!(stores["stores"][0]["default"], "true");
    cloud.get("reader", "/v2/tasks").await.is(403);
    assert_eq!(
        cloud.get("admin", "/v2/tasks").await.is(200).json()["tasks"],
        json!([])
    );
}

#[actix_web::test]
async fn no_body_brings_a_nul_into_an_image() {
    let cloud = Cloud::new().await;
    let id = cloud.create("alice", json!({})).await;
    for change in [
        json!([{ "op": "add", "path": "/a\u{0}b", "value": "x" }]),
        json!([{ "op": "add", "path": "/name", "value": "a\u{0}b" }]),
        json!([{ "op": "add", "path": "/tags", "value": ["a\u{0}b"] }]),
    ] {
        let refused = cloud.patch("alice", &id, change).await.is(400);
        let words = refused.words();
        assert!(words.contains("in the body holds a NUL"), "{words}");
    }
    let body = json!({ "name": "a\u{0}b" });
    cloud.post("alice", "/v2/images", body).await.is(400);
}
