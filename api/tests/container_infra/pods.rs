//! Pods: manifests in, rows out.

use super::cloud::{Answer, CLUSTER, Caller, Cloud, DISTROLESS, PROJECT};
use serde_json::{Value, json};
use store::compute::servers::{self, Server};
use store::compute::spec::Spec;
use store::container_infra::clusters;
use store::{Scope, Tx};

pub fn manifest(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "labels": { "app": "web" } },
        "spec": { "containers": [{
            "name": "main", "image": "busybox", "command": ["sleep", "60"],
            "resources": { "requests": { "cpu": "250m", "memory": "10M" } },
        }] },
    })
}

pub async fn post(caller: &Caller<'_>, kind: &str, manifest: &Value) -> Answer {
    let body = json!({ "bay_uuid": CLUSTER, "manifest": manifest.to_string() });
    caller.post(&format!("/v1/{kind}"), body).await
}

/// The UUID of a new pod of this name.
pub async fn pod(cloud: &Cloud, name: &str) -> String {
    let made = post(&cloud.member(), "pods", &manifest(name)).await.is(201);
    made["uuid"].as_str().unwrap().to_owned()
}

pub async fn row(cloud: &Cloud, id: &str) -> (Server, Spec) {
    let id = id.to_owned();
    let read = cloud
        .store
        .read(move |conn| Ok(servers::any(conn, &id)?.unwrap()));
    let row = read.await.unwrap();
    let spec = row.spec().unwrap();
    (row, spec)
}

/// As conductors and nodes change a row.
pub async fn change(cloud: &Cloud, id: &str, how: impl Fn(&mut Server) + Send + Sync + 'static) {
    let id = id.to_owned();
    let write = move |tx: &mut Tx<'_>| {
        let mut row = servers::any(tx, &id)?.unwrap();
        how(&mut row);
        servers::update(tx, &mut row)
    };
    cloud.store.write(write).await.unwrap();
}

/// As the conductor changes the bay's status.
pub async fn bay_is(cloud: &Cloud, status: &'static str) {
    let write = move |tx: &mut Tx<'_>| {
        let mut row = clusters::get(tx, &Scope::All, CLUSTER)?.unwrap();
        row.status = status.into();
        clusters::update(tx, &mut row)
    };
    cloud.store.write(write).await.unwrap();
}

pub fn replaced(field: &str, value: impl Into<Value>) -> Value {
    json!([{ "op": "replace", "path": format!("/{field}"), "value": value.into() }])
}

