//! Samples of container-infra.

use super::Sample;
use crate::api::sow::manifest;
use crate::api::things::Things;
use serde_json::{Value, json};

pub(super) fn of(key: &str, things: &Things) -> Option<Vec<Sample>> {
    let one = |body| Some(vec![Sample::json(body)]);
    match key {
        "POST /baymodels" | "POST /clustertemplates" => Some(templates(things)),
        "PATCH /baymodels/{ident}" | "PATCH /clustertemplates/{ident}" => {
            let publish = json!([{ "op": "replace", "path": "/public", "value": true }]);
            let rename = json!([
                { "op": "replace", "path": "/name", "value": "renamed" },
                { "op": "add", "path": "/labels/shape", "value": "round" },
                { "op": "remove", "path": "/tags" },
                { "op": "replace", "path": "/labels", "value": "{'a': 'b'}" },
            ]);
            Some(vec![
                Sample::json(rename),
                Sample::json(publish).label("publish"),
            ])
        }
        "POST /quotas" => one(json!({
            "project_id": things.get("project/elsewhere"), "resource": "Cluster", "hard_limit": 3,
        })),
        "PATCH /quotas/{project}/{resource}" => {
            let body = json!({
                "project_id": things.get("project/home"), "resource": "Cluster", "hard_limit": 3,
            });
            Some(vec![Sample::json(body).place("resource", "word/Cluster")])
        }
        "GET /quotas/{project}/{resource}" | "DELETE /quotas/{project}/{resource}" => {
            Some(vec![Sample::plain().place("resource", "word/Cluster")])
        }
        "GET /stats" => {
            let home = things.get("project/home");
            let mut named = Sample::plain().label("of the project");
            named.query = format!("project_id={home}&type=cluster");
            Some(vec![Sample::plain(), named])
        }
        "POST /nodes" => one(json!({
            "type": "bare", "image_id": "i", "ironic_node_id": "n",
        })),
        "PATCH /nodes/{uuid}" => {
            one(json!([{ "op": "replace", "path": "/type", "value": "virt" }]))
        }
        "POST /x509keypairs" => one(json!({
            "name": "new", "bay_uuid": things.get("cluster/home"), "ca_cert": "c", "certificate": "c",
            "private_key": "k",
        })),
        "POST /federations" => one(json!({
            "name": "new", "hostcluster_id": things.get("cluster/home"),
            "member_ids": [things.get("cluster/home")], "properties": { "dns-zone": "z" },
        })),
        "PATCH /federations/{ident}" => one(json!([
            { "op": "add", "path": "/member_ids", "value": things.get("cluster/home") },
            { "op": "replace", "path": "/properties/dns-zone", "value": "y" },
        ])),
        key => cluster(key, things)
            .or_else(|| workload(key, things))
            .or_else(|| container(key, things)),
    }
}

fn templates(things: &Things) -> Vec<Sample> {
    let template = |public: bool| -> Value {
        json!({
            "name": "new", "coe": "docker", "image_id": things.get("image/nodes"), "keypair_id": "laptop",
            "external_network_id": "public", "fixed_network": "private", "fixed_subnet": "private",
            "network_driver": "docker", "dns_nameserver": "8.8.8.8",
            "flavor_id": things.get("flavor/public"), "master_flavor_id": things.get("compute/flavors"),
            "apiserver_port": 2376, "docker_volume_size": "5", "docker_storage_driver": "overlay2",
            "http_proxy": "http://p", "https_proxy": "http://p", "no_proxy": "localhost",
            "insecure_registry": "r:5000", "labels": { "a": 1 }, "registry_enabled": "no",
            "tls_disabled": false, "public": public, "hidden": false, "master_lb_enabled": "False",
            "floating_ip_enabled": true, "server_type": "vm", "tags": "a,b",
        })
    };
    vec![
        Sample::json(template(false)),
        Sample::json(template(true)).label("public"),
    ]
}

