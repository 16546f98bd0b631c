use crate::harness::{ADMIN_PASSWORD, Cloud, bootstrap};
use actix_web::test::TestRequest;
use serde_json::{Value, json};

#[actix_web::test]
async fn what_is_registered_is_in_the_next_catalog() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin().await;
    let service = json!({ "service": { "type": "orchestration", "name": "heat" } });
    let service = cloud.make(&admin, "/services", service).await;
    cloud
        .make(&admin, "/regions", json!({ "region": { "id": "North" } }))
        .await;
    let endpoint = json!({ "endpoint": {
        "service_id": service, "interface": "public", "region_id": "North",
        "url": "{base}/orchestration/v1/$(project_id)s",
    }});
    let endpoint = cloud.make(&admin, "/endpoints", endpoint).await;
    let catalog = cloud.get(&admin, "/auth/catalog").await.expect(200);
    let heat = &catalog.body["catalog"][5];
    let own = cloud.get(&admin, "/auth/projects").await.body["projects"][0]["id"].clone();
    let url = format!(
        "http://cloud:8080/orchestration/v1/{}",
        own.as_str().unwrap()
    );
    assert_eq!(heat["endpoints"][0]["url"], url.as_str());
    assert_eq!(heat["endpoints"][0]["region_id"], "North");
    let system = cloud
        .log_in(
            "admin",
            ADMIN_PASSWORD,
            json!({ "system": { "all": true } }),
        )
        .await;
    let system = system.expect(201).body["token"]["catalog"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(system, 5, "no project, no such address");
    let off = json!({ "endpoint": { "enabled": false } });
    cloud
        .patch(&admin, &format!("/endpoints/{endpoint}"), off)
        .await
        .expect(200);
    let catalog = cloud.get(&admin, "/auth/catalog").await.expect(200);
    assert_eq!(catalog.body["catalog"].as_array().unwrap().len(), 5);
    cloud
        .delete(&admin, &format!("/services/{service}"))
        .await
        .expect(204);
    cloud
        .get(&admin, &format!("/endpoints/{endpoint}"))
        .await
        .expect(404);
}

#[actix_web::test]
async fn the_catalog_follows_the_host_the_client_used() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin().await;
    let ask = TestRequest::get()
        .uri("/identity/v3/auth/catalog")
        .insert_header(("host", "another.example.org:9"))
        .insert_header(("x-auth-token", admin));
    let catalog = cloud.ask(ask).await.expect(200);
    let url = &catalog.body["catalog"][1]["endpoints"][0]["url"];
    assert_eq!(url, "http://another.example.org:9/image");
}

#[actix_web::test]
async fn regions_and_endpoints_refuse_what_makes_no_sense() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin().await;
    let region =
        |id: &str, parent: &str| json!({ "region": { "id": id, "parent_region_id": parent } });
    cloud
        .post(&admin, "/regions", region("a", "nowhere"))
        .await
        .expect(404);
    cloud
        .make(&admin, "/regions", region("a", "RegionOne"))
        .await;
    cloud
        .post(&admin, "/regions", region("a", "RegionOne"))
        .await
        .expect(409);
    let circle = json!({ "region": { "parent_region_id": "a" } });
    cloud
        .patch(&admin, "/regions/RegionOne", circle)
        .await
        .expect(400);
    cloud.delete(&admin, "/regions/RegionOne").await.expect(403);
    cloud.delete(&admin, "/regions/a").await.expect(204);
    let service = cloud.get(&admin, "/services?type=image").await.expect(200);
    let service = service.body["services"][0]["id"].clone();
    let endpoint = |url: &str, region: &str, interface: &str| {
        json!({ "endpoint": {
            "service_id": service, "url": url, "region_id": region, "interface": interface,
        }})
    };
    for bad in [
        endpoint("image", "RegionOne", "public"),
        endpoint("http://h/$(password)s", "RegionOne", "public"),
        endpoint("http://h/", "nowhere", "public"),
        endpoint("http://h/", "RegionOne", "secret"),
        json!({ "endpoint": { "service_id": "x", "url": "http://h/", "interface": "public" } }),
    ] {
        cloud.post(&admin, "/endpoints", bad).await.expect(400);
    }
    let legacy = json!({ "endpoint": {
        "service_id": service, "url": "http://h/", "region": "Old", "interface": "public",
    }});
    cloud.make(&admin, "/endpoints", legacy).await;
    cloud.get(&admin, "/regions/Old").await.expect(200);
    let listed = cloud
        .get(&admin, "/endpoints?interface=public&region_id=Old")
        .await
        .expect(200);
    assert_eq!(listed.body["endpoints"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn bootstrapping_again_adds_nothing_and_is_the_way_back_in() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin().await;
    let before = cloud.get(&admin, "/role_assignments").await.body;
    let endpoints = cloud.get(&admin, "/endpoints").await.body;
    bootstrap("another")
        .write(&cloud.state.store)
        .await
        .unwrap();
    cloud.get(&admin, "/users").await.expect(401);
    cloud
        .log_in("admin", ADMIN_PASSWORD, Value::Null)
        .await
        .expect(401);
    let admin = cloud
        .log_in("admin", "another", Value::Null)
        .await
        .expect(201)
        .token();
    assert_eq!(cloud.get(&admin, "/role_assignments").await.body, before);
    assert_eq!(cloud.get(&admin, "/endpoints").await.body, endpoints);
}

#[actix_web::test]
async fn what_is_not_built_says_so() {
    let cloud = Cloud::new().await;
    let admin = cloud.admin().await;
    for path in [
        "/limits",
        "/registered_limits",
        "/users/x/credentials/OS-EC2",
    ] {
        let answer = cloud.get(&admin, path).await.expect(501);
        assert_eq!(answer.body["error"]["code"], 501);
    }
    cloud.get(&admin, "/policies").await.expect(404);
}
