//! Flavors, their extra specs and who may use them.

use super::cloud::{Cloud, OTHER};
use serde_json::json;

fn flavor(name: &str, public: bool) -> serde_json::Value {
    json!({ "flavor": {
        "name": name, "id": null, "ram": "256", "vcpus": 1, "disk": 0, "swap": 64,
        "OS-FLV-EXT-DATA:ephemeral": 0, "os-flavor-access:is_public": public,
    }})
}

#[actix_web::test]
async fn a_flavor_has_the_fields_of_its_microversion() {
    let cloud = Cloud::new().await;
    let first = cloud.member().at("2.1").get("/flavors/1").await.is(200);
    let first = &first["flavor"];
    assert_eq!(first["name"], "m1.nano");
    assert_eq!(first["swap"], "");
    assert!(first.get("description").is_none() && first.get("extra_specs").is_none());
    let links = first["links"][0]["href"].as_str().unwrap();
    assert_eq!(links, "http://cloud:8774/compute/v2.1/flavors/1");
    let last = cloud.member().get("/flavors/1").await.is(200);
    assert_eq!(last["flavor"]["swap"], 0);
    assert_eq!(last["flavor"]["extra_specs"], json!({}));
    assert!(last["flavor"]["description"].is_null());
    cloud.member().get("/flavors/m1.nano").await.refused(404);
}

#[actix_web::test]
async fn only_admins_make_flavors_and_names_are_unique() {
    let cloud = Cloud::new().await;
    cloud
        .member()
        .post("/flavors", flavor("f", true))
        .await
        .refused(403);
    let made = cloud
        .admin()
        .post("/flavors", flavor("f", true))
        .await
        .is(200);
    assert_eq!(made["flavor"]["ram"], 256);
    assert_eq!(made["flavor"]["swap"], 64);
    let again = cloud.admin().post("/flavors", flavor("f", true)).await;
    assert!(again.refused(409).contains("name f already exists"));
    let id = made["flavor"]["id"].as_str().unwrap();
    cloud
        .admin()
        .delete(&format!("/flavors/{id}"))
        .await
        .is(202);
    cloud
        .admin()
        .delete(&format!("/flavors/{id}"))
        .await
        .refused(404);
}

#[actix_web::test]
async fn a_private_flavor_is_seen_by_those_it_was_given_to() {
    let cloud = Cloud::new().await;
    let made = cloud
        .admin()
        .post("/flavors", flavor("secret", false))
        .await
        .is(200);
    let path = format!("/flavors/{}", made["flavor"]["id"].as_str().unwrap());
    cloud.stranger().get(&path).await.refused(404);
    let give = json!({ "addTenantAccess": { "tenant": OTHER } });
    let access = cloud
        .admin()
        .post(&format!("{path}/action"), give.clone())
        .await
        .is(200);
    assert_eq!(access["flavor_access"][0]["tenant_id"], OTHER);
    cloud
        .admin()
        .post(&format!("{path}/action"), give)
        .await
        .refused(409);
    cloud.stranger().get(&path).await.is(200);
    cloud.member().get(&path).await.refused(404);
    let names = |list: serde_json::Value| list.to_string().contains("\"secret\"");
    assert!(names(cloud.stranger().get("/flavors").await.is(200)));
    assert!(!names(
        cloud
            .member()
            .get("/flavors/detail?is_public=None")
            .await
            .is(200)
    ));
    assert!(!names(cloud.admin().get("/flavors/detail").await.is(200)));
    assert!(names(
        cloud
            .admin()
            .get("/flavors/detail?is_public=None")
            .await
            .is(200)
    ));
    assert!(names(
        cloud
            .admin()
            .get("/flavors/detail?is_public=False")
            .await
            .is(200)
    ));
    let take = json!({ "removeTenantAccess": { "tenant": OTHER } });
    cloud
        .admin()
        .post(&format!("{path}/action"), take)
        .await
        .is(200);
    cloud.stranger().get(&path).await.refused(404);
}

#[actix_web::test]
async fn extra_specs_are_set_shown_and_removed_one_by_one() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin();
    let given = json!({ "extra_specs": { "quota:cpu_shares": "512", "hw": 1 } });
    cloud
        .member()
        .post("/flavors/1/os-extra_specs", given.clone())
        .await
        .refused(403);
    admin.post("/flavors/1/os-extra_specs", given).await.is(200);
    let path = "/flavors/1/os-extra_specs/hw";
    assert_eq!(cloud.member().get(path).await.is(200), json!({ "hw": "1" }));
    admin.put(path, json!({ "hw": "2" })).await.is(200);
    admin.put(path, json!({ "other": "2" })).await.refused(400);
    admin.delete(path).await.is(200);
    admin.delete(path).await.refused(404);
    let left = cloud.member().get("/flavors/1").await.is(200);
    assert_eq!(
        left["flavor"]["extra_specs"],
        json!({ "quota:cpu_shares": "512" })
    );
}

#[actix_web::test]
async fn lists_are_sorted_narrowed_and_paged() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let page = member
        .get("/flavors?sort_key=memory_mb&sort_dir=desc&limit=2")
        .await
        .is(200);
    assert_eq!(page["flavors"][0]["name"], "m1.large");
    let next = page["flavors_links"][0]["href"].as_str().unwrap();
    let next = next.strip_prefix("http://cloud:8774/compute/v2.1").unwrap();
    let page = member.get(next).await.is(200);
    assert_eq!(page["flavors"][0]["name"], "m1.small");
    let big = member.get("/flavors?minRam=4096").await.is(200);
    assert_eq!(big["flavors"].as_array().unwrap().len(), 2);
    member.get("/flavors?marker=nothing").await.refused(400);
    member.get("/flavors?minRam=much").await.refused(400);
    assert_eq!(
        member.get("/flavors?limit=0").await.is(200)["flavors"],
        json!([])
    );
}