/// Pods, replication controllers and services.
fn workload(key: &str, things: &Things) -> Option<Vec<Sample>> {
    let (method, path) = key.split_once(' ')?;
    let kind = ["pods", "rcs", "services"];
    let kind = kind
        .into_iter()
        .find(|kind| path.trim_start_matches('/').starts_with(kind))?;
    let written = |name: &str| manifest(kind, name, things.get("image/public")).to_string();
    let sample = match method {
        "POST" => Sample::json(json!({
            "bay_uuid": things.get("cluster/ready"), "manifest": written("new"),
            "manifest_url": null,
        })),
        "PATCH" => {
            let own = things.get(&format!("name:container-infra/{kind}"));
            Sample::json(json!([{ "op": "replace", "path": "/manifest", "value": written(own) }]))
        }
        _ => Sample::plain(),
    };
    Some(vec![match path.ends_with("{bay}") {
        true => sample.place("bay", "cluster/ready"),
        false => sample,
    }])
}

/// Containers, and what is done to them: the verb behind them, or before.
fn container(key: &str, things: &Things) -> Option<Vec<Sample>> {
    let (method, path) = key.split_once(' ')?;
    let rest = path.strip_prefix("/containers")?;
    let mut sample = match method {
        "POST" => Sample::json(json!({
            "name": "new", "image": things.get("image/images"), "bay_uuid": things.get("cluster/ready"),
            "command": "sleep 9", "memory": "64m", "environment": { "A": "b" },
        })),
        "PATCH" => Sample::json(json!([{ "op": "replace", "path": "/name", "value": "other" }])),
        _ => Sample::plain(),
    };
    if rest.contains("execute") {
        sample.query = "command=ls+-l".into();
    }
    let verb_first = rest.len() > "/{ident}".len() && rest.ends_with("{ident}");
    Some(vec![match verb_first {
        true => sample.place("ident", "container-infra/containers"),
        false => sample,
    }])
}

/// A request for a certificate, made with a key of nobody.
const CSR: &str = include_str!("../../../../api/tests/container_infra/request.pem");

/// Clusters, their groups of nodes, their certificates.
fn cluster(key: &str, things: &Things) -> Option<Vec<Sample>> {
    let one = |body| Some(vec![Sample::json(body)]);
    let nodegroup = |sample: Sample| Some(vec![sample.place("ident", "word/default-worker")]);
    match key {
        "POST /clusters" => one(json!({
            "name": "new", "cluster_template_id": things.get("template/plan"), "node_count": 2,
            "master_count": 1, "create_timeout": 60, "discovery_url": null, "labels": { "a": "b" },
            "keypair": things.get("compute/os-keypairs"),
        })),
        "POST /bays" => one(json!({
            "name": "new", "baymodel_id": things.get("template/plan"), "node_count": "2",
            "bay_create_timeout": null, "discovery_url": null,
        })),
        "PATCH /clusters/{ident}" | "PATCH /bays/{ident}" => {
            one(json!([{ "op": "replace", "path": "/node_count", "value": 2 }]))
        }
        "POST /clusters/{ident}/actions/resize" => {
            one(json!({ "node_count": 2, "nodes_to_remove": [] }))
        }
        "POST /clusters/{ident}/actions/upgrade" => one(json!({
            "cluster_template": things.get("template/plan"), "max_batch_size": 1,
        })),
        "POST /clusters/{cluster}/nodegroups" => one(json!({
            "name": "more", "node_count": 1, "min_node_count": 0, "max_node_count": null,
            "role": "worker",
        })),
        "PATCH /clusters/{cluster}/nodegroups/{ident}" => nodegroup(Sample::json(
            json!([{ "op": "replace", "path": "/max_node_count", "value": 3 }]),
        )),
        "GET /clusters/{cluster}/nodegroups/{ident}"
        | "DELETE /clusters/{cluster}/nodegroups/{ident}" => nodegroup(Sample::plain()),
        "POST /certificates" => one(json!({
            "cluster_uuid": things.get("cluster/home"), "csr": CSR, "ca_cert_type": "kubernetes",
        })),
        "GET /certificates/{cluster}/{kind}" => {
            Some(vec![Sample::plain().place("kind", "word/kubernetes")])
        }
        "PATCH /certificates/{cluster}" | "PATCH /credentials/{cluster}" => {
            Some(vec![Sample::plain()])
        }
        _ => None,
    }
}
