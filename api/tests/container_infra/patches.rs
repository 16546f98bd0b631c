//! Changes of templates, as clients of both eras write them.

use super::cloud::Cloud;
use serde_json::json;

#[actix_web::test]
async fn a_change_is_checked_before_the_thing_is_looked_for() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    for path in ["/clustertemplates/none", "/baymodels/none"] {
        let bad = json!([{ "op": "move", "path": "/name", "value": "x" }]);
        member.patch(path, bad).await.refused(400);
        let good = json!([{ "op": "replace", "path": "/name", "value": "x" }]);
        member.patch(path, good).await.refused(404);
    }
}

#[actix_web::test]
async fn the_answer_is_the_changed_template() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let id = member
        .template(json!({ "name": "a", "labels": { "x": "1" }, "flavor_id": "1" }))
        .await;
    let item = format!("/v1/clustertemplates/{id}");
    let all = json!([
        { "op": "replace", "path": "/name", "value": "b" },
        { "op": "add", "path": "/labels/y", "value": 2 },
        { "op": "remove", "path": "/labels/x" },
        { "op": "replace", "path": "/tls_disabled", "value": "True" },
        { "op": "replace", "path": "/floating_ip_enabled", "value": false },
        { "op": "add", "path": "/docker_volume_size", "value": "7" },
        { "op": "remove", "path": "/flavor_id" },
    ]);
    let changed = member.patch(&item, all).await.is(200);
    assert_eq!(changed["name"], "b");
    assert_eq!(changed["labels"], json!({ "y": "2" }));
    assert_eq!(changed["tls_disabled"], true);
    assert_eq!(changed["floating_ip_enabled"], false);
    assert_eq!(changed["docker_volume_size"], 7);
    assert_eq!(changed["flavor_id"], json!(null));
    assert!(changed["updated_at"].is_string() && changed["links"].is_array());
    let whole = json!([{ "op": "replace", "path": "/labels", "value": "{'k': 'v', 'n': 1}" }]);
    let changed = member.patch(&item, whole).await.is(200);
    assert_eq!(changed["labels"], json!({ "k": "v", "n": "1" }));
    assert_eq!(member.get(&item).await.is(200), changed);
}

#[actix_web::test]
async fn an_empty_change_changes_nothing() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let id = member.template(json!({})).await;
    let item = format!("/clustertemplates/{id}");
    let same = member.patch(&item, json!([])).await.is(200);
    assert_eq!(same["updated_at"], json!(null));
}

#[actix_web::test]
async fn a_change_that_breaks_a_rule_is_no_change() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let id = member.template(json!({ "name": "a" })).await;
    let item = format!("/clustertemplates/{id}");
    let before = member.get(&item).await.is(200);
    for change in [
        json!({ "op": "replace", "path": "/uuid", "value": "x" }),
        json!({ "op": "replace", "path": "/project_id", "value": "x" }),
        json!({ "op": "remove", "path": "/coe" }),
        json!({ "op": "remove", "path": "/image_id" }),
        json!({ "op": "add", "path": "/color", "value": "x" }),
        json!({ "op": "add", "path": "/name", "value": "x" }),
        json!({ "op": "replace", "path": "/color", "value": "x" }),
        json!({ "op": "remove", "path": "/labels/none" }),
        json!({ "op": "replace", "path": "/coe", "value": "nomad" }),
        json!({ "op": "replace", "path": "/apiserver_port", "value": 1 }),
        json!({ "op": "replace", "path": "/network_driver", "value": "flannel" }),
        json!({ "op": "replace", "path": "/driver", "value": "" }),
        json!({ "op": "replace", "path": "/ssh_authorized_key", "value": "k" }),
    ] {
        let fine = json!({ "op": "replace", "path": "/tags", "value": "t" });
        let told = member.patch(&item, json!([fine, change])).await;
        assert_eq!(told.code, 400, "{change}: {}", told.text);
    }
    assert_eq!(member.get(&item).await.is(200), before);
}

#[actix_web::test]
async fn nothing_is_no_value_for_the_clients_of_2015() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let id = member.template(json!({ "tls_disabled": true })).await;
    let change = json!([{ "op": "replace", "path": "/tls_disabled", "value": false }]);
    let item = format!("/baymodels/{id}");
    member.old().patch(&item, change.clone()).await.refused(400);
    let changed = member.patch(&item, change).await.is(200);
    assert_eq!(changed["tls_disabled"], false);
    let word = json!([{ "op": "replace", "path": "/tls_disabled", "value": "True" }]);
    let changed = member.old().patch(&item, word).await.is(200);
    assert_eq!(changed["tls_disabled"], true);
}
