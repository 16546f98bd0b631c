//! Variables of a container: written, out of config maps that come along, or of the pod itself.

use super::config::{Config, ConfigMap};
use super::fields::{self, below};
use super::{bad, expand, few, names, text};
use crate::Result;
use crate::workload::field::Field;
use k8s_openapi::api::core::v1;
use serde_json::Value;
use std::collections::BTreeMap;

/// Most variables of a container, and most config maps that it takes all of.
const MOST: usize = 512;

/// Variables with their values, in which marks may stand for what is known later.
pub(super) type Env = BTreeMap<String, String>;

/// Reads `envFrom` and, over it, `env`.
pub(super) fn read(
    path: &str,
    from: &v1::Container,
    plain: &Value,
    config: &Config,
) -> Result<Env> {
    let mut env = Env::new();
    let maps = from.env_from.as_deref().unwrap_or_default();
    let place = below(path, "envFrom");
    few(&place, maps.len(), MOST)?;
    fields::ENV_FROM.check_all(&place, &plain["envFrom"])?;
    for (index, one) in maps.iter().enumerate() {
        whole(&format!("{place}[{index}]"), one, config, &mut env)?;
    }
    let list = from.env.as_deref().unwrap_or_default();
    let place = below(path, "env");
    few(&place, list.len(), MOST)?;
    fields::ENV.check_all(&place, &plain["env"])?;
    for (index, variable) in list.iter().enumerate() {
        let place = format!("{place}[{index}]");
        legal(&below(&place, "name"), &variable.name)?;
        let value = match &variable.value_from {
            Some(source) => {
                if variable.value.as_ref().is_some_and(|it| !it.is_empty()) {
                    let told = "a variable has a value or takes it from somewhere, not both";
                    return Err(bad(&below(&place, "valueFrom"), told));
                }
                let plain = &plain["env"][index]["valueFrom"];
                elsewhere(&below(&place, "valueFrom"), source, plain, config)?
            }
            None => {
                let value = variable.value.as_deref().unwrap_or_default();
                // Those that were written before may be referred to.
                Some(filled(&below(&place, "value"), value, &env)?)
            }
        };
        if let Some(value) = value {
            env.insert(variable.name.clone(), value);
        }
    }
    Ok(env)
}

/// A text that a program is given, with the variables that it refers to.
pub(super) fn filled(path: &str, word: &str, env: &Env) -> Result<String> {
    text(path, word)?;
    expand::expand(word, env).ok_or_else(|| long(path))
}

fn long(path: &str) -> crate::Error {
    let most = expand::LONGEST;
    bad(path, &format!("a text has more than {most} bytes"))
}

fn legal(path: &str, name: &str) -> Result<()> {
    let legal = |letter: char| letter.is_ascii_graphic() && letter != '=';
    match name.is_empty() || name.len() > 1024 || !name.chars().all(legal) {
        true => Err(bad(
            path,
            "it has 1 to 1024 printable letters, and neither '=' nor a space",
        )),
        false => Ok(()),
    }
}

/// All texts of a config map.
fn whole(path: &str, from: &v1::EnvFromSource, config: &Config, env: &mut Env) -> Result<()> {
    let prefix = from.prefix.as_deref().unwrap_or_default();
    if !prefix.is_empty() {
        legal(&below(path, "prefix"), prefix)?;
    }
    let Some(reference) = &from.config_map_ref else {
        return Err(bad(path, "it must be a configMapRef"));
    };
    let path = below(path, "configMapRef");
    let optional = reference.optional.unwrap_or(false);
    let Some(map) = config.get(&path, &reference.name, optional)? else {
        return Ok(());
    };
    few(&path, map.data.len(), MOST)?;
    for (key, value) in &map.data {
        let name = format!("{prefix}{key}");
        legal(&below(&path, key), &name)?;
        env.insert(name, given(&below(&path, key), value)?);
    }
    Ok(())
}

/// A value that is given as it is.
fn given(path: &str, value: &str) -> Result<String> {
    text(path, value)?;
    match value.len() > expand::LONGEST {
        true => Err(long(path)),
        false => Ok(value.to_owned()),
    }
}

fn elsewhere(
    path: &str,
    from: &v1::EnvVarSource,
    plain: &Value,
    config: &Config,
) -> Result<Option<String>> {
    fields::ENV_SOURCE.check(path, plain)?;
    match (&from.config_map_key_ref, &from.field_ref) {
        (Some(reference), None) => {
            let path = below(path, "configMapKeyRef");
            let optional = reference.optional.unwrap_or(false);
            names::file(&below(&path, "key"), &reference.key)?;
            let map = config.get(&path, &reference.name, optional)?;
            of_map(&below(&path, "key"), map, &reference.key, optional)
        }
        (None, Some(reference)) => {
            let path = below(path, "fieldRef");
            fields::FIELD_REF.check(&path, &plain["fieldRef"])?;
            field(&below(&path, "fieldPath"), &reference.field_path).map(Some)
        }
        _ => Err(bad(path, "it is one of configMapKeyRef and fieldRef")),
    }
}

fn of_map(
    path: &str,
    map: Option<&ConfigMap>,
    key: &str,
    optional: bool,
) -> Result<Option<String>> {
    match map.and_then(|map| map.data.get(key)) {
        Some(value) => given(path, value).map(Some),
        None if optional => Ok(None),
        None => Err(bad(path, "the config map has no text of this name")),
    }
}

fn field(path: &str, asked: &str) -> Result<String> {
    match asked {
        // There is no other.
        "metadata.namespace" => return Ok("default".into()),
        // One address each.
        "status.podIPs" => return Ok(Field::PodIp.mark()),
        "status.hostIPs" => return Ok(Field::HostIp.mark()),
        _ => {}
    }
    let field = Field::parse(asked).ok_or_else(|| {
        bad(
            path,
            "it is metadata.name, metadata.namespace, metadata.uid, metadata.labels['KEY'], \
             spec.nodeName, status.podIP or status.hostIP: nothing else of a pod is known to it",
        )
    })?;
    if let Field::Label(key) = &field {
        names::key(path, key)?;
    }
    Ok(field.mark())
}
