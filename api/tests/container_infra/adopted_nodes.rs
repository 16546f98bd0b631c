//! Nodes of adopted bays, in the book of 2015: read, and not written.

use super::adopted::{NODE, allowing, bay};
use super::adopted_lists::unheard;
use super::api_server::ApiServer;
use serde_json::{Value, json};

/// Their names, which the book has no other place for.
fn names(list: &Value) -> Vec<&str> {
    let items = list["nodes"].as_array().unwrap().iter();
    items
        .map(|item| item["ironic_node_id"].as_str().unwrap())
        .collect()
}

#[actix_web::test]
async fn nodes_of_adopted_bays_are_shown_after_the_lines_of_the_book() {
    let (cloud, server) = (allowing().await, ApiServer::start().await);
    let old = cloud.member().old();
    bay(&cloud, &server).await;
    let line = json!({ "type": "virt", "ironic_node_id": "own" });
    old.post("/nodes", line).await.is(201);
    let list = old.get("/v1/nodes").await.is(200);
    assert_eq!(names(&list), ["own", "a", "b"]);
    let first = &list["nodes"][1];
    assert_eq!(first["type"], "kubernetes");
    assert_eq!(first["image_id"], "Debian GNU/Linux 12");
    assert_eq!(first["uuid"], format!("{NODE}a"));
    let one = old.get(&format!("/v1/nodes/{NODE}b")).await.is(200);
    assert_eq!(one["ironic_node_id"], "b");
    assert_eq!(one["updated_at"], json!(null));
    let made = one["created_at"].as_str().unwrap();
    assert!(made.starts_with("1970-01-01T00:00:01"), "{made}");
    let page = old.get("/nodes/detail?limit=2").await.is(200);
    assert_eq!(names(&page), ["own", "a"]);
    let rest = old.get(page["next"].as_str().unwrap()).await.is(200);
    assert_eq!(names(&rest), ["b"]);
    let sorted = old.get("/nodes?sort_key=ironic_node_id").await.is(200);
    assert_eq!(names(&sorted), ["a", "b", "own"]);
}

#[actix_web::test]
async fn nodes_of_adopted_bays_are_changed_where_they_are() {
    let (cloud, server) = (allowing().await, ApiServer::start().await);
    let id = bay(&cloud, &server).await;
    let old = cloud.member().old();
    let item = format!("/v1/nodes/{NODE}a");
    let change = json!([{ "op": "replace", "path": "/type", "value": "virt" }]);
    for told in [
        old.patch(&item, change.clone()).await.refused(400),
        old.delete(&item).await.refused(400),
    ] {
        assert!(told.contains("Node a is one of bay k"), "{told}");
    }
    let stranger = cloud.stranger().old();
    stranger.get(&item).await.refused(404);
    stranger.patch(&item, change).await.refused(404);
    stranger.delete(&item).await.refused(404);
    assert_eq!(stranger.get("/nodes").await.is(200), json!({ "nodes": [] }));
    // A cluster that is adopted a second time has no more nodes than before.
    bay(&cloud, &server).await;
    assert_eq!(names(&old.get("/nodes").await.is(200)), ["a", "b"]);
    // What is silent has those that it was last seen to have.
    unheard(&cloud, &id).await;
    assert_eq!(names(&old.get("/nodes").await.is(200)), ["a", "b"]);
    let shown = cloud.member().get(&format!("/v1/clusters/{id}")).await;
    assert_eq!(shown.is(200)["node_count"], 1);
    assert!(server.heard().is_empty(), "nothing of it was asked");
}
