//! The last document, on the container's own disk: that outlives this process and the node's end. Only
//! the machine's root reads it.

use crate::error::{During, Result};
use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

const FOLDER: &str = "/var/lib/node-init";
const NAME: &str = "services.json";

/// Where it is.
pub struct Store(PathBuf);

impl Store {
    /// Makes the folder.
    pub fn open() -> Result<Self> {
        Self::at(Path::new(FOLDER))
    }

    fn at(folder: &Path) -> Result<Self> {
        let doing = || format!("making {}", folder.display());
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.during(doing())?;
        fs::set_permissions(folder, Permissions::from_mode(0o700)).during(doing())?;
        Ok(Self(folder.to_owned()))
    }

    /// The last document; `None` when there has been none.
    pub fn read(&self) -> Result<Option<Vec<u8>>> {
        match fs::read(self.0.join(NAME)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).during("reading the last services"),
        }
    }

    /// Keeps a document in place of the last. An end in between leaves one or the other.
    pub fn write(&self, text: &[u8]) -> Result<()> {
        let new = self.0.join(format!("{NAME}.new"));
        let write = || {
            let mut file = fs::File::create(&new)?;
            file.write_all(text)?;
            file.sync_data()?;
            fs::rename(&new, self.0.join(NAME))
        };
        write().during("keeping the services")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn the_last_document_is_kept_and_is_nobody_elses() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("own");
        let store = Store::at(&folder).unwrap();
        assert_eq!(store.read().unwrap(), None);
        store.write(b"one").unwrap();
        // Left by an end while another was written.
        fs::write(folder.join("services.json.new"), "torn").unwrap();
        let store = Store::at(&folder).unwrap();
        assert_eq!(store.read().unwrap(), Some(b"one".to_vec()));
        store.write(b"two").unwrap();
        assert_eq!(store.read().unwrap(), Some(b"two".to_vec()));
        assert_eq!(fs::metadata(folder).unwrap().mode() & 0o777, 0o700);
    }
}
