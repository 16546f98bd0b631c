//! Compute services, as operators order them about.

use super::Flag;
use serde::Deserialize;

/// `PUT /os-services/{enable,disable,disable-log-reason,force-down}` (until 2.52).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByName {
    /// Host name.
    pub host: String,
    /// `nova-compute`.
    pub binary: String,
    /// For `disable-log-reason`.
    #[serde(default)]
    pub disabled_reason: Option<String>,
    /// For `force-down` (2.11).
    #[serde(default)]
    pub forced_down: Option<Flag>,
}

/// `PUT /os-services/{id}` (since 2.53).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Update {
    /// `enabled` or `disabled`.
    #[serde(default)]
    pub status: Option<String>,
    /// Only with `disabled`.
    #[serde(default)]
    pub disabled_reason: Option<String>,
    /// An operator says it is dead.
    #[serde(default)]
    pub forced_down: Option<Flag>,
}
