//! What containers cannot be, what becomes of those that fail, and who may see them.

use super::cloud::{CLUSTER, Cloud, ELSEWHERE, PROJECT};
use super::conducted::{Conducted, FAILS};
use super::sown;
use serde_json::{Value, json};
use store::Tx;
use store::compute::hosts::{self, Order};

fn wish(fields: Value) -> Value {
    let mut body = json!({ "name": "web", "image": "busybox", "bay_uuid": CLUSTER });
    let all = body.as_object_mut().unwrap();
    all.extend(fields.as_object().unwrap().clone());
    body
}

#[actix_web::test]
async fn what_is_wrong_in_a_wish_is_told_and_nothing_is_made() {
    let cloud = Cloud::with(|settings| settings.container_wait_s = 0).await;
    let member = cloud.member().old();
    for (fields, word) in [
        (json!({ "image": null }), "image"),
        (json!({ "image": "none" }), "none"),
        (
            json!({ "image": "none", "image_id": "busybox" }),
            "image_id",
        ),
        (json!({ "bay_uuid": null }), "bay_uuid"),
        (json!({ "bay_uuid": "bay" }), "UUID"),
        (json!({ "bay_uuid": ELSEWHERE }), ELSEWHERE),
        (json!({ "bay_uuid": PROJECT }), "could not be found"),
        (json!({ "memory": "3m" }), "memory"),
        (json!({ "memory": "much" }), "memory"),
        (json!({ "command": "echo 'a" }), "command"),
        (json!({ "environment": ["a=b"] }), "environment"),
        (json!({ "status": "Running" }), "read-only"),
        (json!({ "color": "red" }), "color"),
        (json!({ "uuid": "mine" }), "uuid"),
        (
            json!({ "uuid": "2ed6657d-e927-568b-95e1-2665a8aea6a2" }),
            "version 5",
        ),
    ] {
        let told = member
            .post("/v1/containers", wish(fields))
            .await
            .refused(400);
        assert!(told.contains(word), "{word}: {told}");
    }
    let list = member.get("/v1/containers").await.is(200);
    assert_eq!(list, json!({ "containers": [] }));
}

#[actix_web::test]
async fn only_bays_whose_nodes_run_containers_take_them() {
    let cloud = Conducted::new().await;
    let member = cloud.member().old();
    for (number, coe, status, code, word) in [
        (1, "kubernetes", "CREATE_COMPLETE", 400, "docker"),
        (2, "mesos", "CREATE_COMPLETE", 400, "docker"),
        (3, "swarm", "CREATE_COMPLETE", 201, ""),
        (7, "swarm-mode", "CREATE_COMPLETE", 201, ""),
        (4, "docker", "CREATE_IN_PROGRESS", 400, "CREATE_IN_PROGRESS"),
        (5, "docker", "CREATE_FAILED", 400, "CREATE_FAILED"),
        (6, "docker", "UPDATE_FAILED", 201, ""),
    ] {
        let id = format!("0199f5a1-0000-7000-8000-0000000000d{number}");
        let bay = id.clone();
        let write = move |tx: &mut Tx<'_>| sown::cluster_of(tx, &bay, PROJECT, coe, status);
        cloud.store.write(write).await.unwrap();
        let answer = member
            .post("/containers", wish(json!({ "bay_uuid": id })))
            .await;
        match code {
            201 => drop(answer.is(201)),
            code => {
                let told = answer.refused(code);
                assert!(told.contains(word), "{told}");
            }
        }
    }
}

#[actix_web::test]
async fn what_an_engine_could_not_do_is_told_and_stays_to_be_seen() {
    let cloud = Conducted::new().await;
    let member = cloud.member().old();
    let failing = wish(json!({ "environment": { "it": FAILS } }));
    let told = member.post("/v1/containers", failing).await.refused(500);
    assert!(told.contains("not found in the image"), "{told}");
    let shown = member.get("/v1/containers/web").await.is(200);
    assert_eq!(shown["status"], "Error");
    let reason = shown["status_reason"].as_str().unwrap();
    assert!(told.contains(reason), "{reason}");
    let told = member.put("/v1/containers/web/start").await.refused(400);
    assert!(
        told.contains("container") && told.contains("error"),
        "{told}"
    );
    assert!(
        told.contains("not found in the image"),
        "the reason again: {told}"
    );
    member.delete("/v1/containers/web").await.is(204);
    member.get("/v1/containers/web").await.refused(404);
}

