//! Usage over time, also of servers that are gone.

use super::cloud::{Cloud, PROJECT};
use super::servers::make;
use store::compute::lives;

#[actix_web::test]
async fn servers_that_are_gone_are_still_in_the_report() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let first = make(&member, "first").await;
    make(&member, "second").await;
    let gone = first.clone();
    cloud
        .store
        .write(move |tx| lives::end(tx, &gone))
        .await
        .unwrap();
    let path = format!("/os-simple-tenant-usage/{PROJECT}");
    let shown = member.get(&path).await.is(200);
    let servers = shown["tenant_usage"]["server_usages"].as_array().unwrap();
    assert_eq!(servers.len(), 2);
    assert_eq!(servers[0]["state"], "terminated");
    assert_eq!(servers[0]["flavor"], "m1.nano");
    assert_eq!(servers[1]["memory_mb"], 64);
    assert!(shown["tenant_usage"]["total_vcpus_usage"].as_f64().unwrap() >= 0.0);
    let page = member.get(&format!("{path}?limit=1")).await.is(200);
    assert_eq!(
        page["tenant_usage"]["server_usages"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let next = page["tenant_usage_links"][0]["href"].as_str().unwrap();
    let next = next.strip_prefix("http://cloud:8774/compute/v2.1").unwrap();
    let page = member.get(next).await.is(200);
    assert_eq!(page["tenant_usage"]["server_usages"][0]["name"], "second");
    let before = member
        .get(&format!("{path}?start=2001-01-01&end=2001-02-01"))
        .await
        .is(200);
    assert_eq!(before["tenant_usage"], serde_json::json!({}));
    member
        .get(&format!("{path}?start=2002-01-01&end=2001-01-01"))
        .await
        .refused(400);
    member.get("/os-simple-tenant-usage").await.refused(403);
    let all = cloud
        .admin()
        .get("/os-simple-tenant-usage?detailed=1")
        .await
        .is(200);
    assert_eq!(all["tenant_usages"][0]["tenant_id"], PROJECT);
    cloud.stranger().get(&path).await.refused(403);
}
