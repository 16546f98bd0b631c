//! Flavors.

use super::{Flag, Number, Text};
use serde::Deserialize;
use std::collections::BTreeMap;

/// `POST /flavors`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateBody {
    /// The flavor.
    pub flavor: Create,
}

/// A new flavor.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// Unique.
    pub name: String,
    /// `null`, absent or `auto`: one is made.
    #[serde(default)]
    pub id: Option<Text>,
    /// MiB.
    pub ram: Number,
    /// CPUs.
    pub vcpus: Number,
    /// GiB.
    pub disk: Number,
    /// GiB.
    #[serde(default, rename = "OS-FLV-EXT-DATA:ephemeral")]
    pub ephemeral: Option<Number>,
    /// MiB.
    #[serde(default)]
    pub swap: Option<Number>,
    /// Kept and shown.
    #[serde(default)]
    pub rxtx_factor: Option<serde_json::Value>,
    /// Default true.
    #[serde(default, rename = "os-flavor-access:is_public")]
    pub is_public: Option<Flag>,
    /// Since 2.55.
    #[serde(default)]
    pub description: Option<String>,
}

/// `PUT /flavors/{id}` (2.55).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateBody {
    /// The change.
    pub flavor: Update,
}

/// All that may change.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Update {
    /// `null` removes it.
    pub description: Option<String>,
}

/// `POST /flavors/{id}/os-extra_specs`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtraSpecsBody {
    /// Added to those there are.
    pub extra_specs: BTreeMap<String, Text>,
}

/// `POST /flavors/{id}/action`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Access {
    /// A project may use it.
    #[serde(rename = "addTenantAccess")]
    Add(Tenant),
    /// A project may use it no more.
    #[serde(rename = "removeTenantAccess")]
    Remove(Tenant),
}

/// A project.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// Its id.
    pub tenant: String,
}
