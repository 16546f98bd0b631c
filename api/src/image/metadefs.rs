//! The catalogue of properties: which keys mean something to this cloud. Horizon offers them when an
//! image or a server is made, and cannot do without a namespace (contract `client-requirements.md` §9).
//! The catalogue is the software's own and is not changed over the API.

use super::rules;
use crate::ctx::Ctx;
use crate::extract::{Path, Query};
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, post, put};
use schemas::{Error, Result};
use serde_json::{Map, Value, json};

const MADE: &str = "2026-11-20T00:00:00Z";
const ROOT: &str = "/metadefs/namespaces";

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(ROOT, list),
        post(ROOT, fixed),
        get("/metadefs/namespaces/{namespace}", show),
        put("/metadefs/namespaces/{namespace}", fixed),
        delete("/metadefs/namespaces/{namespace}", fixed),
        get("/metadefs/namespaces/{namespace}/properties", properties),
        get(
            "/metadefs/namespaces/{namespace}/properties/{property}",
            property,
        ),
        get("/metadefs/namespaces/{namespace}/objects", objects),
        get("/metadefs/namespaces/{namespace}/tags", tags),
        get(
            "/metadefs/namespaces/{namespace}/resource_types",
            associations,
        ),
        get("/metadefs/resource_types", resource_types),
    ]
}

struct Namespace {
    name: &'static str,
    title: &'static str,
    about: &'static str,
    on: &'static [&'static str],
    properties: &'static [(&'static str, &'static str, &'static str)],
}

const NAMESPACES: [Namespace; 2] = [
    Namespace {
        name: "OS::Software::Container",
        title: "Container",
        about: "What a container made of an image runs.",
        on: &["OS::Glance::Image", "OS::Nova::Server"],
        properties: &[
            (
                "os_command_line",
                "Command",
                "Replaces the image's entrypoint and command.",
            ),
            (
                "os_distro",
                "Distribution",
                "Common name of the distribution inside (busybox, debian).",
            ),
            ("os_version", "Version", "Version of the distribution."),
            (
                "architecture",
                "Architecture",
                "CPU the programs inside are for (x86_64, aarch64).",
            ),
        ],
    },
    Namespace {
        name: "OS::Compute::ContainerLimits",
        title: "Container limits",
        about: "Bounds and permissions of containers of a flavor.",
        on: &["OS::Nova::Flavor"],
        properties: &[
            (
                "quota:cpu_shares",
                "CPU shares",
                "Relative weight when CPUs are scarce; 1024 = one CPU.",
            ),
            (
                "quota:cpu_period",
                "CPU period",
                "Microseconds of one period of the CPU bound.",
            ),
            (
                "quota:cpu_quota",
                "CPU quota",
                "Microseconds of CPU per period; -1 = unbounded.",
            ),
            (
                "quota:pids_limit",
                "Processes",
                "Most processes and threads.",
            ),
            (
                "container:cap_add",
                "Capabilities",
                "Linux capabilities added, separated by commas.",
            ),
            (
                "container:seccomp",
                "Seccomp",
                "'unconfined' runs without the engine's profile.",
            ),
            (
                "container:allow_new_privileges",
                "New privileges",
                "'true' lets set-uid programs work.",
            ),
            (
                "container:read_only_rootfs",
                "Read-only root",
                "'true' mounts the root filesystem read-only.",
            ),
        ],
    },
];

impl Namespace {
    fn view(&self) -> Value {
        let path = format!("/v2/metadefs/namespaces/{}", self.name);
        json!({
            "namespace": self.name,
            "display_name": self.title,
            "description": self.about,
            "visibility": "public",
            "protected": true,
            "owner": "admin",
            "resource_type_associations": self.associations(),
            "created_at": MADE,
            "updated_at": MADE,
            "self": path,
            "schema": "/v2/schemas/metadefs/namespace",
        })
    }

    fn associations(&self) -> Vec<Value> {
        let on = self.on.iter();
        on.map(|name| json!({ "name": name, "created_at": MADE, "updated_at": MADE }))
            .collect()
    }

    fn properties(&self) -> Map<String, Value> {
        let all = self.properties.iter();
        all.map(|(name, title, about)| {
            let view = json!({ "title": title, "description": about, "type": "string" });
            ((*name).to_owned(), view)
        })
        .collect()
    }
}

fn find(name: &str) -> Result<&'static Namespace> {
    let found = NAMESPACES.iter().find(|namespace| namespace.name == name);
    found.ok_or_else(|| Error::not_found("Metadata definition namespace", name))
}

