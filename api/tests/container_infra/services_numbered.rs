//! Addresses of services and ports of machines: chosen or asked for, and nobody else's.

use super::cloud::{Cloud, ELSEWHERE, OTHER};
use super::pods::post;
use super::services::{bay, manifest, number};
use serde_json::json;

#[actix_web::test]
async fn an_address_may_be_asked_for_once_or_be_none_at_all() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let with = |name: &str, ip: &str| manifest(name, json!({ "clusterIP": ip }));
    let made = post(&member, "services", &with("a", "10.254.3.4"))
        .await
        .is(201);
    assert_eq!(made["ip"], "10.254.3.4");
    let told = post(&member, "services", &with("b", "10.254.3.4"))
        .await
        .refused(409);
    assert!(told.contains("10.254.3.4"), "{told}");
    for ip in [
        "10.254.0.10",
        "10.254.255.255",
        "10.100.0.40",
        "10.253.0.99",
    ] {
        let told = post(&member, "services", &with("b", ip)).await.refused(400);
        assert!(
            told.contains("spec.clusterIP") && told.contains("10.254.0.32"),
            "{told}"
        );
    }
    let nowhere = post(&member, "services", &with("c", "None")).await.is(201);
    assert_eq!(nowhere["ip"], json!(null));
    // Another bay has addresses of its own.
    let body = json!({ "bay_uuid": ELSEWHERE, "manifest": with("a", "10.254.3.4").to_string() });
    cloud
        .caller("member", OTHER)
        .post("/services", body)
        .await
        .is(201);
}

#[actix_web::test]
async fn when_all_addresses_of_a_bay_are_taken_it_is_said() {
    let cloud = Cloud::with(|settings| settings.services = -1).await;
    bay(&cloud, |row| {
        let mut spec = row.spec().unwrap();
        let range = ("service_cluster_ip_range".into(), "10.7.0.0/24".into());
        spec.labels.extend([range]);
        row.set_spec(&spec).unwrap();
    })
    .await;
    let mut taken = std::collections::BTreeSet::new();
    let member = cloud.member();
    for n in 0..223 {
        let next = manifest(&format!("s{n}"), json!({}));
        let made = post(&member, "services", &next).await.is(201);
        assert!(
            taken.insert(made["ip"].as_str().unwrap().to_owned()),
            "{made}"
        );
    }
    assert!(
        taken.iter().all(|ip| ip.starts_with("10.7.0.")),
        "{taken:?}"
    );
    let told = post(&cloud.member(), "services", &manifest("more", json!({}))).await;
    let told = told.refused(409);
    assert!(
        told.contains("10.7.0.0/24") && told.contains("service_cluster_ip_range"),
        "{told}"
    );
    let nowhere = manifest("nowhere", json!({ "clusterIP": "None" }));
    post(&cloud.member(), "services", &nowhere).await.is(201);
}

#[actix_web::test]
async fn ports_of_the_machines_are_one_services_only() {
    let cloud = Cloud::with(|settings| {
        settings.service_node_ports = String::from("30000-30002").try_into().unwrap()
    })
    .await;
    let (member, stranger) = (cloud.member(), cloud.caller("member", OTHER));
    let asked = |name: &str, port: u16| {
        manifest(
            name,
            json!({ "type": "NodePort", "ports": [{ "port": 80, "nodePort": port }] }),
        )
    };
    let made = post(&member, "services", &asked("a", 30001)).await.is(201);
    assert_eq!(number(&made, 0), 30001);
    let told = post(&member, "services", &asked("b", 30001))
        .await
        .refused(409);
    assert!(told.contains("30001"), "{told}");
    let body = json!({ "bay_uuid": ELSEWHERE, "manifest": asked("b", 30001).to_string() });
    let told = stranger.post("/services", body).await.refused(409);
    assert!(told.contains("30001"), "{told}");
    let told = post(&member, "services", &asked("b", 8080))
        .await
        .refused(400);
    assert!(
        told.contains("spec.ports[0].nodePort") && told.contains("30000-30002"),
        "{told}"
    );
    let two = json!([{ "name": "a", "port": 1 }, { "name": "b", "port": 2, "protocol": "UDP" }]);
    let two = manifest("two", json!({ "type": "LoadBalancer", "ports": two }));
    let drawn = post(&member, "services", &two).await.is(201);
    let mut numbers = [number(&drawn, 0), number(&drawn, 1)];
    numbers.sort_unstable();
    assert_eq!(numbers, [30000, 30002]);
    let more = manifest("more", json!({ "type": "NodePort" }));
    let told = post(&member, "services", &more).await.refused(409);
    assert!(told.contains("30000-30002"), "{told}");
    assert_eq!(member.delete("/services/a").await.code, 204);
    assert_eq!(
        number(&post(&member, "services", &more).await.is(201), 0),
        30001
    );
}
