//! Who this host is: an id made at the first start and kept in a file.

use crate::AgentSettings;
use schemas::ids::HostId;
use schemas::{Error, Result};
use std::fs;
use std::io::{self, Write};

const FILE: &str = "host-id";

impl AgentSettings {
    /// This host's id: the same at every start. Drivers need it before the agent exists.
    pub fn host_id(&self) -> Result<HostId> {
        if let Some(host) = self.host {
            return Ok(host);
        }
        let path = self.state_dir.join(FILE);
        let failed = |error: io::Error| {
            Error::Unavailable(format!(
                "The host's id in {} is lost: {error}",
                path.display()
            ))
        };
        match fs::read_to_string(&path) {
            Ok(text) => {
                return HostId::parse(text.trim())
                    .ok_or_else(|| failed(io::ErrorKind::InvalidData.into()));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        fs::create_dir_all(&self.state_dir).map_err(failed)?;
        let host = HostId::new();
        // Whole or not at all: a host with half an id would never start again.
        let mut file = tempfile::NamedTempFile::new_in(&self.state_dir).map_err(failed)?;
        writeln!(file, "{host}").map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        match file.persist_noclobber(&path) {
            Ok(_) => Ok(host),
            // Somebody was faster; theirs it is.
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => self.host_id(),
            Err(error) => Err(failed(error.error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_made_once() {
        let dir = tempfile::tempdir().unwrap();
        let settings = AgentSettings {
            state_dir: dir.path().join("agent"),
            ..AgentSettings::default()
        };
        let first = settings.host_id().unwrap();
        assert_eq!(settings.host_id().unwrap(), first);
        fs::write(settings.state_dir.join(FILE), "what?").unwrap();
        assert!(
            settings.host_id().is_err(),
            "a damaged id is not replaced by another"
        );
    }
}
