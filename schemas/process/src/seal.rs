//! Secrets that have to come back in clear (users' `/v3/credentials`, keys of clusters) are written to
//! the database sealed: with AES-256-GCM, under a key that lies beside the token keys and not in the
//! database. Whoever seals or opens has that directory: API processes and conductors.
//!
//! ```text
//! v1.<name of the key>.<base64 of: nonce, ciphertext, tag>
//! ```
//!
//! Promises: the newest key seals, every key that is there opens; a sealed text opens only for what
//! it was sealed for, so it cannot be moved to another row.

use crate::Clock;
use crate::key_files::{KeyFiles, random};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use schemas::{Error, Result, Timestamp};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

const ENDING: &str = "seal";
const VERSION: &str = "v1";

type Keys = BTreeMap<String, Arc<LessSafeKey>>;

/// The keys that seal and open.
pub struct Seals {
    files: KeyFiles,
    keys: RwLock<Keys>,
}

impl Seals {
    /// Reads the directory's keys; makes the first where there is none.
    ///
    /// # Errors
    /// `BadRequest` in words the operator can act on.
    pub fn open(dir: &Path, clock: &Clock) -> Result<Seals> {
        let files = KeyFiles::open(dir, ENDING)?;
        if files.names()?.is_empty() {
            make(&files, clock.now())?;
        }
        let seals = Seals {
            files,
            keys: RwLock::default(),
        };
        seals.look()?;
        Ok(seals)
    }

    /// Reads keys that have come.
    fn look(&self) -> Result<()> {
        for name in self.files.names()? {
            if self.key(&name).is_none() {
                let key = Arc::new(parse(&self.files, &name)?);
                let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
                keys.insert(name, key);
            }
        }
        Ok(())
    }

    /// Reads keys that another process made.
    pub fn refresh(&self) {
        if let Err(error) = self.look() {
            tracing::error!(%error, "the keys that seal secrets cannot be read; the known ones stay");
        }
    }

    fn key(&self, name: &str) -> Option<Arc<LessSafeKey>> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.get(name).cloned()
    }

    fn newest(&self) -> Option<(String, Arc<LessSafeKey>)> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let newest = keys.last_key_value();
        newest.map(|(name, key)| (name.clone(), Arc::clone(key)))
    }

    /// Seals a text for one thing (`about`: its id).
    ///
    /// # Errors
    /// `Internal`.
    pub fn seal(&self, about: &str, text: &str) -> Result<String> {
        let newest = self.newest();
        let (name, key) = newest.ok_or_else(|| Error::internal("no key to seal secrets with"))?;
        let nonce = random::<NONCE_LEN>()?;
        let mut sealed = text.as_bytes().to_vec();
        key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(about.as_bytes()),
            &mut sealed,
        )
        .map_err(Error::internal)?;
        let sealed = STANDARD.encode([&nonce[..], &sealed].concat());
        Ok(format!("{VERSION}.{name}.{sealed}"))
    }

    /// Opens what was sealed for this thing.
    ///
    /// # Errors
    /// `Unavailable` when its key is not here; `Internal` when it was changed.
    pub fn unseal(&self, about: &str, sealed: &str) -> Result<String> {
        let damaged = || Error::internal(format_args!("the sealed text of {about} is damaged"));
        let mut parts = sealed.splitn(3, '.');
        let (Some(VERSION), Some(name), Some(rest)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(damaged());
        };
        if self.key(name).is_none() {
            self.refresh();
        }
        let key = self.key(name).ok_or_else(|| {
            Error::Unavailable(format!(
                "What {about} holds was sealed with the key {name}, which this server does not \
                 have. The operator has to put it back into the key directory."
            ))
        })?;
        let mut bytes = STANDARD.decode(rest).map_err(|_| damaged())?;
        if bytes.len() < NONCE_LEN {
            return Err(damaged());
        }
        let sealed = bytes.split_off(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(&bytes).map_err(|_| damaged())?;
        let mut sealed = sealed;
        let text = key
            .open_in_place(nonce, Aad::from(about.as_bytes()), &mut sealed)
            .map_err(|_| damaged())?;
        String::from_utf8(text.to_vec()).map_err(|_| damaged())
    }
}

/// Makes a new key, which seals from now on. The older ones stay: what they sealed is opened by them
/// alone.
///
/// # Errors
/// `BadRequest` in words the operator can act on.
pub fn rotate(dir: &Path, clock: &Clock) -> Result<String> {
    make(&KeyFiles::open(dir, ENDING)?, clock.now())
}

fn make(files: &KeyFiles, now: Timestamp) -> Result<String> {
    let line = format!("{}\n", STANDARD.encode(random::<32>()?));
    files.write(now, line.as_bytes())
}

fn parse(files: &KeyFiles, name: &str) -> Result<LessSafeKey> {
    let text = files.read(name)?;
    let bytes = STANDARD.decode(text.trim_ascii()).ok();
    let key = bytes.and_then(|bytes| UnboundKey::new(&AES_256_GCM, &bytes).ok());
    key.map(LessSafeKey::new).ok_or_else(|| {
        Error::BadRequest(format!(
            "{} is no key: it must hold 32 bytes in base64.",
            files.path(name).display()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn what_was_sealed_opens_after_a_rotation_and_for_its_own_row_only() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::virtual_now();
        let seals = Seals::open(dir.path(), &clock).unwrap();
        let old = seals.seal("a", "s3cret").unwrap();
        assert!(!old.contains("s3cret"));
        assert_ne!(
            old,
            seals.seal("a", "s3cret").unwrap(),
            "never the same twice"
        );
        tokio::time::advance(Duration::from_secs(1)).await;
        let name = rotate(dir.path(), &clock).unwrap();
        seals.refresh();
        let new = seals.seal("a", "s3cret").unwrap();
        assert!(new.contains(&name));
        // A process that has not looked yet finds the key when it needs it.
        for sealed in [&old, &new] {
            assert_eq!(seals.unseal("a", sealed).unwrap(), "s3cret");
            assert!(seals.unseal("b", sealed).is_err(), "moved to another row");
        }
        let mut touched = new.clone().into_bytes();
        let at = touched.len() - 6;
        touched[at] = if touched[at] == b'A' { b'B' } else { b'A' };
        let touched = String::from_utf8(touched).unwrap();
        for wrong in [touched.as_str(), "s3cret", "", "v1..", "v2.a.b"] {
            assert!(seals.unseal("a", wrong).is_err(), "{wrong}");
        }
        let elsewhere = tempfile::tempdir().unwrap();
        let stranger = Seals::open(elsewhere.path(), &clock).unwrap();
        let refused = stranger.unseal("a", &new).unwrap_err();
        assert!(matches!(&refused, Error::Unavailable(why) if why.contains(&name)));
    }

    #[test]
    fn a_process_finds_the_key_of_another_when_it_needs_it() {
        let dir = tempfile::tempdir().unwrap();
        let one = Seals::open(dir.path(), &Clock::System).unwrap();
        rotate(dir.path(), &Clock::System).unwrap();
        let other = Seals::open(dir.path(), &Clock::System).unwrap();
        let sealed = other.seal("a", "text").unwrap();
        assert_eq!(one.unseal("a", &sealed).unwrap(), "text");
    }
}
