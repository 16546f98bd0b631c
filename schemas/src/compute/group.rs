//! Server groups.

use super::Number;
use serde::Deserialize;

/// `POST /os-server-groups`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateBody {
    /// The group.
    pub server_group: Create,
}

/// A new group.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// Need not be unique.
    pub name: String,
    /// Exactly one, before 2.64.
    #[serde(default)]
    pub policies: Option<Vec<String>>,
    /// Since 2.64.
    #[serde(default)]
    pub policy: Option<String>,
    /// Since 2.64.
    #[serde(default)]
    pub rules: Option<Rules>,
}

/// How strict the policy is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// For anti-affinity.
    #[serde(default)]
    pub max_server_per_host: Option<Number>,
}
