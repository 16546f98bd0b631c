use crate::harness::{Answer, Cloud, by_token};
use serde_json::{Value, json};

async fn log_in(cloud: &Cloud, id: &Value, secret: &str) -> Answer {
    let body = json!({ "auth": { "identity": {
        "methods": ["application_credential"],
        "application_credential": { "id": id, "secret": secret },
    }}});
    cloud.post("", "/auth/tokens", body).await
}

struct Ann {
    cloud: Cloud,
    id: String,
    project: String,
    token: String,
}

impl Ann {
    async fn new() -> Ann {
        let cloud = Cloud::new().await;
        let project = cloud.project("p").await;
        let id = cloud.user_on("ann", &project, "member").await;
        let token = cloud.token_of("ann", &project).await;
        Ann {
            cloud,
            id,
            project,
            token,
        }
    }

    fn path(&self) -> String {
        format!("/users/{}/application_credentials", self.id)
    }

    async fn make(&self, token: &str, body: Value) -> Answer {
        let body = json!({ "application_credential": body });
        self.cloud.post(token, &self.path(), body).await
    }
}

#[actix_web::test]
async fn a_secret_is_told_once_and_stands_for_its_user() {
    let ann = Ann::new().await;
    let made = ann
        .make(&ann.token, json!({ "name": "ci", "secret": null }))
        .await
        .expect(201);
    let made = &made.body["application_credential"];
    let secret = made["secret"].as_str().unwrap();
    assert_eq!(made["project_id"], ann.project.as_str());
    ann.make(&ann.token, json!({ "name": "ci" }))
        .await
        .expect(409);
    let shown = ann
        .cloud
        .get(&ann.token, &format!("{}?name=ci", ann.path()))
        .await
        .expect(200);
    assert!(!shown.text.contains(secret) && shown.text.contains("\"ci\""));
    let login = log_in(&ann.cloud, &made["id"], secret).await.expect(201);
    let token = &login.body["token"];
    assert_eq!(token["project"]["id"], ann.project.as_str());
    assert_eq!(token["application_credential"]["restricted"], true);
    log_in(&ann.cloud, &made["id"], "wrong").await.expect(401);
    let by_name = json!({ "auth": { "identity": {
        "methods": ["application_credential"],
        "application_credential": {
            "name": "ci", "secret": secret,
            "user": { "name": "ann", "domain": { "name": "Default" } },
        },
    }}});
    ann.cloud
        .post("", "/auth/tokens", by_name)
        .await
        .expect(201);
    let one = format!("{}/{}", ann.path(), made["id"].as_str().unwrap());
    ann.cloud.delete(&ann.token, &one).await.expect(204);
    ann.cloud
        .get(&login.token(), "/auth/projects")
        .await
        .expect(401);
    log_in(&ann.cloud, &made["id"], secret).await.expect(401);
}

#[actix_web::test]
async fn it_gives_no_more_than_it_was_given() {
    let ann = Ann::new().await;
    let reader = json!({ "name": "r", "roles": [{ "name": "reader" }] });
    let made = ann.make(&ann.token, reader).await.expect(201);
    let made = &made.body["application_credential"];
    let login = log_in(&ann.cloud, &made["id"], made["secret"].as_str().unwrap())
        .await
        .expect(201);
    assert_eq!(login.body["token"]["roles"].as_array().unwrap().len(), 1);
    let admin = json!({ "name": "a", "roles": [{ "name": "admin" }] });
    ann.make(&ann.token, admin).await.expect(400);
    ann.make(&login.token(), json!({ "name": "more" }))
        .await
        .expect(403);
    let other = ann.cloud.project("other").await;
    let role = ann.cloud.role("member").await;
    let root = ann.cloud.admin().await;
    let grant = format!("/projects/{other}/users/{}/roles/{role}", ann.id);
    ann.cloud.put(&root, &grant).await.expect(204);
    let elsewhere = json!({ "project": { "id": other } });
    ann.cloud
        .post("", "/auth/tokens", by_token(&login.token(), elsewhere))
        .await
        .expect(401);
    let here = json!({ "project": { "id": ann.project } });
    let child = ann
        .cloud
        .post("", "/auth/tokens", by_token(&login.token(), here))
        .await
        .expect(201);
    assert_eq!(
        child.body["token"]["roles"].as_array().unwrap().len(),
        1,
        "nor does a token from it"
    );
    ann.cloud
        .post(
            &root,
            &ann.path(),
            json!({ "application_credential": { "name": "x" } }),
        )
        .await
        .expect(403);
}

