//! Pods as they are shown: what their nodes say of them, and in lists.

use super::cloud::{CLUSTER, Cloud, OTHER, PROJECT};
use super::pods::{change, manifest, pod};
use super::sown;
use serde_json::{Value, json};
use store::Scope;
use store::compute::guests::{self, Kind};

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
