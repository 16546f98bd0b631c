//! Pods: manifests in, rows out, and what is shown of what nodes say.

use super::cloud::{Answer, CLUSTER, Caller, Cloud, DISTROLESS, OTHER, PROJECT};
use super::sown;
use serde_json::{Value, json};
use store::compute::guests::{self, Kind};
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
async fn what_is_wrong_with_a_pod_is_told() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let with = |body: Value| {
        let mut all = json!({ "bay_uuid": CLUSTER });
        all.as_object_mut()
            .unwrap()
            .extend(body.as_object().unwrap().clone());
        all
    };
    let mut unknown = manifest("web");
    unknown["spec"]["containers"][0]["image"] = json!("nginx:1.25");
    for (body, word) in [
        (with(json!({})), "mandatory"),
        (
            with(json!({ "manifest": null, "manifest_url": null })),
            "mandatory",
        ),
        (with(json!({ "manifest": "" })), "empty"),
        (with(json!({ "manifest": "{}" })), "apiVersion"),
        (
            with(json!({ "manifest": unknown.to_string() })),
            "openstack image create nginx:1.25",
        ),
        (
            with(json!({ "manifest": manifest("web").to_string(), "name": "web" })),
            "read-only",
        ),
        (
            with(json!({ "manifest": manifest("web").to_string(), "host": null })),
            "read-only",
        ),
        (
            with(json!({ "manifest_url": "ftp://h/p" })),
            "only http and https",
        ),
        (
            with(json!({ "manifest_url": "http://127.0.0.1/p" })),
            "not public",
        ),
        (
            with(json!({ "manifest_url": "http://169.254.169.254/latest" })),
            "not public",
        ),
        (
            with(json!({ "manifest_url": "http://[::1]:22/" })),
            "port 22",
        ),
        (json!({ "bay_uuid": "bay", "manifest": "{}" }), "UUID"),
        (
            json!({ "bay_uuid": super::cloud::ELSEWHERE, "manifest": "{}" }),
            "could not be found",
        ),
    ] {
        let told = member.post("/pods", body.clone()).await.refused(400);
        assert!(told.contains(word), "{body}: {told}");
    }
    cloud
        .reader()
        .post("/pods", with(json!({ "manifest": "{}" })))
        .await
        .refused(403);
    member.get("/pods").await.is(200)["pods"]
        .as_array()
        .unwrap()
        .is_empty()
        .then_some(())
        .unwrap();
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

#[actix_web::test]
async fn a_bay_that_is_not_ready_or_of_another_orchestrator_takes_nothing() {
    let cloud = Cloud::new().await;
    for status in ["CREATE_IN_PROGRESS", "CREATE_FAILED", "DELETE_IN_PROGRESS"] {
        bay_is(&cloud, status).await;
        for kind in ["pods", "rcs"] {
            let told = post(&cloud.member(), kind, &manifest("web"))
                .await
                .refused(400);
            assert!(
                told.contains(status) && told.contains("UPDATE_COMPLETE"),
                "{told}"
            );
        }
    }
    bay_is(&cloud, "UPDATE_IN_PROGRESS").await;
    post(&cloud.member(), "pods", &manifest("web"))
        .await
        .is(201);
    for (coe, code) in [("kubernetes", 501), ("swarm", 400), ("mesos", 400)] {
        let write = move |tx: &mut Tx<'_>| {
            let mut row = clusters::get(tx, &Scope::All, CLUSTER)?.unwrap();
            row.coe = coe.into();
            clusters::update(tx, &mut row)
        };
        cloud.store.write(write).await.unwrap();
        let told = post(&cloud.member(), "pods", &manifest("two"))
            .await
            .refused(code);
        assert!(told.contains(coe), "{told}");
    }
}

#[actix_web::test]
async fn the_number_of_pods_is_bounded_by_what_controllers_should_keep_too() {
    let cloud = Cloud::with(|settings| {
        settings.pods = 3;
        settings.pod_containers = 2;
    })
    .await;
    let member = cloud.member();
    pod(&cloud, "one").await;
    let rc = super::rcs::manifest("web", 2);
    post(&member, "rcs", &rc).await.is(201);
    let told = post(&member, "pods", &manifest("two")).await.refused(403);
    assert!(told.contains("3 pods"), "{told}");
    let more = replaced("manifest", super::rcs::manifest("web", 3).to_string());
    member.patch("/rcs/web", more).await.refused(403);
    let fewer = replaced("manifest", super::rcs::manifest("web", 1).to_string());
    member.patch("/rcs/web", fewer).await.is(200);
    pod(&cloud, "two").await;
    let mut many = manifest("many");
    let one = many["spec"]["containers"][0].clone();
    many["spec"]["containers"] = ["a", "b", "c"]
        .map(|name| {
            let mut one = one.clone();
            one["name"] = json!(name);
            one
        })
        .to_vec()
        .into();
    let told = post(&member, "pods", &many).await.refused(400);
    assert!(told.contains("3 containers"), "{told}");
}

