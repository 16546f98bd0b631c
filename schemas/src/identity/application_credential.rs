//! `/v3/users/{id}/application_credentials` and `…/access_rules`.

use super::name::Name;
use super::{Extra, Links};
use crate::Secret;
use serde::{Deserialize, Serialize};

/// `POST`.
#[derive(Clone, Debug, Deserialize)]
pub struct Create {
    /// The credential.
    pub application_credential: New,
}

/// A new credential.
#[derive(Clone, Debug, Deserialize)]
pub struct New {
    /// Unique for the user.
    pub name: Name<255>,
    /// Absent or null: one is made, and told once.
    pub secret: Option<Secret>,
    /// Free text.
    pub description: Option<String>,
    /// ISO 8601.
    pub expires_at: Option<String>,
    /// By id or name; default all the token has.
    pub roles: Option<Vec<RoleRef>>,
    /// May make further credentials; default false.
    pub unrestricted: Option<bool>,
    /// The only requests it is good for; absent or null: all.
    pub access_rules: Option<Vec<NewAccessRule>>,
    /// Ignored; kept for clients that send the project they mean.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A role by id or name.
#[derive(Clone, Debug, Deserialize)]
pub struct RoleRef {
    /// Id.
    pub id: Option<String>,
    /// Name.
    pub name: Option<String>,
}

/// A rule that is there already, or a new one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAccessRule {
    /// That is there.
    pub id: Option<String>,
    /// Service type.
    pub service: Option<String>,
    /// HTTP method.
    pub method: Option<String>,
    /// Path pattern.
    pub path: Option<String>,
}

/// As shown.
#[derive(Clone, Debug, Serialize)]
pub struct ApplicationCredential {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Whose.
    pub user_id: String,
    /// For which project.
    pub project_id: String,
    /// Always null: they are for projects.
    pub system: Option<String>,
    /// Its roles.
    pub roles: Vec<Role>,
    /// When it ends.
    pub expires_at: Option<String>,
    /// May make further credentials.
    pub unrestricted: bool,
    /// Only in the answer that makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// The only requests it is good for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_rules: Option<Vec<AccessRule>>,
    /// Its address.
    pub links: Links,
}

/// A role of a credential.
#[derive(Clone, Debug, Serialize)]
pub struct Role {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Null for a role of the whole cloud.
    pub domain_id: Option<String>,
}

/// A rule as shown.
#[derive(Clone, Debug, Serialize)]
pub struct AccessRule {
    /// Id.
    pub id: String,
    /// Service type.
    pub service: String,
    /// HTTP method.
    pub method: String,
    /// Path pattern.
    pub path: String,
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub links: Option<Links>,
}
