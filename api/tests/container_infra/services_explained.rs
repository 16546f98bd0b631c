//! What a user is told of a service that leads nowhere.

use super::cloud::{CLUSTER, Cloud};
use super::pods::post;
use super::services::manifest;
use schemas::host::Inventory;
use schemas::ids::{ClusterId, EpochId, HostId};
use schemas::workload::Services;
use schemas::workload::services::Service;
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use store::Tx;
use store::compute::hosts;
use store::container_infra::endpoints::{self, Told};

async fn reason(cloud: &Cloud) -> Value {
    let shown = cloud.member().get("/services/web").await.is(200);
    shown["status_reason"].clone()
}

/// As the conductor writes it down; a node has carried out `applied`, or says why not.
async fn told(cloud: &Cloud, pods: Vec<Ipv4Addr>, applied: i64, problem: Option<&'static str>) {
    let write = move |tx: &mut Tx<'_>| {
        let table = Services {
            cluster_id: ClusterId::parse(CLUSTER).unwrap(),
            services: vec![Service {
                name: "web".into(),
                address: None,
                pods: pods.clone(),
                ports: Vec::new(),
            }],
        };
        let before = endpoints::get(tx, CLUSTER)?;
        let newest = endpoints::put(tx, before.as_ref(), &table)?;
        let row = Told {
            cluster_id: CLUSTER.into(),
            host_id: HOST.into(),
            told: newest.generation,
            told_at: 0,
            applied: newest.generation - 1 + applied,
            problem: problem.map(str::to_owned),
        };
        endpoints::note(tx, &row)
    };
    cloud.store.write(write).await.unwrap();
}

const HOST: &str = "0199f5a1-0000-7000-8000-0000000000f1";

#[actix_web::test]
async fn a_service_says_why_it_leads_nowhere() {
    let cloud = Cloud::new().await;
    post(&cloud.member(), "services", &manifest("web", json!({})))
        .await
        .is(201);
    let has = |reason: &Value, words: &str| {
        assert!(
            reason.as_str().is_some_and(|it| it.contains(words)),
            "{reason}"
        );
    };
    has(&reason(&cloud).await, "not been told");
    told(&cloud, Vec::new(), 1, None).await;
    has(&reason(&cloud).await, "No pod");
    let host = |tx: &mut Tx<'_>| {
        let inventory = Inventory {
            hostname: "node-1".into(),
            ..Inventory::default()
        };
        hosts::report(tx, HostId::parse(HOST).unwrap(), EpochId::new(), &inventory)
    };
    cloud.store.write(host).await.unwrap();
    let pod = vec![Ipv4Addr::new(10, 100, 2, 3)];
    told(&cloud, pod.clone(), 0, None).await;
    has(&reason(&cloud).await, "Node node-1 has not answered");
    told(
        &cloud,
        pod.clone(),
        0,
        Some("its image is older than its agent"),
    )
    .await;
    has(
        &reason(&cloud).await,
        "Node node-1 does not serve it: its image",
    );
    told(&cloud, pod, 1, None).await;
    assert_eq!(reason(&cloud).await, Value::Null);
}
