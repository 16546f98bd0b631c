//! `/v3/projects`.

use super::name::Name;
use super::{Extra, Links};
use serde::{Deserialize, Serialize};

/// `POST`.
#[derive(Clone, Debug, Deserialize)]
pub struct Create {
    /// The project.
    pub project: New,
}

/// A new project.
#[derive(Clone, Debug, Deserialize)]
pub struct New {
    /// Unique in its domain.
    pub name: Name<64>,
    /// Default: the parent's, else that of the token.
    pub domain_id: Option<String>,
    /// Default: the domain.
    pub parent_id: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// Default true.
    pub enabled: Option<bool>,
    /// Must not be true: domains are made at `/v3/domains`.
    pub is_domain: Option<bool>,
    /// Labels.
    pub tags: Option<Vec<Tag>>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `PATCH`.
#[derive(Clone, Debug, Deserialize)]
pub struct Update {
    /// What changes.
    pub project: Change,
}

/// A change.
#[derive(Clone, Debug, Deserialize)]
pub struct Change {
    /// Unique in its domain.
    pub name: Option<Name<64>>,
    /// May be given if it is the same.
    pub domain_id: Option<String>,
    /// May be given if it is the same.
    pub parent_id: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// False ends all tokens for it.
    pub enabled: Option<bool>,
    /// May be given if it is false.
    pub is_domain: Option<bool>,
    /// Labels.
    pub tags: Option<Vec<Tag>>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `PUT …/tags`.
#[derive(Clone, Debug, Deserialize)]
pub struct Tags {
    /// All of them.
    pub tags: Vec<Tag>,
}

/// A label: at most 255 characters, neither `/` nor `,`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tag(String);

impl TryFrom<String> for Tag {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.is_empty() || text.chars().count() > 255 || text.contains(['/', ',']) {
            return Err("a tag has 1 to 255 characters, without / and ,".into());
        }
        Ok(Tag(text))
    }
}

impl From<Tag> for String {
    fn from(tag: Tag) -> String {
        tag.0
    }
}

/// As shown.
#[derive(Clone, Debug, Serialize)]
pub struct Project {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Its domain.
    pub domain_id: String,
    /// What it is part of: a project or the domain.
    pub parent_id: String,
    /// Free text.
    pub description: String,
    /// False: no token for it.
    pub enabled: bool,
    /// Always false.
    pub is_domain: bool,
    /// Labels.
    pub tags: Vec<String>,
    /// Other attributes.
    #[serde(flatten)]
    pub extra: Extra,
    /// Its address.
    pub links: Links,
}
