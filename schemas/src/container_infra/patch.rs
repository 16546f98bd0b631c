//! The PATCH dialect of container-infra (contract `magnum-v1.md` §6): a list of operations on the
//! fields of a resource.
//!
//! ```text
//! body ──parse (rules of the resource)──► changes ──apply──► document ──body::read──► checked
//! ```
//!
//! [`parse`] needs no resource, so a bad body is told before anything is looked up. A document is
//! the resource's own fields, those that are unset as `null`.

use super::literal;
use crate::{Error, Result};
use serde_json::{Map, Value};

/// What no client changes, of whatever resource.
pub const PROTECTED: &[&str] = &[
    "created_at",
    "updated_at",
    "id",
    "uuid",
    "links",
    "project_id",
    "user_id",
];

/// Fields whose whole value is written as a Python literal, because a value is otherwise a text or a
/// number.
const LITERAL: &[&str] = &[
    "labels",
    "properties",
    "health_status_reason",
    "node_labels",
    "node_taints",
];

/// What a resource says about changes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    /// Fields that cannot be removed.
    pub mandatory: &'static [&'static str],
    /// Fields that no operation may touch, beyond [`PROTECTED`].
    pub protected: &'static [&'static str],
    /// As the servers of 2015 did: 0, `false` and the empty text are no value.
    pub legacy: bool,
    /// Fields (lists) of which `remove` takes away the one that `value` names.
    pub members: &'static [&'static str],
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the body")]
pub enum Op {
    Add,
    Replace,
    Remove,
}

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What is done.
    pub op: Op,
    /// Where: the field, and what is below it.
    pub path: Vec<String>,
    /// With what. A literal is parsed already.
    pub value: Option<Value>,
}

impl Change {
    /// The top-level field.
    pub fn field(&self) -> &str {
        self.path.first().map_or("", String::as_str)
    }
}

/// Reads a body.
///
/// # Errors
/// `BadRequest` with what is wrong in it.
pub fn parse(body: &Value, rules: &Rules) -> Result<Vec<Change>> {
    let list = body
        .as_array()
        .ok_or_else(|| bad("The body must be a list of operations: op, path and value."))?;
    list.iter().map(|item| change(item, rules)).collect()
}

fn change(item: &Value, rules: &Rules) -> Result<Change> {
    let item = item
        .as_object()
        .ok_or_else(|| bad("An operation must be an object with op, path and value."))?;
    let known = ["op", "path", "value"];
    if let Some(other) = item.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(bad(&format!(
            "An operation has op, path and value, and no {other}."
        )));
    }
    let text = |key: &str| {
        let found = item.get(key).and_then(Value::as_str);
        found.ok_or_else(|| bad(&format!("An operation needs {key}, a text.")))
    };
    let op = match text("op")? {
        "add" => Op::Add,
        "replace" => Op::Replace,
        "remove" => Op::Remove,
        other => {
            return Err(bad(&format!(
                "Operation {other:?} is unknown; add, replace and remove are possible."
            )));
        }
    };
    let raw = text("path")?;
    let path = segments(raw)?;
    let field = path.first().map_or("", String::as_str);
    if PROTECTED.contains(&field) || rules.protected.contains(&field) {
        return Err(bad(&format!(
            "'/{field}' is an internal attribute and can not be updated."
        )));
    }
    let takes_value = op != Op::Remove || rules.members.contains(&field);
    let value = match item.get("value") {
        None | Some(Value::Null) => None,
        Some(value) if takes_value => Some(simple(value, raw, rules)?),
        Some(value) => {
            simple(value, raw, rules)?;
            None
        }
    };
    match op {
        Op::Remove if path.len() == 1 && rules.mandatory.contains(&field) => {
            return Err(bad(&format!(
                "'{raw}' is a mandatory attribute and can not be removed."
            )));
        }
        Op::Add | Op::Replace if value.is_none() => {
            return Err(bad(&format!(
                "'add' and 'replace' operations need a value; the one on '{raw}' has none."
            )));
        }
        _ => {}
    }
    let value = match (path.as_slice(), value) {
        ([field], Some(Value::String(text))) if LITERAL.contains(&field.as_str()) => {
            Some(whole(field, &text)?)
        }
        (_, value) => value,
    };
    Ok(Change { op, path, value })
}

