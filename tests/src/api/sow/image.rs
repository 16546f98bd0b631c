//! The image service's things: an active private image that is shared with a project which has not
//! answered, and one without data.

use super::{make, must};
use crate::api::answer::Ask;
use crate::api::cloud::Cloud;
use crate::api::persona::Persona;
use actix_web::http::Method;
use serde_json::{Value, json};

const BASE: &str = "/image/v2";

/// A root filesystem with one file, as a tar.
pub fn rootfs() -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(5);
    header.set_mode(0o644);
    tar.append_data(&mut header, "etc/hello", &b"hello"[..])
        .unwrap();
    tar.into_inner().unwrap()
}

pub(super) async fn sow(cloud: &mut Cloud) {
    cloud.things.put("name:image/images", "theirs");
    for (place, value) in [
        ("image/tags", "blue"),
        ("image/namespaces", "OS::Software::Container"),
        ("image/properties", "os_distro"),
        ("image/schemas", "image"),
        ("image/metadefs", "namespace"),
        ("image/members", cloud.things.clone().get("project/admin")),
    ] {
        cloud.things.put(place, value);
    }
    let member = Persona::Member;
    let image = |name: &str| {
        json!({
            "name": name, "container_format": "bare", "disk_format": "raw", "tags": ["blue"],
            "visibility": "shared", "os_distro": "none",
        })
    };
    let path = format!("{BASE}/images");
    make(cloud, member, &path, image("theirs"), "/id", "image/images").await;
    make(cloud, member, &path, image("empty"), "/id", "image/queued").await;
    let id = cloud.things.get("image/images").to_owned();
    let data = Ask::new(Method::PUT, format!("{path}/{id}/file"))
        .bytes("application/octet-stream", rootfs());
    must(cloud, member, data).await;
    let share = json!({ "member": cloud.things.get("image/members") });
    let share = Ask::new(Method::POST, format!("{path}/{id}/members")).json(&share);
    must(cloud, member, share).await;
    parts(cloud, &id).await;
    task(cloud).await;
}

/// One of the blobs the image consists of.
async fn parts(cloud: &mut Cloud, id: &str) {
    let manifest = Ask::get(format!("{BASE}/images/{id}/manifest"));
    let manifest = must(cloud, Persona::Service, manifest).await.json();
    let layer = manifest.pointer("/layers/0/digest").and_then(Value::as_str);
    cloud.things.put("image/blobs", layer.unwrap());
}

/// An import that nobody carries out.
async fn task(cloud: &mut Cloud) {
    let (member, path) = (Persona::Member, format!("{BASE}/images"));
    let image = json!({ "name": "coming", "container_format": "bare", "disk_format": "raw" });
    make(cloud, member, &path, image, "/id", "image/importing").await;
    let id = cloud.things.get("image/importing").to_owned();
    let import = json!({ "method": {
        "name": "web-download", "uri": "http://mirror.example.org/image.tar",
    }});
    let import = Ask::new(Method::POST, format!("{path}/{id}/import")).json(&import);
    must(cloud, member, import).await;
    let tasks = must(cloud, member, Ask::get(format!("{path}/{id}/tasks")))
        .await
        .json();
    let task = tasks.pointer("/tasks/0/id").and_then(Value::as_str);
    cloud.things.put("image/tasks", task.unwrap());
}
