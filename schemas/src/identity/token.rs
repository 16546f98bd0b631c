//! The token body that every client reads, and the catalog in it.

use super::Reference;
use serde::Serialize;

/// `{"token": …}`.
#[derive(Clone, Debug, Serialize)]
pub struct Body {
    /// The token.
    pub token: Token,
}

/// What a token stands for.
#[derive(Clone, Debug, Serialize)]
pub struct Token {
    /// How the user proved himself.
    pub methods: Vec<String>,
    /// Who.
    pub user: User,
    /// Own audit id; and that of the first token of the chain.
    pub audit_ids: Vec<String>,
    /// When it ends.
    pub expires_at: String,
    /// When it was made.
    pub issued_at: String,
    /// For which project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<InDomain>,
    /// False with a project, else absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_domain: Option<bool>,
    /// For which domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<Reference>,
    /// For the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<System>,
    /// Roles there, implied ones included; absent when unscoped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<Reference>>,
    /// Where the services are; absent when unscoped or not wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalog: Option<Vec<Service>>,
    /// What it was made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_credential: Option<ApplicationCredential>,
}

/// A user in a token.
#[derive(Clone, Debug, Serialize)]
pub struct User {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// The domain that holds the user.
    pub domain: Reference,
    /// When the password must be changed.
    pub password_expires_at: Option<String>,
}

/// A project in a token.
#[derive(Clone, Debug, Serialize)]
pub struct InDomain {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// The domain that holds it.
    pub domain: Reference,
}

/// The whole system.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct System {
    /// Always true.
    pub all: bool,
}

/// The application credential a token was made from.
#[derive(Clone, Debug, Serialize)]
pub struct ApplicationCredential {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// It may not make further credentials.
    pub restricted: bool,
    /// What it is narrowed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_rules: Option<Vec<super::application_credential::AccessRule>>,
}

/// A service in the catalog.
#[derive(Clone, Debug, Serialize)]
pub struct Service {
    /// Id.
    pub id: String,
    /// `compute`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `nova`.
    pub name: String,
    /// Where.
    pub endpoints: Vec<Endpoint>,
}

/// An endpoint in the catalog.
#[derive(Clone, Debug, Serialize)]
pub struct Endpoint {
    /// Id.
    pub id: String,
    /// `public`, `internal` or `admin`.
    pub interface: String,
    /// The region.
    pub region: Option<String>,
    /// The same: clients read either.
    pub region_id: Option<String>,
    /// Where.
    pub url: String,
}
