//! Clusters of the COEs `swarm` and `swarm-mode`: which can be made, and what they take.

use super::cloud::{CLUSTER, Cloud};
use super::clusters::{cluster, template};
use super::pods::{self, post};
use super::{rcs, services};
use serde_json::json;
use store::container_infra::clusters;
use store::{Scope, Tx};

#[actix_web::test]
async fn clusters_of_both_words_for_swarm_are_made() {
    let cloud = Cloud::new().await;
    for coe in ["swarm", "swarm-mode"] {
        let template = template(&cloud, json!({ "coe": coe, "name": coe })).await;
        let id = cluster(&cloud, &template, coe).await;
        let shown = cloud
            .member()
            .get(&format!("/v1/clusters/{coe}"))
            .await
            .is(200);
        assert_eq!(shown["status"], "CREATE_IN_PROGRESS");
        let read = move |conn: &mut store::Conn| clusters::get(conn, &Scope::All, &id);
        let row = cloud.store.read(read).await.unwrap().unwrap();
        assert_eq!(row.coe, coe);
    }
}

#[actix_web::test]
async fn orchestrators_that_are_not_there_are_refused_with_what_is() {
    let cloud = Cloud::new().await;
    for (coe, code) in [("mesos", 400), ("dcos", 400)] {
        let template = template(&cloud, json!({ "coe": coe, "name": coe })).await;
        let body = json!({ "name": coe, "cluster_template_id": template });
        let told = cloud
            .member()
            .post("/v1/clusters", body)
            .await
            .refused(code);
        assert!(told.contains(coe) && told.contains("swarm-mode"), "{told}");
    }
}

#[actix_web::test]
async fn a_swarm_of_several_managers_is_asked_for_with_master_lb_enabled() {
    let cloud = Cloud::new().await;
    let template = template(&cloud, json!({ "coe": "swarm-mode" })).await;
    let mut body = json!({ "name": "ha", "cluster_template_id": template, "master_count": 3 });
    let told = cloud
        .member()
        .post("/v1/clusters", body.clone())
        .await
        .refused(400);
    assert!(told.contains("master_lb_enabled"), "{told}");
    body["master_lb_enabled"] = json!(true);
    cloud.member().post("/v1/clusters", body).await.is(202);
    let shown = cloud.member().get("/v1/clusters/ha").await.is(200);
    assert_eq!(shown["master_count"], 3);
}

#[actix_web::test]
async fn what_kubernetes_knows_is_refused_in_bays_of_swarm() {
    let cloud = Cloud::new().await;
    let write = |tx: &mut Tx<'_>| {
        let mut row = clusters::get(tx, &Scope::All, CLUSTER)?.unwrap();
        row.coe = "swarm-mode".into();
        clusters::update(tx, &mut row)
    };
    cloud.store.write(write).await.unwrap();
    for (kind, manifest) in [
        ("pods", pods::manifest("web")),
        ("rcs", rcs::manifest("web", 2)),
        ("services", services::manifest("web", json!({}))),
    ] {
        let told = post(&cloud.member(), kind, &manifest).await.refused(400);
        assert!(told.contains("swarm-mode") && told.contains(kind), "{told}");
    }
}
