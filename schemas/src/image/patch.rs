//! Glance's dialect of JSON Patch: `add` on what is there replaces it, `replace` and `remove` need it
//! to be there, and paths are one key deep.

use super::attributes::{Attributes, missing};
use crate::{Error, Result};
use serde_json::{Map, Value};

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    op: Op,
    key: String,
    value: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Add,
    Replace,
    Remove,
}

const OPS: [(&str, Op); 3] = [
    ("add", Op::Add),
    ("replace", Op::Replace),
    ("remove", Op::Remove),
];

/// Which form the changes are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `{"op": "add", "path": "/name", "value": …}`.
    V21,
    /// `{"add": "/name", "value": …}`.
    V20,
}

impl Dialect {
    /// The dialect of a media type.
    pub fn of(media_type: &str) -> Option<Dialect> {
        match media_type {
            "application/openstack-images-v2.1-json-patch" => Some(Dialect::V21),
            "application/openstack-images-v2.0-json-patch" => Some(Dialect::V20),
            _ => None,
        }
    }
}

/// Reads a body.
///
/// # Errors
/// `BadRequest` with what is wrong in it.
pub fn parse(dialect: Dialect, body: &Value) -> Result<Vec<Change>> {
    let list = body
        .as_array()
        .ok_or_else(|| bad("The body must be a list of operations."))?;
    list.iter()
        .map(|item| match item {
            Value::Object(item) => change(dialect, item),
            _ => Err(bad("Operations must be JSON objects.")),
        })
        .collect()
}

fn change(dialect: Dialect, item: &Map<String, Value>) -> Result<Change> {
    let (op, path) = match dialect {
        Dialect::V21 => (member(item, "op")?, member(item, "path")?),
        Dialect::V20 => {
            let mut named = OPS.iter().filter(|(name, _)| item.contains_key(*name));
            match (named.next(), named.next()) {
                (Some((name, _)), None) => (*name, member(item, name)?),
                _ => {
                    return Err(bad(
                        "An operation must have exactly one of add, replace and remove.",
                    ));
                }
            }
        }
    };
    let found = OPS.iter().find(|(name, _)| *name == op);
    let op = found.map(|(_, op)| *op).ok_or_else(|| {
        bad(&format!(
            "Operation {op:?} is unknown; add, replace and remove are possible."
        ))
    })?;
    let value = match (op, item.get("value")) {
        (Op::Remove, _) => Value::Null,
        (_, Some(value)) => value.clone(),
        (_, None) => return Err(bad("An operation that adds or replaces needs a 'value'.")),
    };
    Ok(Change {
        op,
        key: key(path)?,
        value,
    })
}

fn member<'a>(item: &'a Map<String, Value>, name: &str) -> Result<&'a str> {
    item.get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| bad(&format!("Unable to find '{name}' in an operation.")))
}

/// The one key of a JSON pointer.
fn key(path: &str) -> Result<String> {
    let wrong = |why: &str| bad(&format!("Pointer `{path}` {why}."));
    let raw = path
        .strip_prefix('/')
        .ok_or_else(|| wrong("does not start with \"/\""))?;
    if raw.is_empty() {
        return Err(wrong("names nothing"));
    }
    if raw.contains('/') {
        return Err(wrong("leads deeper than one key; replace the whole value"));
    }
    let mut escaped = raw.split('~').skip(1);
    if escaped.any(|rest| !rest.starts_with(['0', '1'])) {
        return Err(wrong(
            "contains \"~\" not part of a recognized escape sequence",
        ));
    }
    Ok(raw.replace("~1", "/").replace("~0", "~"))
}

fn bad(words: &str) -> Error {
    Error::BadRequest(words.into())
}

/// Carries the changes out, all or none.
///
/// # Errors
/// What the first change that cannot be done says.
pub fn apply(attributes: &mut Attributes, changes: &[Change]) -> Result<()> {
    let mut changed = attributes.clone();
    for Change { op, key, value } in changes {
        match op {
            Op::Remove => changed.unset(key)?,
            Op::Add => changed.set(key, value)?,
            Op::Replace => {
                let before = changed.has(key);
                // Names that are not the caller's are refused as such, there or not.
                changed.set(key, value)?;
                if !before {
                    return Err(missing(key));
                }
            }
        }
    }
    *attributes = changed;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn patch(body: Value) -> Result<Attributes> {
        let mut attributes = Attributes::new("p");
        attributes
            .properties
            .insert("os_distro".into(), "busybox".into());
        apply(&mut attributes, &parse(Dialect::V21, &body)?)?;
        Ok(attributes)
    }

    #[test]
    fn add_replaces_what_is_there_and_replace_needs_it() {
        let image = patch(json!([
            {"op": "add", "path": "/name", "value": "n"},
            {"op": "add", "path": "/os_distro", "value": "alpine"},
            {"op": "add", "path": "/a~1b~0c", "value": "x"},
        ]))
        .unwrap();
        assert_eq!(
            (image.name.as_str(), image.properties["os_distro"].as_str()),
            ("n", "alpine")
        );
        assert_eq!(image.properties["a/b~c"], "x");
        let absent = patch(json!([{"op": "replace", "path": "/none", "value": "x"}]));
        assert!(matches!(absent, Err(Error::Conflict(_))));
        let absent = patch(json!([{"op": "remove", "path": "/none"}]));
        assert!(matches!(absent, Err(Error::Conflict(_))));
    }

    #[test]
    fn what_is_not_the_callers_is_forbidden() {
        for (op, path) in [
            ("replace", "/status"),
            ("add", "/checksum"),
            ("remove", "/size"),
            ("remove", "/name"),
            ("replace", "/id"),
            ("add", "/locations"),
            ("replace", "/deleted"),
        ] {
            let refused = patch(json!([{"op": op, "path": path, "value": "x"}]));
            assert!(
                matches!(refused, Err(Error::Forbidden(_))),
                "{op} {path}: {refused:?}"
            );
        }
    }

    #[test]
    fn malformed_changes_are_refused_in_words() {
        for body in [
            json!({}),
            json!([1]),
            json!([{}]),
            json!([{"op": "add", "path": "/x"}]),
            json!([{"op": "move", "path": "/x", "value": 1}]),
            json!([{"op": "add", "path": "x", "value": "1"}]),
            json!([{"op": "add", "path": "/", "value": "1"}]),
            json!([{"op": "add", "path": "/a/b", "value": "1"}]),
            json!([{"op": "add", "path": "/a~2", "value": "1"}]),
            json!([{"op": "add", "path": "/name", "value": 7}]),
        ] {
            let refused = patch(body.clone());
            assert!(
                matches!(refused, Err(Error::BadRequest(_))),
                "{body}: {refused:?}"
            );
        }
    }

    #[test]
    fn the_older_dialect_says_the_same() {
        let body = json!([{"replace": "/name", "value": "n"}, {"remove": "/os_distro"}]);
        let changes = parse(Dialect::V20, &body).unwrap();
        let mut attributes = Attributes::new("p");
        attributes
            .properties
            .insert("os_distro".into(), "busybox".into());
        apply(&mut attributes, &changes).unwrap();
        assert_eq!(attributes.name, "n");
        assert!(attributes.properties.is_empty());
    }
}
