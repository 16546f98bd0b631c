//! Bodies: an object, or a list of changes.

use crate::call::Call;
use crate::extract::Raw;
use crate::route::Extract;
use schemas::container_infra::{body, patch};
use schemas::{Error, Result};
use serde_json::{Map, Value};

/// A body that is an object.
pub struct Object(pub Map<String, Value>);

/// A body in the PATCH dialect.
pub struct Changes(Value);

impl Changes {
    /// The changes, checked by the rules of the resource.
    ///
    /// # Errors
    /// `BadRequest` with what is wrong in the body.
    pub fn read(&self, rules: &patch::Rules) -> Result<Vec<patch::Change>> {
        patch::parse(&self.0, rules)
    }
}

async fn document(call: &Call) -> Result<Value> {
    let raw = Raw::extract(call).await?;
    let (kind, bytes) = (raw.0.as_str(), &raw.1);
    let nothing = bytes.iter().all(u8::is_ascii_whitespace);
    let json = matches!(kind, "" | "application/json") || kind.ends_with("+json");
    match json || nothing {
        true => raw.json(),
        false => Err(Error::UnsupportedMediaType(format!(
            "Content-Type {kind} is not understood here; send application/json."
        ))),
    }
}

impl Extract for Object {
    async fn extract(call: &Call) -> Result<Self> {
        body::object(document(call).await?).map(Object)
    }
}

impl Extract for Changes {
    async fn extract(call: &Call) -> Result<Self> {
        document(call).await.map(Changes)
    }
}
