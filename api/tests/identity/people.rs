use crate::harness::Cloud;
use serde_json::{Value, json};

#[actix_web::test]
async fn a_user_is_made_found_changed_and_deleted() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin().await;
    let new = json!({ "user": {
        "name": "Änn", "password": "s3cret", "domain_id": "default", "email": "ann@example.org",
        "shoe_size": 42,
    }});
    let made = cloud.post(&admin, "/users", new.clone()).await.expect(201);
    assert!(!made.text.contains("s3cret") && !made.text.contains("password\":"));
    let user = &made.body["user"];
    assert_eq!(
        (&user["email"], &user["shoe_size"]),
        (&json!("ann@example.org"), &json!(42))
    );
    assert_eq!(user["password_expires_at"], Value::Null);
    let id = user["id"].as_str().unwrap();
    assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()));
    assert_eq!(
        user["links"]["self"],
        format!("http://cloud:8080/identity/v3/users/{id}")
    );
    cloud.post(&admin, "/users", new).await.expect(409);
    cloud.get(&admin, "/users/%C3%84nn").await.expect(404);
    let found = cloud.get(&admin, "/users?name=%C3%84nn").await.expect(200);
    assert_eq!(found.body["users"][0]["id"], id);
    assert_eq!(found.body["links"]["next"], Value::Null);
    let change = json!({ "user": { "name": "anna", "email": null, "description": "d" } });
    let changed = cloud
        .patch(&admin, &format!("/users/{id}"), change)
        .await
        .expect(200);
    assert_eq!(changed.body["user"]["name"], "anna");
    assert!(changed.body["user"].get("email").is_none());
    assert_eq!(changed.body["user"]["shoe_size"], 42);
    let moved = json!({ "user": { "domain_id": "other" } });
    cloud
        .patch(&admin, &format!("/users/{id}"), moved)
        .await
        .expect(400);
    cloud
        .delete(&admin, &format!("/users/{id}"))
        .await
        .expect(204);
    cloud.get(&admin, &format!("/users/{id}")).await.expect(404);
    cloud
        .delete(&admin, &format!("/users/{id}"))
        .await
        .expect(404);
}

#[actix_web::test]
async fn bad_bodies_are_told_by_field() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin().await;
    for (body, part) in [
        (json!({ "user": { "name": "  " } }), "user"),
        (
            json!({ "user": { "name": "x".repeat(256) } }),
            "longer than 255",
        ),
        (json!({ "user": { "name": "x", "enabled": "yes" } }), "bool"),
        (json!({ "user": {} }), "name"),
        (json!({ "name": "x" }), "user"),
        (
            json!({ "user": { "name": "x", "domain_id": "nowhere" } }),
            "nowhere",
        ),
        (
            json!({ "user": { "name": "x", "options": { "fly": true } } }),
            "fly",
        ),
    ] {
        let answer = cloud.post(&admin, "/users", body).await.expect(400);
        let told = answer.body["error"]["message"].as_str().unwrap().to_owned();
        assert!(told.contains(part), "{told}");
    }
    let mfa = json!({ "user": { "name": "x", "options": { "multi_factor_auth_enabled": true } } });
    cloud.post(&admin, "/users", mfa).await.expect(501);
}

#[actix_web::test]
async fn a_user_changes_his_own_password_with_the_old_one() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin().await;
    let project = cloud.project("p").await;
    let id = cloud.user_on("ann", &project, "reader").await;
    let path = format!("/users/{id}/password");
    let change =
        |old: &str, new: &str| json!({ "user": { "original_password": old, "password": new } });
    cloud
        .post("", &path, change("wrong", "new"))
        .await
        .expect(401);
    cloud
        .post("", &path, change("ann", "ann"))
        .await
        .expect(400);
    cloud
        .post("", &path, change("ann", "new"))
        .await
        .expect(204);
    cloud.log_in("ann", "new", Value::Null).await.expect(201);
    let lock = json!({ "user": { "options": { "lock_password": true } } });
    cloud
        .patch(&admin, &format!("/users/{id}"), lock)
        .await
        .expect(200);
    cloud
        .post("", &path, change("new", "newer"))
        .await
        .expect(400);
}

#[actix_web::test]
async fn lists_come_in_pages_by_limit_and_marker() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin().await;
    for n in 0..5 {
        cloud
            .make(
                &admin,
                "/users",
                json!({ "user": { "name": format!("u{n}") } }),
            )
            .await;
    }
    let mut seen = Vec::new();
    let mut path = "/users?limit=2".to_owned();
    loop {
        let page = cloud.get(&admin, &path).await.expect(200);
        seen.extend(page.names("users"));
        match page.body["links"]["next"].as_str() {
            Some(next) => path = next.replace("http://cloud:8080/identity/v3", ""),
            None => break,
        }
    }
    assert_eq!(seen, ["admin", "u0", "u1", "u2", "u3", "u4"]);
    let none = cloud.get(&admin, "/users?limit=0").await.expect(200);
    assert_eq!(none.body["users"], json!([]));
    cloud.get(&admin, "/users?marker=nobody").await.expect(404);
    cloud.get(&admin, "/users?limit=-1").await.expect(400);
    let some = cloud
        .get(&admin, "/users?name__startswith=u&enabled=true")
        .await
        .expect(200);
    assert_eq!(some.names("users").len(), 5);
}

#[actix_web::test]
async fn groups_hold_users_and_pass_their_roles_on() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin().await;
    let project = cloud.project("p").await;
    let user = cloud.make(
        &admin,
        "/users",
        json!({ "user": { "name": "ann", "password": "ann" } }),
    );
    let user = user.await;
    let group = cloud
        .make(&admin, "/groups", json!({ "group": { "name": "staff" } }))
        .await;
    let membership = format!("/groups/{group}/users/{user}");
    cloud.head(&admin, &membership).await.expect(404);
    cloud.put(&admin, &membership).await.expect(204);
    cloud.put(&admin, &membership).await.expect(204);
    cloud.head(&admin, &membership).await.expect(204);
    assert_eq!(
        cloud
            .get(&admin, &format!("/groups/{group}/users"))
            .await
            .names("users"),
        ["ann"]
    );
    assert_eq!(
        cloud
            .get(&admin, &format!("/users/{user}/groups"))
            .await
            .names("groups"),
        ["staff"]
    );
    let role = cloud.role("member").await;
    let grant = format!("/projects/{project}/groups/{group}/roles/{role}");
    cloud.put(&admin, &grant).await.expect(204);
    cloud.head(&admin, &grant).await.expect(204);
    let token = cloud.token_of("ann", &project).await;
    assert_eq!(
        cloud.get(&token, "/auth/projects").await.names("projects"),
        ["p"]
    );
    let own = cloud
        .get(&token, &format!("/users/{user}/projects"))
        .await
        .expect(200);
    assert_eq!(own.names("projects"), ["p"]);
    cloud.delete(&admin, &membership).await.expect(204);
    cloud.get(&token, "/auth/projects").await.expect(401);
    cloud.delete(&admin, &membership).await.expect(404);
    cloud
        .delete(&admin, &format!("/groups/{group}"))
        .await
        .expect(204);
    cloud
        .get(&admin, &format!("/groups/{group}"))
        .await
        .expect(404);
}
