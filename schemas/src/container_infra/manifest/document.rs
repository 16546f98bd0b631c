//! From text to typed objects: JSON when it begins with `{`, else YAML, within bounds that hold for
//! what the text *becomes* too (YAML's aliases repeat what they name).

mod documents;

use super::bad;
use super::config::{Config, SECRET};
use super::fields::below;
use crate::{Error, Result};
use k8s_openapi::Resource;
use serde::de::{DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserializer, Serialize, de};
use serde_json::{Map, Number, Value};
use std::cell::Cell;
use std::fmt;

/// Longest text.
pub const LONGEST: usize = 512 << 10;
/// Most values in it, texts, numbers, lists and maps.
const MOST_VALUES: usize = 50_000;
/// Most bytes of its texts, together.
const MOST_BYTES: usize = 2 * LONGEST;
/// Deepest nesting. A pod's deepest field is at 12.
const DEEPEST: usize = 32;
/// Most brackets of YAML: each open one costs its scanner time with every word that follows.
const MOST_BRACKETS: usize = 10_000;

/// Reads the one object of this kind, and the config maps that come along. What a type does not know
/// is refused by its place, for a field with a typing error would be silently nothing otherwise.
///
/// # Errors
/// `BadRequest`.
pub(super) fn read<T>(text: &str) -> Result<(T, Config)>
where
    T: Resource + DeserializeOwned + Serialize,
{
    let documents = documents::parse(text)?;
    let several = documents.len() > 1;
    let (mut object, mut config) = (None, Config::default());
    for (path, mut value) in documents {
        match value.get("kind").and_then(Value::as_str) {
            Some("ConfigMap") if several => config.add(&path, typed(&path, &value)?)?,
            Some("Secret") if several => return Err(bad(&below(&path, "kind"), SECRET)),
            _ => {
                head(&path, &value, T::API_VERSION, T::KIND, several)?;
                if object.is_some() {
                    let told = format!("there is one {} already; ask for each by itself", T::KIND);
                    return Err(bad(&below(&path, "kind"), &told));
                }
                documents::octal(&mut value);
                object = Some(typed("", &value)?);
            }
        }
    }
    let none = || bad("kind", &format!("none of the documents is a {}", T::KIND));
    Ok((object.ok_or_else(none)?, config))
}

fn typed<T>(path: &str, value: &Value) -> Result<T>
where
    T: Resource + DeserializeOwned + Serialize,
{
    head(path, value, T::API_VERSION, T::KIND, false)?;
    let object: T = serde_path_to_error::deserialize(value).map_err(|error| {
        let inner = error.path().to_string();
        let path = match (path, inner.as_str()) {
            (path, "" | ".") => path.to_owned(),
            (path, inner) => below(path, inner),
        };
        bad(
            &path,
            &format!("it is of the wrong type ({})", error.inner()),
        )
    })?;
    let known = serde_json::to_value(&object).map_err(Error::internal)?;
    unknown(path, value, &known)?;
    Ok(object)
}

/// Reads an object of this kind that is somebody else's to understand: nothing in it is judged but what
/// it says it is.
///
/// # Errors
/// `BadRequest`.
pub fn foreign(text: &str, kind: &str) -> Result<Value> {
    let mut documents = documents::parse(text)?;
    let value = documents.pop().filter(|_| documents.is_empty());
    let alone = || {
        bad(
            "kind",
            &format!("there must be one document, a {kind}; ask for each by itself"),
        )
    };
    let (path, value) = value.ok_or_else(alone)?;
    head(&path, &value, "v1", kind, false)?;
    Ok(value)
}

fn head(path: &str, value: &Value, version: &str, kind: &str, several: bool) -> Result<()> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    if value.get("id").is_some() && value.get("metadata").is_none() {
        return Err(bad(
            &below(path, "id"),
            &format!(
                "the flat form of API versions before v1 is not understood; write apiVersion: {version}, \
                 kind: {kind} and metadata.name"
            ),
        ));
    }
    for (key, expected) in [("apiVersion", version), ("kind", kind)] {
        match text(key) {
            Some(found) if found == expected => {}
            Some(found) => {
                let short: String = found.chars().take(64).collect();
                let beside = match several && key == "kind" {
                    true => ", and ConfigMap beside it",
                    false => "",
                };
                return Err(bad(
                    &below(path, key),
                    &format!("{short:?} is not understood here; {expected} is{beside}"),
                ));
            }
            None => return Err(bad(&below(path, key), &format!("it must be {expected}"))),
        }
    }
    Ok(())
}

/// What may still be read.
struct Budget {
    values: Cell<usize>,
    bytes: Cell<usize>,
}

impl Budget {
    fn take<E: de::Error>(&self, bytes: usize) -> Result<(), E> {
        let spent = |of: &Cell<usize>, amount| match of.get().checked_sub(amount) {
            Some(left) => {
                of.set(left);
                Ok(())
            }
            None => Err(E::custom(
                "it holds more than any manifest, with all that its aliases repeat",
            )),
        };
        spent(&self.values, 1)?;
        spent(&self.bytes, bytes)
    }
}

/// Reads a value within the budget.
#[derive(Clone, Copy)]
struct Seed<'a> {
    budget: &'a Budget,
    depth: usize,
}

impl Seed<'_> {
    fn below<E: de::Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1);
        let depth = depth.ok_or_else(|| E::custom("it is nested deeper than any manifest"))?;
        Ok(Seed { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map, a list, a text, a number, a truth or null")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        self.budget.take(0)?;
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Value, E> {
        self.budget.take(0)?;
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
        self.budget.take(0)?;
        Ok(number.into())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        self.budget.take(0)?;
        Ok(number.into())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Value, E> {
        self.budget.take(0)?;
        let number = Number::from_f64(number);
        number
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number is infinite, or none"))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        self.budget.take(text.len())?;
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        self.budget.take(0)?;
        let seed = self.below()?;
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(seed)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        self.budget.take(0)?;
        let seed = self.below()?;
        let mut fields = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            self.budget.take(key.len())?;
            let value = map.next_value_seed(seed)?;
            if fields.contains_key(&key) {
                let short: String = key.chars().take(64).collect();
                return Err(de::Error::custom(format_args!(
                    "{short:?} is written twice"
                )));
            }
            fields.insert(key, value);
        }
        Ok(Value::Object(fields))
    }
}

/// Refuses what was sent and has gone when it was typed.
fn unknown(path: &str, sent: &Value, known: &Value) -> Result<()> {
    match (sent, known) {
        (Value::Object(sent), Value::Object(known)) => {
            for (key, value) in sent {
                let short: String = key.chars().take(64).collect();
                let inner = match path {
                    "" => short,
                    path => format!("{path}.{short}"),
                };
                match known.get(key) {
                    Some(known) => unknown(&inner, value, known)?,
                    // Says as much as leaving it out.
                    None if value.is_null() => {}
                    None => return Err(bad(&inner, "there is no such field")),
                }
            }
            Ok(())
        }
        (Value::Array(sent), Value::Array(known)) => {
            let mut pairs = sent.iter().zip(known).enumerate();
            pairs.try_for_each(|(index, (sent, known))| {
                unknown(&format!("{path}[{index}]"), sent, known)
            })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
