//! Quotas and limits.

use super::cloud::{Cloud, OTHER, PROJECT};
use super::servers::make;
use serde_json::json;

#[actix_web::test]
async fn quotas_are_set_by_admins_and_seen_by_their_project() {
    let cloud = Cloud::new().await;
    let path = format!("/os-quota-sets/{PROJECT}");
    let member = cloud.member();
    make(&member, "web").await;
    let shown = member.get(&path).await.is(200);
    assert_eq!(shown["quota_set"]["instances"], 10);
    assert!(shown["quota_set"].get("injected_files").is_none());
    let old = member.at("2.35").get(&path).await.is(200);
    assert!(old["quota_set"].get("injected_files").is_some());
    assert_eq!(old["quota_set"]["floating_ips"], -1);
    let set = |limit: i64, force: bool| json!({ "quota_set": { "instances": limit, "cores": "-1", "force": force } });
    member.put(&path, set(5, false)).await.refused(403);
    cloud.admin().put(&path, set(0, false)).await.refused(400);
    let changed = cloud.admin().put(&path, set(0, true)).await.is(200);
    assert_eq!(changed["quota_set"]["instances"], 0);
    let detail = member.get(&format!("{path}/detail")).await.is(200);
    let line = json!({ "limit": 0, "in_use": 1, "reserved": 0 });
    assert_eq!(detail["quota_set"]["instances"], line);
    assert_eq!(detail["quota_set"]["cores"]["limit"], -1);
    cloud
        .admin()
        .put(&path, json!({ "quota_set": { "moons": 1 } }))
        .await
        .refused(400);
    cloud.admin().delete(&path).await.is(202);
    assert_eq!(
        member.get(&path).await.is(200)["quota_set"]["instances"],
        10
    );
    member
        .get(&format!("/os-quota-sets/{OTHER}"))
        .await
        .refused(403);
}

#[actix_web::test]
async fn the_default_class_changes_what_projects_get() {
    let cloud = Cloud::new().await;
    let class = "/os-quota-class-sets/default";
    let wish = json!({ "quota_class_set": { "ram": 100 } });
    cloud.member().put(class, wish.clone()).await.refused(403);
    cloud.admin().put(class, wish).await.is(200);
    let defaults = format!("/os-quota-sets/{PROJECT}/defaults");
    let shown = cloud.member().get(&defaults).await.is(200);
    assert_eq!(shown["quota_set"]["ram"], 100);
    make(&cloud.member(), "fits").await;
    let limits = cloud.member().get("/limits?reserved=1").await.is(200);
    assert_eq!(limits["limits"]["absolute"]["maxTotalRAMSize"], 100);
    assert_eq!(limits["limits"]["absolute"]["totalRAMUsed"], 64);
    assert!(limits["limits"]["absolute"].get("maxPersonality").is_none());
    let old = cloud.member().at("2.1").get("/limits").await.is(200);
    assert!(old["limits"]["absolute"].get("maxPersonality").is_some());
    cloud
        .member()
        .get(&format!("/limits?tenant_id={OTHER}"))
        .await
        .refused(403);
    cloud
        .admin()
        .get(&format!("/limits?tenant_id={OTHER}"))
        .await
        .is(200);
}
