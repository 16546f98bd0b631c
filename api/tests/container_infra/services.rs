//! Services: manifests in, rows out.

use super::cloud::{CLUSTER, Cloud, ELSEWHERE, PROJECT};
use super::pods::{self, post, replaced};
use schemas::Kind;
use serde_json::{Value, json};
use store::container_infra::clusters::{self, Cluster};
use store::container_infra::services::{self, Service};
use store::{Scope, Tx, work};

pub fn manifest(name: &str, spec: Value) -> Value {
    let mut whole = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": { "name": name, "labels": { "tier": "front" } },
        "spec": { "selector": { "app": "web" }, "ports": [{ "port": 80, "targetPort": "http" }] },
    });
    let fields = whole["spec"].as_object_mut().unwrap();
    fields.extend(spec.as_object().unwrap().clone());
    whole
}

async fn rows(cloud: &Cloud) -> Vec<Service> {
    let read = cloud
        .store
        .read(|conn| services::list(conn, &Scope::All, None));
    read.await.unwrap()
}

/// The bay becomes another one.
pub async fn bay(cloud: &Cloud, how: impl Fn(&mut Cluster) + Send + Sync + 'static) {
    let write = move |tx: &mut Tx<'_>| {
        let mut row = clusters::get(tx, &Scope::All, CLUSTER)?.unwrap();
        how(&mut row);
        clusters::update(tx, &mut row)
    };
    cloud.store.write(write).await.unwrap();
}

/// A change of the manifest of `web`.
fn changed(spec: Value) -> Value {
    replaced("manifest", manifest("web", spec).to_string())
}

pub fn number(shown: &Value, port: usize) -> u64 {
    let number = &shown["ports"][port]["nodePort"];
    number.as_u64().unwrap_or_else(|| panic!("{shown}"))
}

