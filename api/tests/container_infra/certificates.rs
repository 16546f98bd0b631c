//! Certificates of clusters' authorities.

use super::cloud::{Cloud, PROJECT};
use super::clusters::{cluster, settle, template};
use serde_json::{Value, json};

/// A request for `CN=admin,O=system:masters`, ECDSA P-256.
const REQUEST: &str = include_str!("request.pem");

async fn web(cloud: &Cloud) -> String {
    let template = template(cloud, json!({})).await;
    cluster(cloud, &template, "web").await
}

fn ask(cluster: &str) -> Value {
    json!({ "cluster_uuid": cluster, "csr": REQUEST })
}

#[tokio::test]
async fn an_authority_shows_itself_and_signs() {
    let cloud = Cloud::new().await;
    let id = web(&cloud).await;
    let path = format!("/v1/certificates/{id}");
    let shown = cloud.member().get(&path).await.is(200);
    assert_eq!(shown["cluster_uuid"], id);
    assert_eq!(shown["ca_cert_type"], "kubernetes");
    let pem = shown["pem"].as_str().unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"), "{pem}");
    assert_eq!(shown["links"].as_array().unwrap().len(), 2);
    assert!(shown.get("bay_uuid").is_none(), "it was made as a cluster");
    let by_name = cloud.member().get("/v1/certificates/web").await.is(200);
    assert_eq!(by_name["pem"], shown["pem"]);
    for other in [
        "?ca_cert_type=etcd",
        "/etcd",
        "/front-proxy",
        "?ca_cert_type=front_proxy",
    ] {
        let other = cloud.member().get(&format!("{path}{other}")).await.is(200);
        assert_ne!(other["pem"], shown["pem"]);
    }
    let answer = cloud.member().post("/v1/certificates", ask("web")).await;
    assert_eq!(answer.header("location"), None);
    let signed = answer.is(201);
    assert_eq!(signed["csr"], REQUEST);
    let pem = signed["pem"].as_str().unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"), "{pem}");
    // The word of 2015 for the same cluster.
    let old = json!({ "bay_uuid": id, "csr": REQUEST });
    let signed = cloud
        .member()
        .old()
        .post("/certificates", old)
        .await
        .is(201);
    assert_eq!(signed["cluster_uuid"], id);
    cloud.member().get("/v1/certificates").await.refused(405);
}

#[tokio::test]
async fn what_is_no_request_of_ones_own_cluster_is_refused() {
    let cloud = Cloud::new().await;
    let id = web(&cloud).await;
    for (body, code) in [
        (json!({ "csr": REQUEST }), 400),
        (json!({ "cluster_uuid": id }), 400),
        (json!({ "cluster_uuid": id, "csr": "hello" }), 400),
        (json!({ "cluster_uuid": id, "csr": "" }), 400),
        (
            json!({ "cluster_uuid": id, "bay_uuid": "other", "csr": REQUEST }),
            400,
        ),
        (json!({ "cluster_uuid": "gone", "csr": REQUEST }), 400),
        (
            json!({ "cluster_uuid": id, "csr": REQUEST, "ca_cert_type": "x" }),
            400,
        ),
        (
            json!({ "cluster_uuid": id, "csr": REQUEST, "pem": "x" }),
            400,
        ),
    ] {
        cloud
            .member()
            .post("/v1/certificates", body)
            .await
            .refused(code);
    }
    let path = format!("/v1/certificates/{id}");
    cloud
        .member()
        .get(&format!("{path}?ca_cert_type=x"))
        .await
        .refused(400);
    cloud
        .member()
        .get("/v1/certificates/gone")
        .await
        .refused(404);
    cloud.stranger().get(&path).await.refused(404);
    cloud
        .stranger()
        .post("/v1/certificates", ask(&id))
        .await
        .refused(400);
    // Of the same project, but not whose cluster it is.
    for role in ["reader", "manager"] {
        let other = cloud.caller(role, PROJECT);
        other.get(&path).await.refused(403);
        other.post("/v1/certificates", ask(&id)).await.refused(403);
    }
    cloud.admin().get(&path).await.is(200);
}

#[tokio::test]
async fn another_authority_takes_over() {
    let cloud = Cloud::new().await;
    let id = web(&cloud).await;
    let path = format!("/v1/certificates/{id}");
    let before = cloud.member().get(&path).await.is(200);
    let rotate = async |caller: &super::cloud::Caller<'_>| {
        // As the client sends it: of a kind, and with nothing in it.
        let caller = caller.with("content-type", "application/octet-stream");
        caller
            .send(actix_web::http::Method::PATCH, &path, None)
            .await
    };
    rotate(&cloud.member()).await.refused(400);
    settle(&cloud, &id, "CREATE_COMPLETE", None).await;
    rotate(&cloud.reader()).await.refused(403);
    rotate(&cloud.stranger()).await.refused(404);
    assert_eq!(rotate(&cloud.member()).await.is(202), json!({ "uuid": id }));
    let after = cloud.member().get(&path).await.is(200);
    let (before, after) = (
        before["pem"].as_str().unwrap(),
        after["pem"].as_str().unwrap(),
    );
    assert!(
        after.ends_with(before) && after.len() > before.len(),
        "both, the new one first"
    );
    let shown = cloud
        .member()
        .get(&format!("/v1/clusters/{id}"))
        .await
        .is(200);
    assert_eq!(shown["status"], "UPDATE_IN_PROGRESS");
    rotate(&cloud.member()).await.refused(400);
    let credentials = format!("/v1/credentials/{id}");
    let method = actix_web::http::Method::PATCH;
    cloud
        .member()
        .send(method.clone(), &credentials, None)
        .await
        .refused(501);
    cloud
        .member()
        .at("1.11")
        .send(method, &credentials, None)
        .await
        .refused(406);
}
