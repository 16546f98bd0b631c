//! Samples of compute.

use super::Sample;
use crate::api::sow::KEY;
use crate::api::things::Things;
use serde_json::{Value, json};

pub(super) fn of(key: &str, things: &Things) -> Option<Vec<Sample>> {
    let id = |place: &str| things.get(place).to_owned();
    let one = |body| Some(vec![Sample::json(body)]);
    match key {
        "POST /servers" => Some(servers(things)),
        "PUT /servers/{id}" => one(json!({ "server": {
            "name": "renamed", "description": "d", "hostname": "renamed", "accessIPv4": "10.0.0.1",
            "accessIPv6": "fd00::1", "OS-DCF:diskConfig": "MANUAL",
        }})),
        "POST /servers/{id}/action" => Some(actions(things)),
        "POST /servers/{id}/metadata" | "PUT /servers/{id}/metadata" => {
            one(json!({ "metadata": { "shape": "round" } }))
        }
        "PUT /servers/{id}/metadata/{key}" => one(json!({ "meta": { "color": "green" } })),
        "PUT /servers/{id}/tags" => one(json!({ "tags": ["a", "b"] })),
        "PUT /servers/{id}/tags/{tag}" => Some(vec![Sample::plain()]),
        "POST /servers/{id}/remote-consoles" => {
            one(json!({ "remote_console": { "protocol": "serial", "type": "serial" } }))
        }
        "POST /servers/{id}/os-interface" => one(json!({ "interfaceAttachment": {
            "net_id": "00000000-0000-0000-0000-000000000000",
        }})),
        "POST /servers/{id}/os-volume_attachments" => one(json!({ "volumeAttachment": {
            "volumeId": "00000000-0000-0000-0000-000000000000",
        }})),
        "POST /flavors" => one(json!({ "flavor": {
            "name": "new", "id": "new", "ram": 64, "vcpus": 1, "disk": 1, "swap": 0,
            "OS-FLV-EXT-DATA:ephemeral": 0, "rxtx_factor": 1.0, "description": "d",
            "os-flavor-access:is_public": true,
        }})),
        "PUT /flavors/{id}" => one(json!({ "flavor": { "description": "changed" } })),
        "POST /flavors/{id}/os-extra_specs" => {
            one(json!({ "extra_specs": { "quota:pids_limit": "100" } }))
        }
        "PUT /flavors/{id}/os-extra_specs/{key}" => one(json!({ "quota:cpu_shares": "256" })),
        "POST /flavors/{id}/action" => {
            let tenant = json!({ "tenant": id("project/elsewhere") });
            let ours = json!({ "tenant": id("project/home") });
            Some(vec![
                Sample::json(json!({ "addTenantAccess": tenant })).label("add"),
                Sample::json(json!({ "removeTenantAccess": ours })).label("remove"),
            ])
        }
        "POST /os-keypairs" => one(json!({ "keypair": {
            "name": "new", "public_key": KEY, "type": "ssh",
        }})),
        "POST /os-server-groups" => one(json!({ "server_group": {
            "name": "new", "policy": "anti-affinity", "rules": { "max_server_per_host": 2 },
        }})),
        "PUT /os-quota-sets/{project}" => {
            one(json!({ "quota_set": { "instances": 20, "cores": -1, "force": true } }))
        }
        "PUT /os-quota-class-sets/{class}" => {
            one(json!({ "quota_class_set": { "instances": 20 } }))
        }
        "POST /os-aggregates" => {
            one(json!({ "aggregate": { "name": "new", "availability_zone": "nova" } }))
        }
        "PUT /os-services/{id} (old)" => Some(vec![
            Sample::json(json!({
                "host": "machine-1", "binary": "nova-compute", "disabled_reason": "repair",
            }))
            .place("id", "word/disable-log-reason"),
        ]),
        "GET /os-hypervisors/{pattern}/search (old)"
        | "GET /os-hypervisors/{pattern}/servers (old)" => {
            Some(vec![Sample::plain().place("pattern", "name:host")])
        }
        "PUT /os-services/{id}" => one(json!({
            "status": "disabled", "disabled_reason": "repair",
        })),
        _ => None,
    }
}

