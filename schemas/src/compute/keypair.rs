//! Key pairs.

use serde::Deserialize;

/// `POST /os-keypairs`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateBody {
    /// The key pair.
    pub keypair: Create,
}

/// A new key pair.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// Unique for the user.
    pub name: String,
    /// OpenSSH form; made by the server when absent (before 2.92).
    #[serde(default)]
    pub public_key: Option<String>,
    /// `ssh` or `x509` (2.2).
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// For whom; admins only (2.10).
    #[serde(default)]
    pub user_id: Option<String>,
}
