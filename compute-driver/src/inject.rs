//! Files put into a container before its first start, as the tar that engines take.

use crate::error::{DriverError, Result};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use schemas::workload::InjectedFile;
use std::collections::BTreeSet;
use tar::{Builder, EntryType, Header};

/// A tar that is being written.
pub(crate) type Tar = Builder<Vec<u8>>;

/// The files as a tar to unpack at the root; `None` when there are none. Folders are left out: the
/// image's own must keep their modes and links, and engines make the missing ones.
pub(crate) fn tar(files: &[InjectedFile]) -> Result<Option<Bytes>> {
    if files.is_empty() {
        return Ok(None);
    }
    let mut tar = Tar::new(Vec::new());
    for file in files {
        append(&mut tar, &inside(&file.path)?, file)?;
    }
    let tar = tar.into_inner().map_err(|error| DriverError::Engine {
        text: error.to_string(),
    })?;
    Ok(Some(tar.into()))
}

/// Adds files of a folder, their paths relative to it, and the folders on the way.
pub(crate) fn below(tar: &mut Tar, place: &str, files: &[InjectedFile]) -> Result<()> {
    const OPEN: u32 = 0o755;
    folder(tar, place, OPEN)?;
    let mut folders = BTreeSet::new();
    for file in files {
        let path = inside(&format!("/{}", file.path))?;
        let mut above = path.as_str();
        while let Some((parent, _)) = above.rsplit_once('/') {
            folders.insert(parent.to_owned());
            above = parent;
        }
    }
    // Sorted, so that one is there before what is in it.
    for name in folders {
        folder(tar, &format!("{place}/{name}"), OPEN)?;
    }
    for file in files {
        let path = inside(&format!("/{}", file.path))?;
        append(tar, &format!("{place}/{path}"), file)?;
    }
    Ok(())
}

/// Adds a folder.
pub(crate) fn folder(tar: &mut Tar, path: &str, mode: u32) -> Result<()> {
    let mut header = header(EntryType::Directory, mode, 0);
    let added = tar.append_data(&mut header, format!("{path}/"), std::io::empty());
    added.map_err(|error| {
        DriverError::permanent(format!("the folder {path} cannot be made: {error}"))
    })
}

fn append(tar: &mut Tar, path: &str, file: &InjectedFile) -> Result<()> {
    let content = content(file)?;
    let mut header = header(EntryType::Regular, file.mode & 0o7777, content.len() as u64);
    let added = tar.append_data(&mut header, path, content.as_slice());
    added.map_err(|error| {
        DriverError::permanent(format!(
            "the file {} cannot be injected: {error}",
            file.path
        ))
    })
}

/// The bytes of a file.
pub(crate) fn content(file: &InjectedFile) -> Result<Vec<u8>> {
    BASE64_STANDARD.decode(&file.content_b64).map_err(|_| {
        DriverError::permanent(format!("the content of file {} is not base64", file.path))
    })
}

fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(size);
    header
}

/// The path below the root. Nothing climbs out of it.
fn inside(path: &str) -> Result<String> {
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .collect();
    if !path.starts_with('/') || parts.is_empty() || parts.contains(&"..") || path.ends_with('/') {
        return Err(DriverError::permanent(format!(
            "'{path}' is no path for a file: it has to be absolute and without '..'"
        )));
    }
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_are_relative_or_climb_are_refused() {
        assert_eq!(inside("/etc//app/./conf").unwrap(), "etc/app/conf");
        for wrong in [
            "etc/passwd",
            "/../etc/passwd",
            "/etc/../../x",
            "/",
            "/etc/",
            "",
        ] {
            assert!(inside(wrong).is_err(), "{wrong:?}");
        }
    }
}
