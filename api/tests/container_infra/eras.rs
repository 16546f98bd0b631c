//! What each generation of clients needs to find: paths, versions, envelopes.

use super::cloud::{BASE, Cloud};
use actix_web::http::Method;
use serde_json::json;

#[actix_web::test]
async fn the_documents_are_open_and_hold_what_both_eras_read() {
    let cloud = Cloud::new().await;
    for path in ["", "/"] {
        let root = cloud.nobody().get(path).await.is(200);
        let version = &root["versions"][0];
        assert_eq!(version["id"], "v1");
        assert_eq!(version["status"], "CURRENT");
        assert_eq!(version["min_version"], "1.1");
        assert_eq!(version["links"][0]["href"], format!("{BASE}/v1/"));
        assert_eq!(root["default_version"]["id"], "v1");
        assert!(root["name"].is_string() && root["description"].is_string());
    }
    for path in ["/v1", "/v1/"] {
        let v1 = cloud.nobody().get(path).await.is(200);
        assert_eq!(v1["id"], "v1");
        assert_eq!(v1["media_types"][0]["base"], "application/json");
        assert_eq!(v1["links"][1]["rel"], "describedby");
        for name in [
            "bays",
            "baymodels",
            "pods",
            "x509keypairs",
            "clusters",
            "stats",
        ] {
            let links = &v1[name];
            assert_eq!(links[0]["rel"], "self");
            assert_eq!(links[0]["href"], format!("{BASE}/v1/{name}/"));
            assert_eq!(links[1]["rel"], "bookmark");
            assert_eq!(links[1]["href"], format!("{BASE}/{name}/"));
        }
        assert!(v1.get("nodes").is_none());
        assert!(v1["nodegroups"].to_string().contains("{cluster_id}"));
    }
    cloud.nobody().get("/healthcheck").await.is(200);
    let outdated = cloud.nobody().at("9.9").get("/").await;
    outdated.is(200);
}

#[actix_web::test]
async fn the_version_in_the_path_and_a_slash_at_its_end_make_no_difference() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let id = member.template(json!({ "name": "t" })).await;
    for path in [
        "/v1/clustertemplates",
        "/clustertemplates",
        "/v1/clustertemplates/",
        "/clustertemplates/?limit=5",
        "/baymodels/",
        "/v1/baymodels/detail/",
    ] {
        member.get(path).await.is(200);
    }
    for path in ["/v1/clustertemplates/", "/clustertemplates/", "/baymodels/"] {
        let shown = member.get(&format!("{path}{id}/")).await.is(200);
        assert_eq!(shown["uuid"], *id);
    }
    let hex = id.replace('-', "");
    member
        .get(&format!("/v1/clustertemplates/{hex}"))
        .await
        .is(200);
    member
        .old()
        .get(&format!("/baymodels/{id}.json"))
        .await
        .is(200);
    member
        .get(&format!("/baymodels/{id}.json"))
        .await
        .refused(404);
}

#[actix_web::test]
async fn an_answer_names_its_version_as_it_was_asked_for() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let path = "/v1/clustertemplates";
    let told = member.at("1.5").get(path).await;
    let long = "container-infrastructure-management";
    assert_eq!(
        told.header("openstack-api-version"),
        Some(&*format!("{long} 1.5"))
    );
    assert_eq!(
        told.header("openstack-api-minimum-version"),
        Some(&*format!("{long} 1.1"))
    );
    assert!(told.header("openstack-api-maximum-version").is_some());
    assert!(
        told.header("vary")
            .unwrap()
            .contains("OpenStack-API-Version")
    );
    let old = member
        .old()
        .with("x-openstack-magnum-api-version", "latest");
    let told = old.get(path).await;
    assert_eq!(told.header("x-openstack-magnum-api-version"), Some("1.1"));
    assert_eq!(
        told.header("x-openstack-magnum-api-maximum-version"),
        Some("1.1")
    );
    assert_eq!(told.header("openstack-api-version"), None);
    let none = member.old().get("/v1/clustertemplates/none").await;
    assert_eq!(
        none.header("openstack-api-version"),
        Some(&*format!("{long} 1.1")),
        "on errors too"
    );
}

#[actix_web::test]
async fn a_version_that_is_not_offered_is_406_with_those_that_are() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    for version in ["1.99", "2.1", "x", "1"] {
        let refused = member.at(version).get("/v1/clustertemplates").await;
        assert_eq!(refused.body["errors"][0]["min_version"], "1.1");
        assert_eq!(refused.body["errors"][0]["links"][0]["rel"], "help");
        refused.refused(406);
    }
    let other = member.with("openstack-api-version", "compute 2.1");
    other.get("/v1/clustertemplates").await.refused(406);
    let old = member.old().with("x-openstack-magnum-api-version", "1.2");
    old.get("/v1/clustertemplates").await.refused(406);
}

#[actix_web::test]
async fn errors_are_told_in_both_envelopes() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let unknown = member.get("/v1/nothing").await;
    assert_eq!(unknown.body["errors"][0]["status"], 404);
    unknown.refused(404);
    member
        .get("/v1/clustertemplates/x/detail")
        .await
        .refused(404);
    let wrong = member.send(Method::PUT, "/v1/clustertemplates", None).await;
    assert_eq!(wrong.header("allow"), Some("GET, HEAD, POST"));
    wrong.refused(405);
    let told = member.get("/v1/clustertemplates/none").await;
    let error = told.body["errors"][0].clone();
    assert_eq!(error["code"], "client");
    assert!(!error["title"].as_str().unwrap().contains('.'));
    assert!(error["request_id"].as_str().unwrap().starts_with("req-"));
    assert!(told.refused(404).contains("none"));
    let nobody = cloud.nobody().get("/v1/clustertemplates").await;
    let asked = nobody.header("www-authenticate").unwrap().to_owned();
    assert!(asked.starts_with("Keystone uri="), "{asked}");
    let body = nobody.is(401);
    assert!(body["error"]["title"].is_string() && body["error"]["message"].is_string());
}

#[actix_web::test]
async fn parameters_that_a_call_does_not_know_are_refused() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let id = member.template(json!({})).await;
    for path in [
        "/v1/clustertemplates?color=red".to_owned(),
        "/v1/clustertemplates?all_tenants=1".to_owned(),
        format!("/v1/clustertemplates/{id}?limit=1"),
        "/v1/stats?limit=1".to_owned(),
    ] {
        let told = member.get(&path).await.refused(400);
        assert!(told.contains("Unknown argument"), "{path}: {told}");
    }
    // Whoever has no token learns nothing about parameters.
    cloud
        .nobody()
        .get("/v1/clustertemplates?color=red")
        .await
        .is(401);
}
