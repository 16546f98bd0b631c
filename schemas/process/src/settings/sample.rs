//! A sample settings file, written from the structs: their comments, their defaults.

use schemars::{JsonSchema, schema_for};
use schemas::{Error, Result};
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt::Write;

/// Every setting of `T` with its meaning and default, as YAML in which all is commented out.
///
/// # Errors
/// `Internal` when the defaults cannot be written as JSON.
pub fn sample<T: JsonSchema + Serialize + Default>() -> Result<String> {
    let schema = schema_for!(T).to_value();
    let defaults = serde_json::to_value(T::default()).map_err(Error::internal)?;
    let mut out = String::new();
    for (name, section) in properties(&schema) {
        let section = resolve(&schema, section);
        comment(&mut out, described(section).unwrap_or_default());
        let _ = writeln!(out, "{name}:");
        let default = defaults.get(name).unwrap_or(&Value::Null);
        for line in fields(&schema, section, default).lines() {
            let _ = writeln!(out, "{}", format!("  {line}").trim_end());
        }
    }
    Ok(out)
}

/// The fields of a section, those of its own sections below them; all commented out.
fn fields(root: &Value, section: &Value, defaults: &Value) -> String {
    let mut out = String::new();
    for (key, field) in properties(section) {
        let inner = resolve(root, field);
        comment(
            &mut out,
            described(field)
                .or_else(|| described(inner))
                .unwrap_or_default(),
        );
        let default = defaults.get(key).unwrap_or(&Value::Null);
        if default.is_object() && properties(inner).next().is_some() {
            let _ = writeln!(out, "# {key}:");
            for line in fields(root, inner, default).lines() {
                let _ = writeln!(out, "{}", format!("#   {line}").trim_end());
            }
            let _ = writeln!(out);
        } else {
            let _ = writeln!(out, "# {key}: {default}\n");
        }
    }
    out
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let fields = schema.get("properties").and_then(Value::as_object);
    fields.into_iter().flat_map(Map::iter)
}

/// Follows a reference into the schema's definitions.
fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema.get("$ref").and_then(Value::as_str);
    target
        .and_then(|target| root.pointer(target.trim_start_matches('#')))
        .unwrap_or(schema)
}

fn described(schema: &Value) -> Option<&str> {
    schema.get("description").and_then(Value::as_str)
}

fn comment(out: &mut String, text: &str) {
    for line in text.lines().filter(|line| !line.is_empty()) {
        let _ = writeln!(out, "# {line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::LogSettings;
    use serde::Deserialize;

    #[derive(Default, Serialize, Deserialize, JsonSchema)]
    #[serde(default)]
    struct Whole {
        logs: LogSettings,
    }

    #[test]
    fn a_sample_says_what_each_setting_means_and_is_read_as_all_defaults() {
        let text = sample::<Whole>().unwrap();
        assert!(
            text.contains("# What is logged, and how a line looks.\nlogs:\n"),
            "{text}"
        );
        assert!(text.contains("  # format: \"human\"\n"), "{text}");
        let bare = text.replace("  # format:", "  format:");
        let read: Whole = serde_norway::from_str(&bare).unwrap();
        assert_eq!(read.logs, LogSettings::default());
    }
}
