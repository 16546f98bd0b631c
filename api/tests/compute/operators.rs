//! Hosts as operators see and order them.

use super::cloud::Cloud;
use super::servers::make;
use schemas::ids::{EpochId, HostId};
use serde_json::json;
use store::Tx;
use store::compute::hosts;
use store::compute::spec::Size;
use store::container_infra::workers;

#[actix_web::test]
async fn hypervisors_have_the_shape_of_their_microversion() {
    let cloud = Cloud::new().await;
    let host = cloud.host("host-1").await;
    let admin = cloud.admin();
    cloud
        .member()
        .get("/os-hypervisors/detail")
        .await
        .refused(403);
    let old = admin.at("2.1").get("/os-hypervisors/detail").await.is(200);
    let old = &old["hypervisors"][0];
    assert!(old["id"].is_i64() && old["cpu_info"].is_string());
    assert_eq!(old["vcpus"], 8);
    assert_eq!(old["hypervisor_version"], 1_002_003);
    let middle = admin.at("2.87").get("/os-hypervisors/detail").await.is(200);
    assert_eq!(middle["hypervisors"][0]["id"], host);
    assert_eq!(middle["hypervisors"][0]["cpu_info"]["arch"], "amd64");
    let new = admin.get("/os-hypervisors/detail").await.is(200);
    let new = &new["hypervisors"][0];
    assert!(new.get("vcpus").is_none());
    assert!(
        new["uptime"].as_str().unwrap().contains("up 1 days,  1:01"),
        "{new}"
    );
    assert_eq!(new["state"], "up");
    admin.get(&format!("/os-hypervisors/{host}")).await.is(200);
    admin.get("/os-hypervisors/host-1").await.refused(404);
    admin.get("/os-hypervisors/statistics").await.refused(404);
    let sums = admin
        .at("2.87")
        .get("/os-hypervisors/statistics")
        .await
        .is(200);
    assert_eq!(sums["hypervisor_statistics"]["memory_mb"], 16_384);
    admin
        .at("2.87")
        .get(&format!("/os-hypervisors/{host}/uptime"))
        .await
        .is(200);
    let id = make(&cloud.member(), "web").await;
    cloud.settle(&id, &host, "active").await;
    let with = admin.get("/os-hypervisors?with_servers=True").await.is(200);
    assert_eq!(with["hypervisors"][0]["servers"][0]["uuid"], id);
    admin
        .at("2.1")
        .get("/os-hypervisors/host/search")
        .await
        .is(200);
}

#[actix_web::test]
async fn services_are_disabled_declared_down_and_removed() {
    let cloud = Cloud::new().await;
    let host = cloud.host("host-1").await;
    let admin = cloud.admin();
    let list = admin.get("/os-services?binary=nova-compute").await.is(200);
    assert_eq!(list["services"][0]["state"], "up");
    let path = format!("/os-services/{host}");
    let order = json!({ "status": "disabled", "disabled_reason": "maintenance" });
    let told = admin.put(&path, order).await.is(200);
    assert_eq!(told["service"]["disabled_reason"], "maintenance");
    let told = admin
        .put(&path, json!({ "forced_down": true }))
        .await
        .is(200);
    assert_eq!(told["service"]["state"], "down");
    admin.put(&path, json!({})).await.refused(400);
    admin
        .put(&path, json!({ "disabled_reason": "x" }))
        .await
        .refused(400);
    let old = json!({ "host": "host-1", "binary": "nova-compute" });
    let told = admin
        .at("2.52")
        .put("/os-services/enable", old.clone())
        .await
        .is(200);
    assert_eq!(told["service"]["status"], "enabled");
    admin
        .at("2.52")
        .put("/os-services/disable-log-reason", old)
        .await
        .refused(400);
    cloud
        .member()
        .put(&path, json!({ "status": "enabled" }))
        .await
        .refused(403);
    let id = make(&cloud.member(), "web").await;
    cloud.settle(&id, &host, "active").await;
    assert!(admin.delete(&path).await.refused(409).contains("host-1"));
    let empty = cloud.host("host-2").await;
    admin.delete(&format!("/os-services/{empty}")).await.is(204);
}

