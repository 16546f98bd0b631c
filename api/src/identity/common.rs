//! What several resources of identity need: extra attributes, domains of lists and new things.

use crate::ctx::Caller;
use crate::extract::Query;
use schemas::identity::{Extra, Links};
use schemas::{Error, Result};
use serde_json::Value;

/// The domain clients mean when they know none.
pub const DEFAULT_DOMAIN: &str = "default";

/// `links` of the thing at this path below `/v3`.
pub fn links(caller: &Caller, path: &str) -> Links {
    Links {
        own: caller.url(path),
    }
}

/// The extra attributes of a row.
///
/// # Errors
/// `Internal` when the column is damaged.
pub fn extra(column: &str) -> Result<Extra> {
    serde_json::from_str(column).map_err(Error::internal)
}

/// Attributes the server itself writes: clients send them back with changes.
const OWN: &[&str] = &[
    "id",
    "links",
    "created_at",
    "password_expires_at",
    "is_domain",
    "options",
];

/// The extra attributes to store for new ones.
pub fn keep(mut extra: Extra) -> String {
    extra.retain(|name, _| !OWN.contains(&name.as_str()));
    Value::Object(extra).to_string()
}

/// The extra attributes after a change; `null` removes one.
///
/// # Errors
/// `Internal` when the column is damaged.
pub fn merge(column: &str, change: Extra) -> Result<String> {
    let mut all = extra(column)?;
    for (name, value) in change {
        if value.is_null() {
            all.remove(&name);
        } else {
            all.insert(name, value);
        }
    }
    Ok(keep(all))
}

/// The domain a list is narrowed to: the one asked for, else that of a token for a domain.
pub fn list_domain(caller: &Caller, query: &Query) -> Option<String> {
    let asked = query.get("domain_id").map(str::to_owned);
    asked.or_else(|| caller.auth().domain().map(|domain| domain.id.clone()))
}

/// The domain of a new thing: the one given, else that of the token, else the default one.
pub fn new_domain(caller: &Caller, given: Option<String>) -> String {
    let auth = caller.auth();
    given
        .or_else(|| auth.domain().map(|domain| domain.id.clone()))
        .or_else(|| auth.project().map(|project| project.domain.id.clone()))
        .unwrap_or_else(|| DEFAULT_DOMAIN.to_owned())
}

/// What cannot be changed may only be repeated.
///
/// # Errors
/// `BadRequest` when another value is given.
pub fn unchanged(field: &str, given: Option<&str>, is: &str) -> Result<()> {
    match given {
        Some(given) if given != is => Err(Error::BadRequest(format!(
            "{field} cannot be changed once the object is made."
        ))),
        _ => Ok(()),
    }
}
