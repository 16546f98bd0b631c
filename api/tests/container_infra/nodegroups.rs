//! Node groups of clusters.

use super::cloud::Cloud;
use super::clusters::{cluster, settle, template};
use serde_json::{Value, json};

/// A cluster that is complete; the path of its groups.
async fn groups_of(cloud: &Cloud) -> (String, String) {
    let template = template(cloud, json!({ "labels": { "a": "1" } })).await;
    let id = cluster(cloud, &template, "web").await;
    (id.clone(), format!("/v1/clusters/{id}/nodegroups"))
}

fn change(field: &str, value: Value) -> Value {
    json!([{ "op": "replace", "path": format!("/{field}"), "value": value }])
}

#[tokio::test]
async fn every_cluster_has_a_group_of_masters_and_one_of_workers() {
    let cloud = Cloud::new().await;
    let (id, path) = groups_of(&cloud).await;
    let list = cloud.member().get(&format!("{path}/")).await.is(200);
    let groups = list["nodegroups"].as_array().unwrap();
    let brief: Vec<_> = groups
        .iter()
        .map(|group| (&group["name"], &group["role"], &group["is_default"]))
        .collect();
    assert_eq!(
        brief,
        [
            (&json!("default-master"), &json!("master"), &json!(true)),
            (&json!("default-worker"), &json!("worker"), &json!(true)),
        ]
    );
    assert!(groups[0].get("links").is_none());
    let masters = cloud
        .member()
        .get(&format!("{path}?role=master"))
        .await
        .is(200);
    assert_eq!(masters["nodegroups"].as_array().unwrap().len(), 1);
    let shown = cloud
        .member()
        .get(&format!("{path}/default-worker"))
        .await
        .is(200);
    let expected = json!({
        "cluster_id": id, "node_count": 1, "min_node_count": 0, "max_node_count": null,
        "flavor_id": "c1.small", "image_id": "jeroboam-node", "labels": { "a": "1" },
        "labels_added": {}, "node_addresses": [], "node_labels": {}, "node_taints": [],
        "status": "CREATE_IN_PROGRESS", "status_reason": null, "docker_volume_size": null,
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(shown[field], *value, "{field}");
    }
    assert!(shown["id"].as_i64().unwrap() > 0);
    let link = shown["links"][0]["href"].as_str().unwrap();
    let uuid = shown["uuid"].as_str().unwrap();
    assert!(link.ends_with(&format!("{path}/{uuid}")), "{link}");
    for (verb, path) in [
        ("GET", path.clone()),
        ("GET", format!("{path}/default-worker")),
    ] {
        let told = cloud.member().at("1.8").get(&path).await;
        assert_eq!(told.code, 406, "{verb} {path}");
    }
}

#[tokio::test]
async fn a_group_is_added_changed_resized_and_removed() {
    let cloud = Cloud::new().await;
    let (id, path) = groups_of(&cloud).await;
    let pool = json!({
        "name": "pool", "node_count": 2, "min_node_count": 1, "max_node_count": 3,
        "labels": { "b": "2" }, "merge_labels": true, "role": "gpu",
        "node_taints": [{ "key": "gpu", "effect": "NoSchedule" }],
    });
    // It has no address yet.
    cloud.member().post(&path, pool.clone()).await.refused(409);
    settle(&cloud, &id, "CREATE_COMPLETE", None).await;
    for (body, code) in [
        (json!({}), 400),
        (json!({ "name": "a", "role": "master" }), 400),
        (
            json!({ "name": "a", "node_count": 2, "max_node_count": 1 }),
            409,
        ),
        (
            json!({ "name": "a", "node_count": 0, "min_node_count": 1 }),
            409,
        ),
        (
            json!({ "name": "a", "node_labels": { "kubernetes.io/a": "b" } }),
            409,
        ),
        (json!({ "name": "a", "flavor_id": "gone" }), 400),
        (json!({ "name": "a", "image_id": "busybox" }), 400),
        (json!({ "name": "a", "node_count": 1000 }), 400),
        (json!({ "name": "default-worker" }), 409),
        (json!({ "name": "a", "status": "x" }), 400),
    ] {
        cloud.member().post(&path, body).await.refused(code);
    }
    let made = cloud.member().post(&path, pool.clone()).await.is(202);
    assert_eq!(made["labels"], json!({ "a": "1", "b": "2" }));
    assert_eq!(made["labels_added"], json!({ "b": "2" }));
    assert_eq!(
        (&made["role"], &made["is_default"]),
        (&json!("gpu"), &json!(false))
    );
    assert_eq!(
        made["node_taints"],
        json!([{ "key": "gpu", "effect": "NoSchedule" }])
    );
    let shown = cloud
        .member()
        .get(&format!("/v1/clusters/{id}"))
        .await
        .is(200);
    assert_eq!(
        (&shown["node_count"], &shown["status"]),
        (&json!(3), &json!("UPDATE_IN_PROGRESS"))
    );
    cloud.member().post(&path, pool).await.refused(400);
    settle(&cloud, &id, "UPDATE_COMPLETE", None).await;
    let one = format!("{path}/pool");
    for refused in [
        change("node_count", json!(1)),
        change("name", json!("other")),
        change("min_node_count", json!("few")),
    ] {
        cloud.member().patch(&one, refused).await.refused(400);
    }
    cloud
        .member()
        .patch(&one, change("max_node_count", json!(1)))
        .await
        .refused(409);
    let labels = json!([
        { "op": "replace", "path": "/node_labels", "value": "{'disk': 'ssd'}" },
        { "op": "replace", "path": "/max_node_count", "value": "5" },
    ]);
    let changed = cloud.member().patch(&one, labels).await.is(202);
    assert_eq!(changed["node_labels"], json!({ "disk": "ssd" }));
    assert_eq!(changed["max_node_count"], 5);
    settle(&cloud, &id, "UPDATE_COMPLETE", None).await;
    let resize = format!("/v1/clusters/{id}/actions/resize");
    let to = |count: i64| json!({ "node_count": count, "nodegroup": "pool" });
    cloud.member().post(&resize, to(6)).await.refused(400);
    cloud.member().post(&resize, to(0)).await.refused(400);
    cloud.member().post(&resize, to(5)).await.is(202);
    settle(&cloud, &id, "UPDATE_COMPLETE", None).await;
    cloud
        .member()
        .delete(&format!("{path}/default-worker"))
        .await
        .refused(400);
    cloud.member().delete(&one).await.is(204);
    let going = cloud.member().get(&one).await.is(200);
    assert_eq!(going["status"], "DELETE_IN_PROGRESS");
    cloud
        .member()
        .delete(&format!("{path}/gone"))
        .await
        .refused(404);
}

#[tokio::test]
async fn groups_of_another_projects_cluster_are_not_there() {
    let cloud = Cloud::new().await;
    let (id, path) = groups_of(&cloud).await;
    settle(&cloud, &id, "CREATE_COMPLETE", None).await;
    let one = format!("{path}/default-worker");
    cloud.stranger().get(&path).await.refused(404);
    cloud.stranger().get(&one).await.refused(404);
    cloud
        .stranger()
        .post(&path, json!({ "name": "a" }))
        .await
        .refused(404);
    cloud.stranger().delete(&one).await.refused(404);
    cloud.reader().get(&one).await.is(200);
    cloud
        .reader()
        .post(&path, json!({ "name": "a" }))
        .await
        .refused(403);
    let bounds = change("max_node_count", json!(9));
    cloud.reader().patch(&one, bounds).await.refused(403);
}