#[actix_web::test]
async fn an_unrestricted_one_may_make_others() {
    let ann = Ann::new().await;
    let made = ann
        .make(&ann.token, json!({ "name": "u", "unrestricted": true }))
        .await
        .expect(201);
    let made = &made.body["application_credential"];
    let login = log_in(&ann.cloud, &made["id"], made["secret"].as_str().unwrap())
        .await
        .expect(201);
    ann.make(&login.token(), json!({ "name": "more" }))
        .await
        .expect(201);
}

#[actix_web::test]
async fn access_rules_allow_only_what_they_name() {
    let ann = Ann::new().await;
    let rules = json!([{ "service": "identity", "method": "GET", "path": "/v3/auth/projects" }]);
    let made = ann
        .make(&ann.token, json!({ "name": "a", "access_rules": rules }))
        .await
        .expect(201);
    let made = &made.body["application_credential"];
    let rule = made["access_rules"][0]["id"].as_str().unwrap();
    let login = log_in(&ann.cloud, &made["id"], made["secret"].as_str().unwrap())
        .await
        .expect(201);
    ann.cloud
        .get(&login.token(), "/auth/projects")
        .await
        .expect(200);
    ann.cloud
        .get(&login.token(), "/auth/catalog")
        .await
        .expect(403);
    let rules = format!("/users/{}/access_rules", ann.id);
    let listed = ann.cloud.get(&ann.token, &rules).await.expect(200);
    assert_eq!(listed.body["access_rules"][0]["id"], rule);
    ann.cloud
        .delete(&ann.token, &format!("{rules}/{rule}"))
        .await
        .expect(403);
    let one = format!("{}/{}", ann.path(), made["id"].as_str().unwrap());
    ann.cloud.delete(&ann.token, &one).await.expect(204);
    ann.cloud
        .delete(&ann.token, &format!("{rules}/{rule}"))
        .await
        .expect(204);
    for bad in [
        json!([{ "service": "compute", "path": "/v2.1" }]),
        json!([{ "service": "compute", "method": "FLY", "path": "/v2.1" }]),
        json!([{ "id": "nothing" }]),
    ] {
        ann.make(&ann.token, json!({ "name": "b", "access_rules": bad }))
            .await
            .expect(400);
    }
}

#[actix_web::test]
async fn it_ends_when_it_says_or_when_the_role_goes() {
    let ann = Ann::new().await;
    ann.make(
        &ann.token,
        json!({ "name": "p", "expires_at": "2001-01-01T00:00:00" }),
    )
    .await
    .expect(400);
    let soon = (ann.cloud.state.clock.now() + std::time::Duration::from_secs(60)).micros();
    let made = ann
        .make(&ann.token, json!({ "name": "s", "expires_at": soon }))
        .await
        .expect(201);
    let made = &made.body["application_credential"];
    let secret = made["secret"].as_str().unwrap();
    let login = log_in(&ann.cloud, &made["id"], secret).await.expect(201);
    assert_eq!(
        login.body["token"]["expires_at"], soon,
        "the token ends no later"
    );
    let root = ann.cloud.admin().await;
    let role = ann.cloud.role("member").await;
    let grant = format!("/projects/{}/users/{}/roles/{role}", ann.project, ann.id);
    ann.cloud.delete(&root, &grant).await.expect(204);
    log_in(&ann.cloud, &made["id"], secret).await.expect(401);
    ann.cloud
        .get(&login.token(), "/auth/projects")
        .await
        .expect(401);
}
