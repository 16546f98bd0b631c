//! The shape of a server in the microversions that changed it.

use super::cloud::{Cloud, IMAGE};
use serde_json::{Value, json};
use std::collections::BTreeSet;

async fn keys(cloud: &Cloud, id: &str, version: &'static str, admin: bool) -> BTreeSet<String> {
    let caller = if admin { cloud.admin() } else { cloud.member() };
    let shown = caller
        .at(version)
        .get(&format!("/servers/{id}"))
        .await
        .is(200);
    shown["server"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}

#[actix_web::test]
async fn each_field_is_there_exactly_since_its_microversion() {
    let cloud = Cloud::new().await;
    let host = cloud.host("host-1").await;
    let id = super::servers::make(&cloud.member(), "web").await;
    cloud.settle(&id, &host, "active").await;
    let steps: [(&str, &[&str]); 9] = [
        ("2.8", &[]),
        ("2.9", &["locked"]),
        ("2.19", &["description"]),
        ("2.26", &["tags"]),
        ("2.63", &["trusted_image_certificates"]),
        ("2.71", &["server_groups"]),
        ("2.73", &["locked_reason"]),
        ("2.90", &["OS-EXT-SRV-ATTR:hostname"]),
        ("2.96", &["pinned_availability_zone"]),
    ];
    let mut expected = keys(&cloud, &id, "2.1", false).await;
    assert_eq!(expected.len(), 27, "{expected:?}");
    for (version, added) in steps {
        expected.extend(added.iter().map(|key| (*key).to_owned()));
        assert_eq!(
            keys(&cloud, &id, version, false).await,
            expected,
            "{version}"
        );
    }
    let more = |base: &BTreeSet<String>, all: BTreeSet<String>| {
        let mut more: Vec<String> = all.difference(base).cloned().collect();
        more.sort();
        more.join(" ").replace("OS-EXT-SRV-ATTR:", "")
    };
    let base = keys(&cloud, &id, "2.1", false).await;
    assert_eq!(
        more(&base, keys(&cloud, &id, "2.1", true).await),
        "host hypervisor_hostname instance_name"
    );
    assert_eq!(
        more(&base, keys(&cloud, &id, "2.3", true).await),
        "host hostname hypervisor_hostname instance_name kernel_id launch_index ramdisk_id \
         reservation_id root_device_name user_data"
    );
    assert!(
        keys(&cloud, &id, "2.16", true)
            .await
            .contains("host_status")
    );
    assert!(
        !keys(&cloud, &id, "2.96", false)
            .await
            .contains("host_status")
    );
}

#[actix_web::test]
async fn the_flavor_is_a_link_until_2_46_and_embedded_since() {
    let cloud = Cloud::new().await;
    let id = super::servers::make(&cloud.member(), "web").await;
    let path = format!("/servers/{id}");
    let old = cloud.member().at("2.46").get(&path).await.is(200);
    assert_eq!(
        old["server"]["flavor"],
        json!({
            "id": "1",
            "links": [{ "rel": "bookmark", "href": "http://cloud:8774/compute/flavors/1" }],
        })
    );
    let new = cloud.member().at("2.47").get(&path).await.is(200);
    assert_eq!(
        new["server"]["flavor"],
        json!({
            "original_name": "m1.nano", "vcpus": 1, "ram": 64, "disk": 0, "ephemeral": 0, "swap": 0,
            "extra_specs": {},
        })
    );
}

#[actix_web::test]
async fn a_running_server_is_shown_to_an_operator_with_all_there_is() {
    let cloud = Cloud::new().await;
    let host = cloud.host("host-1").await;
    let id = super::servers::make(&cloud.member(), "web").await;
    cloud.settle(&id, &host, "active").await;
    let mut shown = cloud.admin().get(&format!("/servers/{id}")).await.is(200);
    let server = shown["server"].as_object_mut().unwrap();
    for key in [
        "id",
        "created",
        "updated",
        "hostId",
        "links",
        "OS-SRV-USG:launched_at",
        "user_id",
        "OS-EXT-SRV-ATTR:instance_name",
        "OS-EXT-SRV-ATTR:reservation_id",
    ] {
        let value = server.remove(key).unwrap();
        assert!(!value.to_string().contains("null") && value != "", "{key}");
    }
    let attributes = json!({
        "OS-EXT-SRV-ATTR:host": "host-1", "OS-EXT-SRV-ATTR:hypervisor_hostname": "host-1",
        "OS-EXT-SRV-ATTR:hostname": "web", "OS-EXT-SRV-ATTR:kernel_id": "",
        "OS-EXT-SRV-ATTR:launch_index": 0, "OS-EXT-SRV-ATTR:ramdisk_id": "",
        "OS-EXT-SRV-ATTR:root_device_name": null, "OS-EXT-SRV-ATTR:user_data": null,
    });
    let mut expected = json!({
        "name": "web", "status": "ACTIVE", "tenant_id": super::cloud::PROJECT, "metadata": {},
        "image": { "id": IMAGE, "links": [{
            "rel": "bookmark", "href": format!("http://cloud:8774/compute/images/{IMAGE}"),
        }]},
        "flavor": {
            "original_name": "m1.nano", "vcpus": 1, "ram": 64, "disk": 0, "ephemeral": 0,
            "swap": 0, "extra_specs": {},
        },
        "addresses": { "private": [{
            "version": 4, "addr": "10.128.0.2", "OS-EXT-IPS:type": "fixed",
            "OS-EXT-IPS-MAC:mac_addr": "02:42:0a:80:00:02",
        }]},
        "accessIPv4": "", "accessIPv6": "", "OS-DCF:diskConfig": "MANUAL", "progress": 100,
        "locked": false, "locked_reason": null, "description": null, "tags": [],
        "trusted_image_certificates": null, "server_groups": [],
        "OS-EXT-AZ:availability_zone": "nova", "pinned_availability_zone": null,
        "config_drive": "", "key_name": null, "OS-SRV-USG:terminated_at": null,
        "security_groups": [{ "name": "default" }], "OS-EXT-STS:task_state": null,
        "OS-EXT-STS:vm_state": "active", "OS-EXT-STS:power_state": 1,
        "os-extended-volumes:volumes_attached": [], "host_status": "UP",
    });
    let Value::Object(attributes) = attributes else {
        unreachable!()
    };
    expected.as_object_mut().unwrap().extend(attributes);
    assert_eq!(shown["server"], expected);
}

#[actix_web::test]
async fn the_answer_to_a_change_was_shorter_before_2_75() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let id = super::servers::make(&member, "web").await;
    let change = json!({ "server": { "name": "b" } });
    let path = format!("/servers/{id}");
    let old = member.at("2.74").put(&path, change.clone()).await.is(200);
    assert!(old["server"].get("OS-EXT-STS:vm_state").is_none());
    assert!(old["server"].get("locked_reason").is_some());
    let new = member.at("2.75").put(&path, change).await.is(200);
    assert_eq!(new["server"]["OS-EXT-STS:vm_state"], "building");
}

#[actix_web::test]
async fn an_error_is_shown_with_its_cause() {
    let cloud = Cloud::new().await;
    let id = super::servers::make(&cloud.member(), "web").await;
    cloud
        .edit(&id, |server, _| {
            server.vm_state = "error".into();
            server.task_state = None;
            server.fail(schemas::Timestamp(0), "no host has room")
        })
        .await;
    let shown = cloud.member().get(&format!("/servers/{id}")).await.is(200);
    assert_eq!(shown["server"]["status"], "ERROR");
    assert_eq!(
        shown["server"]["fault"],
        json!({
            "code": 500, "message": "no host has room", "created": "1970-01-01T00:00:00Z",
        })
    );
    assert!(shown["server"].get("progress").is_none());
}
