use crate::harness::{Cloud, ask, by_token};
use actix_web::http::Method;
use actix_web::test::TestRequest;
use serde_json::{Value, json};

/// Uses a token in another process, which has it in its memory from before.
async fn elsewhere(state: &api::State, token: &str, path: &str) -> u16 {
    let request = TestRequest::get()
        .uri(&format!("/identity/v3{path}"))
        .insert_header(("x-auth-token", token.to_owned()));
    ask(state, request).await.code
}

#[actix_web::test]
async fn a_revoked_token_is_refused_everywhere_at_once() {
    let cloud = Cloud::new().await;
    let project = cloud.project("p").await;
    cloud.user_on("ann", &project, "member").await;
    let (token, other) = (
        cloud.token_of("ann", &project).await,
        cloud.token_of("ann", &project).await,
    );
    let twin = cloud.twin();
    assert_eq!(elsewhere(&twin, &token, "/auth/projects").await, 200);
    let revoke = TestRequest::default()
        .method(Method::DELETE)
        .uri("/identity/v3/auth/tokens")
        .insert_header(("x-auth-token", token.clone()))
        .insert_header(("x-subject-token", token.clone()));
    cloud.ask(revoke).await.expect(204);
    assert_eq!(elsewhere(&twin, &token, "/auth/projects").await, 401);
    cloud.get(&token, "/auth/projects").await.expect(401);
    let shown = TestRequest::get()
        .uri("/identity/v3/auth/tokens")
        .insert_header(("x-auth-token", other.clone()))
        .insert_header(("x-subject-token", token));
    cloud.ask(shown).await.expect(404);
    cloud.get(&other, "/auth/projects").await.expect(200);
}

#[actix_web::test]
async fn revoking_the_first_token_ends_those_made_from_it() {
    let cloud = Cloud::new().await;
    let project = cloud.project("p").await;
    cloud.user_on("ann", &project, "member").await;
    let first = cloud
        .log_in("ann", "ann", json!("unscoped"))
        .await
        .expect(201)
        .token();
    let scope = json!({ "project": { "id": project } });
    let child = cloud
        .post("", "/auth/tokens", by_token(&first, scope.clone()))
        .await
        .expect(201);
    let sibling = cloud
        .post("", "/auth/tokens", by_token(&first, scope))
        .await
        .expect(201);
    let revoke = |token: String| {
        TestRequest::default()
            .method(Method::DELETE)
            .uri("/identity/v3/auth/tokens")
            .insert_header(("x-auth-token", first.clone()))
            .insert_header(("x-subject-token", token))
    };
    cloud.ask(revoke(child.token())).await.expect(204);
    cloud
        .get(&child.token(), "/auth/projects")
        .await
        .expect(401);
    cloud
        .get(&sibling.token(), "/auth/projects")
        .await
        .expect(200);
    cloud.ask(revoke(first.clone())).await.expect(204);
    cloud
        .get(&sibling.token(), "/auth/projects")
        .await
        .expect(401);
}

/// Each of these ends ann's token on `p`.
#[actix_web::test]
async fn whatever_takes_the_right_away_takes_the_token_away() {
    for change in [
        "password",
        "user",
        "project",
        "role",
        "role deleted",
        "own password",
        "gone",
    ] {
        let cloud = Cloud::new().await;
        let admin = cloud.admin().await;
        let project = cloud.project("p").await;
        let user = cloud.user_on("ann", &project, "member").await;
        let token = cloud.token_of("ann", &project).await;
        let twin = cloud.twin();
        assert_eq!(elsewhere(&twin, &token, "/auth/catalog").await, 200);
        let role = cloud.role("member").await;
        let (user, grant) = (
            format!("/users/{user}"),
            format!("/projects/{project}/users/{user}/roles/{role}"),
        );
        match change {
            "password" => {
                let new = json!({ "user": { "password": "new" } });
                cloud.patch(&admin, &user, new).await.expect(200)
            }
            "own password" => {
                let new = json!({ "user": { "original_password": "ann", "password": "new" } });
                cloud
                    .post("", &format!("{user}/password"), new)
                    .await
                    .expect(204)
            }
            "user" => {
                let off = json!({ "user": { "enabled": false } });
                cloud.patch(&admin, &user, off).await.expect(200);
                let on = json!({ "user": { "enabled": true } });
                cloud.patch(&admin, &user, on).await.expect(200)
            }
            "project" => {
                let off = json!({ "project": { "enabled": false } });
                cloud
                    .patch(&admin, &format!("/projects/{project}"), off)
                    .await
                    .expect(200)
            }
            "role" => cloud.delete(&admin, &grant).await.expect(204),
            "role deleted" => cloud
                .delete(&admin, &format!("/roles/{role}"))
                .await
                .expect(204),
            _ => cloud.delete(&admin, &user).await.expect(204),
        };
        assert_eq!(
            elsewhere(&twin, &token, "/auth/catalog").await,
            401,
            "{change}"
        );
        if change.contains("password") {
            cloud.log_in("ann", "ann", Value::Null).await.expect(401);
            cloud.log_in("ann", "new", Value::Null).await.expect(201);
        }
    }
}

#[actix_web::test]
async fn a_role_given_counts_at_once_for_tokens_that_are_there() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin().await;
    let project = cloud.project("p").await;
    let user = cloud.user_on("ann", &project, "reader").await;
    let token = cloud.token_of("ann", &project).await;
    cloud.get(&token, "/users").await.expect(403);
    let role = cloud.role("admin").await;
    let grant = format!("/projects/{project}/users/{user}/roles/{role}");
    cloud.put(&admin, &grant).await.expect(204);
    cloud.put(&admin, &grant).await.expect(204);
    cloud.get(&token, "/users").await.expect(200);
    cloud.delete(&admin, &grant).await.expect(204);
    cloud.get(&token, "/users").await.expect(403);
}
