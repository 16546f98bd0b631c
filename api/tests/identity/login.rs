use crate::harness::{ADMIN_PASSWORD, Cloud, by_password, by_token};
use actix_web::test::TestRequest;
use api::Settings;
use schemas::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

#[actix_web::test]
async fn a_token_carries_what_clients_read() {
    let cloud = Cloud::new().await;
    let scope = json!({ "project": { "name": "admin", "domain": { "id": "default" } } });
    let answer = cloud
        .log_in("admin", ADMIN_PASSWORD, scope)
        .await
        .expect(201);
    let token = &answer.body["token"];
    assert_eq!(token["methods"], json!(["password"]));
    assert_eq!(
        token["user"]["domain"],
        json!({ "id": "default", "name": "Default" })
    );
    assert_eq!(token["project"]["name"], "admin");
    assert_eq!(token["is_domain"], false);
    let roles: Vec<_> = token["roles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| role["name"].clone())
        .collect();
    assert_eq!(
        roles,
        ["admin", "manager", "member", "reader"],
        "implied ones included"
    );
    for time in ["issued_at", "expires_at"] {
        let text = token[time].as_str().unwrap();
        assert!(text.ends_with('Z') && text.contains('.'), "{text}");
    }
    let lifetime = |name: &str| Timestamp::parse(token[name].as_str().unwrap()).unwrap();
    assert_eq!(
        lifetime("expires_at").since(lifetime("issued_at")),
        Duration::from_secs(3600)
    );
    assert_eq!(token["audit_ids"].as_array().unwrap().len(), 1);
    let kinds: Vec<_> = token["catalog"]
        .as_array()
        .unwrap()
        .iter()
        .map(|service| &service["type"])
        .collect();
    assert_eq!(
        kinds,
        [
            "identity",
            "image",
            "compute",
            "container-infra",
            "container"
        ]
    );
    let compute = &token["catalog"][2]["endpoints"];
    assert_eq!(compute.as_array().unwrap().len(), 3);
    assert_eq!(compute[0]["url"], "http://cloud:8080/compute/v2.1");
    assert_eq!(compute[0]["region"], compute[0]["region_id"]);
    assert!(!answer.text.contains("very"), "no password");
}

#[actix_web::test]
async fn every_failed_log_in_gets_the_same_answer() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin().await;
    let project = cloud.project("p").await;
    cloud.user_on("ann", &project, "member").await;
    let off = json!({ "user": { "name": "off", "password": "off", "enabled": false } });
    cloud.make(&admin, "/users", off).await;
    let none = json!({ "user": { "name": "none" } });
    cloud.make(&admin, "/users", none).await;
    let closed = cloud.project("closed").await;
    cloud.user_on("bob", &closed, "member").await;
    let disable = json!({ "project": { "enabled": false } });
    cloud
        .patch(&admin, &format!("/projects/{closed}"), disable)
        .await
        .expect(200);
    let on = |project: &str| json!({ "project": { "id": project } });
    let mut texts = Vec::new();
    for (user, password, scope) in [
        ("ann", "wrong", on(&project)),
        ("nobody", "ann", on(&project)),
        ("off", "off", Value::Null),
        ("none", "", Value::Null),
        ("bob", "bob", on(&closed)),
        ("ann", "ann", on(&closed)),
        ("ann", "ann", on("nowhere")),
        ("ann", "ann", json!({ "domain": { "id": "default" } })),
        ("ann", "ann", json!({ "system": { "all": true } })),
        (
            "ann",
            "ann",
            json!({ "project": { "name": "p", "domain": { "name": "No" } } }),
        ),
    ] {
        let answer = cloud.log_in(user, password, scope).await.expect(401);
        assert!(answer.headers.contains_key("www-authenticate"));
        texts.push(answer.text);
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
}

#[actix_web::test]
async fn without_a_scope_the_default_project_counts_if_there_is_a_role() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin().await;
    let project = cloud.project("p").await;
    let user = cloud.user_on("ann", &project, "member").await;
    let answer = cloud.log_in("ann", "ann", Value::Null).await.expect(201);
    assert!(answer.body["token"].get("project").is_none());
    assert!(
        answer.body["token"].get("catalog").is_none()
            && answer.body["token"].get("roles").is_none()
    );
    let set = |id: &str| json!({ "user": { "default_project_id": id } });
    cloud
        .patch(&admin, &format!("/users/{user}"), set(&project))
        .await
        .expect(200);
    let answer = cloud.log_in("ann", "ann", Value::Null).await.expect(201);
    assert_eq!(answer.body["token"]["project"]["id"], project.as_str());
    let answer = cloud
        .log_in("ann", "ann", json!("unscoped"))
        .await
        .expect(201);
    assert!(
        answer.body["token"].get("project").is_none(),
        "Horizon says the word"
    );
    let other = cloud.project("other").await;
    cloud
        .patch(&admin, &format!("/users/{user}"), set(&other))
        .await
        .expect(200);
    let answer = cloud.log_in("ann", "ann", Value::Null).await.expect(201);
    assert!(answer.body["token"].get("project").is_none());
}

