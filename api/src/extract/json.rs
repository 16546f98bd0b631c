//! JSON bodies: bounded in size, time and depth; errors name the field.

use crate::call::Call;
use crate::route::Extract;
use actix_web::error::PayloadError;
use actix_web::web::Payload;
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use schemas::{Error, Result};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// A slow client may not hold a worker's memory for longer than this.
const PATIENCE: Duration = Duration::from_secs(60);
/// Of a refused upload so much is read at most, and for so long.
const DISCARD: usize = 256 << 20;
const DISCARD_TIME: Duration = Duration::from_secs(10);

/// The body, parsed. Whether unknown fields are refused is the type's business
/// (`#[serde(deny_unknown_fields)]`).
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> Extract for Json<T> {
    async fn extract(call: &Call) -> Result<Self> {
        let kind = call.header("content-type").unwrap_or_default();
        let essence = kind
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        if !(essence.is_empty() || essence == "application/json" || essence.ends_with("+json")) {
            return Err(Error::UnsupportedMediaType(format!(
                "Content-Type {essence} is not understood here; send application/json."
            )));
        }
        parse(&collect(call, call.route().body_limit).await?).map(Json)
    }
}

/// The body as it comes in: for uploads, which read it piece by piece.
pub struct Body(pub Payload);

impl Extract for Body {
    async fn extract(call: &Call) -> Result<Self> {
        call.take_payload()
            .map(Body)
            .ok_or_else(|| Error::internal("the body was taken already"))
    }
}

impl Body {
    /// The pieces as they come.
    pub fn pieces(&mut self) -> impl Stream<Item = Result<Bytes>> + Unpin {
        (&mut self.0).map(|piece| piece.map_err(broken))
    }

    /// Reads what still comes and forgets it, within bounds: a client that has not sent all often
    /// does not read the refusal.
    pub async fn discard(&mut self) {
        let read = async {
            let mut left = DISCARD;
            while let Ok(Some(piece)) = self.next().await {
                left = left.saturating_sub(piece.len());
                if left == 0 {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(DISCARD_TIME, read).await;
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// `BadRequest` when the client's connection breaks.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        match self.0.next().await {
            None => Ok(None),
            Some(Ok(bytes)) => Ok(Some(bytes)),
            Some(Err(error)) => Err(broken(error)),
        }
    }
}

fn broken(error: PayloadError) -> Error {
    Error::BadRequest(format!("The body did not arrive whole: {error}."))
}

/// A body of any media type, whole: the type without its parameters, and the bytes.
pub struct Raw(pub String, pub Bytes);

impl Extract for Raw {
    async fn extract(call: &Call) -> Result<Self> {
        let kind = call.header("content-type").unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        let bytes = collect(call, call.route().body_limit).await?;
        Ok(Raw(essence.to_ascii_lowercase(), bytes))
    }
}

impl Raw {
    /// Its JSON, read as every body is.
    ///
    /// # Errors
    /// As for [`Json`].
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        parse(&self.1)
    }
}

async fn collect(call: &Call, limit: usize) -> Result<Bytes> {
    let too_large = || Error::TooLarge(format!("The request body is larger than {limit} bytes."));
    let declared = call
        .header("content-length")
        .and_then(|length| length.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut body = Body::extract(call).await?;
    let read = async {
        let mut whole = BytesMut::with_capacity(declared.unwrap_or(0));
        while let Some(piece) = body.next().await? {
            if whole.len() + piece.len() > limit {
                return Err(too_large());
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    };
    tokio::time::timeout(PATIENCE, read).await.map_err(|_| {
        Error::BadRequest(format!(
            "The request body did not arrive within {} seconds.",
            PATIENCE.as_secs()
        ))
    })?
}

/// Parses a body; the error names the field.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::BadRequest(
            "The request needs a JSON body, and has none.".into(),
        ));
    }
    if bytes.windows(6).any(|window| window == b"\\u0000") {
        let value: serde_json::Value =
            serde_json::from_slice(bytes).map_err(|error| malformed(&error.to_string()))?;
        if has_nul(&value) {
            return Err(Error::BadRequest(
                "A text in the body holds a NUL character.".into(),
            ));
        }
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() && path != "." {
            Error::BadRequest(format!(
                "Invalid input for field {path}: {}.",
                plain(&inner)
            ))
        } else if inner.is_data() {
            Error::BadRequest(format!("Invalid input: {}.", plain(&inner)))
        } else {
            malformed(&inner.to_string())
        }
    })?;
    reader
        .end()
        .map_err(|error| malformed(&error.to_string()))?;
    Ok(value)
}

fn malformed(error: &str) -> Error {
    Error::BadRequest(format!("The body is no well-formed JSON: {error}."))
}

/// The error without its position in the text, which helps nobody who sent one line.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

fn has_nul(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(text) => text.contains('\0'),
        serde_json::Value::Array(items) => items.iter().any(has_nul),
        serde_json::Value::Object(map) => map
            .iter()
            .any(|(key, value)| key.contains('\0') || has_nul(value)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only parsed")]
        user: Inner,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only parsed")]
        name: String,
    }

    fn refusal(body: &str) -> String {
        parse::<Outer>(body.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn an_error_names_the_field() {
        let refused = refusal(r#"{"user": {"name": 1}}"#);
        assert!(
            refused.contains("user.name") && !refused.contains("line"),
            "{refused}"
        );
        assert!(refusal(r#"{"user": {}}"#).contains("missing field `name`"));
        assert!(refusal(r#"{"user": {"name": "a", "x": 1}}"#).contains("unknown field `x`"));
    }

    #[test]
    fn nul_depth_rest_and_emptiness_are_refused() {
        assert!(refusal(r#"{"user": {"name": "a\u0000"}}"#).contains("NUL"));
        assert!(parse::<Outer>(br#"{"user": {"name": "a\\u0000"}}"#).is_ok());
        assert!(refusal(r#"{"user": {"name": "a"}} x"#).contains("well-formed"));
        assert!(refusal(" ").contains("needs a JSON body"));
        let deep = "[".repeat(100_000);
        assert!(parse::<serde_json::Value>(deep.as_bytes()).is_err());
    }
}