#[actix_web::test]
async fn what_a_node_says_is_shown() {
    let cloud = Cloud::new().await;
    let id = pod(&cloud, "web").await;
    let member = cloud.member();
    let said = json!({
        "state": { "is": "pod", "incarnation": 1, "phase": "Running", "ready": false, "interfaces": [],
            "init": [], "containers": [{ "name": "main", "restarts": 3, "ready": false,
                "state": { "is": "waiting", "reason": "CrashLoopBackOff" } }] },
        "problem": null, "step": null, "told": null,
    });
    let host = "0199f5a1-0000-7000-8000-0000000000e1";
    let seen = said.to_string();
    change(&cloud, &id, move |row| {
        row.host_id = Some(host.into());
        row.vm_state = "active".into();
        row.seen.clone_from(&seen);
    })
    .await;
    let shown = member.get("/pods/web").await.is(200);
    assert_eq!(shown["status"], "Running");
    assert_eq!(shown["status_reason"], "main: CrashLoopBackOff");
    assert!(shown["updated_at"].is_string());
    change(&cloud, &id, |row| {
        row.host_id = None;
        row.vm_state = "error".into();
        row.fault = Some(r#"{"code":500,"message":"The node is gone.","created":0}"#.into());
    })
    .await;
    let shown = member.get("/pods").await.is(200)["pods"][0].clone();
    assert_eq!(
        (&shown["status"], &shown["status_reason"]),
        (&json!("Failed"), &json!("The node is gone."))
    );
    assert!(shown.get("created_at").is_none());
}

#[actix_web::test]
async fn lists_are_in_pages_and_in_order() {
    let cloud = Cloud::new().await;
    for name in ["b", "a", "c"] {
        pod(&cloud, name).await;
    }
    let member = cloud.member();
    let names = |list: &Value| -> Vec<String> {
        let items = list["pods"].as_array().unwrap();
        items
            .iter()
            .map(|pod| pod["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = member
        .get("/pods?sort_key=name&limit=2&bay_ident=bay")
        .await
        .is(200);
    assert_eq!(names(&first), ["a", "b"]);
    let next = member.get(first["next"].as_str().unwrap()).await.is(200);
    assert_eq!(names(&next), ["c"]);
    assert_eq!(
        names(&member.get("/pods/detail?sort_dir=desc").await.is(200)),
        ["c", "a", "b"]
    );
    member.get("/pods?sort_key=labels").await.refused(400);
    let all = cloud
        .store
        .read(|conn| guests::list(conn, &Scope::All, None, Kind::Pod))
        .await;
    assert_eq!(all.unwrap().len(), 3);
    assert_eq!(guests_of(&cloud, OTHER).await, 0);
}

#[actix_web::test]
async fn the_pages_that_follow_are_of_the_same_bay() {
    let cloud = Cloud::new().await;
    const SECOND: &str = "0199f5a1-0000-7000-8000-0000000000c3";
    let made = cloud
        .store
        .write(|tx| sown::cluster(tx, SECOND, PROJECT))
        .await;
    made.unwrap();
    let member = cloud.member();
    let mut ids = Vec::new();
    for (name, bay) in [
        ("a", CLUSTER),
        ("x", SECOND),
        ("b", CLUSTER),
        ("c", CLUSTER),
    ] {
        let body = json!({ "bay_uuid": bay, "manifest": manifest(name).to_string() });
        let made = member.post("/v1/pods", body).await.is(201);
        ids.push(made["uuid"].as_str().unwrap().to_owned());
    }
    for (query, names) in [
        ("", ["a", "b", "c"]),
        ("&sort_dir=desc", ["c", "b", "a"]),
        ("&sort_key=name", ["a", "b", "c"]),
        ("&sort_key=name&sort_dir=desc", ["c", "b", "a"]),
    ] {
        let mut path = format!("/pods?bay_ident={CLUSTER}&limit=1{query}");
        for name in names {
            let page = member.get(&path).await.is(200);
            assert_eq!(page["pods"][0]["name"], name, "{path}");
            path = page["next"].as_str().unwrap().to_owned();
            assert!(path.contains(&format!("bay_ident={CLUSTER}")), "{path}");
        }
        let page = member.get(&path).await.is(200);
        assert_eq!(page, json!({ "pods": [] }), "{path}");
    }
    // A pod of another bay marks nothing here, nor does one of another project.
    let path = format!("/pods?bay_ident={CLUSTER}&marker={}", ids[1]);
    member.get(&path).await.refused(404);
    let path = format!("/pods?marker={}", ids[0]);
    cloud.stranger().get(&path).await.refused(404);
    assert_eq!(member.get(&path).await.is(200)["pods"][0]["name"], "x");
}

async fn guests_of(cloud: &Cloud, project: &'static str) -> i64 {
    let count = cloud
        .store
        .read(move |conn| guests::count(conn, project, Kind::Pod));
    count.await.unwrap()
}
