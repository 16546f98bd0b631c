//! Clusters as they are shown: in lists, to others, and when they have failed.

use super::cloud::{Cloud, OTHER};
use super::clusters::{cluster, settle, template};
use serde_json::json;

#[tokio::test]
async fn lists_are_paged_sorted_and_of_ones_own_project() {
    let cloud = Cloud::new().await;
    let template = template(&cloud, json!({})).await;
    for name in ["c", "a", "b"] {
        cluster(&cloud, &template, name).await;
    }
    let list = async |path: &str| {
        let page = cloud.member().get(path).await.is(200);
        let items = page["clusters"].as_array().unwrap().clone();
        let names = items
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned());
        (names.collect::<Vec<_>>(), page.get("next").cloned())
    };
    let (all, next) = list("/v1/clusters").await;
    assert_eq!(
        (all, next),
        (["bay", "c", "a", "b"].map(str::to_owned).to_vec(), None)
    );
    let (first, next) = list("/v1/clusters/?limit=2&sort_key=name&sort_dir=desc").await;
    assert_eq!(first, ["c", "bay"]);
    let (second, _) = list(next.unwrap().as_str().unwrap()).await;
    assert_eq!(second, ["b", "a"]);
    for bad in [
        "sort_key=node_count",
        "sort_key=color",
        "limit=0",
        "marker=x",
        "color=1",
    ] {
        cloud
            .member()
            .get(&format!("/v1/clusters?{bad}"))
            .await
            .refused(400);
    }
    let theirs = cloud.stranger().get("/v1/clusters").await.is(200);
    assert_eq!(theirs["clusters"].as_array().unwrap().len(), 1);
    let everybodys = cloud.admin().get("/v1/clusters").await.is(200);
    assert_eq!(everybodys["clusters"].as_array().unwrap().len(), 5);
    let summary = &everybodys["clusters"][1];
    assert!(summary["links"].is_array() && summary.get("api_address").is_none());
}

#[tokio::test]
async fn what_is_another_projects_is_not_there_and_readers_only_read() {
    let cloud = Cloud::new().await;
    let template = template(&cloud, json!({})).await;
    let id = cluster(&cloud, &template, "web").await;
    settle(&cloud, &id, "CREATE_COMPLETE", None).await;
    let path = format!("/v1/clusters/{id}");
    let resize = format!("{path}/actions/resize");
    let change = json!([{ "op": "replace", "path": "/node_count", "value": 2 }]);
    let to = json!({ "node_count": 2 });
    for caller in [cloud.stranger(), cloud.caller("manager", OTHER)] {
        caller.get(&path).await.refused(404);
        caller.delete(&path).await.refused(404);
        caller.patch(&path, change.clone()).await.refused(404);
        caller.post(&resize, to.clone()).await.refused(404);
    }
    cloud.reader().get(&path).await.is(200);
    cloud.reader().delete(&path).await.refused(403);
    cloud
        .reader()
        .patch(&path, change.clone())
        .await
        .refused(403);
    cloud.reader().post(&resize, to.clone()).await.refused(403);
    let body = json!({ "cluster_template_id": template });
    cloud.reader().post("/v1/clusters", body).await.refused(403);
    cloud.admin().patch(&path, change).await.is(202);
    // Two of one name.
    cluster(&cloud, &template, "web").await;
    cloud.member().get("/v1/clusters/web").await.refused(409);
}

#[tokio::test]
async fn a_cluster_that_failed_says_which_group_and_why() {
    let cloud = Cloud::new().await;
    let template = template(&cloud, json!({})).await;
    let id = cluster(&cloud, &template, "web").await;
    let reason = "default-worker-0: no room";
    settle(&cloud, &id, "CREATE_FAILED", Some(reason)).await;
    let shown = cloud.member().get("/v1/clusters/web").await.is(200);
    assert_eq!(shown["status_reason"], reason);
    assert_eq!(shown["faults"], json!({ "default-worker": reason }));
    let bay = cloud.member().old().get("/bays/web").await.is(200);
    assert_eq!(bay["bay_faults"], json!({ "default-worker": reason }));
    let list = cloud.member().get("/v1/clusters/detail").await.is(200);
    let listed = list["clusters"].as_array().unwrap();
    assert!(listed.iter().all(|one| one.get("faults").is_none()));
}
