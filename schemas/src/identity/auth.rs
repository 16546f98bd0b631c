//! `POST /v3/auth/tokens` and `POST /v2.0/tokens`: log-in.

use crate::Secret;
use serde::Deserialize;

/// A log-in, v3.
#[derive(Clone, Debug, Deserialize)]
pub struct Login {
    /// The request.
    pub auth: Auth,
}

/// Who, and for what.
#[derive(Clone, Debug, Deserialize)]
pub struct Auth {
    /// Who.
    pub identity: Identity,
    /// For what; absent means the user's default project.
    pub scope: Option<Scope>,
}

/// The methods and what each needs.
#[derive(Clone, Debug, Deserialize)]
pub struct Identity {
    /// `password`, `token`, `application_credential`.
    pub methods: Vec<String>,
    /// For `password`.
    pub password: Option<Password>,
    /// For `token`.
    pub token: Option<Token>,
    /// For `application_credential`.
    pub application_credential: Option<ApplicationCredential>,
}

/// A user's password.
#[derive(Clone, Debug, Deserialize)]
pub struct Password {
    /// Whose.
    pub user: PasswordUser,
}

/// A user and his password.
#[derive(Clone, Debug, Deserialize)]
pub struct PasswordUser {
    /// The user, by id …
    pub id: Option<String>,
    /// … or by name …
    pub name: Option<String>,
    /// … and domain.
    pub domain: Option<NameOrId>,
    /// His password.
    pub password: Secret,
}

/// A token to make another from.
#[derive(Clone, Debug, Deserialize)]
pub struct Token {
    /// Its text.
    pub id: Secret,
}

/// An application credential and its secret.
#[derive(Clone, Debug, Deserialize)]
pub struct ApplicationCredential {
    /// By id …
    pub id: Option<String>,
    /// … or by name …
    pub name: Option<String>,
    /// … and user.
    pub user: Option<NamedUser>,
    /// Its secret.
    pub secret: Secret,
}

/// A user by id, or by name and domain.
#[derive(Clone, Debug, Deserialize)]
pub struct NamedUser {
    /// Id.
    pub id: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Domain.
    pub domain: Option<NameOrId>,
}

/// A thing by name or id.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct NameOrId {
    /// Id.
    pub id: Option<String>,
    /// Name.
    pub name: Option<String>,
}

/// What the token is to be good for.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Scope {
    /// The word `unscoped`.
    Word(String),
    /// A target.
    Target(Target),
}

/// One of them.
#[derive(Clone, Debug, Deserialize)]
pub struct Target {
    /// A project, by id, or by name and domain.
    pub project: Option<Project>,
    /// A domain.
    pub domain: Option<NameOrId>,
    /// The system.
    pub system: Option<System>,
    /// Trusts are not offered.
    #[serde(rename = "OS-TRUST:trust")]
    pub trust: Option<serde_json::Value>,
    /// `{"unscoped": {}}`, as some clients write it.
    pub unscoped: Option<serde_json::Value>,
}

/// A project by id, or by name and domain.
#[derive(Clone, Debug, Deserialize)]
pub struct Project {
    /// Id.
    pub id: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Domain.
    pub domain: Option<NameOrId>,
}

/// The whole system.
#[derive(Clone, Debug, Deserialize)]
pub struct System {
    /// Must be true.
    pub all: bool,
}

/// A log-in, v2.0.
#[derive(Clone, Debug, Deserialize)]
pub struct LegacyLogin {
    /// The request.
    pub auth: LegacyAuth,
}

/// Who, and for which tenant.
#[derive(Clone, Debug, Deserialize)]
pub struct LegacyAuth {
    /// The tenant by name …
    #[serde(rename = "tenantName")]
    pub tenant_name: Option<String>,
    /// … or by id.
    #[serde(rename = "tenantId")]
    pub tenant_id: Option<String>,
    /// By password …
    #[serde(rename = "passwordCredentials")]
    pub password: Option<LegacyPassword>,
    /// … or by token.
    pub token: Option<Token>,
}

/// A user of the default domain and his password.
#[derive(Clone, Debug, Deserialize)]
pub struct LegacyPassword {
    /// By name …
    pub username: Option<String>,
    /// … or by id.
    #[serde(rename = "userId")]
    pub user_id: Option<String>,
    /// His password.
    pub password: Secret,
}
