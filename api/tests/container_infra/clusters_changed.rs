//! Clusters and bays that are changed: other numbers, other templates, and what cannot be changed.

use super::cloud::Cloud;
use super::clusters::{cluster, settle, template};
use super::sown;
use serde_json::{Value, json};
use store::Tx;

#[tokio::test]
async fn of_a_cluster_only_its_number_of_workers_and_its_health_can_be_changed() {
    let cloud = Cloud::new().await;
    let template = template(&cloud, json!({})).await;
    let id = cluster(&cloud, &template, "web").await;
    let path = format!("/v1/clusters/{id}");
    let change = |op: &str, field: &str, value: Value| json!([{ "op": op, "path": format!("/{field}"), "value": value }]);
    let count = change("replace", "node_count", json!(3));
    let told = cloud
        .member()
        .patch(&path, count.clone())
        .await
        .refused(400);
    assert!(told.contains("CREATE_IN_PROGRESS"), "{told}");
    settle(&cloud, &id, "CREATE_COMPLETE", None).await;
    for refused in [
        change("replace", "name", json!("other")),
        change("replace", "api_address", json!("x")),
        change("replace", "status", json!("CREATE_COMPLETE2")),
        change("replace", "node_count", json!(-1)),
        change("replace", "node_count", json!("many")),
        change("remove", "cluster_template_id", json!(null)),
        change("add", "color", json!("red")),
        json!({ "node_count": 3 }),
    ] {
        cloud.member().patch(&path, refused).await.refused(400);
    }
    cloud.member().patch(&path, json!([])).await.is(202);
    let health = json!([
        { "op": "replace", "path": "/health_status_reason", "value": "{'api': 'ok'}" },
        { "op": "add", "path": "/health_status", "value": "HEALTHY" },
    ]);
    cloud.member().patch(&path, health).await.is(202);
    let shown = cloud.member().get(&path).await.is(200);
    assert_eq!(shown["health_status_reason"]["api"], "ok");
    assert_eq!(shown["status"], "CREATE_COMPLETE");
    let done = cloud.member().patch(&path, count).await.is(202);
    assert_eq!(done, json!({ "uuid": id }));
    let shown = cloud.member().get(&path).await.is(200);
    assert_eq!(
        (&shown["node_count"], &shown["status"]),
        (&json!(3), &json!("UPDATE_IN_PROGRESS"))
    );
    assert!(shown["updated_at"].is_string());
    let rolled = format!("{path}?rollback=True");
    cloud.member().patch(&rolled, json!([])).await.refused(501);
    cloud
        .member()
        .at("1.2")
        .patch(&rolled, json!([]))
        .await
        .refused(400);
}

#[tokio::test]
async fn a_resize_names_a_group_a_number_and_who_leaves() {
    let cloud = Cloud::new().await;
    let template = template(&cloud, json!({})).await;
    let id = cluster(&cloud, &template, "web").await;
    let path = format!("/v1/clusters/{id}/actions/resize");
    let to = |count: i64| json!({ "node_count": count });
    cloud
        .member()
        .at("1.6")
        .post(&path, to(2))
        .await
        .refused(406);
    cloud.member().post(&path, to(2)).await.refused(400);
    settle(&cloud, &id, "UPDATE_FAILED", None).await;
    for (body, code) in [
        (json!({}), 400),
        (json!({ "node_count": 2, "color": 1 }), 400),
        (json!({ "node_count": 2, "nodegroup": "gone" }), 404),
        (json!({ "node_count": 2, "nodes_to_remove": ["gone"] }), 400),
        (
            json!({ "node_count": 0, "nodegroup": "default-master" }),
            400,
        ),
        (to(300), 400),
    ] {
        cloud.member().post(&path, body).await.refused(code);
    }
    cloud
        .member()
        .at("1.9")
        .post(&path, to(0))
        .await
        .refused(400);
    assert_eq!(
        cloud.member().post(&path, to(4)).await.is(202),
        json!({ "uuid": id })
    );
    // Another one follows at once.
    cloud.member().post(&path, to(0)).await.is(202);
    let shown = cloud.member().get("/v1/clusters/web").await.is(200);
    assert_eq!(
        (&shown["node_count"], &shown["master_count"]),
        (&json!(0), &json!(1))
    );
    cloud.member().get(&path).await.refused(405);
    let unknown = format!("/v1/clusters/{id}/actions/dance");
    cloud.member().post(&unknown, json!({})).await.refused(404);
}