/// `/labels/a-b` → `labels`, `a-b`.
fn segments(path: &str) -> Result<Vec<String>> {
    let word = |segment: &str| {
        let legal = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
        !segment.is_empty() && segment.chars().all(legal)
    };
    let inner = path.strip_prefix('/');
    let found: Option<Vec<String>> = inner.and_then(|inner| {
        let all = inner.split('/');
        all.map(|one| word(one).then(|| one.to_owned())).collect()
    });
    found.ok_or_else(|| {
        bad(&format!(
            "'{path}' is no path: it is made of '/' and words of letters, digits, '_' and '-'."
        ))
    })
}

/// A text or a whole number; a truth passes for a number.
fn simple(value: &Value, path: &str, rules: &Rules) -> Result<Value> {
    let legal = match value {
        Value::String(_) | Value::Bool(_) => true,
        Value::Number(number) => number.is_i64() || number.is_u64(),
        _ => false,
    };
    if !legal {
        return Err(bad(&format!(
            "The value for '{path}' must be a text or a whole number; write a map as a text in \
             Python's notation."
        )));
    }
    let nothing = match value {
        Value::String(text) => text.is_empty(),
        Value::Bool(truth) => !truth,
        value => value.as_i64() == Some(0),
    };
    match rules.legacy && nothing {
        true => Err(bad(&format!(
            "'add' and 'replace' operations need a value; the one on '{path}' has none."
        ))),
        false => Ok(value.clone()),
    }
}

fn whole(field: &str, text: &str) -> Result<Value> {
    let value = literal::parse(text).filter(|value| value.is_object() || value.is_array());
    value.ok_or_else(|| {
        bad(&format!(
            "The value for '/{field}' is no map or list in Python's notation, such as {{'a': 'b'}}."
        ))
    })
}

fn bad(words: &str) -> Error {
    Error::BadRequest(words.into())
}

/// Carries the changes out, all or none. What is removed is no longer in the document: it is the
/// default again when the document is read.
///
/// # Errors
/// `BadRequest` of the first change that cannot be done.
pub fn apply(document: &mut Map<String, Value>, changes: &[Change]) -> Result<()> {
    for change in changes {
        let (Op::Add, [field]) = (change.op, change.path.as_slice()) else {
            continue;
        };
        match document.get(field) {
            None => {
                return Err(bad(&format!(
                    "Adding a new attribute {field} to the root of the resource is not allowed."
                )));
            }
            Some(Value::Null) => {}
            Some(_) => {
                return Err(bad(&format!(
                    "The attribute {field} has a value; use 'replace' instead."
                )));
            }
        }
    }
    let mut changed = document.clone();
    for change in changes {
        one(&mut changed, change)?;
    }
    *document = changed;
    Ok(())
}

fn one(document: &mut Map<String, Value>, change: &Change) -> Result<()> {
    let absent = || {
        bad(&format!(
            "There is no /{} to change.",
            change.path.join("/")
        ))
    };
    let (last, above) = change.path.split_last().ok_or_else(absent)?;
    let Some((first, between)) = above.split_first() else {
        return put(document, last, change).ok_or_else(absent);
    };
    let mut place = document.get_mut(first).ok_or_else(absent)?;
    for step in between {
        place = match place {
            Value::Object(map) => map.get_mut(step),
            Value::Array(list) => index(step).and_then(|at| list.get_mut(at)),
            _ => None,
        }
        .ok_or_else(absent)?;
    }
    match place {
        Value::Object(map) => put(map, last, change),
        Value::Array(list) => put_in(list, last, change),
        _ => None,
    }
    .ok_or_else(absent)
}

/// `None` when there is nothing to replace or remove.
fn put(map: &mut Map<String, Value>, key: &str, change: &Change) -> Option<()> {
    let value = change.value.clone().unwrap_or_default();
    match change.op {
        Op::Add => {
            map.insert(key.to_owned(), value);
        }
        Op::Replace => *map.get_mut(key)? = value,
        Op::Remove => {
            map.remove(key)?;
        }
    }
    Some(())
}

fn put_in(list: &mut Vec<Value>, at: &str, change: &Change) -> Option<()> {
    let value = change.value.clone().unwrap_or_default();
    match (change.op, at) {
        (Op::Add, "-") => list.push(value),
        (Op::Add, at) => {
            let at = index(at).filter(|at| *at <= list.len())?;
            list.insert(at, value);
        }
        (Op::Replace, at) => *list.get_mut(index(at)?)? = value,
        (Op::Remove, at) => {
            let at = index(at).filter(|at| *at < list.len())?;
            list.remove(at);
        }
    }
    Some(())
}

fn index(text: &str) -> Option<usize> {
    let plain = text == "0" || !text.starts_with('0');
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain && digits)
}

#[cfg(test)]
#[path = "patch_tests.rs"]
mod tests;