#[actix_web::test]
async fn zones_are_those_of_the_hosts() {
    let cloud = Cloud::new().await;
    cloud.host("host-1").await;
    let list = cloud.reader().get("/os-availability-zone").await.is(200);
    assert_eq!(list["availabilityZoneInfo"][0]["zoneName"], "nova");
    cloud
        .reader()
        .get("/os-availability-zone/detail")
        .await
        .refused(403);
    let detail = cloud
        .admin()
        .get("/os-availability-zone/detail")
        .await
        .is(200);
    let service = &detail["availabilityZoneInfo"][0]["hosts"]["host-1"]["nova-compute"];
    assert_eq!(service["available"], true);
    let hosts = cloud.admin().at("2.1").get("/os-hosts").await.is(200);
    assert_eq!(hosts["hosts"][0]["host_name"], "host-1");
    cloud
        .admin()
        .at("2.1")
        .get("/os-hosts/host-1")
        .await
        .is(200);
    cloud.admin().get("/os-hosts").await.refused(404);
    assert_eq!(
        cloud.admin().get("/os-aggregates").await.is(200),
        json!({ "aggregates": [] })
    );
    cloud
        .admin()
        .post("/os-aggregates", json!({}))
        .await
        .refused(501);
    assert_eq!(
        cloud.admin().get("/os-migrations").await.is(200),
        json!({ "migrations": [] })
    );
    let extensions = cloud.reader().get("/extensions").await.is(200);
    assert!(extensions["extensions"].as_array().unwrap().len() > 20);
    cloud.reader().get("/extensions/os-keypairs").await.is(200);
    cloud.reader().get("/extensions/nothing").await.refused(404);
}

#[actix_web::test]
async fn conductor_and_scheduler_are_listed_and_take_no_orders() {
    let cloud = Cloud::new().await;
    cloud.host("host-1").await;
    let admin = cloud.admin();
    let say = || {
        let parts = ["magnum-conductor", "nova-conductor", "nova-scheduler"];
        let said = move |tx: &mut Tx<'_>| workers::report(tx, "plane-1", &parts);
        cloud.store.write(said)
    };
    say().await.unwrap();
    let list = admin.get("/os-services").await.is(200);
    let list = list["services"].as_array().unwrap();
    let binaries: Vec<&str> = list
        .iter()
        .map(|it| it["binary"].as_str().unwrap())
        .collect();
    assert_eq!(
        binaries,
        ["nova-conductor", "nova-scheduler", "nova-compute"]
    );
    assert_eq!(list[0]["host"], "plane-1");
    assert_eq!(list[0]["zone"], "internal");
    assert_eq!(list[0]["state"], "up");
    assert_eq!(list[0]["status"], "enabled");
    for (query, count) in [
        ("binary=nova-scheduler", 1),
        ("host=plane-1", 2),
        ("host=x", 0),
    ] {
        let some = admin.get(&format!("/os-services?{query}")).await.is(200);
        assert_eq!(some["services"].as_array().unwrap().len(), count, "{query}");
    }
    let path = format!("/os-services/{}", list[0]["id"].as_str().unwrap());
    let order = json!({ "status": "disabled" });
    let told = admin.put(&path, order).await.refused(400);
    assert!(told.contains("only nova-compute"), "{told}");
    let old = admin.at("2.52");
    let order = json!({ "host": "plane-1", "binary": "nova-scheduler" });
    let told = old.put("/os-services/disable", order).await.refused(400);
    assert!(told.contains("only nova-compute"), "{told}");
    let numbers = old.get("/os-services?binary=nova-conductor").await.is(200);
    assert!(numbers["services"][0]["id"].is_i64());
    // One that went for good is removed; one that lives is back at its next word.
    admin.delete(&path).await.is(204);
    admin.delete(&path).await.refused(404);
    say().await.unwrap();
    let list = admin
        .get("/os-services?binary=nova-conductor")
        .await
        .is(200);
    assert_eq!(list["services"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn operators_see_who_a_machine_is_lent_to_and_that_nothing_of_it_is_free() {
    let cloud = Cloud::new().await;
    let host = cloud.host("host-1").await;
    let path = format!("/os-hypervisors/{host}");
    let admin = cloud.admin();
    let shown = admin.get(&path).await.is(200);
    let lending = &shown["hypervisor"]["jeroboam:lending"];
    let nobody = json!({ "lendable_memory_mb": null, "lent_to": null });
    assert_eq!(lending, &nobody, "its operator does not lend it");

    let id = HostId::parse(&host).unwrap();
    let write = move |tx: &mut Tx<'_>| {
        let mut inventory = hosts::get(tx, &id.to_string())?.unwrap().inventory()?;
        inventory.lendable_bytes = Some(15 << 30);
        assert!(hosts::report(tx, id, EpochId::new(), &inventory)?);
        let size = Size {
            vcpus: 1,
            memory_mb: 64,
            disk_gb: 0,
        };
        hosts::lend(tx, &id.to_string(), "some-server", size)
    };
    assert!(cloud.store.write(write).await.unwrap());
    for version in ["2.87", "2.96"] {
        let shown = admin.at(version).get(&path).await.is(200);
        let lending = &shown["hypervisor"]["jeroboam:lending"];
        let lent = json!({ "lendable_memory_mb": 15 << 10, "lent_to": "some-server" });
        assert_eq!(lending, &lent);
    }
    let shown = admin.at("2.87").get(&path).await.is(200);
    let shown = &shown["hypervisor"];
    assert_eq!(
        (&shown["vcpus_used"], &shown["free_ram_mb"]),
        (&json!(8), &json!(0))
    );
    let old = admin.at("2.42").get("/os-hosts/host-1").await.is(200);
    assert_eq!(old["host"][1]["resource"]["memory_mb"], 16_384);
}
