//! Secrets in settings: read from files, never shown.

use schemas::{Error, Result};
use serde_json::Value;
use std::path::Path;

const SHOWN: &str = "***";

/// Reads a secret from a file; the line's end is not part of it.
///
/// # Errors
/// `BadRequest` when the file cannot be read or is empty.
pub fn read(path: &Path) -> Result<String> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::BadRequest(format!(
            "The secret file {} cannot be read: {error}.",
            path.display()
        ))
    })?;
    let secret = text.trim();
    if secret.is_empty() {
        return Err(Error::BadRequest(format!(
            "The secret file {} is empty.",
            path.display()
        )));
    }
    Ok(secret.to_owned())
}

/// Settings as they may be shown: passwords inside URLs, and whatever is called a secret, replaced.
pub fn redact(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let secret = ["password", "secret", "token"]
                    .iter()
                    .any(|word| name == word);
                match field {
                    Value::String(text) if secret && !text.is_empty() => *text = SHOWN.to_owned(),
                    other => redact(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::String(text) => {
            if let Some(shown) = without_password(text) {
                *text = shown;
            }
        }
        _ => {}
    }
}

/// The URL with its password hidden; `None` for what has none.
pub fn without_password(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let (user, host) = authority.rsplit_once('@')?;
    let (name, _) = user.split_once(':')?;
    Some(format!("{scheme}://{name}:{SHOWN}@{host}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn passwords_in_urls_are_hidden_wherever_they_stand() {
        let mut settings = json!({
            "database": { "url": "postgres://joe:s3c@ret@db:5432/cloud?sslmode=require" },
            "peers": ["amqp://rabbit:s3cret@one/", "amqp://two/"],
            "password": "s3cret",
        });
        redact(&mut settings);
        let shown = settings.to_string();
        assert!(!shown.contains("s3c"), "{shown}");
        assert!(shown.contains("postgres://joe:***@db:5432/cloud?sslmode=require"));
        assert!(shown.contains("amqp://two/"));
    }

    #[test]
    fn an_empty_secret_file_is_a_mistake() {
        assert!(read(Path::new("/dev/null")).is_err());
        assert!(read(Path::new("/nowhere/secret")).is_err());
    }
}
