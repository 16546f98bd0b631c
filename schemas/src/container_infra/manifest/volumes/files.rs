//! A volume whose files are those of a config map.

use crate::Result;
use crate::container_infra::manifest::config::Config;
use crate::container_infra::manifest::fields::{self, below};
use crate::container_infra::manifest::{bad, few, names};
use crate::workload::InjectedFile;
use crate::workload::pod::Volume;
use k8s_openapi::api::core::v1;
use serde_json::Value;

/// Most files of one.
const MOST: usize = 512;
/// Longest path of one, and the most folders in it.
const LONGEST: usize = 1024;
const DEEPEST: usize = 16;
/// Kubernetes' own.
const MODE: i32 = 0o644;

/// Reads one.
pub(super) fn read(
    path: &str,
    name: &str,
    from: &v1::ConfigMapVolumeSource,
    plain: &Value,
    config: &Config,
) -> Result<Volume> {
    fields::CONFIG_VOLUME.check(path, plain)?;
    let at = |field: &str| below(path, field);
    let mode = mode(&at("defaultMode"), from.default_mode, MODE)?;
    let optional = from.optional.unwrap_or(false);
    let map = config.get(path, &from.name, optional)?;
    let items = from.items.as_deref().unwrap_or_default();
    fields::ITEM.check_all(&at("items"), &plain["items"])?;
    few(&at("items"), items.len(), MOST)?;
    let mut files: Vec<InjectedFile> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("{}[{index}]", at("items"));
        names::file(&below(&path, "key"), &item.key)?;
        let place = relative(&below(&path, "path"), &item.path)?;
        let mode = self::mode(&below(&path, "mode"), item.mode, mode)?;
        let mode = mode.unsigned_abs();
        let content = map.and_then(|map| map.content(&item.key));
        match content {
            Some(content) => files.push(file(place, mode, content)),
            None if optional => {}
            None => {
                let told = "the config map has nothing of this name";
                return Err(bad(&below(&path, "key"), told));
            }
        }
    }
    if items.is_empty()
        && let Some(map) = map
    {
        few(path, map.keys().count(), MOST)?;
        let all = map.keys().filter_map(|key| Some((key, map.content(key)?)));
        files.extend(all.map(|(key, content)| file(key.clone(), mode.unsigned_abs(), content)));
    }
    clash(&at("items"), &files)?;
    Ok(Volume {
        name: name.to_owned(),
        memory: false,
        size_bytes: None,
        files: Some(files),
    })
}

fn file(path: String, mode: u32, content: &[u8]) -> InjectedFile {
    InjectedFile {
        path,
        mode,
        content_b64: crate::base64(content),
    }
}

fn mode(path: &str, given: Option<i32>, default: i32) -> Result<i32> {
    let mode = given.unwrap_or(default);
    match (0..=0o777).contains(&mode) {
        true => Ok(mode),
        false => Err(bad(
            path,
            "it must be 0 to 0777 (in JSON, which has no octal numbers, 0 to 511)",
        )),
    }
}

/// A place within the volume that is written in one way only.
fn relative(path: &str, text: &str) -> Result<String> {
    let legal = |letter: char| !letter.is_control();
    let parts: Vec<&str> = text
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    let right = !text.starts_with('/')
        && text.len() <= LONGEST
        && text.chars().all(legal)
        && (1..=DEEPEST).contains(&parts.len())
        && !parts
            .iter()
            .any(|part| part.starts_with("..") || part.len() > 255);
    match right {
        true => Ok(parts.join("/")),
        false => Err(bad(
            path,
            &format!(
                "it must be a path within the volume, without '..', and of at most {DEEPEST} parts"
            ),
        )),
    }
}

/// No file is where another file or its folder is.
fn clash(path: &str, files: &[InjectedFile]) -> Result<()> {
    let mut places: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    places.sort_unstable_by_key(|place| place.split('/').collect::<Vec<_>>());
    let within = |pair: &&[&str]| {
        let rest = pair[1].strip_prefix(pair[0]);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    match places.windows(2).find(within) {
        Some(pair) => Err(bad(
            path,
            &format!("{:?} is where {:?} is", pair[1], pair[0]),
        )),
        None => Ok(()),
    }
}
