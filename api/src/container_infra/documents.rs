//! The version documents of both eras in one (contract `magnum-v1.md` §3.1), and the health probe.

use super::view;
use crate::call::Call;
use crate::ctx::Open;
use crate::reply::{self, Reply};
use crate::route::{Route, get};
use crate::service::Service;
use serde_json::{Value, json};

/// The routes of the documents.
pub fn routes() -> Vec<Route> {
    vec![
        get("/container-infra", root).at_root(),
        get("/container-infra/v1", v1).at_root(),
        get("/healthcheck", health),
    ]
}

/// Resources in the order of the clients' documents; `nodes` was never among them.
const RESOURCES: [&str; 15] = [
    "baymodels",
    "bays",
    "clustertemplates",
    "clusters",
    "pods",
    "rcs",
    "services",
    "containers",
    "x509keypairs",
    "certificates",
    "credentials",
    "mservices",
    "quotas",
    "stats",
    "federations",
];

async fn root(open: Open) -> Reply {
    let range = Service::ContainerInfra.microversions();
    let version = json!({
        "id": "v1",
        "status": "CURRENT",
        "min_version": range.map(|range| range.min.to_string()),
        "max_version": range.map(|range| range.max.to_string()),
        "links": [{ "rel": "self", "href": open.base().join("/container-infra/v1/") }],
    });
    reply::ok(&json!({
        "name": "OpenStack Magnum API",
        "description": "Clusters for containers: bays and clusters, their templates, nodes and certificates.",
        "versions": [version],
        "default_version": version,
    }))
}

async fn v1(open: Open) -> Reply {
    let mut document = json!({
        "id": "v1",
        "media_types": [{
            "base": "application/json",
            "type": "application/vnd.openstack.magnum.v1+json",
        }],
        "links": [
            { "rel": "self", "href": open.base().join("/container-infra/v1/") },
            {
                "rel": "describedby",
                "type": "text/html",
                "href": "https://docs.openstack.org/api-ref/container-infrastructure-management/",
            },
        ],
    });
    for name in RESOURCES {
        document[name] = collection(&open, name);
    }
    document["nodegroups"] = collection(&open, "clusters/{cluster_id}/nodegroups");
    reply::ok(&document)
}

fn collection(call: &Call, path: &str) -> Value {
    view::links(call, path, "")
}

async fn health(_: Open) -> Reply {
    reply::ok(&json!({ "status": "ok" }))
}
