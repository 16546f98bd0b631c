//! The documents of a text: several of YAML, behind `---`, or the items of a `List`.

use super::{Budget, DEEPEST, LONGEST, MOST_BRACKETS, MOST_BYTES, MOST_VALUES, Seed};
use crate::Result;
use crate::container_infra::manifest::bad;
use serde::de::DeserializeSeed;
use serde_json::Value;
use std::cell::Cell;

/// Most documents: a pod and what 64 volumes of it are made of, and some more.
const MOST: usize = 128;

/// All maps in a text, each with its place: none of the only one.
pub(super) fn parse(text: &str) -> Result<Vec<(String, Value)>> {
    if text.len() > LONGEST {
        return Err(bad("", &format!("it has more than {} KiB", LONGEST >> 10)));
    }
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let budget = Budget {
        values: Cell::new(MOST_VALUES),
        bytes: Cell::new(MOST_BYTES),
    };
    let seed = Seed {
        budget: &budget,
        depth: DEEPEST,
    };
    let mut values = match text.starts_with('{') {
        true => vec![json(text, seed)?],
        false => yaml(text, seed)?,
    };
    let mut named = "documents";
    let is_list = |value: &Value| {
        let says = |key: &str, word: &str| value.get(key).and_then(Value::as_str) == Some(word);
        says("kind", "List") && says("apiVersion", "v1")
    };
    if let [list] = &mut values[..]
        && is_list(list)
    {
        named = "items";
        values = items(list)?;
    }
    let several = values.len() > 1;
    let place = |index: usize| match several {
        true => format!("{named}[{index}]"),
        false => String::new(),
    };
    let indexed = values.into_iter().enumerate();
    let placed: Vec<_> = indexed
        .map(|(index, value)| (place(index), value))
        .collect();
    match placed.iter().find(|(_, value)| !value.is_object()) {
        None => Ok(placed),
        Some((path, _)) => Err(bad(
            path,
            "it must be a map: apiVersion, kind, metadata and spec",
        )),
    }
}

fn json(text: &str, seed: Seed<'_>) -> Result<Value> {
    let mut from = serde_json::Deserializer::from_str(text);
    let value = seed
        .deserialize(&mut from)
        .and_then(|value| from.end().map(|()| value));
    value.map_err(|error| bad("", &format!("it is no JSON ({error})")))
}

/// Empty documents say nothing, but where there is no other.
fn yaml(text: &str, seed: Seed<'_>) -> Result<Vec<Value>> {
    let brackets = text.bytes().filter(|byte| matches!(byte, b'[' | b'{'));
    if brackets.count() > MOST_BRACKETS {
        return Err(bad(
            "",
            "it has more brackets than any manifest; write it as JSON",
        ));
    }
    let mut values = Vec::new();
    for document in serde_norway::Deserializer::from_str(text) {
        let value = seed.deserialize(document);
        let value = value.map_err(|error| bad("", &format!("it is no YAML ({error})")))?;
        if !value.is_null() {
            values.push(value);
        }
        if values.len() > MOST {
            return Err(bad("", &format!("it has more than {MOST} documents")));
        }
    }
    match values.is_empty() {
        true => Ok(vec![Value::Null]),
        false => Ok(values),
    }
}

fn items(list: &mut Value) -> Result<Vec<Value>> {
    let Value::Object(fields) = list else {
        return Ok(Vec::new());
    };
    for (field, value) in fields.iter() {
        let known = matches!(field.as_str(), "apiVersion" | "kind" | "items" | "metadata");
        if !known && !value.is_null() {
            let short: String = field.chars().take(64).collect();
            return Err(bad(&short, "there is no such field"));
        }
    }
    match fields.remove("items") {
        Some(Value::Array(items)) if !items.is_empty() && items.len() <= MOST => Ok(items),
        _ => Err(bad("items", &format!("it must be a list of 1 to {MOST}"))),
    }
}

/// `0644` is a number to those who write manifests, and to YAML 1.1; to YAML 1.2 it is a text. Modes of
/// files are read as they are meant.
pub(super) fn octal(object: &mut Value) {
    for path in ["/spec/volumes", "/spec/template/spec/volumes"] {
        let volumes = object.pointer_mut(path).and_then(Value::as_array_mut);
        for volume in volumes.into_iter().flatten() {
            let Some(map) = volume.get_mut("configMap") else {
                continue;
            };
            number(map.get_mut("defaultMode"));
            let items = map.get_mut("items").and_then(Value::as_array_mut);
            for item in items.into_iter().flatten() {
                number(item.get_mut("mode"));
            }
        }
    }
}

fn number(mode: Option<&mut Value>) {
    if let Some(mode) = mode
        && let Some(text) = mode.as_str()
        && text.len() <= 5
        && text.starts_with('0')
        && let Ok(number) = u32::from_str_radix(text, 8)
    {
        *mode = number.into();
    }
}
