//! Quotas.

use super::field::{Natural, Word};
use serde::Deserialize;

/// `POST /quotas`, `PATCH /quotas/{project}/{resource}`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// Whose.
    #[serde(default)]
    pub project_id: Option<Word>,
    /// `Cluster`.
    #[serde(default)]
    pub resource: Option<Word>,
    /// So many and no more.
    #[serde(default)]
    pub hard_limit: Option<Natural>,
}
