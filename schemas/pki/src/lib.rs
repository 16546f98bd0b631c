//! X.509: each cluster's own certificate authority, its nodes' certificates, its users' requests.
//!
//! *Promises.* Keys are ECDSA P-256, made here and given out once, in PKCS #8 PEM: whoever keeps them
//! seals them. A user's request gets what it asks for only where rules allow it (see [`Authority::sign`]);
//! whatever is signed names the cluster as its issuer.
//!
//! No I/O and no clock: the time is told.

mod authority;
mod certificate;
mod request;
mod signature;

pub use authority::{Authority, Names};
pub use certificate::signing_key;

use schemas::{Secret, Timestamp};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// How long a certificate is valid. It begins a day early, since clocks differ.
pub const CERTIFICATE_LIFE: Duration = Duration::from_secs(5 * 365 * 24 * 3600);
/// How long an authority is valid.
pub const AUTHORITY_LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// A certificate and its key.
pub struct Pair {
    /// PEM.
    pub certificate: String,
    /// PKCS #8 PEM.
    pub key: Secret,
    /// The certificate is valid until then.
    pub until: Timestamp,
}
