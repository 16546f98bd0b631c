//! Quotas.

use super::Number;
use serde::Deserialize;
use std::collections::BTreeMap;

/// `PUT /os-quota-sets/{project}`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateBody {
    /// Resource to limit, and `force`, `tenant_id`.
    pub quota_set: BTreeMap<String, serde_json::Value>,
}

/// `PUT /os-quota-class-sets/{class}`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassBody {
    /// Resource to limit.
    pub quota_class_set: BTreeMap<String, Number>,
}
