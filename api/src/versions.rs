//! The version documents of contract `client-requirements.md` §2: open to anybody, with links that
//! begin as the client's own request did.

use crate::call::Call;
use crate::ctx::Open;
use crate::reply::{self, Reply};
use crate::route::{Route, get, group};
use crate::service::Service;
use actix_web::http::StatusCode;
use serde_json::{Value, json};

/// The documents of every offered service.
pub fn routes() -> Vec<Route> {
    [
        group(
            Service::Identity,
            [
                get("/identity", identity).at_root(),
                get("/identity/v3", identity_v3).at_root(),
                get("/identity/v2.0", identity_v2).at_root(),
            ],
        ),
        group(
            Service::Image,
            [
                get("/image", image).at_root(),
                get("/image/versions", image).at_root(),
            ],
        ),
        group(
            Service::Compute,
            [
                get("/compute", compute).at_root(),
                get("/compute/v2.1", compute_v21).at_root(),
            ],
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

async fn identity(open: Open) -> Reply {
    let values = [v3(&open), v2(&open)];
    reply::json(
        StatusCode::MULTIPLE_CHOICES,
        &json!({ "versions": { "values": values } }),
    )
}

async fn identity_v3(open: Open) -> Reply {
    reply::ok(&json!({ "version": v3(&open) }))
}

async fn identity_v2(open: Open) -> Reply {
    reply::ok(&json!({ "version": v2(&open) }))
}

fn v3(call: &Call) -> Value {
    json!({
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{ "rel": "self", "href": call.base().join("/identity/v3/") }],
        "media-types": [{
            "base": "application/json",
            "type": "application/vnd.openstack.identity-v3+json",
        }],
    })
}

/// Only log-in: what the oldest Magnum clients need.
fn v2(call: &Call) -> Value {
    json!({
        "id": "v2.0",
        "status": "deprecated",
        "updated": "2016-08-04T00:00:00Z",
        "links": [{ "rel": "self", "href": call.base().join("/identity/v2.0/") }],
        "media-types": [{
            "base": "application/json",
            "type": "application/vnd.openstack.identity-v2.0+json",
        }],
    })
}

async fn image(open: Open) -> Reply {
    let version = |minor: u32, status: &str| {
        json!({
            "id": format!("v2.{minor}"),
            "status": status,
            "links": [{ "rel": "self", "href": open.base().join("/image/v2/") }],
        })
    };
    let mut versions = vec![version(17, "CURRENT")];
    versions.extend((0..17).rev().map(|minor| version(minor, "SUPPORTED")));
    reply::json(
        StatusCode::MULTIPLE_CHOICES,
        &json!({ "versions": versions }),
    )
}

async fn compute(open: Open) -> Reply {
    reply::ok(&json!({ "versions": [v21(&open)] }))
}

async fn compute_v21(open: Open) -> Reply {
    let mut version = v21(&open);
    version["media-types"] = json!([{
        "base": "application/json",
        "type": "application/vnd.openstack.compute+json;version=2.1",
    }]);
    reply::ok(&json!({ "version": version }))
}

fn v21(call: &Call) -> Value {
    let range = Service::Compute.microversions();
    json!({
        "id": "v2.1",
        "status": "CURRENT",
        "version": range.map(|range| range.max.to_string()),
        "min_version": range.map(|range| range.min.to_string()),
        "updated": "2013-07-23T11:33:21Z",
        "links": [{ "rel": "self", "href": call.base().join("/compute/v2.1/") }],
    })
}
