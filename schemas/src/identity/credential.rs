//! `/v3/credentials`.

use super::{Links, nullable};
use crate::Secret;
use serde::{Deserialize, Serialize};

/// `POST`.
#[derive(Clone, Debug, Deserialize)]
pub struct Create {
    /// The credential.
    pub credential: New,
}

/// A new credential.
#[derive(Clone, Debug, Deserialize)]
pub struct New {
    /// Whose; default the caller.
    pub user_id: Option<String>,
    /// For which project.
    pub project_id: Option<String>,
    /// `cert`, `totp` or any other word.
    #[serde(rename = "type")]
    pub kind: String,
    /// The secret.
    pub blob: Secret,
}

/// `PATCH`.
#[derive(Clone, Debug, Deserialize)]
pub struct Update {
    /// What changes.
    pub credential: Change,
}

/// A change.
#[derive(Clone, Debug, Deserialize)]
pub struct Change {
    /// For which project.
    #[serde(default, deserialize_with = "nullable")]
    pub project_id: Option<Option<String>>,
    /// Another word.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Another secret.
    pub blob: Option<Secret>,
}

/// As shown.
#[derive(Clone, Debug, Serialize)]
pub struct Credential {
    /// Id.
    pub id: String,
    /// Whose.
    pub user_id: String,
    /// For which project.
    pub project_id: Option<String>,
    /// Which kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// The secret.
    pub blob: String,
    /// Its address.
    pub links: Links,
}