#[actix_web::test]
async fn a_token_from_a_token_ends_with_it_and_remembers_it() {
    let cloud = Cloud::new().await;
    let first = cloud
        .log_in("admin", ADMIN_PASSWORD, json!("unscoped"))
        .await
        .expect(201);
    let scope = json!({ "project": { "name": "admin", "domain": { "id": "default" } } });
    let second = cloud
        .post("", "/auth/tokens", by_token(&first.token(), scope.clone()))
        .await
        .expect(201);
    let third = cloud
        .post("", "/auth/tokens", by_token(&second.token(), scope))
        .await
        .expect(201);
    let (first, third) = (&first.body["token"], &third.body["token"]);
    assert_eq!(third["expires_at"], first["expires_at"]);
    assert_eq!(third["audit_ids"][1], first["audit_ids"][0]);
    assert_ne!(third["audit_ids"][0], first["audit_ids"][0]);
    let methods = third["methods"].as_array().unwrap();
    assert!(methods.contains(&json!("password")) && methods.contains(&json!("token")));
}

#[actix_web::test]
async fn domain_and_system_tokens_say_so() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin().await;
    let system = cloud
        .log_in(
            "admin",
            ADMIN_PASSWORD,
            json!({ "system": { "all": true } }),
        )
        .await;
    let system = system.expect(201);
    assert_eq!(system.body["token"]["system"], json!({ "all": true }));
    cloud.get(&system.token(), "/users").await.expect(200);
    let id = cloud.get(&admin, "/users?name=admin").await.body["users"][0]["id"].clone();
    let role = cloud.role("admin").await;
    let grant = format!(
        "/domains/default/users/{}/roles/{role}",
        id.as_str().unwrap()
    );
    cloud.put(&admin, &grant).await.expect(204);
    let domain = json!({ "domain": { "name": "Default" } });
    let answer = cloud
        .log_in("admin", ADMIN_PASSWORD, domain)
        .await
        .expect(201);
    assert_eq!(answer.body["token"]["domain"]["id"], "default");
}

#[actix_web::test]
async fn validation_shows_the_same_token_and_can_leave_the_catalog_out() {
    let cloud = Cloud::new().await;
    let scope = json!({ "project": { "name": "admin", "domain": { "id": "default" } } });
    let made = cloud
        .log_in("admin", ADMIN_PASSWORD, scope)
        .await
        .expect(201);
    let token = made.token();
    let ask = |uri: &str| {
        TestRequest::get()
            .uri(uri)
            .insert_header(("host", "cloud:8080"))
            .insert_header(("x-auth-token", token.clone()))
            .insert_header(("x-subject-token", token.clone()))
    };
    let shown = cloud.ask(ask("/identity/v3/auth/tokens")).await.expect(200);
    assert_eq!(shown.body, made.body);
    assert_eq!(shown.token(), token);
    let shown = cloud
        .ask(ask("/identity/v3/auth/tokens?nocatalog"))
        .await
        .expect(200);
    assert!(shown.body["token"].get("catalog").is_none());
    let junk = ask("/identity/v3/auth/tokens").insert_header(("x-subject-token", "junk"));
    cloud.ask(junk).await.expect(404);
}

