//! `/v3/domains`.

use super::name::Name;
use super::{Extra, Links};
use serde::{Deserialize, Serialize};

/// `POST`.
#[derive(Clone, Debug, Deserialize)]
pub struct Create {
    /// The domain.
    pub domain: New,
}

/// A new domain.
#[derive(Clone, Debug, Deserialize)]
pub struct New {
    /// Unique.
    pub name: Name<64>,
    /// Free text.
    pub description: Option<String>,
    /// Default true.
    pub enabled: Option<bool>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `PATCH`.
#[derive(Clone, Debug, Deserialize)]
pub struct Update {
    /// What changes.
    pub domain: Change,
}

/// A change.
#[derive(Clone, Debug, Deserialize)]
pub struct Change {
    /// Unique.
    pub name: Option<Name<64>>,
    /// Free text.
    pub description: Option<String>,
    /// False ends all log-ins.
    pub enabled: Option<bool>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// As shown.
#[derive(Clone, Debug, Serialize)]
pub struct Domain {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Free text.
    pub description: String,
    /// False: nobody logs in.
    pub enabled: bool,
    /// Always empty: domains carry no tags here.
    pub tags: Vec<String>,
    /// Other attributes.
    #[serde(flatten)]
    pub extra: Extra,
    /// Its address.
    pub links: Links,
}
