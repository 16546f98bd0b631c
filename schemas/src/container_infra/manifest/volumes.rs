//! Volumes: folders that a pod's containers share, and that go with it.

mod files;

use super::config::{self, Config};
use super::fields::{self, below};
use super::quantity::Quantity;
use super::{bad, few, names};
use crate::Result;
use crate::workload::pod::{Mount, Volume};
use k8s_openapi::api::core::v1;
use serde_json::Value;
use std::collections::BTreeSet;

/// Most volumes of a pod, and most places of a container where one is seen.
const MOST: usize = 64;
/// Longest path.
const LONGEST: usize = 4095;

/// The volumes of a pod.
pub(super) fn read(
    path: &str,
    volumes: &[v1::Volume],
    plain: &Value,
    config: &Config,
) -> Result<Vec<Volume>> {
    fields::VOLUME.check_all(path, plain)?;
    few(path, volumes.len(), MOST)?;
    let mut read: Vec<Volume> = Vec::new();
    for (index, volume) in volumes.iter().enumerate() {
        let path = format!("{path}[{index}]");
        names::label(&below(&path, "name"), &volume.name)?;
        if read.iter().any(|other| other.name == volume.name) {
            return Err(bad(&below(&path, "name"), "another volume has this name"));
        }
        let one = match (&volume.empty_dir, &volume.config_map) {
            (Some(folder), None) => {
                let (path, plain) = (below(&path, "emptyDir"), &plain[index]["emptyDir"]);
                empty(&path, &volume.name, folder, plain)?
            }
            (None, Some(map)) => {
                let (path, plain) = (below(&path, "configMap"), &plain[index]["configMap"]);
                files::read(&path, &volume.name, map, plain, config)?
            }
            _ => return Err(bad(&path, "it is one of emptyDir and configMap")),
        };
        read.push(one);
        config::bounded(&path, weight(&read))?;
    }
    Ok(read)
}

/// Bytes of the files in them.
pub(super) fn weight(volumes: &[Volume]) -> usize {
    let files = volumes
        .iter()
        .flat_map(|volume| volume.files.iter().flatten());
    // Base64 has four letters for three bytes.
    files
        .map(|file| file.path.len() + file.content_b64.len() / 4 * 3)
        .sum()
}

fn empty(path: &str, name: &str, from: &v1::EmptyDirVolumeSource, plain: &Value) -> Result<Volume> {
    fields::EMPTY_DIR.check(path, plain)?;
    let memory = match from.medium.as_deref() {
        None | Some("") => false,
        Some("Memory") => true,
        Some(_) => return Err(bad(&below(path, "medium"), "it is Memory, or nothing")),
    };
    let limit = from.size_limit.as_ref();
    let limit = limit.map(|limit| bound(&below(path, "sizeLimit"), &limit.0, memory));
    Ok(Volume {
        name: name.to_owned(),
        memory,
        size_bytes: limit.transpose()?,
        files: None,
    })
}

fn bound(path: &str, text: &str, memory: bool) -> Result<u64> {
    if !memory {
        return Err(bad(
            path,
            "only a folder of the medium Memory can be bounded",
        ));
    }
    let bytes = Quantity::parse(text)
        .map_err(|why| bad(path, &why))?
        .units();
    let bytes = bytes.filter(|bytes| *bytes > 0);
    bytes.ok_or_else(|| bad(path, "it must be more than 0, and less than an exabyte"))
}

/// Where a container sees them.
pub(super) fn mounts(
    path: &str,
    mounts: &[v1::VolumeMount],
    plain: &Value,
    volumes: &[Volume],
) -> Result<Vec<Mount>> {
    fields::MOUNT.check_all(path, plain)?;
    few(path, mounts.len(), MOST)?;
    let mut seen = BTreeSet::new();
    let mut read = Vec::new();
    for (index, mount) in mounts.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let volume = volumes.iter().find(|volume| volume.name == mount.name);
        let volume = volume
            .ok_or_else(|| bad(&below(&path, "name"), "the pod has no volume of this name"))?;
        let place = absolute(&below(&path, "mountPath"), &mount.mount_path)?;
        if !seen.insert(place.clone()) {
            return Err(bad(
                &below(&path, "mountPath"),
                "another volume is seen there",
            ));
        }
        read.push(Mount {
            volume: mount.name.clone(),
            path: place,
            // Nobody writes into what a manifest says.
            read_only: mount.read_only.unwrap_or(false) || volume.files.is_some(),
        });
    }
    Ok(read)
}

/// A place below `/` that is written in one way only.
fn absolute(path: &str, text: &str) -> Result<String> {
    let legal = |letter: char| !letter.is_control() && letter != ':';
    let parts: Vec<&str> = text
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    let right = text.starts_with('/')
        && text.len() <= LONGEST
        && text.chars().all(legal)
        && !parts.is_empty()
        && !parts.contains(&"..");
    match right {
        true => Ok(format!("/{}", parts.join("/"))),
        false => Err(bad(
            path,
            "it must be an absolute path below '/', without '..' and ':'",
        )),
    }
}
