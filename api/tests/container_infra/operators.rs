//! Quotas, stats and the conductors.

use super::cloud::{Cloud, OTHER, PROJECT};
use serde_json::json;
use store::container_infra::{quotas, workers};

#[actix_web::test]
async fn a_quota_is_set_changed_and_forgotten() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin();
    let item = format!("/v1/quotas/{OTHER}/Cluster");
    let default = admin.get(&item).await.is(200);
    assert_eq!(
        default,
        json!({ "project_id": OTHER, "resource": "Cluster", "hard_limit": 20 })
    );
    admin
        .patch(&item, json!({ "hard_limit": 3 }))
        .await
        .refused(404);
    admin.delete(&item).await.refused(404);
    let body = json!({ "project_id": OTHER, "resource": "Cluster", "hard_limit": "5" });
    let made = admin.post("/v1/quotas", body.clone()).await;
    assert_eq!(made.header("location"), None);
    let made = made.is(201);
    assert_eq!((&made["id"], &made["hard_limit"]), (&json!(1), &json!(5)));
    admin.post("/v1/quotas", body.clone()).await.refused(409);
    let mut changed = body.clone();
    changed["hard_limit"] = json!(0);
    let told = admin.patch(&item, changed).await.is(202);
    assert_eq!(told["hard_limit"], 0);
    assert!(told["updated_at"].is_string());
    assert_eq!(admin.get(&item).await.is(200)["hard_limit"], 0);
    let store = &cloud.store;
    let limit = |project: &'static str| async move {
        let read = store.read(move |conn| quotas::limit(conn, project, 20));
        read.await.unwrap()
    };
    assert_eq!((limit(OTHER).await, limit(PROJECT).await), (0, 20));
    admin.delete(&item).await.is(204);
    assert_eq!(admin.get(&item).await.is(200)["hard_limit"], 20);
}

#[actix_web::test]
async fn quotas_are_an_administrators_and_each_project_sees_its_own() {
    let cloud = Cloud::new().await;
    let (admin, reader) = (cloud.admin(), cloud.reader());
    for project in [PROJECT, OTHER] {
        let body = json!({ "project_id": project, "hard_limit": 7 });
        admin.post("/quotas", body).await.is(201);
    }
    reader
        .get(&format!("/quotas/{PROJECT}/Cluster"))
        .await
        .is(200);
    reader
        .get(&format!("/quotas/{OTHER}/Cluster"))
        .await
        .refused(403);
    reader.get("/quotas").await.refused(403);
    let member = cloud.member();
    let body = json!({ "project_id": PROJECT, "hard_limit": 99 });
    member.post("/quotas", body.clone()).await.refused(403);
    member
        .patch(&format!("/quotas/{PROJECT}/Cluster"), body)
        .await
        .refused(403);
    member
        .delete(&format!("/quotas/{PROJECT}/Cluster"))
        .await
        .refused(403);
    let own = admin.get("/quotas").await.is(200);
    assert_eq!(own["quotas"].as_array().unwrap().len(), 1);
    let all = admin.get("/quotas?all_tenants=True&limit=1").await.is(200);
    let next = all["next"].as_str().unwrap();
    assert!(next.contains("marker=1"), "{next}");
    let rest = admin.get("/quotas?all_tenants=True&marker=1").await.is(200);
    assert_eq!(rest["quotas"][0]["project_id"], OTHER);
}

#[actix_web::test]
async fn a_quota_that_could_not_be_is_refused() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin();
    for (body, code) in [
        (json!({ "hard_limit": 1 }), 400),
        (json!({ "project_id": OTHER, "hard_limit": -1 }), 400),
        (json!({ "project_id": OTHER, "hard_limit": "many" }), 400),
        (json!({ "project_id": OTHER, "resource": "cluster" }), 400),
        (json!({ "project_id": OTHER, "id": 7 }), 400),
        (json!({ "project_id": "none", "hard_limit": 1 }), 404),
    ] {
        admin.post("/quotas", body).await.refused(code);
    }
    let body = json!({ "project_id": OTHER });
    let made = admin.post("/quotas", body).await.is(201);
    assert_eq!(made["hard_limit"], 1);
    let item = format!("/quotas/{OTHER}/Cluster");
    for body in [
        json!({}),
        json!({ "project_id": PROJECT, "hard_limit": 2 }),
        json!([{ "op": "replace", "path": "/hard_limit", "value": 2 }]),
    ] {
        admin.patch(&item, body).await.refused(400);
    }
    admin
        .get(&format!("/quotas/{OTHER}/cluster"))
        .await
        .refused(404);
    admin.get("/quotas?marker=x").await.refused(400);
    admin.get("/quotas?marker=99").await.refused(404);
}

#[actix_web::test]
async fn stats_count_a_projects_clusters_or_all() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin();
    let all = admin.get("/stats").await.is(200);
    assert_eq!(all, json!({ "clusters": 2, "nodes": 0 }));
    let one = admin
        .get(&format!("/v1/stats?project_id={OTHER}"))
        .await
        .is(200);
    assert_eq!(one["clusters"], 1);
    let own = cloud.reader().get("/stats?type=cluster").await.is(200);
    assert_eq!(own["clusters"], 1);
    let path = format!("/stats?project_id={OTHER}");
    cloud.reader().get(&path).await.refused(403);
    cloud.reader().get("/stats?type=pod").await.refused(400);
}

#[actix_web::test]
async fn conductors_are_up_while_they_say_so() {
    let cloud = Cloud::new().await;
    let say = |host: &'static str| {
        let binaries = ["magnum-conductor", "nova-conductor", "nova-scheduler"];
        cloud
            .store
            .write(move |tx| workers::report(tx, host, &binaries))
    };
    say("m1").await.unwrap();
    say("m1").await.unwrap();
    say("m2").await.unwrap();
    cloud.member().get("/mservices").await.refused(403);
    let list = cloud.admin().get("/v1/mservices").await.is(200);
    assert!(list.get("next").is_none());
    let rows = list["mservices"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["host"], "m1");
    assert_eq!(rows[0]["binary"], "magnum-conductor");
    assert_eq!(rows[0]["report_count"], 2);
    assert_eq!(rows[0]["state"], "up");
    assert_eq!(rows[0]["disabled"], false);
    assert!(rows[0]["id"].as_i64().unwrap() >= 1);
    let silent = Cloud::with(|settings| settings.silence_s = 0).await;
    let said = silent
        .store
        .write(|tx| workers::report(tx, "m1", &["magnum-conductor"]));
    said.await.unwrap();
    let list = silent.admin().get("/mservices").await.is(200);
    assert_eq!(list["mservices"][0]["state"], "down");
}
