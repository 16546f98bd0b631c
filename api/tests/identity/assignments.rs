use crate::harness::Cloud;
use serde_json::{Value, json};

#[actix_web::test]
async fn a_role_is_given_listed_and_taken_away() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin().await;
    let project = cloud.project("p").await;
    let user = cloud.user_on("ann", &project, "member").await;
    let (member, reader) = (cloud.role("member").await, cloud.role("reader").await);
    let roles = format!("/projects/{project}/users/{user}/roles");
    assert_eq!(cloud.get(&admin, &roles).await.names("roles"), ["member"]);
    cloud
        .head(&admin, &format!("{roles}/{reader}"))
        .await
        .expect(404);
    cloud
        .delete(&admin, &format!("{roles}/{reader}"))
        .await
        .expect(404);
    cloud
        .put(&admin, &format!("{roles}/nothing"))
        .await
        .expect(404);
    cloud
        .put(
            &admin,
            &format!("/projects/nowhere/users/{user}/roles/{member}"),
        )
        .await
        .expect(404);
    cloud
        .delete(&admin, &format!("{roles}/{member}"))
        .await
        .expect(204);
    assert_eq!(cloud.get(&admin, &roles).await.body["roles"], json!([]));
    let system = format!("/system/users/{user}/roles/{reader}");
    cloud.put(&admin, &system).await.expect(204);
    cloud.head(&admin, &system).await.expect(204);
    cloud
        .log_in("ann", "ann", json!({ "system": { "all": true } }))
        .await
        .expect(201);
    cloud.delete(&admin, &system).await.expect(204);
}

#[actix_web::test]
async fn an_inherited_role_counts_below_its_target_not_on_it() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin().await;
    let top = cloud.project("top").await;
    let below = json!({ "project": { "name": "below", "parent_id": top } });
    let below = cloud.make(&admin, "/projects", below).await;
    let user = json!({ "user": { "name": "ann", "password": "ann" } });
    let user = cloud.make(&admin, "/users", user).await;
    let member = cloud.role("member").await;
    let grant =
        format!("/OS-INHERIT/projects/{top}/users/{user}/roles/{member}/inherited_to_projects");
    cloud.put(&admin, &grant).await.expect(204);
    cloud.head(&admin, &grant).await.expect(204);
    let on = |id: &str| json!({ "project": { "id": id } });
    cloud.log_in("ann", "ann", on(&top)).await.expect(401);
    let token = cloud
        .log_in("ann", "ann", on(&below))
        .await
        .expect(201)
        .token();
    assert_eq!(
        cloud.get(&token, "/auth/projects").await.names("projects"),
        ["below"]
    );
    cloud.delete(&admin, &grant).await.expect(204);
    let grant = grant.replace(&format!("projects/{top}"), "domains/default");
    cloud.put(&admin, &grant).await.expect(204);
    cloud.log_in("ann", "ann", on(&top)).await.expect(201);
    cloud
        .log_in("ann", "ann", json!({ "domain": { "id": "default" } }))
        .await
        .expect(401);
}

#[actix_web::test]
async fn assignments_are_listed_as_given_and_as_they_come_out() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin().await;
    let project = cloud.project("p").await;
    let user = cloud
        .make(&admin, "/users", json!({ "user": { "name": "ann" } }))
        .await;
    let group = cloud
        .make(&admin, "/groups", json!({ "group": { "name": "staff" } }))
        .await;
    cloud
        .put(&admin, &format!("/groups/{group}/users/{user}"))
        .await
        .expect(204);
    let member = cloud.role("member").await;
    let grant = format!("/projects/{project}/groups/{group}/roles/{member}");
    cloud.put(&admin, &grant).await.expect(204);
    let list = |query: String| {
        let path = format!("/role_assignments?{query}");
        let (cloud, admin) = (&cloud, &admin);
        async move { cloud.get(admin, &path).await.expect(200).body["role_assignments"].clone() }
    };
    let given = list(format!("scope.project.id={project}")).await;
    assert_eq!(given.as_array().unwrap().len(), 1);
    assert_eq!(given[0]["group"], json!({ "id": group }));
    let at = format!("http://cloud:8080/identity/v3{grant}");
    assert_eq!(given[0]["links"]["assignment"], at.as_str());
    assert_eq!(list(format!("user.id={user}")).await, json!([]));
    let out = list(format!("user.id={user}&effective&include_names=True")).await;
    let mut names: Vec<&str> = out
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["role"]["name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["member", "reader"]);
    assert_eq!(out[0]["user"]["domain"]["name"], "Default");
    assert_eq!(out[0]["scope"]["project"]["name"], "p");
    assert!(
        out[0]["links"]["membership"]
            .as_str()
            .unwrap()
            .ends_with(&user)
    );
    let system = list("scope.system=all".into()).await;
    assert_eq!(system[0]["scope"], json!({ "system": { "all": true } }));
    for bad in [
        "user.id=a&group.id=b",
        "include_subtree",
        "scope.project.id=a&scope.domain.id=b",
    ] {
        cloud
            .get(&admin, &format!("/role_assignments?{bad}"))
            .await
            .expect(400);
    }
}