fn servers(things: &Things) -> Vec<Sample> {
    let server = |image: &str, flavor: &str| {
        json!({
            "name": "new", "imageRef": things.get(image), "flavorRef": things.get(flavor),
            "networks": "auto", "metadata": { "color": "red" }, "tags": ["a"],
            "description": "d", "hostname": "new", "min_count": 1, "max_count": 1,
            "availability_zone": "nova", "user_data": "aGVsbG8=", "config_drive": false,
            "security_groups": [{ "name": "default" }], "OS-DCF:diskConfig": "AUTO",
            "accessIPv4": "10.0.0.1", "accessIPv6": "fd00::1",
        })
    };
    let mut grouped = json!({ "server": server("image/images", "compute/flavors") });
    if let Some(group) = things.find("compute/os-server-groups") {
        grouped["os:scheduler_hints"] = json!({ "group": group });
    }
    let mut forced = server("image/images", "flavor/public");
    forced["host"] = json!("machine-1");
    let mut device = server("image/images", "flavor/public");
    device
        .as_object_mut()
        .map(|server| server.remove("imageRef"));
    device["block_device_mapping_v2"] = json!([{
        "uuid": things.get("image/images"), "source_type": "image", "destination_type": "local",
        "boot_index": 0, "delete_on_termination": true,
    }]);
    vec![
        Sample::json(json!({ "server": server("image/images", "flavor/public") }))
            .label("of their image"),
        Sample::json(grouped).label("of their image, flavor and group"),
        Sample::json(json!({ "server": forced })).label("on a host of choice"),
        Sample::json(json!({ "server": device })).label("from a block device"),
    ]
}

/// One of each action.
fn actions(things: &Things) -> Vec<Sample> {
    let image = things.get("image/images");
    let flavor = things.get("flavor/public");
    let actions: [(&'static str, Value); 29] = [
        ("os-start", Value::Null),
        ("os-stop", Value::Null),
        ("reboot", json!({ "type": "SOFT" })),
        (
            "rebuild",
            json!({ "imageRef": image, "name": "rebuilt", "description": "d" }),
        ),
        ("resize", json!({ "flavorRef": flavor })),
        ("confirmResize", Value::Null),
        ("revertResize", Value::Null),
        (
            "createImage",
            json!({ "name": "snapshot", "metadata": { "a": "b" } }),
        ),
        ("pause", Value::Null),
        ("unpause", Value::Null),
        ("suspend", Value::Null),
        ("resume", Value::Null),
        ("shelve", Value::Null),
        ("shelveOffload", Value::Null),
        ("unshelve", Value::Null),
        ("lock", json!({ "locked_reason": "busy" })),
        ("unlock", Value::Null),
        ("rescue", json!({ "adminPass": "x" })),
        ("unrescue", Value::Null),
        ("migrate", json!({ "host": "machine-1" })),
        (
            "os-migrateLive",
            json!({ "host": null, "block_migration": "auto" }),
        ),
        ("evacuate", json!({ "host": "machine-1" })),
        ("os-resetState", json!({ "state": "error" })),
        ("forceDelete", Value::Null),
        ("restore", Value::Null),
        ("os-getConsoleOutput", json!({ "length": 10 })),
        ("addSecurityGroup", json!({ "name": "default" })),
        ("removeSecurityGroup", json!({ "name": "default" })),
        ("changePassword", json!({ "adminPass": "x" })),
    ];
    let mut samples: Vec<Sample> = actions
        .into_iter()
        .map(|(name, value)| Sample::json(json!({ name: value })).label(name))
        .collect();
    samples.push(
        Sample::json(json!({ "createBackup": {
            "name": "b", "backup_type": "daily", "rotation": 1,
        }}))
        .label("createBackup"),
    );
    samples.push(Sample::json(json!({ "trigger_crash_dump": null })).label("trigger_crash_dump"));
    samples
}
