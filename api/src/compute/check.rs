//! Checks of what clients send, in Nova's words.

use schemas::{Error, Result};
use std::collections::BTreeMap;

/// A field's value is refused, and why.
pub fn invalid(field: &str, why: &str) -> Error {
    Error::BadRequest(format!("Invalid input for field/attribute {field}. {why}"))
}

/// A name without the spaces around it: 1 to 255 characters that can be printed.
///
/// # Errors
/// `BadRequest`.
pub fn name<'a>(field: &str, text: &'a str) -> Result<&'a str> {
    let name = text.trim();
    if name.is_empty() {
        return Err(invalid(field, "It must not be empty."));
    }
    at_most(field, name, 255)?;
    if name.chars().any(char::is_control) {
        return Err(invalid(field, "It must hold printable characters only."));
    }
    Ok(name)
}

/// Bounds a text.
///
/// # Errors
/// `BadRequest`.
pub fn at_most(field: &str, text: &str, most: usize) -> Result<()> {
    match text.chars().count() {
        length if length > most => Err(invalid(
            field,
            &format!("It has {length} characters; at most {most} are possible."),
        )),
        _ => Ok(()),
    }
}

/// A number between bounds.
///
/// # Errors
/// `BadRequest`.
pub fn between(field: &str, number: i64, least: i64, most: i64) -> Result<i64> {
    match number {
        number if number < least || number > most => Err(invalid(
            field,
            &format!("{number} is not between {least} and {most}."),
        )),
        number => Ok(number),
    }
}

/// A field that this microversion has not yet, or no more.
///
/// # Errors
/// `BadRequest` when it was sent.
pub fn absent<T>(field: &str, value: &Option<T>, minor: u16, since: u16) -> Result<()> {
    match value {
        Some(_) if minor < since => Err(Error::BadRequest(format!(
            "Additional properties are not allowed ('{field}' was unexpected): it came with \
             microversion 2.{since}."
        ))),
        _ => Ok(()),
    }
}

/// Metadata: keys and values of at most 255 characters, as many as the quota allows.
///
/// # Errors
/// `BadRequest`, or `OverQuota`.
pub fn metadata(items: &BTreeMap<String, String>, limit: i64) -> Result<()> {
    if limit >= 0 && items.len() as i64 > limit {
        return Err(Error::OverQuota(format!(
            "Quota exceeded, too many metadata items: {} given, {limit} possible.",
            items.len()
        )));
    }
    for (key, value) in items {
        key_of(key)?;
        at_most(&format!("metadata.{key}"), value, 255)?;
    }
    Ok(())
}

/// One metadata key.
///
/// # Errors
/// `BadRequest`.
pub fn key_of(key: &str) -> Result<()> {
    let legal = |letter: char| letter.is_ascii_alphanumeric() || "-_:. ".contains(letter);
    if key.is_empty() || !key.chars().all(legal) {
        return Err(invalid(
            "metadata",
            &format!(
                "The key '{key}' must be made of letters, digits, '-', '_', ':', '.' and ' '."
            ),
        ));
    }
    at_most("metadata", key, 255)
}

/// A host name (RFC 1123): one label of at most 63 letters, digits and inner dashes; dots may
/// divide several.
///
/// # Errors
/// `BadRequest`.
pub fn hostname(text: &str) -> Result<()> {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
    };
    match text.len() <= 255 && text.split('.').all(label) {
        true => Ok(()),
        false => Err(invalid(
            "hostname",
            &format!("'{text}' is not a 'hostname'"),
        )),
    }
}

/// An address of the family the field is for; empty removes it.
///
/// # Errors
/// `BadRequest`.
pub fn address(field: &str, text: Option<&str>) -> Result<()> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(());
    };
    let right = match field.ends_with('6') {
        true => text.parse::<std::net::Ipv6Addr>().is_ok(),
        false => text.parse::<std::net::Ipv4Addr>().is_ok(),
    };
    match right {
        true => Ok(()),
        false => Err(invalid(
            field,
            &format!("'{text}' is no address of this family."),
        )),
    }
}
