//! Pods that are changed, and that go.

use super::cloud::Cloud;
use super::pods::{change, manifest, pod, replaced, row};
use serde_json::json;
use store::compute::spec::Guest;

#[actix_web::test]
async fn labels_change_in_place_and_the_rest_makes_the_pod_anew() {
    let cloud = Cloud::new().await;
    let id = pod(&cloud, "web").await;
    let member = cloud.member();
    let before = row(&cloud, &id).await;
    let same = replaced("manifest", manifest("web").to_string());
    let shown = member.patch("/pods/web", same).await.is(200);
    assert_eq!(shown["manifest"], manifest("web").to_string());
    assert_eq!(row(&cloud, &id).await, before);
    let mut other = manifest("web");
    other["metadata"]["labels"] = json!({ "app": "other" });
    let shown = member
        .patch("/pods/web/bay", replaced("manifest", other.to_string()))
        .await
        .is(200);
    assert_eq!(shown["labels"], json!({ "app": "other" }));
    let (relabelled, spec) = row(&cloud, &id).await;
    assert_eq!((relabelled.generation, spec.incarnation), (2, 1));
    other["spec"]["containers"][0]["command"] = json!(["sleep", "5"]);
    other["spec"]["hostname"] = json!("front");
    let path = format!("/pods/{id}?bay_ident=bay");
    member
        .old()
        .patch(&path, replaced("manifest", other.to_string()))
        .await
        .is(200);
    let (anew, spec) = row(&cloud, &id).await;
    assert_eq!(
        (anew.generation, spec.incarnation, anew.hostname.as_str()),
        (3, 2, "front")
    );
    let Some(Guest::Pod { spec, .. }) = spec.guest else {
        panic!("no pod");
    };
    assert_eq!(
        spec.containers[0].command.as_deref().unwrap(),
        ["sleep", "5"]
    );
    let desc = json!([{ "op": "add", "path": "/desc", "value": "words" }]);
    assert_eq!(
        member.patch("/pods/web", desc).await.is(200)["desc"],
        "words"
    );
    let (kept, spec) = row(&cloud, &id).await;
    assert_eq!((kept.generation, spec.incarnation), (3, 2));
    let gone = json!([{ "op": "remove", "path": "/desc" }]);
    assert_eq!(
        member.patch("/pods/web", gone).await.is(200)["desc"],
        json!(null)
    );
}

#[actix_web::test]
async fn a_change_that_cannot_be_is_told() {
    let cloud = Cloud::new().await;
    let id = pod(&cloud, "web").await;
    let member = cloud.member();
    let mut larger = manifest("web");
    larger["spec"]["containers"][0]["resources"]["requests"]["memory"] = json!("1Gi");
    for (change, word) in [
        (replaced("name", "x"), "internal attribute"),
        (replaced("labels", "{}"), "internal attribute"),
        (replaced("status", "Running"), "internal attribute"),
        (replaced("bay_uuid", super::cloud::ELSEWHERE), "moved"),
        (
            json!([{ "op": "remove", "path": "/bay_uuid" }]),
            "mandatory",
        ),
        (replaced("color", "x"), "color"),
        (replaced("manifest", 5), "manifest"),
        (replaced("manifest", "{}"), "apiVersion"),
        (
            replaced("manifest", manifest("other").to_string()),
            "stays so",
        ),
        (replaced("manifest_url", "http://10.0.0.1/"), "not public"),
        (
            json!([{ "op": "move", "path": "/manifest", "value": "x" }]),
            "move",
        ),
    ] {
        let told = member.patch("/pods/web", change.clone()).await.refused(400);
        assert!(told.contains(word), "{change}: {told}");
    }
    // Bad operations are told before anything is looked for.
    member
        .patch("/pods/none", replaced("name", "x"))
        .await
        .refused(400);
    member
        .patch("/pods/none", replaced("desc", "x"))
        .await
        .refused(404);
    change(&cloud, &id, |row| row.host_id = Some("h".into())).await;
    let told = member
        .patch("/pods/web", replaced("manifest", larger.to_string()))
        .await
        .refused(400);
    assert!(told.contains("request more"), "{told}");
    let mut moved = manifest("web");
    moved["spec"]["nodeSelector"] = json!({ "disk": "ssd" });
    let told = member
        .patch("/pods/web", replaced("manifest", moved.to_string()))
        .await
        .refused(400);
    assert!(told.contains("nodeSelector"), "{told}");
    cloud
        .reader()
        .patch("/pods/web", json!([]))
        .await
        .refused(403);
}

#[actix_web::test]
async fn a_pod_without_a_node_may_ask_for_another() {
    let cloud = Cloud::new().await;
    let id = pod(&cloud, "web").await;
    let mut moved = manifest("web");
    moved["spec"]["nodeSelector"] = json!({ "disk": "ssd" });
    let moved = replaced("manifest", moved.to_string());
    cloud.member().patch("/pods/web", moved).await.is(200);
    let (_, spec) = row(&cloud, &id).await;
    let Some(Guest::Pod { placing, .. }) = spec.guest else {
        panic!("no pod");
    };
    assert_eq!(placing.labels["disk"], "ssd");
}

#[actix_web::test]
async fn a_deleted_pod_is_on_its_way_out_and_nothing_changes_it() {
    let cloud = Cloud::new().await;
    let id = pod(&cloud, "web").await;
    let member = cloud.member();
    cloud.reader().delete("/pods/web").await.refused(403);
    for _ in 0..2 {
        assert_eq!(member.delete("/pods/web/?bay_ident=bay").await.code, 204);
    }
    let (row, _) = row(&cloud, &id).await;
    assert_eq!((row.deleting, row.generation), (1, 2));
    assert_eq!(
        member.get("/pods/web").await.is(200)["status_reason"],
        "It is being deleted."
    );
    member
        .patch("/pods/web", replaced("desc", "x"))
        .await
        .refused(400);
}
