//! Files of secret keys in one directory, named by their time of making, so that names sort by age.
//!
//! Promises: directory and files are readable by their owner alone; a file is there whole or not at
//! all.

use rand::TryRngCore;
use rand::rngs::OsRng;
use schemas::{Error, Result, Timestamp};
use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The files of one kind of key, which their ending tells apart.
#[derive(Clone, Debug)]
pub struct KeyFiles {
    dir: PathBuf,
    ending: &'static str,
}

impl KeyFiles {
    /// Makes the directory where needed.
    ///
    /// # Errors
    /// `BadRequest` in words the operator can act on.
    pub fn open(dir: &Path, ending: &'static str) -> Result<KeyFiles> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(|error| told(dir, "made", &error))?;
        Ok(KeyFiles {
            dir: dir.to_owned(),
            ending,
        })
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where a key lies.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.{}", self.ending))
    }

    /// Names of the keys, oldest first.
    pub fn names(&self) -> Result<Vec<String>> {
        let unread = |error| told(&self.dir, "read", &error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(unread)? {
            let file = entry.map_err(unread)?.file_name();
            let name = file.to_str().and_then(|file| file.rsplit_once('.'));
            if let Some((name, _)) = name.filter(|(_, ending)| *ending == self.ending) {
                names.push(name.to_owned());
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// The content of one, which nobody else may be able to read.
    pub fn read(&self, name: &str) -> Result<Vec<u8>> {
        let file = self.path(name);
        let meta = fs::metadata(&file).map_err(|error| told(&file, "read", &error))?;
        if meta.permissions().mode() & 0o077 != 0 {
            return Err(Error::BadRequest(format!(
                "Others can read the key {}; make it private: chmod 600.",
                file.display()
            )));
        }
        fs::read(&file).map_err(|error| told(&file, "read", &error))
    }

    /// Writes a new one: whole or not at all. Gives its name.
    pub fn write(&self, now: Timestamp, content: &[u8]) -> Result<String> {
        let salt: String = random::<4>()?
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let name = format!("{:020}-{salt}", now.0.max(0));
        let draft = self.dir.join(format!("{name}.new"));
        let written = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)
            .and_then(|mut file| {
                file.write_all(content)?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&draft, self.path(&name)));
        written.map_err(|error| told(&self.dir, "written to", &error))?;
        Ok(name)
    }

    /// Removes one.
    pub fn remove(&self, name: &str) -> Result<()> {
        fs::remove_file(self.path(name)).map_err(|error| told(&self.dir, "cleaned", &error))
    }
}

/// Bytes nobody can guess.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    OsRng.try_fill_bytes(&mut bytes).map_err(Error::internal)?;
    Ok(bytes)
}

fn told(path: &Path, verb: &str, error: &std::io::Error) -> Error {
    Error::BadRequest(format!(
        "The keys in {} cannot be {verb}: {error}.",
        path.display()
    ))
}
