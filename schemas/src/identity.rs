//! Bodies and views of Keystone's API, one file per resource. Attributes nobody knows are kept in
//! `extra` and shown again, as Keystone does.

pub mod application_credential;
pub mod assignment;
pub mod auth;
pub mod catalog;
pub mod credential;
pub mod domain;
pub mod group;
pub mod name;
pub mod project;
pub mod role;
pub mod token;
pub mod user;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// Attributes beyond those with a meaning.
pub type Extra = Map<String, Value>;

/// `links` of an object.
#[derive(Clone, Debug, Serialize)]
pub struct Links {
    /// Its own address.
    #[serde(rename = "self")]
    pub own: String,
}

/// An id and perhaps a name, in token bodies and references.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
}

/// Tells `null` from absent in changes: absent is `None`, `null` is `Some(None)`.
pub(crate) fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