#[actix_web::test]
async fn a_subtree_is_listed_with_its_project() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin().await;
    let top = cloud.project("top").await;
    let below = json!({ "project": { "name": "below", "parent_id": top } });
    let below = cloud.make(&admin, "/projects", below).await;
    cloud.user_on("ann", &top, "member").await;
    cloud.user_on("bob", &below, "member").await;
    let path = format!("/role_assignments?include_subtree=True&scope.project.id={top}");
    let found = cloud.get(&admin, &path).await.expect(200);
    assert_eq!(found.body["role_assignments"].as_array().unwrap().len(), 2);
}

#[actix_web::test]
async fn roles_imply_others_but_never_in_a_circle() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin().await;
    let (top, reader) = (cloud.role("admin").await, cloud.role("reader").await);
    let auditor = cloud
        .make(&admin, "/roles", json!({ "role": { "name": "auditor" } }))
        .await;
    cloud
        .post(&admin, "/roles", json!({ "role": { "name": "auditor" } }))
        .await
        .expect(409);
    let implies = format!("/roles/{auditor}/implies/{reader}");
    cloud.put(&admin, &implies).await.expect(201);
    cloud.head(&admin, &implies).await.expect(204);
    let shown = cloud
        .get(&admin, &format!("/roles/{auditor}/implies"))
        .await
        .expect(200);
    assert_eq!(shown.body["role_inference"]["implies"][0]["name"], "reader");
    cloud
        .put(&admin, &format!("/roles/{reader}/implies/{auditor}"))
        .await
        .expect(400);
    cloud
        .put(&admin, &format!("/roles/{auditor}/implies/{top}"))
        .await
        .expect(403);
    let all = cloud.get(&admin, "/role_inferences").await.expect(200);
    assert_eq!(all.body["role_inferences"].as_array().unwrap().len(), 4);
    cloud.delete(&admin, &implies).await.expect(204);
    cloud.head(&admin, &implies).await.expect(404);
    cloud
        .delete(&admin, &format!("/roles/{auditor}"))
        .await
        .expect(204);
}

#[actix_web::test]
async fn a_role_of_a_domain_stays_in_it() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin().await;
    let domain = cloud
        .make(&admin, "/domains", json!({ "domain": { "name": "d" } }))
        .await;
    let role = json!({ "role": { "name": "local", "domain_id": domain } });
    let role = cloud.make(&admin, "/roles", role).await;
    assert!(
        !cloud
            .get(&admin, "/roles")
            .await
            .names("roles")
            .contains(&"local".to_owned())
    );
    let listed = cloud
        .get(&admin, &format!("/roles?domain_id={domain}"))
        .await
        .expect(200);
    assert_eq!(listed.names("roles"), ["local"]);
    let project = cloud.project("p").await;
    let user = cloud.user_on("ann", &project, "reader").await;
    cloud
        .put(
            &admin,
            &format!("/projects/{project}/users/{user}/roles/{role}"),
        )
        .await
        .expect(403);
    let member = cloud.role("member").await;
    cloud
        .put(&admin, &format!("/roles/{role}/implies/{member}"))
        .await
        .expect(201);
    let inside = json!({ "project": { "name": "in", "domain_id": domain } });
    let inside = cloud.make(&admin, "/projects", inside).await;
    cloud
        .put(
            &admin,
            &format!("/projects/{inside}/users/{user}/roles/{role}"),
        )
        .await
        .expect(204);
    let on = json!({ "project": { "id": inside } });
    let token = cloud.log_in("ann", "ann", on).await.expect(201);
    let roles: Vec<Value> = token.body["token"]["roles"].as_array().unwrap().clone();
    let names: Vec<&str> = roles
        .iter()
        .map(|role| role["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["member", "reader"],
        "it stands only for what it implies"
    );
}
