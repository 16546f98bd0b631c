//! An image stays while anything of a cluster would be made from it.

use super::cloud::{Cloud, DISTROLESS, IMAGE, PROJECT};
use super::pods::{self, post};
use super::rcs;
use serde_json::json;

/// What an administrator is told who deletes the image.
async fn deleted(cloud: &Cloud, image: &str) -> u16 {
    let path = format!("/image/v2/images/{image}");
    let answer = cloud.caller("admin", PROJECT).delete(&path).await;
    if answer.code == 409 {
        assert!(answer.text.contains("in use"), "{}", answer.text);
    }
    answer.code
}

#[actix_web::test]
async fn an_image_of_any_container_of_a_pod_is_in_use() {
    let cloud = Cloud::new().await;
    let mut pod = pods::manifest("two");
    let mut second = pod["spec"]["containers"][0].clone();
    second["name"] = json!("second");
    second["image"] = json!(IMAGE);
    pod["spec"]["containers"]
        .as_array_mut()
        .unwrap()
        .push(second);
    post(&cloud.member(), "pods", &pod).await.is(201);
    assert_eq!(deleted(&cloud, DISTROLESS).await, 409);
    assert_eq!(deleted(&cloud, IMAGE).await, 409);
}

#[actix_web::test]
async fn an_image_of_a_controller_without_pods_is_in_use_as_long_as_there_is_the_controller() {
    let cloud = Cloud::new().await;
    post(&cloud.member(), "rcs", &rcs::manifest("web", 0))
        .await
        .is(201);
    assert_eq!(deleted(&cloud, DISTROLESS).await, 409);
    cloud.member().delete("/rcs/web").await.is(204);
    assert_eq!(deleted(&cloud, DISTROLESS).await, 204);
}
