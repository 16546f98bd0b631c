//! Server groups in both of their shapes.

use super::cloud::{Cloud, IMAGE};
use serde_json::json;

#[actix_web::test]
async fn a_group_has_one_policy_since_2_64_and_a_list_before() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let old = json!({ "server_group": { "name": "g", "policies": ["affinity"] } });
    let new = json!({ "server_group": {
        "name": "g", "policy": "anti-affinity", "rules": { "max_server_per_host": 2 },
    }});
    member
        .at("2.63")
        .post("/os-server-groups", new.clone())
        .await
        .refused(400);
    member
        .at("2.64")
        .post("/os-server-groups", old.clone())
        .await
        .refused(400);
    let made = member
        .at("2.1")
        .post("/os-server-groups", old)
        .await
        .is(200);
    assert_eq!(made["server_group"]["policies"], json!(["affinity"]));
    assert!(made["server_group"].get("project_id").is_none());
    let made = member.post("/os-server-groups", new).await.is(200);
    assert_eq!(
        made["server_group"]["rules"],
        json!({ "max_server_per_host": 2 })
    );
    let id = made["server_group"]["id"].as_str().unwrap();
    let list = member.get("/os-server-groups").await.is(200);
    assert_eq!(list["server_groups"].as_array().unwrap().len(), 2);
    cloud
        .stranger()
        .get(&format!("/os-server-groups/{id}"))
        .await
        .refused(404);
    member
        .get("/os-server-groups?all_projects=True")
        .await
        .refused(403);
    let soft = json!({ "server_group": { "name": "g", "policy": "nearby" } });
    member.post("/os-server-groups", soft).await.refused(400);
}

#[actix_web::test]
async fn a_server_joins_the_group_of_its_hint_until_the_group_is_full() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let wish = json!({ "server_group": { "name": "g", "policy": "affinity" } });
    let made = member.post("/os-server-groups", wish).await.is(200);
    let group = made["server_group"]["id"].as_str().unwrap().to_owned();
    let server = |group: &str| {
        json!({
            "server": { "name": "n", "imageRef": IMAGE, "flavorRef": "1", "networks": "none" },
            "os:scheduler_hints": { "group": group, "strange": ["kept"] },
        })
    };
    let made = member.post("/servers", server(&group)).await.is(202);
    let id = made["server"]["id"].as_str().unwrap().to_owned();
    let shown = member.get(&format!("/servers/{id}")).await.is(200);
    assert_eq!(shown["server"]["server_groups"], json!([group]));
    let (_, spec) = cloud.row(&id).await;
    assert_eq!(spec.hints["strange"], json!(["kept"]));
    assert!(!spec.networked);
    let shown = member
        .get(&format!("/os-server-groups/{group}"))
        .await
        .is(200);
    assert_eq!(shown["server_group"]["members"], json!([id]));
    member
        .post("/servers", server("not an id"))
        .await
        .refused(400);
    let nobodys = "0199f5a1-0000-7000-8000-00000000000b";
    member.post("/servers", server(nobodys)).await.refused(400);
    let quota = json!({ "quota_set": { "server_group_members": 1 } });
    let path = format!("/os-quota-sets/{}", super::cloud::PROJECT);
    cloud.admin().put(&path, quota).await.is(200);
    let text = member.post("/servers", server(&group)).await.refused(403);
    assert!(text.contains("server_group_members"), "{text}");
    member
        .delete(&format!("/os-server-groups/{group}"))
        .await
        .is(204);
    member
        .delete(&format!("/os-server-groups/{group}"))
        .await
        .refused(404);
}
