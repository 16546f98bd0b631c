use crate::harness::Cloud;
use actix_web::http::Method;
use serde_json::{Value, json};

#[actix_web::test]
async fn projects_make_a_tree_within_their_domain() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin().await;
    let top = cloud.project("top").await;
    let child = json!({ "project": { "name": "child", "parent_id": top } });
    let child = cloud.make(&admin, "/projects", child).await;
    let shown = cloud
        .get(&admin, &format!("/projects/{child}?parents_as_ids"))
        .await
        .expect(200);
    assert_eq!(shown.body["project"]["parent_id"], top.as_str());
    assert_eq!(
        shown.body["project"]["parents"],
        json!({ top.clone(): { "default": null } })
    );
    let shown = cloud
        .get(&admin, &format!("/projects/{top}?subtree_as_list"))
        .await
        .expect(200);
    assert_eq!(
        shown.body["project"]["subtree"][0]["project"]["name"],
        "child"
    );
    let below = cloud
        .get(&admin, &format!("/projects?parent_id={top}"))
        .await
        .expect(200);
    assert_eq!(below.names("projects"), ["child"]);
    let off = json!({ "project": { "enabled": false } });
    cloud
        .patch(&admin, &format!("/projects/{top}"), off.clone())
        .await
        .expect(403);
    cloud
        .delete(&admin, &format!("/projects/{top}"))
        .await
        .expect(403);
    cloud
        .patch(&admin, &format!("/projects/{child}"), off)
        .await
        .expect(200);
    cloud
        .delete(&admin, &format!("/projects/{child}"))
        .await
        .expect(204);
    cloud
        .delete(&admin, &format!("/projects/{top}"))
        .await
        .expect(204);
    cloud
        .get(&admin, &format!("/projects/{top}"))
        .await
        .expect(404);
}

#[actix_web::test]
async fn a_name_is_free_in_another_domain_only() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin().await;
    let other = cloud
        .make(&admin, "/domains", json!({ "domain": { "name": "other" } }))
        .await;
    let project = |domain: &str| json!({ "project": { "name": "p", "domain_id": domain } });
    cloud.make(&admin, "/projects", project("default")).await;
    cloud
        .post(&admin, "/projects", project("default"))
        .await
        .expect(409);
    cloud.make(&admin, "/projects", project(&other)).await;
    cloud
        .post(&admin, "/projects", project("nowhere"))
        .await
        .expect(400);
    let inside = json!({ "project": { "name": "q", "domain_id": other, "is_domain": true } });
    cloud.post(&admin, "/projects", inside).await.expect(400);
    let listed = cloud
        .get(&admin, &format!("/projects?domain_id={other}&name=p"))
        .await;
    assert_eq!(
        listed.expect(200).body["projects"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[actix_web::test]
async fn tags_are_set_listed_and_filtered_by() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin().await;
    let id = cloud.project("p").await;
    let tags = format!("/projects/{id}/tags");
    let put = |body: Value| cloud.call(&admin, Method::PUT, &tags, body);
    let set = put(json!({ "tags": ["a", "b", "a"] })).await.expect(200);
    assert_eq!(set.body["tags"], json!(["a", "b"]));
    put(json!({ "tags": ["a,b"] })).await.expect(400);
    cloud.put(&admin, &format!("{tags}/c")).await.expect(201);
    cloud.head(&admin, &format!("{tags}/c")).await.expect(204);
    cloud.head(&admin, &format!("{tags}/d")).await.expect(404);
    let found = cloud.get(&admin, "/projects?tags=a,c").await.expect(200);
    assert_eq!(found.names("projects"), ["p"]);
    assert!(
        cloud
            .get(&admin, "/projects?tags=a,x")
            .await
            .names("projects")
            .is_empty()
    );
    cloud.delete(&admin, &format!("{tags}/a")).await.expect(204);
    cloud.delete(&admin, &format!("{tags}/a")).await.expect(404);
    cloud.delete(&admin, &tags).await.expect(204);
    assert_eq!(cloud.get(&admin, &tags).await.body["tags"], json!([]));
}

#[actix_web::test]
async fn a_domain_goes_with_all_in_it_once_it_is_disabled() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin().await;
    let domain = cloud
        .make(&admin, "/domains", json!({ "domain": { "name": "d" } }))
        .await;
    let at = format!("/domains/{domain}");
    let user = json!({ "user": { "name": "u", "domain_id": domain, "password": "u" } });
    let user = cloud.make(&admin, "/users", user).await;
    let project = json!({ "project": { "name": "p", "domain_id": domain } });
    let project = cloud.make(&admin, "/projects", project).await;
    let group = json!({ "group": { "name": "g", "domain_id": domain } });
    cloud.make(&admin, "/groups", group).await;
    let role = json!({ "role": { "name": "r", "domain_id": domain } });
    cloud.make(&admin, "/roles", role).await;
    let member = cloud.role("member").await;
    cloud
        .put(
            &admin,
            &format!("/projects/{project}/users/{user}/roles/{member}"),
        )
        .await
        .expect(204);
    cloud.delete(&admin, &at).await.expect(403);
    let off = json!({ "domain": { "enabled": false } });
    cloud.patch(&admin, &at, off.clone()).await.expect(200);
    cloud.delete(&admin, &at).await.expect(204);
    cloud
        .get(&admin, &format!("/users/{user}"))
        .await
        .expect(404);
    cloud
        .get(&admin, &format!("/projects/{project}"))
        .await
        .expect(404);
    cloud
        .patch(&admin, "/domains/default", off)
        .await
        .expect(403);
}
