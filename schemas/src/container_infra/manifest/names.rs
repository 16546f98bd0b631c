//! Names and labels as Kubernetes has them: what another controller or a host takes them for later is
//! decided here once.

use super::bad;
use crate::Result;
use std::collections::BTreeMap;

/// Most labels of one thing.
const MOST_LABELS: usize = 128;
/// Most bytes of annotations.
const MOST_ANNOTATIONS: usize = 256 << 10;

/// `web-1`: of a container, a volume, a host, a service.
pub(super) fn label(path: &str, text: &str) -> Result<()> {
    match is_label(text) {
        true => Ok(()),
        false => Err(bad(
            path,
            "it must be 1 to 63 lower-case letters, digits and '-', with a letter or digit at either end",
        )),
    }
}

/// `http`: of a port of a container, which others name it by.
pub(super) fn port(path: &str, text: &str) -> Result<()> {
    label(path, text)?;
    let letters = text.bytes().any(|byte| byte.is_ascii_lowercase());
    match text.len() > 15 || !letters || text.contains("--") {
        true => Err(bad(
            path,
            "it has at most 15 letters, one of a to z among them, and no '--'",
        )),
        false => Ok(()),
    }
}

/// `web-1.a`: of a pod or a replication controller.
pub(super) fn subdomain(path: &str, text: &str) -> Result<()> {
    match is_subdomain(text) {
        true => Ok(()),
        false => Err(bad(
            path,
            "it must be 1 to 253 lower-case letters, digits, '-' and '.', with a letter or digit at \
             either end and beside each '.'",
        )),
    }
}

fn is_label(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(legal)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn is_subdomain(text: &str) -> bool {
    let part = |part: &str| {
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !part.is_empty()
            && part.bytes().all(legal)
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(part)
}

/// What a label's value, or the last part of its key, is made of.
pub(in crate::container_infra) fn is_word(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    (1..=63).contains(&bytes.len())
        && bytes.iter().copied().all(inner)
        && end(bytes.first())
        && end(bytes.last())
}

pub(in crate::container_infra) fn is_key(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && is_word(name),
        None => is_word(text),
    }
}

/// The key of a taint.
pub(super) fn key(path: &str, text: &str) -> Result<()> {
    match is_key(text) {
        true => Ok(()),
        false => Err(bad(
            path,
            "it must be at most 63 letters, digits, '-', '_' and '.', perhaps behind a domain and '/'",
        )),
    }
}

/// A key of a config map, which is a file's name, too.
pub(super) fn file(path: &str, text: &str) -> Result<()> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let right = (1..=253).contains(&text.len())
        && text.bytes().all(legal)
        && text != "."
        && !text.starts_with("..");
    match right {
        true => Ok(()),
        false => Err(bad(
            path,
            "keys of config maps have 1 to 253 letters, digits, '-', '_' and '.', and do not begin with '..'",
        )),
    }
}

/// Labels, or a selector of them.
pub(super) fn labels(path: &str, labels: &BTreeMap<String, String>) -> Result<()> {
    if labels.len() > MOST_LABELS {
        return Err(bad(
            path,
            &format!("there are {}, and {MOST_LABELS} is the most", labels.len()),
        ));
    }
    for (key, value) in labels {
        if !is_key(key) {
            return Err(bad(
                path,
                &format!(
                    "{key:?} is no label's name: at most 63 letters, digits, '-', '_' and '.', perhaps \
                     behind a domain and '/'"
                ),
            ));
        }
        if !value.is_empty() && !is_word(value) {
            return Err(bad(
                &format!("{path}.{key}"),
                "it must be at most 63 letters, digits, '-', '_' and '.', with a letter or digit at \
                 either end, or nothing",
            ));
        }
    }
    Ok(())
}

/// Annotations: kept by those who write them, bounded here.
pub(super) fn annotations(path: &str, annotations: &BTreeMap<String, String>) -> Result<()> {
    if let Some(key) = annotations
        .keys()
        .find(|key| !is_key(&key.to_ascii_lowercase()))
    {
        return Err(bad(path, &format!("{key:?} is no annotation's name")));
    }
    let bytes: usize = annotations
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum();
    match bytes > MOST_ANNOTATIONS {
        true => Err(bad(path, "they have more than 256 KiB")),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_hosts_and_labels_may_be_called() {
        for good in ["a", "web-1", "1", &"a".repeat(63)] {
            assert!(is_label(good) && is_subdomain(good), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "ä", "a b", "a/b", "a\n", "a:b"] {
            assert!(!is_label(bad) && !is_subdomain(bad), "{bad:?}");
        }
        assert!(!is_label(&"a".repeat(64)) && is_subdomain("a.b-c.1") && !is_label("a.b"));
        for bad in [
            "a..b",
            ".a",
            "a.",
            "a.-b",
            "a-.b",
            &format!("a{}", ".a".repeat(127)),
        ] {
            assert!(!is_subdomain(bad), "{bad}");
        }
    }

    #[test]
    fn labels_have_keys_and_values_of_their_own_kind() {
        let one = |key: &str, value: &str| {
            labels("l", &BTreeMap::from([(key.to_owned(), value.to_owned())]))
        };
        for (key, value) in [
            ("app", "web"),
            ("app", ""),
            ("example.com/App_1.x", "A.b_c-1"),
            ("A", "1"),
        ] {
            assert!(one(key, value).is_ok(), "{key}={value}");
        }
        for (key, value) in [
            ("", "x"),
            ("-a", "x"),
            ("a/b/c", "x"),
            ("/a", "x"),
            ("a/", "x"),
            ("UP.com/a", "x"),
            ("a b", "x"),
            ("app", "-x"),
            ("app", "x y"),
            ("app", "é"),
            ("app", &*"x".repeat(64)),
            (&*"k".repeat(64), "x"),
        ] {
            assert!(one(key, value).is_err(), "{key}={value}");
        }
        let many = (0..129).map(|n| (format!("k{n}"), String::new())).collect();
        assert!(labels("l", &many).is_err());
    }
}
