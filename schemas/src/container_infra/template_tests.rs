use super::super::patch;
use super::*;
use crate::Error;
use serde_json::json;

fn made(era: Era, body: Value) -> Result<Template> {
    Template::create(era, true, body::object(body)?)
}

fn small() -> Value {
    json!({ "coe": "docker", "image_id": "node", "keypair_id": "k" })
}

fn with(field: &str, value: Value) -> Value {
    let mut body = small();
    body[field] = value;
    body
}

fn patched(template: &Template, era: Era, body: Value) -> Result<Template> {
    let changes = patch::parse(&body, &rules(era, false))?;
    let mut document = template.document(era)?;
    patch::apply(&mut document, &changes)?;
    template.changed(era, document)
}

#[test]
fn what_is_left_out_has_its_default() {
    let template = made(Era::Modern, small()).unwrap();
    let view = Value::from(template.document(Era::Modern).unwrap());
    for (field, value) in [
        ("name", json!(null)),
        ("network_driver", json!("docker")),
        ("volume_driver", json!(null)),
        ("labels", json!({})),
        ("public", json!(false)),
        ("floating_ip_enabled", json!(true)),
        ("server_type", json!("vm")),
        ("driver", json!(null)),
    ] {
        assert_eq!(view[field], value, "{field}");
    }
    assert!(view.get("ssh_authorized_key").is_none());
    let legacy = template.document(Era::Legacy).unwrap();
    assert!(legacy.contains_key("ssh_authorized_key") && !legacy.contains_key("driver"));
}

#[test]
fn old_spellings_are_read() {
    let body = json!({
        "coe": "kubernetes", "image_id": "node", "keypair_id": "k", "name": null, "labels": null,
        "apiserver_port": "8080", "docker_volume_size": "5", "tls_disabled": "True", "public": "no",
    });
    let template = made(Era::Legacy, body).unwrap();
    assert_eq!(template.apiserver_port.unwrap().get(), 8080);
    assert!(template.tls_disabled.0 && !template.public.0);
}

#[test]
fn what_does_not_fit_is_refused_by_its_name() {
    for (era, field, value) in [
        (Era::Modern, "coe", json!("nomad")),
        (Era::Modern, "coe", json!(null)),
        (Era::Modern, "image_id", json!("")),
        (Era::Modern, "image_id", json!(null)),
        (Era::Modern, "image_id", json!("x".repeat(256))),
        (Era::Modern, "apiserver_port", json!(80)),
        (Era::Modern, "apiserver_port", json!(65536)),
        (Era::Modern, "docker_volume_size", json!(0)),
        (Era::Modern, "docker_storage_driver", json!("devicemapper")),
        (Era::Modern, "network_driver", json!("flannel")),
        (Era::Modern, "volume_driver", json!("cinder")),
        (Era::Modern, "server_type", json!("pc")),
        (Era::Modern, "dns_nameserver", json!("8.8.8")),
        (Era::Modern, "dns_nameserver", json!("8.8.8.8,")),
        (Era::Legacy, "dns_nameserver", json!("8.8.8.8,8.8.4.4")),
        (Era::Modern, "public", json!("perhaps")),
        (Era::Modern, "ssh_authorized_key", json!("ssh-ed25519 A")),
        (Era::Legacy, "driver", json!("d")),
        (Era::Modern, "project_id", json!("p")),
        (Era::Legacy, "project_id", json!("p")),
        (Era::Modern, "links", json!([])),
        (Era::Modern, "created_at", json!("")),
        (Era::Modern, "color", json!("red")),
        (Era::Legacy, "keypair_id", json!(null)),
    ] {
        match made(era, with(field, value.clone())) {
            // A field whose demand is another's is told by the other.
            Err(Error::BadRequest(told)) => {
                let named = told.contains(field) || told.contains("docker_volume_size");
                assert!(named, "{field}: {value}: {told}");
            }
            other => panic!("{era:?} {field}: {value}: {other:?}"),
        }
    }
    assert!(made(Era::Modern, with("keypair_id", json!(null))).is_ok());
    assert!(
        made(
            Era::Modern,
            with("dns_nameserver", json!("8.8.8.8, 8.8.4.4"))
        )
        .is_ok()
    );
    assert!(made(Era::Legacy, with("server_type", json!("pc"))).is_ok());
}

#[test]
fn each_coe_has_its_drivers() {
    let try_out = |era, coe: &str, network: &str| {
        let mut body = with("coe", json!(coe));
        body["network_driver"] = json!(network);
        made(era, body).is_ok()
    };
    for (era, coe, network, legal) in [
        (Era::Legacy, "kubernetes", "flannel", true),
        (Era::Legacy, "kubernetes", "calico", false),
        (Era::Modern, "kubernetes", "calico", true),
        (Era::Modern, "kubernetes", "docker", false),
        (Era::Legacy, "swarm", "flannel", true),
        (Era::Legacy, "mesos", "docker", true),
        (Era::Legacy, "mesos", "flannel", false),
        (Era::Modern, "swarm-mode", "docker", true),
    ] {
        assert_eq!(try_out(era, coe, network), legal, "{era:?} {coe} {network}");
    }
}

#[test]
fn a_change_keeps_the_rules_of_its_path_only_where_it_changes_something() {
    let mut body = with("coe", json!("kubernetes"));
    body["network_driver"] = json!("calico");
    body["dns_nameserver"] = json!("8.8.8.8,8.8.4.4");
    let template = made(Era::Modern, body).unwrap();
    let rename = json!([{ "op": "replace", "path": "/name", "value": "n" }]);
    let renamed = patched(&template, Era::Legacy, rename).unwrap();
    assert_eq!(renamed.network_driver.as_deref(), Some("calico"));
    let coe = json!([{ "op": "replace", "path": "/coe", "value": "docker" }]);
    assert!(
        patched(&template, Era::Legacy, coe).is_err(),
        "calico is not docker's"
    );
}

#[test]
fn a_removed_field_has_its_default_again() {
    let mut body = with("floating_ip_enabled", json!(false));
    body["labels"] = json!({ "a": 1 });
    body["flavor_id"] = json!("small");
    let template = made(Era::Modern, body).unwrap();
    let all = json!([
        { "op": "remove", "path": "/floating_ip_enabled" },
        { "op": "remove", "path": "/labels" },
        { "op": "remove", "path": "/flavor_id" },
    ]);
    let changed = patched(&template, Era::Modern, all).unwrap();
    assert!(changed.floating_ip_enabled.0 && changed.labels.0.is_empty());
    assert_eq!(changed.flavor_id, None);
    for field in [
        "coe",
        "image_id",
        "network_driver",
        "public",
        "cluster_distro",
    ] {
        let body = json!([{ "op": "remove", "path": format!("/{field}") }]);
        assert!(
            patched(&template, Era::Modern, body).is_err(),
            "{field} is mandatory"
        );
    }
}

#[test]
fn every_field_is_a_sort_key() {
    let template = made(Era::Modern, small()).unwrap();
    let all = serde_json::to_value(&template).unwrap();
    for field in all.as_object().unwrap().keys() {
        assert!(SORT_KEYS.contains(&field.as_str()), "{field}");
    }
}
