//! `/v3/users`. Passwords come in as [`Secret`], which no log can show.

use super::name::Name;
use super::{Extra, Links, nullable};
use crate::Secret;
use serde::{Deserialize, Serialize};

/// `POST`.
#[derive(Clone, Debug, Deserialize)]
pub struct Create {
    /// The user.
    pub user: New,
}

/// A new user.
#[derive(Clone, Debug, Deserialize)]
pub struct New {
    /// Unique in the domain.
    pub name: Name<255>,
    /// Default: that of the token.
    pub domain_id: Option<String>,
    /// Without one there is no log-in by password.
    pub password: Option<Secret>,
    /// Where a log-in without scope leads.
    pub default_project_id: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// Default true.
    pub enabled: Option<bool>,
    /// Keystone's user options.
    pub options: Option<Options>,
    /// The rest (`email`).
    #[serde(flatten)]
    pub extra: Extra,
}

/// `PATCH`.
#[derive(Clone, Debug, Deserialize)]
pub struct Update {
    /// What changes.
    pub user: Change,
}

/// A change.
#[derive(Clone, Debug, Deserialize)]
pub struct Change {
    /// Unique in the domain.
    pub name: Option<Name<255>>,
    /// May be given if it is the same.
    pub domain_id: Option<String>,
    /// `null` takes it away.
    #[serde(default, deserialize_with = "nullable")]
    pub password: Option<Option<Secret>>,
    /// `null` takes it away.
    #[serde(default, deserialize_with = "nullable")]
    pub default_project_id: Option<Option<String>>,
    /// Free text.
    pub description: Option<String>,
    /// False ends all tokens.
    pub enabled: Option<bool>,
    /// Keystone's user options; those not named stay.
    pub options: Option<Options>,
    /// The rest; `null` removes an attribute.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Keystone's user options. `null` in a change means "as if never set".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The user is never locked for wrong passwords.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore_lockout_failure_attempts: Option<bool>,
    /// The user cannot change the password himself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_password: Option<bool>,
    /// Kept; passwords do not expire here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore_password_expiry: Option<bool>,
    /// Kept; a first password need not be changed here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore_change_password_upon_first_use: Option<bool>,
    /// Kept; users are not disabled for being idle here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore_user_inactivity: Option<bool>,
    /// Log-in with several methods at once: not offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multi_factor_auth_enabled: Option<bool>,
    /// Which methods: not offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multi_factor_auth_rules: Option<Vec<Vec<String>>>,
}

/// `POST /v3/users/{id}/password`.
#[derive(Clone, Debug, Deserialize)]
pub struct PasswordChange {
    /// Both passwords.
    pub user: Passwords,
}

/// The old and the new one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passwords {
    /// The old one.
    pub original_password: Secret,
    /// The new one.
    pub password: Secret,
}

/// As shown.
#[derive(Clone, Debug, Serialize)]
pub struct User {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Its domain.
    pub domain_id: String,
    /// False: cannot log in.
    pub enabled: bool,
    /// Where a log-in without scope leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_project_id: Option<String>,
    /// Free text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// When the password must be changed.
    pub password_expires_at: Option<String>,
    /// Keystone's user options.
    pub options: Options,
    /// Other attributes.
    #[serde(flatten)]
    pub extra: Extra,
    /// Its address.
    pub links: Links,
}
