//! JSON Schemas: glanceclient and Horizon ask for them before they print or change an image.

use super::rules;
use crate::ctx::Ctx;
use crate::extract::Path;
use crate::reply::{self, Reply};
use crate::route::{Route, get};
use schemas::Error;
use schemas::image::{CONTAINER_FORMATS, DISK_FORMATS, Status, Visibility};
use serde_json::{Value, json};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/schemas/{name}", show),
        get("/schemas/metadefs/{name}", metadef),
    ]
}

async fn show(_: Ctx<rules::Discover>, Path(name): Path<String>) -> Reply {
    match name.as_str() {
        "image" => reply::ok(&image()),
        "images" => reply::ok(&list("images", image())),
        "member" => reply::ok(&member()),
        "members" => reply::ok(&list("members", member())),
        "task" => reply::ok(&task()),
        "tasks" => reply::ok(&list("tasks", task())),
        _ => Err(Error::not_found("Schema", name)),
    }
}

async fn metadef(_: Ctx<rules::Discover>, Path(name): Path<String>) -> Reply {
    match super::metadefs::schema(&name) {
        Some(schema) => reply::ok(&schema),
        None => Err(Error::not_found("Schema", name)),
    }
}

fn list(name: &str, item: Value) -> Value {
    json!({
        "name": name,
        "properties": {
            name: { "type": "array", "items": item },
            "schema": { "type": "string" },
            "first": { "type": "string" },
            "next": { "type": "string" },
        },
        "links": [
            { "rel": "first", "href": "{first}" },
            { "rel": "next", "href": "{next}" },
            { "rel": "describedby", "href": "{schema}" },
        ],
    })
}

fn words<T: Copy>(all: &[T], word: impl Fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|one| word(*one)).collect()
}

fn image() -> Value {
    let uuid =
        "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$";
    let text =
        |about: &str| json!({ "type": ["null", "string"], "maxLength": 255, "description": about });
    let fixed = |kind: &str, about: &str| json!({ "type": ["null", kind], "readOnly": true, "description": about });
    let formats = |all: &[&str]| {
        let mut all: Vec<Value> = all.iter().map(|word| json!(word)).collect();
        all.insert(0, Value::Null);
        all
    };
    json!({
        "name": "image",
        "properties": {
            "id": { "type": "string", "pattern": uuid, "description": "An identifier for the image" },
            "name": text("Descriptive name for the image"),
            "status": { "type": "string", "readOnly": true, "enum": words(Status::ALL, Status::as_str), "description": "Status of the image" },
            "visibility": { "type": "string", "enum": words(Visibility::ALL, Visibility::as_str), "description": "Scope of image accessibility" },
            "protected": { "type": "boolean", "description": "If true, image will not be deletable." },
            "os_hidden": { "type": "boolean", "description": "If true, image will not appear in default image list response." },
            "checksum": fixed("string", "MD5 hash of image contents."),
            "os_hash_algo": fixed("string", "Algorithm to calculate os_hash_value"),
            "os_hash_value": fixed("string", "Hexdigest of the image contents using the algorithm specified by os_hash_algo"),
            "owner": text("Owner of the image"),
            "size": fixed("integer", "Size of image file in bytes"),
            "virtual_size": fixed("integer", "Size of all layers, unpacked, in bytes"),
            "container_format": { "type": ["null", "string"], "enum": formats(&CONTAINER_FORMATS), "description": "Format of the container" },
            "disk_format": { "type": ["null", "string"], "enum": formats(&DISK_FORMATS), "description": "Format of the disk" },
            "created_at": { "type": "string", "readOnly": true, "description": "Date and time of image registration" },
            "updated_at": { "type": "string", "readOnly": true, "description": "Date and time of the last image modification" },
            "tags": { "type": "array", "items": { "type": "string", "maxLength": 255 }, "description": "List of strings related to the image" },
            "min_ram": { "type": "integer", "description": "Amount of ram (in MB) required to boot image." },
            "min_disk": { "type": "integer", "description": "Amount of disk space (in GB) required to boot image." },
            "status_reason": { "type": "string", "readOnly": true, "description": "Why the image is in its status" },
            "self": { "type": "string", "readOnly": true, "description": "An image self url" },
            "file": { "type": "string", "readOnly": true, "description": "An image file url" },
            "schema": { "type": "string", "readOnly": true, "description": "An image schema url" },
            "os_distro": { "type": "string", "is_base": false, "description": "Common name of operating system distribution" },
            "os_version": { "type": "string", "is_base": false, "description": "Operating system version as specified by the distributor." },
            "architecture": { "type": "string", "is_base": false, "description": "Operating system architecture" },
            "os_command_line": { "type": "string", "is_base": false, "description": "Replaces the image's entrypoint and command" },
        },
        "additionalProperties": { "type": "string" },
        "links": [
            { "rel": "self", "href": "{self}" },
            { "rel": "enclosure", "href": "{file}" },
            { "rel": "describedby", "href": "{schema}" },
        ],
    })
}

fn member() -> Value {
    json!({
        "name": "member",
        "properties": {
            "member_id": { "type": "string", "description": "An identifier for the image member (project)" },
            "image_id": { "type": "string", "description": "An identifier for the image" },
            "created_at": { "type": "string", "description": "Date and time of image member creation" },
            "updated_at": { "type": "string", "description": "Date and time of last modification of image member" },
            "status": { "type": "string", "enum": ["pending", "accepted", "rejected"], "description": "The status of this image member" },
            "schema": { "type": "string", "readOnly": true },
        },
    })
}

fn task() -> Value {
    let text = |about: &str| json!({ "type": "string", "description": about });
    json!({
        "name": "task",
        "properties": {
            "id": text("An identifier for the task"),
            "type": { "type": "string", "enum": ["api_image_import"], "description": "The type of task" },
            "status": { "type": "string", "enum": ["pending", "processing", "success", "failure"], "description": "The current status of this task" },
            "input": { "type": ["null", "object"], "description": "The parameters required by task" },
            "result": { "type": ["null", "object"], "description": "The result of current task" },
            "owner": text("An identifier for the owner of this task"),
            "message": text("Human-readable informative message only included when appropriate"),
            "expires_at": { "type": ["null", "string"], "description": "When this task is forgotten" },
            "created_at": text("Datetime when this resource was created"),
            "updated_at": text("Datetime when this resource was updated"),
            "self": { "type": "string", "readOnly": true },
            "schema": { "type": "string", "readOnly": true },
        },
    })
}