async fn list(_: Ctx<rules::GetMetadefs>, query: Query) -> Reply {
    let types: Vec<&str> = query
        .all("resource_types")
        .flat_map(|list| list.split(','))
        .collect();
    let all = NAMESPACES.iter().filter(|namespace| {
        types.is_empty() || namespace.on.iter().any(|name| types.contains(name))
    });
    let all: Vec<Value> = all.map(Namespace::view).collect();
    reply::ok(&json!({
        "namespaces": all,
        "first": "/v2/metadefs/namespaces",
        "schema": "/v2/schemas/metadefs/namespaces",
    }))
}

async fn show(_: Ctx<rules::GetMetadefs>, Path(name): Path<String>) -> Reply {
    let namespace = find(&name)?;
    let mut view = namespace.view();
    view["properties"] = namespace.properties().into();
    view["objects"] = json!([]);
    view["tags"] = json!([]);
    reply::ok(&view)
}

async fn properties(_: Ctx<rules::GetMetadefs>, Path(name): Path<String>) -> Reply {
    reply::ok(&json!({ "properties": find(&name)?.properties() }))
}

async fn property(
    _: Ctx<rules::GetMetadefs>,
    Path((namespace, name)): Path<(String, String)>,
) -> Reply {
    let mut all = find(&namespace)?.properties();
    let mut view = all
        .remove(&name)
        .ok_or_else(|| Error::not_found("Metadata definition property", &name))?;
    view["name"] = name.into();
    reply::ok(&view)
}

async fn objects(_: Ctx<rules::GetMetadefs>, Path(name): Path<String>) -> Reply {
    find(&name)?;
    reply::ok(&json!({ "objects": [], "schema": "/v2/schemas/metadefs/objects" }))
}

async fn tags(_: Ctx<rules::GetMetadefs>, Path(name): Path<String>) -> Reply {
    find(&name)?;
    reply::ok(&json!({ "tags": [], "schema": "/v2/schemas/metadefs/tags" }))
}

async fn associations(_: Ctx<rules::GetMetadefs>, Path(name): Path<String>) -> Reply {
    reply::ok(&json!({ "resource_type_associations": find(&name)?.associations() }))
}

async fn resource_types(_: Ctx<rules::GetMetadefs>) -> Reply {
    let mut names: Vec<&str> = NAMESPACES
        .iter()
        .flat_map(|namespace| namespace.on)
        .copied()
        .collect();
    names.sort_unstable();
    names.dedup();
    let all = names.iter();
    let all: Vec<Value> = all
        .map(|name| json!({ "name": name, "created_at": MADE, "updated_at": MADE }))
        .collect();
    reply::ok(&json!({ "resource_types": all }))
}

async fn fixed(_: Ctx<rules::ModifyMetadefs>) -> Reply {
    Err(Error::NotImplemented(
        "The catalogue of properties is part of the software and cannot be changed over the API."
            .into(),
    ))
}

/// The JSON Schema of one kind of definition.
pub(super) fn schema(name: &str) -> Option<Value> {
    let text = json!({ "type": "string" });
    let texts = |keys: &[&str]| -> Map<String, Value> {
        keys.iter()
            .map(|key| ((*key).to_owned(), text.clone()))
            .collect()
    };
    let item = |name: &str, keys: &[&str]| json!({ "name": name, "properties": texts(keys), "additionalProperties": false });
    let namespace = [
        "namespace",
        "display_name",
        "description",
        "visibility",
        "owner",
        "created_at",
        "updated_at",
        "self",
        "schema",
    ];
    let property = ["name", "title", "description", "type"];
    let thing = [
        "name",
        "description",
        "created_at",
        "updated_at",
        "self",
        "schema",
    ];
    let tag = ["name", "created_at", "updated_at"];
    let (singular, keys): (&str, &[&str]) = match name {
        "namespace" | "namespaces" => ("namespace", &namespace),
        "property" | "properties" => ("property", &property),
        "object" | "objects" => ("object", &thing),
        "resource_type" | "resource_types" => ("resource_type", &tag),
        "tag" | "tags" => ("tag", &tag),
        _ => return None,
    };
    let item = item(singular, keys);
    if name == singular {
        return Some(item);
    }
    Some(json!({
        "name": name,
        "properties": { name: { "type": "array", "items": item }, "schema": text },
    }))
}
