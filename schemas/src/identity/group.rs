//! `/v3/groups`.

use super::name::Name;
use super::{Extra, Links};
use serde::{Deserialize, Serialize};

/// `POST`.
#[derive(Clone, Debug, Deserialize)]
pub struct Create {
    /// The group.
    pub group: New,
}

/// A new group.
#[derive(Clone, Debug, Deserialize)]
pub struct New {
    /// Unique in the domain.
    pub name: Name<64>,
    /// Default: that of the token.
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
    pub group: Change,
}

/// A change.
#[derive(Clone, Debug, Deserialize)]
pub struct Change {
    /// Unique in the domain.
    pub name: Option<Name<64>>,
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
pub struct Group {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Its domain.
    pub domain_id: String,
    /// Free text.
    pub description: String,
    /// Other attributes.
    #[serde(flatten)]
    pub extra: Extra,
    /// Its address.
    pub links: Links,
}