#[actix_web::test]
async fn what_takes_longer_than_clients_are_kept_waiting_goes_on() {
    let cloud = Cloud::with(|settings| settings.container_wait_s = 0).await;
    let member = cloud.member().old();
    let made = member.post("/v1/containers", wish(json!({}))).await.is(201);
    assert_eq!(made["status"], "Unknown");
    let told = member.put("/v1/containers/web/start").await.refused(400);
    assert!(told.contains("building"), "{told}");
    let told = member.get("/v1/containers/web/logs").await.refused(400);
    assert!(told.contains("on no host yet"), "{told}");
    member.delete("/v1/containers/web").await.is(204);
    member.get("/v1/containers/web").await.is(200);
    member.delete("/v1/containers/web").await.is(204);
    let told = member.put("/v1/containers/web/start").await.refused(400);
    assert!(told.contains("deleting"), "{told}");
    let name = json!([{ "op": "replace", "path": "/name", "value": "x" }]);
    member.patch("/v1/containers/web", name).await.refused(400);
}

#[actix_web::test]
async fn of_a_container_on_a_silent_node_nothing_is_known() {
    let cloud = Conducted::new().await;
    let member = cloud.member().old();
    member.post("/v1/containers", wish(json!({}))).await.is(201);
    member.put("/v1/containers/web/start").await.is(200);
    let node = cloud.node.to_string();
    let down = Order {
        forced_down: Some(true),
        ..Order::default()
    };
    let order = move |tx: &mut Tx<'_>| hosts::order(tx, &node, &down);
    assert!(cloud.store.write(order).await.unwrap());
    let shown = member.get("/v1/containers/web").await.is(200);
    assert_eq!(shown["status"], "Unknown");
    let list = member.get("/v1/containers").await.is(200);
    assert_eq!(list["containers"][0]["status"], "Unknown");
}

#[actix_web::test]
async fn a_project_has_so_many_at_most() {
    let cloud = Conducted::with(|settings| settings.containers = 1).await;
    let member = cloud.member().old();
    member.post("/v1/containers", wish(json!({}))).await.is(201);
    let told = member
        .post("/v1/containers", wish(json!({})))
        .await
        .refused(403);
    assert!(told.contains("1 containers"), "{told}");
    member.delete("/v1/containers/web").await.is(204);
    member.post("/v1/containers", wish(json!({}))).await.is(201);
}

#[actix_web::test]
async fn what_is_another_projects_is_not_there_and_readers_only_read() {
    let cloud = Conducted::new().await;
    let made = cloud.member().post("/v1/containers", wish(json!({}))).await;
    let made = made.is(201);
    let path = format!("/v1/containers/{}", made["uuid"].as_str().unwrap());
    let name = json!([{ "op": "replace", "path": "/name", "value": "x" }]);
    // An administrator has no more of other projects than anybody.
    for caller in [cloud.stranger(), cloud.caller("admin", sown::OTHER)] {
        caller.get(&path).await.refused(404);
        caller.get("/v1/containers/web").await.refused(404);
        caller.delete(&path).await.refused(404);
        caller.patch(&path, name.clone()).await.refused(404);
        caller.put(&format!("{path}/start")).await.refused(404);
        caller.get(&format!("{path}/logs")).await.refused(404);
        caller
            .put(&format!("{path}/execute?command=ls"))
            .await
            .refused(404);
        caller
            .get(&format!("/containers?bay_ident={CLUSTER}"))
            .await
            .refused(404);
        let list = caller.get("/v1/containers").await.is(200);
        assert_eq!(list["containers"], json!([]));
        caller
            .post("/v1/containers", wish(json!({})))
            .await
            .refused(400);
    }
    let reader = cloud.reader();
    reader.get(&path).await.is(200);
    reader.get(&format!("{path}/logs")).await.is(200);
    reader.delete(&path).await.refused(403);
    reader.patch(&path, name).await.refused(403);
    reader.put(&format!("{path}/start")).await.refused(403);
    reader
        .put(&format!("{path}/execute?command=ls"))
        .await
        .refused(403);
    reader
        .post("/v1/containers", wish(json!({})))
        .await
        .refused(403);
    cloud.nobody().get(&path).await.is(401);
}