#[actix_web::test]
async fn an_ended_token_is_refused() {
    let cloud = Cloud::with(Settings {
        token_lifetime_s: 0,
        ..Settings::default()
    })
    .await;
    let token = cloud.admin().await;
    cloud.get(&token, "/users").await.expect(401);
}

#[actix_web::test]
async fn too_many_wrong_passwords_lock_the_user_for_a_while() {
    let settings = Settings {
        lockout_failures: 3,
        lockout_s: 3600,
        ..Settings::default()
    };
    let cloud = Cloud::with(settings).await;
    let project = cloud.project("p").await;
    let user = cloud.user_on("ann", &project, "member").await;
    let admin = cloud.admin().await;
    for _ in 0..2 {
        cloud.log_in("ann", "wrong", Value::Null).await.expect(401);
    }
    cloud.log_in("ann", "ann", Value::Null).await.expect(201);
    for _ in 0..3 {
        cloud.log_in("ann", "wrong", Value::Null).await.expect(401);
    }
    cloud.log_in("ann", "ann", Value::Null).await.expect(401);
    let option = json!({ "user": { "options": { "ignore_lockout_failure_attempts": true } } });
    cloud
        .patch(&admin, &format!("/users/{user}"), option)
        .await
        .expect(200);
    cloud.log_in("ann", "ann", Value::Null).await.expect(201);
}

#[actix_web::test]
async fn what_makes_no_sense_is_400_with_a_reason() {
    let cloud = Cloud::new().await;
    for (body, part) in [
        (json!({}), "auth"),
        (json!({ "auth": {} }), "identity"),
        (
            json!({ "auth": { "identity": { "methods": [] } } }),
            "no method",
        ),
        (
            json!({ "auth": { "identity": { "methods": ["password"] } } }),
            "password is missing",
        ),
        (
            by_password("admin", ADMIN_PASSWORD, json!("everything")),
            "unscoped",
        ),
        (
            by_password(
                "admin",
                ADMIN_PASSWORD,
                json!({ "project": {"id": "a"}, "domain": {"id": "b"} }),
            ),
            "one of",
        ),
        (by_password("a\0b", "x", Value::Null), "NUL"),
    ] {
        let answer = cloud.post("", "/auth/tokens", body).await.expect(400);
        let told = answer.body["error"]["message"].as_str().unwrap();
        assert!(told.contains(part), "{told}");
    }
    let saml = json!({ "auth": { "identity": { "methods": ["saml2"] } } });
    cloud.post("", "/auth/tokens", saml).await.expect(401);
}

#[actix_web::test]
async fn the_oldest_clients_log_in_by_v2() {
    let cloud = Cloud::new().await;
    let ask = |body: Value| {
        TestRequest::post()
            .uri("/identity/v2.0/tokens")
            .insert_header(("host", "cloud:8080"))
            .set_json(body)
    };
    let credentials = json!({ "username": "admin", "password": ADMIN_PASSWORD });
    let login = json!({ "auth": { "tenantName": "admin", "passwordCredentials": credentials } });
    let answer = cloud.ask(ask(login)).await.expect(200);
    let access = &answer.body["access"];
    assert_eq!(access["token"]["tenant"]["name"], "admin");
    let compute = &access["serviceCatalog"][2];
    assert_eq!(
        compute["endpoints"][0]["publicURL"],
        "http://cloud:8080/compute/v2.1"
    );
    assert_eq!(
        compute["endpoints"][0]["adminURL"],
        "http://cloud:8080/compute/v2.1"
    );
    let token = access["token"]["id"].as_str().unwrap();
    cloud.get(token, "/users").await.expect(200);
    let tenant = access["token"]["tenant"]["id"].clone();
    let again = json!({ "auth": { "tenantId": tenant, "token": { "id": token } } });
    cloud.ask(ask(again)).await.expect(200);
    let credentials = json!({ "username": "admin", "password": "wrong" });
    let wrong = json!({ "auth": { "tenantName": "admin", "passwordCredentials": credentials } });
    cloud.ask(ask(wrong)).await.expect(401);
}