#[actix_web::test]
async fn a_pod_is_what_its_manifest_says() {
    let cloud = Cloud::new().await;
    let text = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  labels: {app: web}\nspec:\n  containers:\n  - {name: main, image: 'busybox:latest'}\n";
    let body =
        json!({ "bay_uuid": CLUSTER, "manifest": text, "manifest_url": null, "desc": "mine" });
    let answer = cloud.member().old().post("/v1/pods", body).await;
    let place = answer.header("location").unwrap().to_owned();
    let made = answer.is(201);
    let id = made["uuid"].as_str().unwrap();
    assert!(place.ends_with(&format!("/v1/pods/{id}")), "{place}");
    for (field, value) in [
        ("name", json!("web")),
        ("desc", json!("mine")),
        ("bay_uuid", json!(CLUSTER)),
        ("images", json!(["busybox:latest"])),
        ("labels", json!({ "app": "web" })),
        ("status", json!("Pending")),
        ("status_reason", json!("It waits for a node.")),
        ("host", json!(null)),
        ("manifest", json!(text)),
        ("manifest_url", json!(null)),
        ("updated_at", json!(null)),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    assert!(made["created_at"].is_string());
    let mut shown = made.clone();
    let map = shown.as_object_mut().unwrap();
    map.remove("manifest");
    map.remove("manifest_url");
    assert_eq!(cloud.member().get("/pods/web").await.is(200), shown);
    let (row, spec) = row(&cloud, id).await;
    assert_eq!(
        (row.project_id.as_str(), row.guest_of.as_deref()),
        (PROJECT, Some(CLUSTER))
    );
    assert_eq!((row.hostname.as_str(), row.deadline), ("web", None));
    assert_eq!(spec.image.id.to_string(), DISTROLESS);
}

#[actix_web::test]
async fn a_pod_is_found_by_uuid_or_name_with_its_bay_or_without() {
    let cloud = Cloud::new().await;
    let id = pod(&cloud, "web").await;
    let member = cloud.member();
    for path in [
        format!("/pods/{id}"),
        format!("/v1/pods/{id}/{CLUSTER}"),
        format!("/pods/{}/?bay_ident=bay", id.replace('-', "")),
        "/pods/web".into(),
        "/v1/pods/web/bay".into(),
        format!("/v1/pods/web/?bay_ident={CLUSTER}"),
        "/pods/web.json".into(),
    ] {
        assert_eq!(member.old().get(&path).await.is(200)["uuid"], *id, "{path}");
    }
    for path in [
        "/pods/none",
        "/pods/web/none",
        "/pods/web?bay_ident=none",
        "/pods/web/detail",
    ] {
        member.get(path).await.refused(404);
    }
    cloud.stranger().get("/pods/web").await.refused(404);
    cloud
        .stranger()
        .get(&format!("/pods/{id}"))
        .await
        .refused(404);
    cloud
        .stranger()
        .delete(&format!("/pods/{id}"))
        .await
        .refused(404);
    cloud.nobody().get("/pods/web").await.is(401);
    // A pod is no server.
    member.get("/pods/web?color=1").await.refused(400);
}

#[actix_web::test]
async fn a_name_that_two_bays_have_needs_the_bay() {
    let cloud = Cloud::new().await;
    let first = pod(&cloud, "web").await;
    let second = "0199f5a1-0000-7000-8000-0000000000c9";
    let write = move |tx: &mut Tx<'_>| super::sown::cluster(tx, second, PROJECT);
    cloud.store.write(write).await.unwrap();
    let member = cloud.member();
    let body = json!({ "bay_uuid": second, "manifest": manifest("web").to_string() });
    member.post("/pods", body).await.is(201);
    member.get("/pods/web").await.refused(409);
    member.get("/pods/web?bay_ident=bay").await.refused(409);
    let shown = member.get(&format!("/pods/web/{CLUSTER}")).await.is(200);
    assert_eq!(shown["uuid"], *first);
    let names = |list: &Value| list["pods"].as_array().unwrap().len();
    assert_eq!(names(&member.get("/pods").await.is(200)), 2);
    assert_eq!(
        names(
            &member
                .get(&format!("/pods/?bay_ident={second}"))
                .await
                .is(200)
        ),
        1
    );
    assert_eq!(names(&cloud.stranger().get("/pods").await.is(200)), 0);
    member.get("/pods?bay_ident=none").await.refused(404);
    let elsewhere = format!("/pods/?bay_ident={}", super::cloud::ELSEWHERE);
    member.get(&elsewhere).await.refused(404);
}

#[actix_web::test]
async fn both_ways_to_give_a_manifest_are_one() {
    let cloud = Cloud::new().await;
    let body = json!({
        "bay_uuid": CLUSTER, "manifest": manifest("web").to_string(), "manifest_url": "http://127.0.0.1/",
        "uuid": "0199f5a1-0000-7000-8000-00000000abcd",
    });
    let made = cloud.member().post("/pods", body.clone()).await.is(201);
    assert_eq!(made["manifest_url"], "http://127.0.0.1/");
    assert_eq!(made["uuid"], body["uuid"]);
    let mut derived = body.clone();
    derived["uuid"] = json!("0199f5a1-0000-5000-8000-00000000abcd");
    let told = cloud
        .member()
        .post("/pods", derived.clone())
        .await
        .refused(400);
    assert!(told.contains("the cloud's own"), "{told}");
    cloud.member().post("/rcs", derived).await.refused(400);
    cloud.member().post("/pods", body).await.refused(409);
    let told = post(&cloud.member(), "pods", &manifest("web"))
        .await
        .refused(409);
    assert!(told.contains("already exists"), "{told}");
}
