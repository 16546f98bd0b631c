//! Samples of the image service.

use super::{Body, Sample};
use crate::api::sow::rootfs;
use crate::api::things::Things;
use serde_json::json;

const OCTETS: &str = "application/octet-stream";

pub(super) fn of(key: &str, things: &Things) -> Option<Vec<Sample>> {
    let one = |body| Some(vec![Sample::json(body)]);
    let queued = |body| Sample::plain().body(body).place("id", "image/queued");
    match key {
        "POST /images" => Some(vec![
            Sample::json(json!({
                "name": "new", "container_format": "bare", "disk_format": "raw", "min_ram": 1,
                "min_disk": 1, "protected": false, "os_hidden": false, "visibility": "private",
                "tags": ["a"], "os_distro": "none",
                "id": "7a7a7a7a-0000-4000-8000-000000000001",
            })),
            Sample::json(json!({ "name": "new", "visibility": "public" })).label("public"),
            Sample::json(json!({ "name": "new", "owner": things.get("project/home") }))
                .label("of project home"),
        ]),
        "PATCH /images/{id}" => {
            let patch = |ops| {
                let mut sample = Sample::json(ops);
                sample.headers.push((
                    "content-type",
                    "application/openstack-images-v2.1-json-patch".into(),
                ));
                sample
            };
            Some(vec![
                patch(json!([
                    { "op": "replace", "path": "/name", "value": "renamed" },
                    { "op": "add", "path": "/os_version", "value": "1" },
                    { "op": "remove", "path": "/os_distro" },
                    { "op": "replace", "path": "/min_ram", "value": 2 },
                    { "op": "replace", "path": "/tags", "value": ["a"] },
                ])),
                patch(json!([{ "op": "replace", "path": "/visibility", "value": "public" }]))
                    .label("public"),
                patch(json!([
                    { "op": "replace", "path": "/owner", "value": things.get("project/elsewhere") },
                ]))
                .label("to another owner"),
            ])
        }
        "DELETE /images/{id}" => Some(vec![
            Sample::plain().label("a server runs of it"),
            Sample::plain().label("unused").place("id", "image/queued"),
        ]),
        "PUT /images/{id}/file" => Some(vec![queued(Body::Bytes(OCTETS, rootfs()))]),
        "PUT /images/{id}/stage" => Some(vec![queued(Body::Bytes(OCTETS, rootfs()))]),
        "POST /images/{id}/import" => Some(vec![
            queued(Body::Json(
                json!({ "method": { "name": "glance-direct" }, "stores": [] }),
            ))
            .label("glance-direct"),
            queued(Body::Json(json!({ "method": {
                "name": "web-download", "uri": "http://127.0.0.1:1/image.tar",
            }})))
            .label("web-download"),
        ]),
        "PUT /images/{id}/blobs/{digest}" => {
            Some(vec![Sample::plain().body(Body::Bytes(OCTETS, rootfs()))])
        }
        "PUT /images/{id}/manifest" => one(json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": things.get("image/blobs"), "size": 2,
            },
            "layers": [{
                "mediaType": "application/vnd.oci.image.layer.v1.tar",
                "digest": things.get("image/blobs"), "size": 2,
            }],
        })),
        "POST /images/{id}/members" => one(json!({ "member": things.get("project/service") })),
        "PUT /images/{id}/members/{member}" => one(json!({ "status": "accepted" })),
        "PUT /images/{id}/tags/{tag}" => Some(vec![Sample::plain()]),
        "POST /images/{id}/actions/deactivate" | "POST /images/{id}/actions/reactivate" => {
            Some(vec![Sample::plain()])
        }
        "POST /tasks" => one(json!({ "type": "import", "input": {} })),
        "POST /metadefs/namespaces" | "PUT /metadefs/namespaces/{namespace}" => {
            one(json!({ "namespace": "new" }))
        }
        _ => None,
    }
}