#[actix_web::test]
async fn a_service_is_what_its_manifest_says_and_has_an_address_of_its_own() {
    let cloud = Cloud::new().await;
    let text = manifest("web", json!({}));
    let answer = post(&cloud.member().old(), "services", &text).await;
    let place = answer.header("location").unwrap().to_owned();
    let made = answer.is(201);
    let id = made["uuid"].as_str().unwrap();
    assert!(place.ends_with(&format!("/v1/services/{id}")), "{place}");
    for (field, value) in [
        ("name", json!("web")),
        ("bay_uuid", json!(CLUSTER)),
        ("labels", json!({ "tier": "front" })),
        ("selector", json!({ "app": "web" })),
        (
            "ports",
            json!([{ "port": 80, "targetPort": "http", "protocol": "TCP" }]),
        ),
        ("manifest", json!(text.to_string())),
        ("manifest_url", json!(null)),
        ("updated_at", json!(null)),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    assert_eq!(made["links"].as_array().unwrap().len(), 2);
    let ip = made["ip"].as_str().unwrap();
    assert!(ip.starts_with("10.254."), "{ip}");
    let member = cloud.member();
    for path in [
        "/services/web",
        "/v1/services/web/?bay_ident=bay",
        "/services/web/bay",
    ] {
        let shown = member.get(path).await.is(200);
        assert_eq!((&shown["uuid"], &shown["ip"]), (&made["uuid"], &made["ip"]));
        assert!(shown.get("manifest").is_none());
    }
    for path in ["/v1/services", "/v1/services/?bay_ident=bay"] {
        let list = member.get(path).await.is(200);
        assert_eq!(list["services"][0]["ip"], ip, "{path}");
        assert!(list["services"][0].get("created_at").is_none());
    }
    let full = member.get("/services/detail?sort_key=ip").await.is(200);
    assert_eq!(full["services"][0]["created_at"], made["created_at"]);
    let stranger = cloud.stranger();
    for path in ["/services/web", &format!("/services/{id}/{CLUSTER}")] {
        stranger.get(path).await.refused(404);
        stranger.patch(path, changed(json!({}))).await.refused(404);
        stranger.delete(path).await.refused(404);
    }
    assert_eq!(
        stranger.get("/services").await.is(200)["services"],
        json!([])
    );
    post(&member, "services", &text).await.refused(409);
    let due = cloud
        .store
        .read(|conn| work::get(conn, Kind::Endpoints, CLUSTER));
    assert!(due.await.unwrap().is_some(), "its nodes are to be told");
}

#[actix_web::test]
async fn a_change_keeps_address_and_ports_of_nodes_unless_others_are_asked_for() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let first = json!({ "type": "NodePort", "ports": [{ "port": 80 }] });
    let made = post(&member, "services", &manifest("web", first.clone()))
        .await
        .is(201);
    let same = member.patch("/services/web", changed(first)).await.is(200);
    assert_eq!(same["updated_at"], json!(null));
    assert_eq!(same["ports"], made["ports"]);
    let nothing = member.patch("/services/web", json!([])).await.is(200);
    assert_eq!(nothing["manifest"], json!(null));
    let more = json!({
        "type": "LoadBalancer", "selector": { "app": "other" }, "clusterIP": made["ip"],
        "ports": [
            { "name": "udp", "port": 80, "protocol": "UDP" },
            { "name": "web", "port": 80, "targetPort": 8080 },
        ],
    });
    let path = "/services/web/?bay_ident=bay";
    let after = member
        .old()
        .patch(path, changed(more.clone()))
        .await
        .is(200);
    assert_eq!(after["ip"], made["ip"]);
    assert_eq!(after["selector"], json!({ "app": "other" }));
    assert_eq!(number(&after, 1), number(&made, 0), "80/TCP keeps its port");
    assert_ne!(number(&after, 0), number(&after, 1));
    assert_eq!(after["manifest"], json!(manifest("web", more).to_string()));
    assert!(after["updated_at"].is_string());
    // What the other had is free for one that asks for it, and the other draws anew.
    let swapped = json!({ "type": "NodePort", "ports": [
        { "name": "udp", "port": 80, "protocol": "UDP", "nodePort": number(&after, 1) },
        { "name": "web", "port": 80 },
    ]});
    let swapped = member
        .patch("/services/web", changed(swapped))
        .await
        .is(200);
    assert_eq!(number(&swapped, 0), number(&after, 1));
    assert_ne!(number(&swapped, 1), number(&after, 1));
    let inside = member
        .patch("/services/web", changed(json!({})))
        .await
        .is(200);
    assert!(inside["ports"][0].get("nodePort").is_none());
    assert_eq!(inside["ip"], made["ip"]);
    let free =
        json!({ "type": "NodePort", "ports": [{ "port": 1, "nodePort": number(&swapped, 0) }] });
    post(&member, "services", &manifest("next", free))
        .await
        .is(201);
}

#[actix_web::test]
async fn what_stays_as_it_is_is_said() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    post(&member, "services", &manifest("web", json!({})))
        .await
        .is(201);
    let nowhere = manifest("nowhere", json!({ "clusterIP": "None" }));
    post(&member, "services", &nowhere).await.is(201);
    let of_nowhere = |spec: Value| replaced("manifest", manifest("nowhere", spec).to_string());
    for (name, change, word) in [
        (
            "web",
            replaced("manifest", manifest("other", json!({})).to_string()),
            "stays so",
        ),
        (
            "web",
            changed(json!({ "clusterIP": "10.254.7.7" })),
            "spec.clusterIP",
        ),
        (
            "web",
            changed(json!({ "clusterIP": "None" })),
            "spec.clusterIP",
        ),
        (
            "nowhere",
            of_nowhere(json!({ "clusterIP": "10.254.7.7" })),
            "spec.clusterIP",
        ),
        (
            "nowhere",
            of_nowhere(json!({ "type": "NodePort" })),
            "spec.type",
        ),
        (
            "web",
            replaced("manifest", pods::manifest("web").to_string()),
            "kind",
        ),
        ("web", replaced("ip", "10.254.7.7"), "internal attribute"),
        ("web", replaced("selector/app", "x"), "internal attribute"),
        (
            "web",
            json!([{ "op": "remove", "path": "/bay_uuid" }]),
            "mandatory",
        ),
        ("web", replaced("bay_uuid", ELSEWHERE), "bay_uuid"),
    ] {
        let path = format!("/services/{name}");
        let told = member.patch(&path, change.clone()).await.refused(400);
        assert!(told.contains(word), "{change}: {told}");
    }
    let still = member.patch("/services/nowhere", of_nowhere(json!({ "selector": {} })));
    let still = still.await.is(200);
    assert_eq!(
        (&still["ip"], &still["selector"]),
        (&json!(null), &json!({}))
    );
    let reader = cloud.reader();
    reader.patch("/services/web", json!([])).await.refused(403);
}