#[tokio::test]
async fn an_upgrade_takes_what_another_template_says_and_keeps_what_the_cluster_said() {
    let cloud = Cloud::new().await;
    let old = template(&cloud, json!({ "labels": { "a": "1", "b": "1" } })).await;
    let new = template(
        &cloud,
        json!({ "labels": { "a": "2", "b": "2" }, "name": "new" }),
    )
    .await;
    let swarm = template(&cloud, json!({ "coe": "swarm" })).await;
    let body = json!({
        "name": "web", "cluster_template_id": old, "labels": { "b": "own" }, "merge_labels": true,
    });
    cloud.member().post("/v1/clusters", body).await.is(202);
    let shown = cloud.member().get("/v1/clusters/web").await.is(200);
    let id = shown["uuid"].as_str().unwrap();
    settle(&cloud, id, "CREATE_COMPLETE", None).await;
    let path = format!("/v1/clusters/{id}/actions/upgrade");
    let to = |template: &str| json!({ "cluster_template": template, "max_batch_size": 2 });
    cloud
        .member()
        .at("1.6")
        .post(&path, to(&new))
        .await
        .refused(406);
    cloud
        .member()
        .at("1.7")
        .post(&path, to(&new))
        .await
        .refused(400);
    for (body, code) in [
        (json!({}), 400),
        (json!({ "cluster_template": "gone" }), 404),
        (to(&swarm), 400),
        (json!({ "cluster_template": new, "max_batch_size": 0 }), 400),
        (json!({ "cluster_template": new, "nodegroup": "gone" }), 404),
    ] {
        cloud.member().post(&path, body).await.refused(code);
    }
    cloud.member().post(&path, to("new")).await.is(202);
    let shown = cloud.member().get("/v1/clusters/web").await.is(200);
    assert_eq!(shown["cluster_template_id"], new);
    assert_eq!(shown["labels"], json!({ "a": "2", "b": "own" }));
    assert_eq!(shown["status"], "UPDATE_IN_PROGRESS");
    // Not while it is under way.
    cloud.member().post(&path, to(&old)).await.refused(400);
}

#[tokio::test]
async fn the_one_manager_of_a_swarm_keeps_its_flavor() {
    let cloud = Cloud::new().await;
    let sow = |tx: &mut Tx<'_>| sown::flavor(tx, "2", "c1.large");
    cloud.store.write(sow).await.unwrap();
    let fields =
        |flavor| json!({ "coe": "swarm", "master_flavor_id": flavor, "master_lb_enabled": true });
    let small = template(&cloud, fields("c1.small")).await;
    let large = template(&cloud, fields("c1.large")).await;
    for (name, masters, code) in [("alone", 1, 400), ("three", 3, 202)] {
        let body = json!({ "name": name, "cluster_template_id": small, "master_count": masters });
        cloud.member().post("/v1/clusters", body).await.is(202);
        let shown = cloud
            .member()
            .get(&format!("/v1/clusters/{name}"))
            .await
            .is(200);
        let id = shown["uuid"].as_str().unwrap();
        settle(&cloud, id, "CREATE_COMPLETE", None).await;
        let path = format!("/v1/clusters/{id}/actions/upgrade");
        let body = json!({ "cluster_template": large });
        let told = cloud.member().post(&path, body).await;
        match code {
            400 => assert!(told.refused(400).contains("keeps its flavor c1.small")),
            _ => drop(told.is(code)),
        }
    }
}
