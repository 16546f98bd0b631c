//! Nodes and key pairs of 2015.

use super::cloud::{BASE, CLUSTER, Cloud, ELSEWHERE, PROJECT};
use actix_web::http::Method;
use serde_json::json;
use store::Scope;
use store::container_infra::x509keypairs;

#[actix_web::test]
async fn a_node_is_a_line_in_a_book() {
    let cloud = Cloud::new().await;
    let old = cloud.member().old();
    let made = old
        .post("/nodes", json!({ "type": "bare", "image_id": "i" }))
        .await;
    let id = made.body["uuid"].as_str().unwrap().to_owned();
    assert_eq!(
        made.header("location"),
        Some(&*format!("{BASE}/v1/nodes/{id}"))
    );
    let made = made.is(201);
    assert_eq!(made["ironic_node_id"], json!(null));
    let list = old.get("/v1/nodes").await.is(200);
    assert!(list["nodes"][0].get("created_at").is_none());
    let list = old.get("/nodes/detail").await.is(200);
    assert!(list["nodes"][0]["created_at"].is_string());
    let item = format!("/nodes/{id}");
    let change = json!([
        { "op": "replace", "path": "/type", "value": "virt" },
        { "op": "add", "path": "/ironic_node_id", "value": "x" },
        { "op": "remove", "path": "/image_id" },
    ]);
    let changed = old.patch(&item, change).await.is(200);
    assert_eq!(changed["type"], "virt");
    assert_eq!(changed["image_id"], json!(null));
    assert!(changed["updated_at"].is_string());
    old.get("/nodes/virt").await.refused(400);
    let stranger = cloud.stranger();
    stranger.get(&item).await.refused(404);
    stranger.patch(&item, json!([])).await.refused(404);
    stranger.delete(&item).await.refused(404);
    assert_eq!(stranger.get("/nodes").await.is(200), json!({ "nodes": [] }));
    old.delete(&item).await.is(204);
    old.get(&item).await.refused(404);
}

#[actix_web::test]
async fn nodes_and_key_pairs_are_bounded() {
    let cloud = Cloud::with(|settings| {
        settings.nodes = 1;
        settings.x509keypairs = 1;
    })
    .await;
    let pair = json!({ "bay_uuid": CLUSTER });
    for (path, body) in [("/nodes", json!({})), ("/x509keypairs", pair)] {
        cloud.member().post(path, body.clone()).await.is(201);
        let told = cloud.member().post(path, body).await.refused(403);
        assert!(told.contains("delete some"), "{told}");
    }
    cloud.stranger().post("/nodes", json!({})).await.is(201);
}

#[actix_web::test]
async fn a_private_key_comes_back_and_is_not_in_the_database() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let body = json!({
        "name": "pair", "bay_uuid": "bay", "ca_cert": "CA", "certificate": "CERT",
        "private_key": "-----secret-----",
    });
    let made = member.post("/v1/x509keypairs", body).await.is(201);
    assert_eq!(made["bay_uuid"], CLUSTER, "by name, the project's own");
    assert_eq!(made["private_key"], "-----secret-----");
    let id = made["uuid"].as_str().unwrap().to_owned();
    let scope = Scope::Project(PROJECT.into());
    let read = cloud
        .store
        .read(move |conn| x509keypairs::get(conn, &scope, &id));
    let row = read.await.unwrap().unwrap();
    assert!(!row.sealed_key.clone().unwrap().contains("secret"));
    assert!(!format!("{row:?}").contains("sealed"));
    let shown = member.get("/x509keypairs/pair").await.is(200);
    assert_eq!(shown, made);
    let list = member.get("/x509keypairs").await.is(200);
    assert!(list["x509keypairs"][0].get("private_key").is_none());
    let full = member.get("/x509keypairs/detail").await.is(200);
    assert_eq!(full["x509keypairs"][0]["private_key"], "-----secret-----");
    // Whoever only reads learns that there is one.
    cloud.reader().get("/x509keypairs").await.is(200);
    cloud.reader().get("/x509keypairs/pair").await.refused(403);
    cloud
        .stranger()
        .get("/x509keypairs/pair")
        .await
        .refused(404);
    let put = member.send(Method::PATCH, "/x509keypairs/pair", Some("[]".into()));
    put.await.refused(405);
    member.delete("/x509keypairs/pair").await.is(204);
}

#[actix_web::test]
async fn a_key_pair_is_for_a_cluster_one_can_see() {
    let cloud = Cloud::new().await;
    for bay in [json!(null), json!("none"), json!(ELSEWHERE), json!("")] {
        let body = json!({ "bay_uuid": bay });
        cloud
            .member()
            .post("/x509keypairs", body)
            .await
            .refused(400);
    }
    let body = json!({ "bay_uuid": CLUSTER, "private_key": "" });
    cloud
        .member()
        .post("/x509keypairs", body)
        .await
        .refused(400);
}
