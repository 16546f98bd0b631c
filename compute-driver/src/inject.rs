//! Files put into a container before its first start, as the tar that engines take.

use crate::error::{DriverError, Result};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use schemas::workload::InjectedFile;

/// The files as a tar to unpack at the root; `None` when there are none. Folders are left out: the
/// image's own must keep their modes and links, and engines make the missing ones.
pub(crate) fn tar(files: &[InjectedFile]) -> Result<Option<Bytes>> {
    if files.is_empty() {
        return Ok(None);
    }
    let mut tar = tar::Builder::new(Vec::new());
    for file in files {
        let content = BASE64_STANDARD.decode(&file.content_b64).map_err(|_| {
            DriverError::permanent(format!("the content of file {} is not base64", file.path))
        })?;
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(file.mode & 0o7777);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, inside(&file.path)?, content.as_slice())
            .map_err(|error| {
                DriverError::permanent(format!(
                    "the file {} cannot be injected: {error}",
                    file.path
                ))
            })?;
    }
    let tar = tar.into_inner().map_err(|error| DriverError::Engine {
        text: error.to_string(),
    })?;
    Ok(Some(tar.into()))
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
