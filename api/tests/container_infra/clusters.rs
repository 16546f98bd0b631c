//! Clusters and bays: one row, two paths.

use super::cloud::{Cloud, OTHER, PROJECT, user_id};
use serde_json::{Value, json};
use store::compute::keypairs::{self, KeyPair};
use store::container_infra::clusters;
use store::container_infra::nodegroups;
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
        (json!({ "coe": "kubernetes" }), 501, "not built yet"),
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
async fn lists_are_paged_sorted_and_of_ones_own_project() {
    let cloud = Cloud::new().await;
    let template = template(&cloud, json!({})).await;
    for name in ["c", "a", "b"] {
        cluster(&cloud, &template, name).await;
    }
    let list = async |path: &str| {
        let page = cloud.member().get(path).await.is(200);
        let items = page["clusters"].as_array().unwrap().clone();
        let names = items
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned());
        (names.collect::<Vec<_>>(), page.get("next").cloned())
    };
    let (all, next) = list("/v1/clusters").await;
    assert_eq!(
        (all, next),
        (["bay", "c", "a", "b"].map(str::to_owned).to_vec(), None)
    );
    let (first, next) = list("/v1/clusters/?limit=2&sort_key=name&sort_dir=desc").await;
    assert_eq!(first, ["c", "bay"]);
    let (second, _) = list(next.unwrap().as_str().unwrap()).await;
    assert_eq!(second, ["b", "a"]);
    for bad in [
        "sort_key=node_count",
        "sort_key=color",
        "limit=0",
        "marker=x",
        "color=1",
    ] {
        cloud
            .member()
            .get(&format!("/v1/clusters?{bad}"))
            .await
            .refused(400);
    }
    let theirs = cloud.stranger().get("/v1/clusters").await.is(200);
    assert_eq!(theirs["clusters"].as_array().unwrap().len(), 1);
    let everybodys = cloud.admin().get("/v1/clusters").await.is(200);
    assert_eq!(everybodys["clusters"].as_array().unwrap().len(), 5);
    let summary = &everybodys["clusters"][1];
    assert!(summary["links"].is_array() && summary.get("api_address").is_none());
}

#[tokio::test]
async fn what_is_another_projects_is_not_there_and_readers_only_read() {
    let cloud = Cloud::new().await;
    let template = template(&cloud, json!({})).await;
    let id = cluster(&cloud, &template, "web").await;
    settle(&cloud, &id, "CREATE_COMPLETE", None).await;
    let path = format!("/v1/clusters/{id}");
    let resize = format!("{path}/actions/resize");
    let change = json!([{ "op": "replace", "path": "/node_count", "value": 2 }]);
    let to = json!({ "node_count": 2 });
    for caller in [cloud.stranger(), cloud.caller("manager", OTHER)] {
        caller.get(&path).await.refused(404);
        caller.delete(&path).await.refused(404);
        caller.patch(&path, change.clone()).await.refused(404);
        caller.post(&resize, to.clone()).await.refused(404);
    }
    cloud.reader().get(&path).await.is(200);
    cloud.reader().delete(&path).await.refused(403);
    cloud
        .reader()
        .patch(&path, change.clone())
        .await
        .refused(403);
    cloud.reader().post(&resize, to.clone()).await.refused(403);
    let body = json!({ "cluster_template_id": template });
    cloud.reader().post("/v1/clusters", body).await.refused(403);
    cloud.admin().patch(&path, change).await.is(202);
    // Two of one name.
    cluster(&cloud, &template, "web").await;
    cloud.member().get("/v1/clusters/web").await.refused(409);
}

#[tokio::test]
async fn a_cluster_that_failed_says_which_group_and_why() {
    let cloud = Cloud::new().await;
    let template = template(&cloud, json!({})).await;
    let id = cluster(&cloud, &template, "web").await;
    let reason = "default-worker-0: no room";
    settle(&cloud, &id, "CREATE_FAILED", Some(reason)).await;
    let shown = cloud.member().get("/v1/clusters/web").await.is(200);
    assert_eq!(shown["status_reason"], reason);
    assert_eq!(shown["faults"], json!({ "default-worker": reason }));
    let bay = cloud.member().old().get("/bays/web").await.is(200);
    assert_eq!(bay["bay_faults"], json!({ "default-worker": reason }));
    let list = cloud.member().get("/v1/clusters/detail").await.is(200);
    let listed = list["clusters"].as_array().unwrap();
    assert!(listed.iter().all(|one| one.get("faults").is_none()));
}
