//! Types that cross a border: REST bodies, AMQP messages, and the identifiers and times in both.
//!
//! No I/O, no database, no runtime: every other crate may depend on this one.

pub mod compute;
pub mod container_infra;
pub mod error;
pub mod hint;
pub mod host;
pub mod identity;
pub mod ids;
pub mod image;
pub mod secret;
pub mod time;
pub mod workload;

pub use error::{Error, Result};
pub use hint::{Hint, Kind};
pub use secret::Secret;
pub use time::Timestamp;

/// Standard base64 with padding.
pub fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