#[actix_web::test]
async fn a_deleted_service_is_gone_at_once_whatever_its_bay_is_doing() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let made = manifest("web", json!({ "type": "NodePort" }));
    post(&member, "services", &made).await.is(201);
    cloud.reader().delete("/services/web").await.refused(403);
    pods::bay_is(&cloud, "UPDATE_FAILED").await;
    assert_eq!(member.delete("/services/web/bay").await.code, 204);
    member.get("/services/web").await.refused(404);
    member.delete("/services/web").await.refused(404);
    assert!(rows(&cloud).await.is_empty());
}

#[actix_web::test]
async fn only_a_bay_of_docker_that_is_ready_takes_services() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let web = manifest("web", json!({}));
    let send = |bay: Value| json!({ "bay_uuid": bay, "manifest": web.to_string() });
    for (body, word) in [
        (send(json!(ELSEWHERE)), "could not be found"),
        (send(json!("bay")), "bay_uuid"),
        (send(json!(null)), "bay_uuid"),
        (json!({ "bay_uuid": CLUSTER }), "manifest"),
        (json!({ "bay_uuid": CLUSTER, "manifest": " " }), "manifest"),
        (
            json!({ "bay_uuid": CLUSTER, "manifest": "{}", "ports": [] }),
            "ports",
        ),
        (
            json!({ "bay_uuid": CLUSTER, "manifest": "{}", "ip": null }),
            "ip",
        ),
        (
            json!({ "bay_uuid": CLUSTER, "manifest": "{}", "desc": "x" }),
            "desc",
        ),
    ] {
        let told = member.post("/services", body.clone()).await.refused(400);
        assert!(told.contains(word), "{body}: {told}");
    }
    let old = post(&member, "services", &web).await.is(201);
    pods::bay_is(&cloud, "CREATE_IN_PROGRESS").await;
    let told = post(&member, "services", &manifest("next", json!({})))
        .await
        .refused(400);
    assert!(told.contains("CREATE_IN_PROGRESS"), "{told}");
    member
        .patch("/services/web", changed(json!({ "selector": {} })))
        .await
        .refused(400);
    for (coe, code) in [("kubernetes", 400), ("mesos", 400)] {
        bay(&cloud, move |row| row.coe = coe.into()).await;
        post(&member, "services", &web).await.refused(code);
    }
    assert_eq!(rows(&cloud).await.len(), 1);
    assert_eq!(rows(&cloud).await[0].project_id, PROJECT);
    assert_eq!(rows(&cloud).await[0].id, old["uuid"]);
}

#[actix_web::test]
async fn a_uuid_may_be_chosen_once_and_the_number_of_services_is_bounded() {
    let cloud = Cloud::with(|settings| settings.services = 2).await;
    let member = cloud.member();
    let id = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
    let named = |name: &str| json!({ "uuid": id, "bay_uuid": CLUSTER, "manifest": manifest(name, json!({})).to_string() });
    assert_eq!(
        member.post("/services", named("a")).await.is(201)["uuid"],
        id
    );
    let told = member.post("/services", named("b")).await.refused(409);
    assert!(told.contains("UUID"), "{told}");
    post(&member, "services", &manifest("b", json!({})))
        .await
        .is(201);
    let told = post(&member, "services", &manifest("c", json!({})))
        .await
        .refused(403);
    assert!(told.contains("services"), "{told}");
}
