//! Pods that are not taken: what is wrong with them, their bay, or their number.

use super::cloud::{CLUSTER, Cloud};
use super::pods::{bay_is, manifest, pod, post, replaced};
use serde_json::{Value, json};
use store::container_infra::clusters;
use store::{Scope, Tx};

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
    for (coe, code) in [("kubernetes", 400), ("swarm", 400), ("mesos", 400)] {
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
