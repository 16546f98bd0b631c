//! What is asked for by a manifest: pods, services and replication controllers (contract
//! `magnum-v1.md` §8.3 to §8.6).

use super::body::{self, invalid};
use super::field::Text;
use super::patch::Rules;
use crate::Result;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

/// `POST`, from which `uuid` was taken.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// The cluster: its UUID.
    bay_uuid: String,
    /// The manifest.
    #[serde(default)]
    pub manifest: Option<String>,
    /// Where the server finds it.
    #[serde(default)]
    pub manifest_url: Option<String>,
    /// Pods have one.
    #[serde(default)]
    pub desc: Option<Description>,
}

/// The user's words for a thing.
pub type Description = Text<0, 255>;

/// Written by the server alone, of whichever kind.
const READ_ONLY: &[&str] = &[
    "name",
    "labels",
    "images",
    "replicas",
    "selector",
    "ports",
    "ip",
    "status",
    "status_reason",
    "host",
    "links",
    "created_at",
    "updated_at",
];

impl Create {
    /// Reads a body. `described`: things of this kind have a description.
    ///
    /// # Errors
    /// `BadRequest` that names the field.
    pub fn read(map: Map<String, Value>, described: bool) -> Result<Create> {
        if !described && map.contains_key("desc") {
            return Err(invalid("desc", "There is no such field here."));
        }
        let create: Create = body::create(map, READ_ONLY)?;
        create.bay()?;
        Ok(create)
    }

    /// The cluster's UUID, as rows have it.
    ///
    /// # Errors
    /// `BadRequest` when it is none: a name is not enough.
    pub fn bay(&self) -> Result<String> {
        let read = Uuid::parse_str(&self.bay_uuid).ok();
        let wrong = || invalid("bay_uuid", "It must be the UUID of a bay.");
        read.map(|id| id.to_string()).ok_or_else(wrong)
    }
}

/// What may be changed of a pod.
pub fn pod_rules(legacy: bool) -> Rules {
    Rules {
        mandatory: &["bay_uuid"],
        protected: &[
            "name",
            "labels",
            "images",
            "status",
            "status_reason",
            "host",
        ],
        legacy,
        members: &[],
    }
}

/// What may be changed of a replication controller.
pub fn rc_rules(legacy: bool) -> Rules {
    Rules {
        mandatory: &["bay_uuid"],
        protected: &["name", "labels", "images", "replicas"],
        legacy,
        members: &[],
    }
}

/// What may be changed of a service.
pub fn service_rules(legacy: bool) -> Rules {
    Rules {
        mandatory: &["bay_uuid"],
        protected: &["name", "labels", "selector", "ports", "ip"],
        legacy,
        members: &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use serde_json::json;

    const BAY: &str = "0199f5a1-0000-7000-8000-0000000000c1";

    fn read(body: Value) -> Result<Create> {
        Create::read(body::object(body)?, true)
    }

    #[test]
    fn a_manifest_belongs_to_a_bay_that_is_named_by_its_uuid() {
        let create =
            read(json!({ "bay_uuid": BAY.replace('-', ""), "manifest": "{}", "desc": null }));
        let create = create.unwrap();
        assert_eq!(create.bay().unwrap(), BAY);
        assert_eq!(
            (create.manifest.as_deref(), create.manifest_url),
            (Some("{}"), None)
        );
    }

    #[test]
    fn what_is_wrong_is_told_by_its_name() {
        for (body, word) in [
            (json!({}), "bay_uuid"),
            (json!({ "bay_uuid": null }), "bay_uuid"),
            (json!({ "bay_uuid": "bay" }), "bay_uuid"),
            (json!({ "bay_uuid": BAY, "manifest": {} }), "manifest"),
            (json!({ "bay_uuid": BAY, "name": "" }), "name"),
            (json!({ "bay_uuid": BAY, "labels": null }), "labels"),
            (json!({ "bay_uuid": BAY, "replicas": 1 }), "replicas"),
            (json!({ "bay_uuid": BAY, "selector": {} }), "selector"),
            (json!({ "bay_uuid": BAY, "ports": [] }), "ports"),
            (json!({ "bay_uuid": BAY, "ip": "" }), "ip"),
            (json!({ "bay_uuid": BAY, "color": 1 }), "color"),
            (json!({ "bay_uuid": BAY, "desc": "x".repeat(256) }), "desc"),
        ] {
            match read(body.clone()) {
                Err(Error::BadRequest(told)) => assert!(told.contains(word), "{body}: {told}"),
                other => panic!("{body}: {other:?}"),
            }
        }
        let map = body::object(json!({ "bay_uuid": BAY, "desc": "x" })).unwrap();
        assert!(Create::read(map, false).is_err());
    }
}
