//! Sharing with projects, which answer to it.

use super::archive::layer;
use super::cloud::Cloud;
use serde_json::json;

async fn listed(cloud: &Cloud, user: &str, query: &str) -> usize {
    let list = cloud
        .get(user, &format!("/v2/images{query}"))
        .await
        .is(200)
        .json();
    list["images"].as_array().unwrap().len()
}

#[actix_web::test]
async fn a_shared_image_is_seen_by_id_at_once_and_listed_when_accepted() {
    let cloud = Cloud::new().await;
    let id = cloud
        .upload("alice", json!({ "name": "x" }), &layer("bin/a", 1))
        .await;
    let members = format!("/v2/images/{id}/members");
    let blue = format!("{members}/blue");
    cloud.get("bob", &format!("/v2/images/{id}")).await.is(404);
    let made = cloud
        .post("alice", &members, json!({ "member": "blue" }))
        .await
        .is(200)
        .json();
    assert_eq!(made["status"], "pending");
    cloud
        .post("alice", &members, json!({ "member": "blue" }))
        .await
        .is(409);
    cloud
        .post("alice", &members, json!({ "member": "green" }))
        .await
        .is(200);
    cloud.show("bob", &id).await;
    cloud
        .get("bob", &format!("/v2/images/{id}/file"))
        .await
        .is(200);
    assert_eq!(listed(&cloud, "bob", "").await, 0);
    assert_eq!(
        listed(&cloud, "bob", "?visibility=shared&member_status=pending").await,
        1
    );
    assert_eq!(listed(&cloud, "bob", "?member_status=all").await, 1);
    cloud
        .put("alice", &blue, json!({ "status": "accepted" }))
        .await
        .is(403);
    cloud
        .put("bob", &blue, json!({ "status": "maybe" }))
        .await
        .is(400);
    cloud
        .put("bob", &blue, json!({ "status": "accepted" }))
        .await
        .is(200);
    assert_eq!(listed(&cloud, "bob", "").await, 1);
    cloud
        .put("bob", &blue, json!({ "status": "rejected" }))
        .await
        .is(200);
    assert_eq!(listed(&cloud, "bob", "").await, 0);
    // A member knows of himself only, and changes nothing of the image.
    let all = cloud.get("alice", &members).await.is(200).json();
    assert_eq!(all["members"].as_array().unwrap().len(), 2);
    let own = cloud.get("bob", &members).await.is(200).json();
    assert_eq!(own["members"].as_array().unwrap().len(), 1);
    cloud.get("bob", &format!("{members}/green")).await.is(404);
    cloud.get("bob", &blue).await.is(200);
    cloud
        .post("bob", &members, json!({ "member": "red" }))
        .await
        .is(403);
    cloud.delete("bob", &blue).await.is(403);
    cloud.patch("bob", &id, json!([])).await.is(403);
    cloud.delete("alice", &blue).await.is(204);
    cloud.delete("alice", &blue).await.is(404);
    cloud.get("bob", &format!("/v2/images/{id}")).await.is(404);
}

#[actix_web::test]
async fn only_shared_images_have_members_and_not_too_many() {
    let cloud = Cloud::with(|settings| settings.members = 1).await;
    let private = cloud
        .create("alice", json!({ "visibility": "private" }))
        .await;
    let members = format!("/v2/images/{private}/members");
    cloud
        .post("alice", &members, json!({ "member": "blue" }))
        .await
        .is(403);
    cloud.get("alice", &members).await.is(403);
    let shared = cloud.create("alice", json!({})).await;
    let members = format!("/v2/images/{shared}/members");
    cloud
        .post("alice", &members, json!({ "member": "blue" }))
        .await
        .is(200);
    cloud
        .post("alice", &members, json!({ "member": "green" }))
        .await
        .is(413);
    cloud.post("alice", &members, json!({})).await.is(400);
}
