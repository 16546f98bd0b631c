//! What a token says about itself. Short names: tokens travel with every request.

use schemas::Timestamp;
use serde::{Deserialize, Serialize};

/// The signed claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// User.
    #[serde(rename = "u")]
    pub user_id: String,
    /// Issued, µs.
    #[serde(rename = "i")]
    pub issued: i64,
    /// Ends, µs.
    #[serde(rename = "e")]
    pub ends: i64,
    /// Own audit id; and that of the first token, when this one was made from another.
    #[serde(rename = "a")]
    pub audit_ids: Vec<String>,
    /// How the user proved himself.
    #[serde(rename = "m")]
    pub methods: Vec<String>,
    /// For what.
    #[serde(rename = "s")]
    pub scope: ScopeClaim,
    /// The application credential it was made from.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub application_credential: Option<String>,
}

/// What a token is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScopeClaim {
    /// Nothing yet.
    #[serde(rename = "n")]
    Unscoped,
    /// A project.
    #[serde(rename = "p")]
    Project(String),
    /// A domain.
    #[serde(rename = "d")]
    Domain(String),
    /// The system.
    #[serde(rename = "y")]
    System,
}

impl Claims {
    /// When the token was made.
    pub fn issued_at(&self) -> Timestamp {
        Timestamp(self.issued)
    }

    /// When it ends.
    pub fn expires_at(&self) -> Timestamp {
        Timestamp(self.ends)
    }
}
