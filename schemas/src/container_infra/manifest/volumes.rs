//! Volumes: folders that a pod's containers share, and that go with it.

use super::fields::{self, below};
use super::quantity::Quantity;
use super::{bad, names};
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
pub(super) fn read(path: &str, volumes: &[v1::Volume], plain: &Value) -> Result<Vec<Volume>> {
    fields::VOLUME.check_all(path, plain)?;
    few(path, volumes.len())?;
    let mut read: Vec<Volume> = Vec::new();
    for (index, volume) in volumes.iter().enumerate() {
        let path = format!("{path}[{index}]");
        names::label(&below(&path, "name"), &volume.name)?;
        if read.iter().any(|other| other.name == volume.name) {
            return Err(bad(&below(&path, "name"), "another volume has this name"));
        }
        let Some(folder) = &volume.empty_dir else {
            return Err(bad(&path, "it must be an emptyDir"));
        };
        let path = below(&path, "emptyDir");
        fields::EMPTY_DIR.check(&path, &plain[index]["emptyDir"])?;
        let memory = match folder.medium.as_deref() {
            None | Some("") => false,
            Some("Memory") => true,
            Some(_) => return Err(bad(&below(&path, "medium"), "it is Memory, or nothing")),
        };
        let limit = folder.size_limit.as_ref();
        let limit = limit.map(|limit| bound(&below(&path, "sizeLimit"), &limit.0, memory));
        read.push(Volume {
            name: volume.name.clone(),
            memory,
            size_bytes: limit.transpose()?,
        });
    }
    Ok(read)
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

fn few(path: &str, count: usize) -> Result<()> {
    match count > MOST {
        true => Err(bad(
            path,
            &format!("there are {count}, and {MOST} is the most"),
        )),
        false => Ok(()),
    }
}

/// Where a container sees them.
pub(super) fn mounts(
    path: &str,
    mounts: &[v1::VolumeMount],
    plain: &Value,
    volumes: &[Volume],
) -> Result<Vec<Mount>> {
    fields::MOUNT.check_all(path, plain)?;
    few(path, mounts.len())?;
    let mut seen = BTreeSet::new();
    let mut read = Vec::new();
    for (index, mount) in mounts.iter().enumerate() {
        let path = format!("{path}[{index}]");
        if !volumes.iter().any(|volume| volume.name == mount.name) {
            return Err(bad(
                &below(&path, "name"),
                "the pod has no volume of this name",
            ));
        }
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
            read_only: mount.read_only.unwrap_or(false),
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
