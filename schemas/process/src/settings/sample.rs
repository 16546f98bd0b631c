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
        comment(&mut out, "", described(section).unwrap_or_default());
        let _ = writeln!(out, "{name}:");
        for (key, field) in properties(section) {
            let about = described(field).or_else(|| described(resolve(&schema, field)));
            comment(&mut out, "  ", about.unwrap_or_default());
            let value = defaults.get(name).and_then(|section| section.get(key));
            let _ = writeln!(out, "  # {key}: {}\n", value.unwrap_or(&Value::Null));
        }
    }
    Ok(out)
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

fn comment(out: &mut String, indent: &str, text: &str) {
    for line in text.lines().filter(|line| !line.is_empty()) {
        let _ = writeln!(out, "{indent}# {line}");
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
