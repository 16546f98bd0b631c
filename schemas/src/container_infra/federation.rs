//! Federations (contract `magnum-v1.md` §9.9).

use super::field::{Labels, Name, Word};
use super::patch::Rules;
use serde::Deserialize;

/// `POST /federations`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// Made when absent.
    #[serde(default)]
    pub name: Option<Name>,
    /// The cluster that leads: UUID or name.
    pub hostcluster_id: Word,
    /// Clusters that belong to it: UUIDs or names.
    #[serde(default)]
    pub member_ids: Vec<Word>,
    /// Must hold [`ZONE`].
    pub properties: Labels,
}

/// The property that every federation has.
pub const ZONE: &str = "dns-zone";

/// What may be changed.
pub const RULES: Rules = Rules {
    mandatory: &["name", "hostcluster_id", "properties"],
    protected: &["name", "hostcluster_id", "status", "status_reason"],
    legacy: false,
    members: &["member_ids"],
};
