//! Clusters and bays: one row, two paths.

use super::cloud::{Cloud, PROJECT, user_id};
use serde_json::{Value, json};
use store::compute::keypairs::{self, KeyPair};
use store::container_infra::{clusters, nodegroups};
use store::{Scope, Tx};

/// A template of small nodes with these fields.
pub async fn template(cloud: &Cloud, fields: Value) -> String {
    let mut all = json!({ "flavor_id": "c1.small", "name": "tiny" });
    let map = all.as_object_mut().unwrap();
    map.extend(fields.as_object().unwrap().clone());
    cloud.member().template(all).await
}

/// The UUID of a new cluster of this template.
pub async fn cluster(cloud: &Cloud, template: &str, name: &str) -> String {
    let body = json!({ "name": name, "cluster_template_id": template });
    let made = cloud.member().post("/v1/clusters", body).await.is(202);
    assert_eq!(made.as_object().unwrap().len(), 1, "{made}: the UUID alone");
    made["uuid"].as_str().unwrap().to_owned()
}

/// As the conductor ends an operation.
pub async fn settle(cloud: &Cloud, id: &str, status: &'static str, reason: Option<&'static str>) {
    let id = id.to_owned();
    let write = move |tx: &mut Tx<'_>| {
        let mut row = clusters::get(tx, &Scope::All, &id)?.unwrap();
        row.status = status.into();
        row.status_reason = reason.map(str::to_owned);
        row.api_address = Some("tcp://192.0.2.1:2376".into());
        clusters::update(tx, &mut row)?;
        for mut group in nodegroups::of(tx, &id)? {
            group.status = status.into();
            if group.name == nodegroups::WORKERS {
                group.status_reason = reason.map(str::to_owned);
            }
            nodegroups::update(tx, &mut group)?;
        }
        Ok(())
    };
    cloud.store.write(write).await.unwrap();
}

