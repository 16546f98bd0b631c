//! What is shown of a replication controller.

use crate::call::Call;
use crate::container_infra::view::{links, since, when};
use serde_json::{Value, json};
use store::container_infra::rcs::{Controller, Spec};

/// A row with what it says.
#[derive(Clone, Debug)]
pub(super) struct Loaded {
    pub(super) row: Controller,
    spec: Spec,
}

impl Loaded {
    pub(super) fn new(row: Controller) -> store::Result<Loaded> {
        Ok(Loaded {
            spec: row.spec()?,
            row,
        })
    }
}

/// What lists may be sorted by.
pub(super) const KEYS: &[&str] = &[
    "uuid",
    "name",
    "bay_uuid",
    "replicas",
    "created_at",
    "updated_at",
];

/// In a list. The labels are those of its pods.
pub(super) fn brief(call: &Call, rc: &Loaded) -> Value {
    json!({
        "uuid": rc.row.id,
        "name": rc.row.name,
        "bay_uuid": rc.row.cluster_id,
        "labels": rc.spec.pod.labels,
        "images": rc.spec.asked_images,
        "replicas": rc.row.replicas,
        "links": links(call, "rcs", &rc.row.id),
    })
}

/// Alone.
pub(super) fn whole(call: &Call, rc: &Loaded) -> Value {
    let mut view = brief(call, rc);
    view["created_at"] = when(rc.row.created_at);
    view["updated_at"] = since(rc.row.updated_at);
    view
}

/// What a list is sorted by.
pub(super) fn value(call: &Call, rc: &Loaded, key: &str) -> Value {
    match key {
        "created_at" => rc.row.created_at.into(),
        "updated_at" => rc.row.updated_at.into(),
        key => brief(call, rc)[key].take(),
    }
}
