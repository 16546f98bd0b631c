//! `/v3/roles` and what they imply.

use super::name::Name;
use super::{Extra, Links};
use serde::{Deserialize, Serialize};

/// `POST`.
#[derive(Clone, Debug, Deserialize)]
pub struct Create {
    /// The role.
    pub role: New,
}

/// A new role.
#[derive(Clone, Debug, Deserialize)]
pub struct New {
    /// Unique in the cloud, or in its domain.
    pub name: Name<255>,
    /// Absent: a role of the whole cloud.
    pub domain_id: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `PATCH`.
#[derive(Clone, Debug, Deserialize)]
pub struct Update {
    /// What changes.
    pub role: Change,
}

/// A change.
#[derive(Clone, Debug, Deserialize)]
pub struct Change {
    /// Unique.
    pub name: Option<Name<255>>,
    /// May be given if it is the same.
    pub domain_id: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// As shown.
#[derive(Clone, Debug, Serialize)]
pub struct Role {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Its domain; null for a role of the whole cloud.
    pub domain_id: Option<String>,
    /// Free text.
    pub description: String,
    /// Other attributes.
    #[serde(flatten)]
    pub extra: Extra,
    /// Its address.
    pub links: Links,
}

/// A role within an implication.
#[derive(Clone, Debug, Serialize)]
pub struct Brief {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Its domain; null for a role of the whole cloud.
    pub domain_id: Option<String>,
    /// Its address.
    pub links: Links,
}

/// One role and one that it implies.
#[derive(Clone, Debug, Serialize)]
pub struct Inference {
    /// Who has this …
    pub prior_role: Brief,
    /// … has this too.
    pub implies: Brief,
}

/// One role and all that it implies directly.
#[derive(Clone, Debug, Serialize)]
pub struct Inferences {
    /// Who has this …
    pub prior_role: Brief,
    /// … has these too.
    pub implies: Vec<Brief>,
}
