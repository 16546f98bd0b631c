use crate::harness::{Answer, Cloud};
use serde_json::json;

/// Ann is a member of a project, Mona a manager of a domain with one of everything in it.
struct World {
    cloud: Cloud,
    admin: String,
    ann: String,
    ann_id: String,
    mona: String,
    domain: String,
    inside: String,
}

impl World {
    async fn new() -> World {
        let cloud = Cloud::new().await;
        let admin = cloud.admin().await;
        let project = cloud.project("p").await;
        let ann_id = cloud.user_on("ann", &project, "member").await;
        let ann = cloud.token_of("ann", &project).await;
        let domain = cloud
            .make(&admin, "/domains", json!({ "domain": { "name": "d" } }))
            .await;
        let mona = json!({ "user": { "name": "mona", "password": "mona", "domain_id": domain } });
        let mona = cloud.make(&admin, "/users", mona).await;
        let manager = cloud.role("manager").await;
        let grant = format!("/domains/{domain}/users/{mona}/roles/{manager}");
        cloud.put(&admin, &grant).await.expect(204);
        let user = json!({ "name": "mona", "password": "mona", "domain": { "id": domain } });
        let login = json!({ "auth": {
            "identity": { "methods": ["password"], "password": { "user": user } },
            "scope": { "domain": { "id": domain } },
        }});
        let mona = cloud
            .post("", "/auth/tokens", login)
            .await
            .expect(201)
            .token();
        let inside = json!({ "project": { "name": "inside", "domain_id": domain } });
        let inside = cloud.make(&admin, "/projects", inside).await;
        World {
            cloud,
            admin,
            ann,
            ann_id,
            mona,
            domain,
            inside,
        }
    }
}

#[actix_web::test]
async fn a_member_sees_himself_and_no_more() {
    let w = World::new().await;
    w.cloud
        .get(&w.ann, &format!("/users/{}", w.ann_id))
        .await
        .expect(200);
    for path in [
        "/users",
        "/projects",
        "/domains",
        "/roles",
        "/groups",
        "/services",
        "/endpoints",
    ] {
        let answer = w.cloud.get(&w.ann, path).await.expect(403);
        assert!(
            answer.body["error"]["message"]
                .as_str()
                .unwrap()
                .contains("identity:list_")
        );
    }
    let admin_id = w.cloud.get(&w.admin, "/users?name=admin").await.body["users"][0]["id"].clone();
    let theirs = w
        .cloud
        .get(&w.ann, &format!("/users/{}", admin_id.as_str().unwrap()))
        .await;
    let nobody = w.cloud.get(&w.ann, "/users/nobody").await;
    assert_eq!(
        (theirs.code, &theirs.text),
        (403, &nobody.text),
        "nor who there is"
    );
    w.cloud.get(&w.ann, "/regions").await.expect(200);
    for (path, body) in [
        ("/users", json!({ "user": { "name": "x" } })),
        ("/projects", json!({ "project": { "name": "x" } })),
        ("/domains", json!({ "domain": { "name": "x" } })),
        ("/roles", json!({ "role": { "name": "x" } })),
        ("/regions", json!({ "region": {} })),
    ] {
        w.cloud.post(&w.ann, path, body).await.expect(403);
    }
}

#[actix_web::test]
async fn a_manager_of_a_domain_looks_after_it_and_only_it() {
    let w = World::new().await;
    let made = w
        .cloud
        .make(&w.mona, "/users", json!({ "user": { "name": "new" } }))
        .await;
    let shown = w
        .cloud
        .get(&w.mona, &format!("/users/{made}"))
        .await
        .expect(200);
    assert_eq!(shown.body["user"]["domain_id"], w.domain.as_str());
    let names = w
        .cloud
        .get(&w.mona, "/users")
        .await
        .expect(200)
        .names("users");
    assert_eq!(names, ["mona", "new"], "a list is narrowed to the domain");
    assert_eq!(
        w.cloud.get(&w.mona, "/domains").await.names("domains"),
        ["d"]
    );
    let outside = json!({ "user": { "name": "x", "domain_id": "default" } });
    w.cloud.post(&w.mona, "/users", outside).await.expect(403);
    w.cloud
        .get(&w.mona, &format!("/users/{}", w.ann_id))
        .await
        .expect(403);
    w.cloud
        .get(&w.mona, "/users?domain_id=default")
        .await
        .expect(403);
    let (member, admin) = (w.cloud.role("member").await, w.cloud.role("admin").await);
    let grant =
        |user: &str, role: &str| format!("/projects/{}/users/{user}/roles/{role}", w.inside);
    w.cloud
        .put(&w.mona, &grant(&made, &member))
        .await
        .expect(204);
    w.cloud
        .put(&w.mona, &grant(&made, &admin))
        .await
        .expect(403);
    w.cloud
        .put(&w.mona, &grant(&w.ann_id, &member))
        .await
        .expect(403);
    let seen: Answer = w.cloud.get(&w.mona, "/role_assignments").await.expect(200);
    let seen = seen.body["role_assignments"].as_array().unwrap().len();
    assert_eq!(seen, 2, "her own and the one she gave");
}

#[actix_web::test]
async fn a_reader_of_the_system_reads_and_does_not_write() {
    let w = World::new().await;
    let reader = w.cloud.role("reader").await;
    let grant = format!("/system/users/{}/roles/{reader}", w.ann_id);
    w.cloud.put(&w.admin, &grant).await.expect(204);
    let system = json!({ "system": { "all": true } });
    let token = w
        .cloud
        .log_in("ann", "ann", system)
        .await
        .expect(201)
        .token();
    for path in [
        "/users",
        "/projects",
        "/domains",
        "/roles",
        "/role_assignments",
        "/endpoints",
    ] {
        w.cloud.get(&token, path).await.expect(200);
    }
    w.cloud
        .post(&token, "/users", json!({ "user": { "name": "x" } }))
        .await
        .expect(403);
    w.cloud
        .delete(&token, &format!("/users/{}", w.ann_id))
        .await
        .expect(403);
}

#[actix_web::test]
async fn credentials_belong_to_their_user() {
    let w = World::new().await;
    let body = json!({ "credential": { "type": "cert", "blob": "b" } });
    let id = w.cloud.make(&w.ann, "/credentials", body).await;
    let one = format!("/credentials/{id}");
    w.cloud.get(&w.ann, &one).await.expect(200);
    w.cloud.get(&w.mona, &one).await.expect(403);
    let listed = w.cloud.get(&w.ann, "/credentials").await.expect(200);
    assert_eq!(listed.body["credentials"].as_array().unwrap().len(), 1);
    let change = json!({ "credential": { "blob": "c" } });
    assert_eq!(
        w.cloud.patch(&w.ann, &one, change).await.expect(200).body["credential"]["blob"],
        "c"
    );
    let ec2 = json!({ "credential": { "type": "ec2", "blob": "{}" } });
    w.cloud.post(&w.ann, "/credentials", ec2).await.expect(501);
    w.cloud.delete(&w.ann, &one).await.expect(204);
}
