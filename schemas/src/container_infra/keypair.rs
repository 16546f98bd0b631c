//! X.509 key pairs (contract `magnum-v1.md` §8.9).

use super::field::{Text, Word};
use crate::Secret;
use serde::Deserialize;

/// A PEM text.
pub type Pem = Text<1, 65_536>;

/// `POST /x509keypairs`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// Need not be unique.
    #[serde(default)]
    pub name: Option<Word>,
    /// The cluster: UUID or name.
    pub bay_uuid: Word,
    /// Certificate of who signed.
    #[serde(default)]
    pub ca_cert: Option<Pem>,
    /// Certificate.
    #[serde(default)]
    pub certificate: Option<Pem>,
    /// Its private key.
    #[serde(default)]
    pub private_key: Option<Secret>,
}