#[tokio::test]
async fn a_cluster_of_today_is_the_bay_of_2015() {
    let cloud = Cloud::new().await;
    let template = template(&cloud, json!({ "labels": { "a": "1" } })).await;
    let id = cluster(&cloud, &template, "web").await;
    let shown = cloud.member().get("/v1/clusters/web").await.is(200);
    let expected = json!({
        "uuid": id, "name": "web", "cluster_template_id": template, "node_count": 1,
        "master_count": 1, "create_timeout": 60, "status": "CREATE_IN_PROGRESS",
        "status_reason": null, "health_status": null, "health_status_reason": {},
        "keypair": null, "labels": { "a": "1" }, "labels_added": {}, "labels_overridden": {},
        "labels_skipped": {}, "merge_labels": false, "flavor_id": "c1.small",
        "master_flavor_id": null, "docker_volume_size": null, "discovery_url": null,
        "fixed_network": null, "fixed_subnet": null, "floating_ip_enabled": true,
        "master_lb_enabled": false, "api_address": null, "coe_version": null,
        "container_version": null, "node_addresses": [], "master_addresses": [],
        "project_id": PROJECT, "user_id": user_id("member", PROJECT), "updated_at": null,
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(shown[field], *value, "{field}");
    }
    assert_eq!(shown["links"].as_array().unwrap().len(), 2);
    assert!(shown.get("faults").is_none(), "{shown}");
    let bay = cloud
        .member()
        .old()
        .get(&format!("/bays/{id}"))
        .await
        .is(200);
    assert_eq!(bay["baymodel_id"], template);
    assert_eq!(bay["bay_create_timeout"], 60);
    for field in ["cluster_template_id", "health_status", "project_id"] {
        assert!(bay.get(field).is_none(), "{field}");
    }
}

#[tokio::test]
async fn a_bay_of_2015_is_answered_whole_and_the_cluster_of_today_by_its_uuid() {
    let cloud = Cloud::new().await;
    let template = template(&cloud, json!({})).await;
    let body = json!({
        "name": "1 bay", "baymodel_id": template, "node_count": "2", "bay_create_timeout": null,
        "discovery_url": null,
    });
    let answer = cloud.member().old().post("/v1/bays", body.clone()).await;
    let place = answer.header("location").unwrap().to_owned();
    let bay = answer.is(201);
    assert!(place.ends_with(bay["uuid"].as_str().unwrap()), "{place}");
    assert_eq!(
        (&bay["node_count"], &bay["bay_create_timeout"]),
        (&json!(2), &json!(0))
    );
    let late = cloud.member().post("/v1/bays", body).await.is(202);
    assert!(late.get("name").is_none() && late["uuid"].is_string());
    let made = cloud.member().get("/v1/clusters/detail").await.is(200);
    let names: Vec<_> = made["clusters"].as_array().unwrap().iter().collect();
    assert!(names.iter().filter(|one| one["name"] == "1 bay").count() == 2);
    let id = bay["uuid"].as_str().unwrap();
    settle(&cloud, id, "CREATE_COMPLETE", None).await;
    let change = json!([{ "op": "replace", "path": "/node_count", "value": "3" }]);
    let path = format!("/v1/bays/{id}");
    let bay = cloud.member().old().patch(&path, change).await.is(200);
    assert_eq!(
        (&bay["node_count"], &bay["status"]),
        (&json!(3), &json!("UPDATE_IN_PROGRESS"))
    );
}

#[tokio::test]
async fn labels_are_the_templates_the_clusters_or_both() {
    let cloud = Cloud::new().await;
    let template = template(&cloud, json!({ "labels": { "a": "1", "b": "2" } })).await;
    for (fields, labels, added, overridden, skipped) in [
        (
            json!({}),
            json!({ "a": "1", "b": "2" }),
            json!({}),
            json!({}),
            json!({}),
        ),
        (
            json!({ "labels": { "b": 3, "c": true } }),
            json!({ "b": "3", "c": "True" }),
            json!({ "c": "True" }),
            json!({ "b": "2" }),
            json!({ "a": "1" }),
        ),
        (
            json!({ "labels": { "b": "3" }, "merge_labels": "true" }),
            json!({ "a": "1", "b": "3" }),
            json!({}),
            json!({ "b": "2" }),
            json!({}),
        ),
    ] {
        let mut body = json!({ "cluster_template_id": template });
        body.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        let made = cloud.member().post("/v1/clusters", body).await.is(202);
        let path = format!("/v1/clusters/{}", made["uuid"].as_str().unwrap());
        let shown = cloud.member().get(&path).await.is(200);
        assert_eq!(shown["labels"], labels);
        assert_eq!(shown["labels_added"], added);
        assert_eq!(shown["labels_overridden"], overridden);
        assert_eq!(shown["labels_skipped"], skipped);
        let name = shown["name"].as_str().unwrap();
        assert!(name.ends_with("-cluster"), "{name}");
    }
}

#[tokio::test]
async fn what_this_cloud_cannot_make_is_refused_with_the_reason() {
    let cloud = Cloud::new().await;
    for (fields, code, reason) in [
        (json!({ "coe": "kubernetes" }), 400, "kubelet"),
        (json!({ "coe": "mesos" }), 400, "not offered"),
        (json!({ "tls_disabled": true }), 400, "without TLS"),
        (json!({ "server_type": "bm" }), 400, "server_type"),
        (json!({ "flavor_id": null }), 400, "flavor_id"),
    ] {
        let template = template(&cloud, fields).await;
        let body = json!({ "cluster_template_id": template });
        let told = cloud
            .member()
            .post("/v1/clusters", body)
            .await
            .refused(code);
        assert!(told.contains(reason), "{told}");
    }
    let template = template(&cloud, json!({})).await;
    let ask = |mut body: Value| {
        body["cluster_template_id"] = json!(template);
        let caller = cloud.member();
        async move { caller.post("/v1/clusters", body).await }
    };
    for (fields, code, reason) in [
        (json!({ "master_count": 3 }), 400, "master_lb_enabled"),
        (json!({ "node_count": 253 }), 400, "253"),
        (json!({ "flavor_id": "none" }), 400, "none"),
        (json!({ "master_flavor_id": "none" }), 400, "none"),
        (json!({ "keypair": "none" }), 404, "none"),
        (json!({ "fixed_network": "none" }), 400, "none"),
        (json!({ "name": "1a" }), 400, "name"),
        (json!({ "api_address": "x" }), 400, "api_address"),
    ] {
        let told = ask(fields).await.refused(code);
        assert!(told.contains(reason), "{told}");
    }
    ask(json!({ "master_count": 3, "master_lb_enabled": true }))
        .await
        .is(202);
    let list = cloud.member().get("/v1/clusters").await.is(200);
    assert_eq!(
        list["clusters"].as_array().unwrap().len(),
        2,
        "nothing else was made"
    );
}

#[tokio::test]
async fn a_template_that_is_not_there_is_a_404_since_1_10_and_zero_nodes_are_too_few_before() {
    let cloud = Cloud::new().await;
    let body = json!({ "cluster_template_id": "gone" });
    cloud
        .member()
        .post("/v1/clusters", body.clone())
        .await
        .refused(404);
    cloud
        .member()
        .at("1.9")
        .post("/v1/clusters", body)
        .await
        .refused(400);
    let bay = json!({ "baymodel_id": "gone" });
    cloud.member().post("/v1/bays", bay).await.refused(400);
    let template = template(&cloud, json!({})).await;
    let none = json!({ "cluster_template_id": template, "node_count": 0 });
    cloud
        .member()
        .at("1.9")
        .post("/v1/clusters", none.clone())
        .await
        .refused(400);
    cloud.member().post("/v1/clusters", none).await.is(202);
}

#[tokio::test]
async fn a_key_of_the_users_is_put_into_the_nodes() {
    let cloud = Cloud::new().await;
    let key = KeyPair {
        user_id: user_id("member", PROJECT),
        name: "mine".into(),
        number: 0,
        kind: "ssh".into(),
        fingerprint: String::new(),
        public_key: "ssh-ed25519 AAAA".into(),
        created_at: 0,
    };
    let write = move |tx: &mut Tx<'_>| keypairs::insert(tx, &mut key.clone(), -1);
    cloud.store.write(write).await.unwrap();
    let template = template(&cloud, json!({ "keypair_id": "mine" })).await;
    let id = cluster(&cloud, &template, "web").await;
    let shown = cloud
        .member()
        .get(&format!("/v1/clusters/{id}"))
        .await
        .is(200);
    assert_eq!(shown["keypair"], "mine");
    // Another user of the project has no such key.
    let body = json!({ "cluster_template_id": template });
    cloud.admin().post("/v1/clusters", body).await.refused(404);
}

#[tokio::test]
async fn the_quota_bounds_how_many_clusters_a_project_has() {
    let cloud = Cloud::new().await;
    let quota = json!({ "project_id": PROJECT, "resource": "Cluster", "hard_limit": 2 });
    cloud.admin().post("/v1/quotas", quota).await.is(201);
    let template = template(&cloud, json!({})).await;
    let id = cluster(&cloud, &template, "one").await;
    let body = json!({ "cluster_template_id": template });
    let told = cloud.member().post("/v1/clusters", body).await.refused(403);
    assert!(told.contains('2'), "{told}");
    cloud
        .member()
        .delete(&format!("/v1/clusters/{id}"))
        .await
        .is(204);
    let gone = cloud
        .member()
        .get(&format!("/v1/clusters/{id}"))
        .await
        .is(200);
    assert_eq!(
        gone["status"], "DELETE_IN_PROGRESS",
        "until its nodes are gone"
    );
    let used = format!("/v1/clustertemplates/{template}");
    cloud.member().delete(&used).await.refused(400);
}
