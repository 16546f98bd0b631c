//! What is shown of pods, services and replication controllers that an API server has: the fields they
//! have in any bay.

use crate::call::Call;
use crate::container_infra::view::{links, when};
use chrono::DateTime;
use schemas::container_infra::patch::Rules;
use schemas::container_infra::workload::{pod_rules, rc_rules, service_rules};
use serde_json::{Value, json};

/// A kind of things that are made from manifests.
pub(in crate::container_infra) struct Kind {
    /// Of this API, and below `/v1`.
    pub collection: &'static str,
    /// In words.
    pub what: &'static str,
    /// Kubernetes' name of it.
    pub kind: &'static str,
    /// Kubernetes' collection.
    pub plural: &'static str,
    /// Has a description, in bays of this cloud's making.
    pub described: bool,
    /// What PATCH may change.
    pub rules: fn(bool) -> Rules,
    /// What lists may be sorted by.
    pub keys: &'static [&'static str],
    /// What only it has.
    own: fn(&Value) -> Value,
}

pub(in crate::container_infra) const PODS: Kind = Kind {
    collection: "pods",
    what: "Pod",
    kind: "Pod",
    plural: "pods",
    described: true,
    rules: pod_rules,
    keys: &["uuid", "name", "bay_uuid", "status", "host", "created_at"],
    own: pod,
};

pub(in crate::container_infra) const SERVICES: Kind = Kind {
    collection: "services",
    what: "Service",
    kind: "Service",
    plural: "services",
    described: false,
    rules: service_rules,
    keys: &["uuid", "name", "bay_uuid", "ip", "created_at"],
    own: service,
};

pub(in crate::container_infra) const RCS: Kind = Kind {
    collection: "rcs",
    what: "Replication controller",
    kind: "ReplicationController",
    plural: "replicationcontrollers",
    described: false,
    rules: rc_rules,
    keys: &["uuid", "name", "bay_uuid", "replicas", "created_at"],
    own: controller,
};

impl Kind {
    /// In a list.
    pub(super) fn brief(&self, call: &Call, bay: &str, object: &Value) -> Value {
        let mut view = (self.own)(object);
        view["uuid"] = json!(uid(object));
        view["name"] = object["metadata"]["name"].clone();
        view["bay_uuid"] = json!(bay);
        view["links"] = links(call, self.collection, &uid(object));
        view
    }

    /// Alone.
    pub(super) fn whole(&self, call: &Call, bay: &str, object: &Value) -> Value {
        let mut view = self.brief(call, bay, object);
        view["created_at"] = made(object).map_or(Value::Null, when);
        // It is not told when something was changed last.
        view["updated_at"] = Value::Null;
        view
    }

    /// What a list is sorted by.
    pub(super) fn value(&self, call: &Call, bay: &str, object: &Value, key: &str) -> Value {
        match key {
            "created_at" => json!(made(object)),
            key => self.brief(call, bay, object)[key].take(),
        }
    }
}

/// The orchestrator's own id.
pub(super) fn uid(object: &Value) -> String {
    let uid = object["metadata"]["uid"].as_str();
    uid.unwrap_or_default().to_owned()
}

/// µs.
pub(super) fn made(object: &Value) -> Option<i64> {
    let text = object["metadata"]["creationTimestamp"].as_str()?;
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    Some(time.timestamp_micros())
}

fn map(value: &Value) -> Value {
    match value {
        Value::Object(_) => value.clone(),
        _ => json!({}),
    }
}

fn images(spec: &Value) -> Value {
    let containers = spec["containers"].as_array().into_iter().flatten();
    containers
        .filter_map(|container| container["image"].as_str())
        .collect()
}

fn pod(object: &Value) -> Value {
    json!({
        "desc": null,
        "images": images(&object["spec"]),
        "labels": map(&object["metadata"]["labels"]),
        "status": object["status"]["phase"],
        "status_reason": reason(&object["status"]),
        "host": object["spec"]["nodeName"],
    })
}

/// Why a pod is not what it should be, as far as it is told.
fn reason(status: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let conditions = status["conditions"].as_array().into_iter().flatten();
    let waits = conditions
        .filter(|condition| condition["status"] == "False")
        .find_map(|condition| text(&condition["message"]));
    text(&status["message"])
        .or_else(|| text(&status["reason"]))
        .or(waits)
}

fn service(object: &Value) -> Value {
    let spec = &object["spec"];
    let ip = spec["clusterIP"].as_str();
    json!({
        "labels": map(&object["metadata"]["labels"]),
        "selector": map(&spec["selector"]),
        "ip": ip.filter(|ip| !ip.is_empty() && *ip != "None"),
        "ports": spec["ports"].as_array().cloned().unwrap_or_default(),
    })
}

fn controller(object: &Value) -> Value {
    let template = &object["spec"]["template"];
    json!({
        "labels": map(&template["metadata"]["labels"]),
        "images": images(&template["spec"]),
        "replicas": object["spec"]["replicas"],
    })
}
