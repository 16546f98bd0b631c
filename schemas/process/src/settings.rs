//! Settings files: YAML, overridden by the environment, into a typed struct.
//!
//! ```text
//!  defaults (the struct's) ◄── file (YAML) ◄── JEROBOAM__SECTION__KEY (a scalar or a YAML list)
//! ```
//! Unknown keys are errors wherever they come from: a misspelt setting is worse than none.

pub mod sample;

use schemas::{Error, Result};
use serde::de::DeserializeOwned;
use serde_norway::{Mapping, Value};
use std::path::Path;

/// What begins the name of an environment variable that is a setting.
pub const PREFIX: &str = "JEROBOAM__";

/// Reads a file (none: only the environment and the defaults).
///
/// # Errors
/// `BadRequest` that names the file or variable and the mistake.
pub fn load<T: DeserializeOwned>(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<T> {
    let (mut root, source) = match file {
        Some(path) => (read(path)?, path.display().to_string()),
        None => (Mapping::new(), "the settings".to_owned()),
    };
    let mut variables: Vec<_> = environment
        .into_iter()
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect();
    variables.sort();
    for (name, value) in &variables {
        let path: Vec<String> = name[PREFIX.len()..]
            .split("__")
            .map(str::to_lowercase)
            .collect();
        place(&mut root, &path, scalar(value)).ok_or_else(|| {
            Error::BadRequest(format!("The environment variable {name} names no setting."))
        })?;
    }
    serde_norway::from_value(Value::Mapping(root)).map_err(|error| {
        let also = if variables.is_empty() {
            String::new()
        } else {
            let names: Vec<_> = variables.iter().map(|(name, _)| name.as_str()).collect();
            format!(" (overridden by {})", names.join(", "))
        };
        Error::BadRequest(format!("{source}{also}: {error}."))
    })
}

fn read(path: &Path) -> Result<Mapping> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::BadRequest(format!(
            "The settings file {shown} cannot be read: {error}. `jeroboam settings sample` prints one."
        ))
    })?;
    match serde_norway::from_str(&text) {
        Ok(Value::Mapping(root)) => Ok(root),
        Ok(Value::Null) => Ok(Mapping::new()),
        Ok(_) => Err(Error::BadRequest(format!(
            "{shown} does not hold sections."
        ))),
        Err(error) => Err(Error::BadRequest(format!("{shown}: {error}."))),
    }
}

/// A value from the environment. `memory:` would be a map in YAML; a string is meant.
fn scalar(text: &str) -> Value {
    match serde_norway::from_str(text) {
        Ok(value @ (Value::Bool(_) | Value::Number(_) | Value::Null)) if !text.is_empty() => value,
        Ok(value @ (Value::Sequence(_) | Value::Mapping(_))) if text.starts_with(['[', '{']) => {
            value
        }
        _ => Value::String(text.to_owned()),
    }
}

fn place(root: &mut Mapping, path: &[String], value: Value) -> Option<()> {
    let (last, sections) = path.split_last()?;
    if path.iter().any(String::is_empty) {
        return None;
    }
    let mut at = root;
    for name in sections {
        let section = at
            .entry(Value::String(name.clone()))
            .or_insert_with(|| Value::Mapping(Mapping::new()));
        if section.is_null() {
            *section = Value::Mapping(Mapping::new());
        }
        at = section.as_mapping_mut()?;
    }
    at.insert(Value::String(last.clone()), value);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::io::Write;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Whole {
        bus: Part,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Part {
        url: String,
        heartbeat: u16,
        zones: Vec<String>,
    }

    fn from(yaml: &str, environment: &[(&str, &str)]) -> Result<Whole> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(yaml.as_bytes()).unwrap();
        let environment = environment
            .iter()
            .map(|(k, v)| (k.to_string(), v.to_string()));
        load(Some(file.path()), environment)
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let read = from(
            "bus:\n  url: amqp://one/\n  heartbeat: 3\n",
            &[
                ("JEROBOAM__BUS__URL", "memory:"),
                ("JEROBOAM__BUS__ZONES", "[a, b]"),
                ("JEROBOAM_TEST_AMQP", "is no setting"),
            ],
        );
        let bus = read.unwrap().bus;
        assert_eq!(bus.url, "memory:");
        assert_eq!(bus.heartbeat, 3);
        assert_eq!(bus.zones, ["a", "b"]);
    }

    #[test]
    fn a_misspelt_setting_is_named() {
        let Err(Error::BadRequest(text)) = from("bus:\n  hartbeat: 3\n", &[]) else {
            panic!("accepted");
        };
        assert!(text.contains("hartbeat"), "{text}");
        assert!(from("", &[("JEROBOAM__BUSS__URL", "x")]).is_err());
        assert!(from("", &[("JEROBOAM__", "x")]).is_err());
    }

    #[test]
    fn an_empty_file_is_all_defaults() {
        assert_eq!(from("# nothing\n", &[]).unwrap(), Whole::default());
        assert_eq!(
            from("bus:\n", &[("JEROBOAM__BUS__HEARTBEAT", "7")])
                .unwrap()
                .bus
                .heartbeat,
            7
        );
    }
}
