//! Compute's things: a flavor for all and one for the victim, a host, and what the victim's member
//! has on it.

use super::{make, must};
use crate::api::answer::Ask;
use crate::api::cloud::Cloud;
use crate::api::persona::Persona;
use actix_web::http::Method;
use schemas::host::Inventory;
use schemas::ids::{EpochId, HostId};
use serde_json::json;
use store::compute::servers;

const BASE: &str = "/compute/v2.1";

/// A public key nobody has the private half of.
pub const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJwHC1U4HqFqGfXzYTQeYyLbqcUTQ0Nc2Ycx4HDhrmWd member";

pub(super) async fn sow(cloud: &mut Cloud) {
    host(cloud).await;
    let admin = Persona::Admin;
    let flavor = |name: &str, public: bool| {
        json!({ "flavor": {
            "name": name, "ram": 64, "vcpus": 1, "disk": 1, "os-flavor-access:is_public": public,
        }})
    };
    let path = format!("{BASE}/flavors");
    make(
        cloud,
        admin,
        &path,
        flavor("small", true),
        "/flavor/id",
        "flavor/public",
    )
    .await;
    make(
        cloud,
        admin,
        &path,
        flavor("ours", false),
        "/flavor/id",
        "compute/flavors",
    )
    .await;
    cloud.things.put("name:compute/flavors", "ours");
    let home = cloud.things.get("project/home").to_owned();
    let flavor = cloud.things.get("compute/flavors").to_owned();
    let access = json!({ "addTenantAccess": { "tenant": home } });
    let access = Ask::new(Method::POST, format!("{path}/{flavor}/action")).json(&access);
    must(cloud, admin, access).await;
    let specs = json!({ "extra_specs": { "quota:cpu_shares": "512" } });
    let specs = Ask::new(Method::POST, format!("{path}/{flavor}/os-extra_specs")).json(&specs);
    must(cloud, admin, specs).await;
    cloud
        .things
        .put("compute/os-extra_specs", "quota:cpu_shares");
    let key = json!({ "keypair": { "name": "laptop", "public_key": KEY } });
    let key = Ask::new(Method::POST, format!("{BASE}/os-keypairs")).json(&key);
    must(cloud, Persona::Member, key).await;
    cloud.things.put("compute/os-keypairs", "laptop");
    group(cloud).await;
    server(cloud).await;
}

async fn host(cloud: &mut Cloud) {
    let id = HostId::new();
    let inventory = Inventory {
        hostname: "machine-1".into(),
        driver: "sim".into(),
        engine: "sim".into(),
        architecture: "amd64".into(),
        cpus: 4,
        memory_bytes: 8 << 30,
        memory_free_bytes: 8 << 30,
        disk_bytes: 100 << 30,
        disk_free_bytes: 100 << 30,
        zone: "nova".into(),
        ..Inventory::default()
    };
    let epoch = EpochId::new();
    let known = cloud
        .state
        .store
        .write(move |tx| store::compute::hosts::report(tx, id, epoch, &inventory))
        .await;
    known.unwrap();
    let id = id.to_string();
    for place in ["os-hypervisors", "os-services"] {
        cloud.things.put(format!("compute/{place}"), &*id);
    }
    for (place, value) in [
        ("compute/extensions", "os-keypairs"),
        ("compute/os-hosts", "machine-1"),
        ("compute/os-aggregates", "1"),
        ("compute/os-quota-class-sets", "default"),
        ("name:host", "machine-1"),
        ("word/disable-log-reason", "disable-log-reason"),
    ] {
        cloud.things.put(place, value);
    }
}

async fn group(cloud: &mut Cloud) {
    let group = json!({ "server_group": { "name": "apart", "policy": "anti-affinity" } });
    let ask = Ask::new(Method::POST, format!("{BASE}/os-server-groups"))
        .header("openstack-api-version", "compute 2.96")
        .json(&group);
    let made = must(cloud, Persona::Member, ask).await.json();
    let id = made["server_group"]["id"].as_str().unwrap();
    cloud.things.put("compute/os-server-groups", id);
    cloud.things.put("name:compute/os-server-groups", "apart");
}

async fn server(cloud: &mut Cloud) {
    let things = cloud.things.clone();
    let mut body = json!({ "server": {
        "name": "web", "imageRef": things.get("image/images"),
        "flavorRef": things.get("compute/flavors"), "networks": "auto", "key_name": "laptop",
        "metadata": { "color": "red" }, "tags": ["blue"],
    }});
    if let Some(group) = things.find("compute/os-server-groups") {
        body["os:scheduler_hints"] = json!({ "group": group });
    }
    let ask = Ask::new(Method::POST, format!("{BASE}/servers"))
        .header("openstack-api-version", "compute 2.96")
        .json(&body);
    let made = must(cloud, Persona::Member, ask).await;
    let request = made.header("x-openstack-request-id").unwrap();
    cloud.things.put("compute/os-instance-actions", request);
    let id = made.json()["server"]["id"].as_str().unwrap().to_owned();
    active(cloud, id.clone()).await;
    cloud.things.put("compute/servers", id);
    for (place, value) in [
        ("name:compute/servers", "web"),
        ("compute/metadata", "color"),
        ("compute/tags", "blue"),
        ("compute/ips", "private"),
        (
            "compute/os-interface",
            "00000000-0000-0000-0000-000000000000",
        ),
        (
            "compute/os-volume_attachments",
            "00000000-0000-0000-0000-000000000000",
        ),
        (
            "compute/os-networks",
            &store::compute::networks::id_of(things.get("project/home")),
        ),
        ("compute/os-quota-sets", things.get("project/home")),
        ("compute/os-simple-tenant-usage", things.get("project/home")),
    ] {
        cloud.things.put(place, value);
    }
}

/// As a conductor would leave it: on the seeded host, whose agent answers in every copy.
pub(super) async fn active(cloud: &Cloud, id: String) {
    let host = cloud.things.get("compute/os-hypervisors").to_owned();
    let done = cloud.state.store.write(move |tx| {
        let found = servers::any(tx, &id)?;
        let mut server = found.unwrap();
        server.vm_state = "active".into();
        server.host_id = Some(host.clone());
        server.task_state = None;
        server.deadline = None;
        server.launched_at = Some(tx.now().0);
        servers::update(tx, &mut server)
    });
    done.await.unwrap();
}
