//! Request ids: one of our own for every request, and the client's own when it sends one.

use actix_web::http::header::HeaderMap;
use std::fmt;
use uuid::Uuid;

/// `req-<uuid>`: in every answer, in every log line, in every instance action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// A new id.
    pub fn generate() -> Self {
        RequestId(format!("req-{}", Uuid::new_v4()))
    }

    /// The global request id the client sent, if it has the right form; anything else is ignored.
    pub fn global(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get("x-openstack-request-id")?.to_str().ok()?;
        let uuid = text.strip_prefix("req-")?;
        (uuid.len() == 36 && Uuid::parse_str(uuid).is_ok()).then(|| RequestId(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
