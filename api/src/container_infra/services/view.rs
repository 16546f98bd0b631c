//! What is shown of a service.

use crate::call::Call;
use crate::container_infra::view::{links, since, when};
use serde_json::{Value, json};
use store::container_infra::services::{Port, Service, Spec, Target};

/// A row with what it says.
#[derive(Clone, Debug)]
pub(super) struct Loaded {
    pub(super) row: Service,
    spec: Spec,
}

impl Loaded {
    pub(super) fn new(row: Service) -> store::Result<Loaded> {
        Ok(Loaded {
            spec: row.spec()?,
            row,
        })
    }
}

/// What lists may be sorted by.
pub(super) const KEYS: &[&str] = &["uuid", "name", "bay_uuid", "ip", "created_at", "updated_at"];

/// In a list.
pub(super) fn brief(call: &Call, service: &Loaded) -> Value {
    json!({
        "uuid": service.row.id,
        "name": service.row.name,
        "bay_uuid": service.row.cluster_id,
        "labels": service.spec.labels,
        "selector": service.spec.selector,
        "ip": service.row.address,
        "ports": service.spec.ports.iter().map(port).collect::<Vec<_>>(),
        "links": links(call, "services", &service.row.id),
    })
}

/// A port in Kubernetes' words.
fn port(port: &Port) -> Value {
    let mut view = json!({
        "port": port.port,
        "targetPort": match &port.target {
            Target::Number(number) => json!(number),
            Target::Name(name) => json!(name),
        },
        "protocol": port.protocol.as_str(),
    });
    if let Some(name) = &port.name {
        view["name"] = json!(name);
    }
    if let Some(node_port) = port.node_port {
        view["nodePort"] = json!(node_port);
    }
    view
}

/// Alone.
pub(super) fn whole(call: &Call, service: &Loaded) -> Value {
    let mut view = brief(call, service);
    view["created_at"] = when(service.row.created_at);
    view["updated_at"] = since(service.row.updated_at);
    view
}

/// What a list is sorted by.
pub(super) fn value(call: &Call, service: &Loaded, key: &str) -> Value {
    match key {
        "created_at" => service.row.created_at.into(),
        "updated_at" => service.row.updated_at.into(),
        key => brief(call, service)[key].take(),
    }
}
