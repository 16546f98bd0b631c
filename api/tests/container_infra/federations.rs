//! Federations: clusters counted together.

use super::cloud::{CLUSTER, Cloud, ELSEWHERE};
use serde_json::{Value, json};

fn body() -> Value {
    json!({ "name": "f", "hostcluster_id": "bay", "properties": { "dns-zone": "example.org" } })
}

#[actix_web::test]
async fn a_federation_is_a_record_and_says_so() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let made = member.post("/v1/federations", body()).await.is(202);
    assert_eq!(
        made.as_object().unwrap().len(),
        1,
        "the uuid and nothing else"
    );
    let shown = member.get("/federations/f").await.is(200);
    assert_eq!(shown["uuid"], made["uuid"]);
    assert_eq!(shown["hostcluster_id"], CLUSTER);
    assert_eq!(shown["status"], "CREATE_COMPLETE");
    assert!(shown["status_reason"].as_str().unwrap().contains("record"));
    assert_eq!(shown["member_ids"], json!([]));
    let list = member.get("/federations").await.is(200);
    assert!(list["federations"][0].get("status_reason").is_none());
    let list = member.get("/federations/detail").await.is(200);
    assert!(list["federations"][0].get("status_reason").is_some());
    cloud.stranger().get("/federations/f").await.refused(404);
    member.delete("/federations/f").await.is(204);
    member.get("/federations/f").await.refused(404);
}

#[actix_web::test]
async fn clusters_join_and_leave() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    member.post("/federations", body()).await.is(202);
    let change =
        |op: &str, member: &str| json!([{ "op": op, "path": "/member_ids", "value": member }]);
    let item = "/federations/f?rollback=True";
    member.patch(item, change("add", "bay")).await.is(202);
    let shown = member.get("/federations/f").await.is(200);
    assert_eq!(shown["member_ids"], json!([CLUSTER]));
    assert_eq!(shown["status"], "UPDATE_COMPLETE");
    member
        .patch(item, change("add", CLUSTER))
        .await
        .refused(409);
    member.patch(item, change("add", "none")).await.refused(404);
    member
        .patch(item, change("add", ELSEWHERE))
        .await
        .refused(404);
    member
        .patch(item, change("remove", "none"))
        .await
        .refused(404);
    for wrong in [
        change("replace", "bay"),
        json!([{ "op": "remove", "path": "/member_ids" }]),
        json!([{ "op": "add", "path": "/member_ids/0", "value": "bay" }]),
        json!([{ "op": "replace", "path": "/name", "value": "g" }]),
        json!([{ "op": "replace", "path": "/status", "value": "x" }]),
        json!([{ "op": "remove", "path": "/properties/dns-zone" }]),
        json!([{ "op": "replace", "path": "/properties", "value": "{'a': 'b'}" }]),
    ] {
        let told = member.patch(item, wrong.clone()).await;
        assert_eq!(told.code, 400, "{wrong}: {}", told.text);
    }
    member
        .patch("/federations/f?rollback=maybe", json!([]))
        .await
        .refused(400);
    member.patch(item, change("remove", "bay")).await.is(202);
    let zone = json!([{ "op": "replace", "path": "/properties/dns-zone", "value": "z" }]);
    member.patch(item, zone).await.is(202);
    let shown = member.get("/federations/f").await.is(200);
    assert_eq!(shown["member_ids"], json!([]));
    assert_eq!(shown["properties"], json!({ "dns-zone": "z" }));
}

#[actix_web::test]
async fn a_federation_needs_a_cluster_that_leads_and_a_zone() {
    let cloud = Cloud::with(|settings| settings.federations = 1).await;
    let member = cloud.member();
    for (field, value, code) in [
        ("hostcluster_id", json!(null), 400),
        ("hostcluster_id", json!("none"), 404),
        ("hostcluster_id", json!(ELSEWHERE), 404),
        ("properties", json!({}), 400),
        ("properties", json!(null), 400),
        ("name", json!("1f"), 400),
        ("member_ids", json!(["none"]), 404),
        ("member_ids", json!(["bay", CLUSTER]), 409),
        ("status", json!("x"), 400),
        ("uuid", json!("x"), 400),
    ] {
        let mut body = body();
        body[field] = value.clone();
        let told = member.post("/federations", body).await;
        assert_eq!(told.code, code, "{field} {value}: {}", told.text);
    }
    let mut nameless = body();
    nameless["name"] = json!(null);
    member.post("/federations", nameless).await.is(202);
    let list = member.get("/federations").await.is(200);
    let name = list["federations"][0]["name"].as_str().unwrap();
    assert!(name.ends_with("-federation"), "{name}");
    member.post("/federations", body()).await.refused(403);
}
