//! The keys that sign tokens: Ed25519 in PEM files of one directory, named by their time of making.
//! The newest signs; the older ones verify until every token they signed has ended.
//!
//! Promises: files and directory are readable by their owner alone; a key another process made is
//! noticed within a second, or when the first token signed with it comes in.

use super::claims::Claims;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use process::Clock;
use process::key_files::{KeyFiles, random};
use schemas::{Error, Result, Timestamp};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, RwLock};
use std::time::Duration;

const ENDING: &str = "pem";

struct Key {
    sign: EncodingKey,
    verify: DecodingKey,
}

/// By name: later names are newer keys.
type Keys = BTreeMap<String, Key>;

/// The keys of one directory.
pub struct KeyRing {
    files: KeyFiles,
    keys: RwLock<Arc<Keys>>,
}

impl KeyRing {
    /// Reads the directory's keys; makes the first where there is none.
    ///
    /// # Errors
    /// `BadRequest` in words the operator can act on.
    pub fn open(dir: &Path, clock: &Clock) -> Result<KeyRing> {
        let files = KeyFiles::open(dir, ENDING)?;
        let mut keys = read(&files, &Keys::new())?;
        if keys.is_empty() {
            make(&files, clock.now())?;
            keys = read(&files, &Keys::new())?;
        }
        Ok(KeyRing {
            files,
            keys: RwLock::new(Arc::new(keys)),
        })
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(
            &self
                .keys
                .read()
                .unwrap_or_else(|poisoned| poisoned.into_inner()),
        )
    }

    /// Reads the directory again when its files are others than those known.
    pub fn refresh(&self) {
        let known = self.keys();
        let same = self
            .files
            .names()
            .is_ok_and(|names| names.iter().eq(known.keys()));
        if same {
            return;
        }
        match read(&self.files, &known) {
            Ok(keys) if keys.is_empty() => {
                tracing::error!(dir = %self.files.dir().display(), "all token keys are gone; keeping those in memory");
            }
            Ok(keys) => {
                tracing::info!(keys = keys.len(), "token keys read");
                *self
                    .keys
                    .write()
                    .unwrap_or_else(|poisoned| poisoned.into_inner()) = Arc::new(keys);
            }
            Err(error) => tracing::error!(%error, "token keys cannot be read; the old ones stay"),
        }
    }

    /// Signs claims with the newest key.
    ///
    /// # Errors
    /// `Internal`.
    pub fn sign(&self, claims: &Claims) -> Result<String> {
        let keys = self.keys();
        let (name, key) = keys
            .last_key_value()
            .ok_or_else(|| Error::internal("no token key"))?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = None;
        header.kid = Some(name.clone());
        jsonwebtoken::encode(&header, claims, &key.sign).map_err(Error::internal)
    }

    /// The claims of a token whose signature holds. Its end is for the caller to compare.
    pub fn verify(&self, token: &str) -> Option<Claims> {
        let kid = jsonwebtoken::decode_header(token).ok()?.kid?;
        if !self.keys().contains_key(&kid) && self.files.names().ok()?.contains(&kid) {
            self.refresh();
        }
        let keys = self.keys();
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        let verified = jsonwebtoken::decode(token, &keys.get(&kid)?.verify, &validation);
        verified.ok().map(|token| token.claims)
    }
}

/// Makes a new key, which signs from now on, and removes those whose last token has ended: the
/// ones whose successor is older than `lifetime`.
///
/// # Errors
/// `BadRequest` in words the operator can act on.
pub fn rotate(dir: &Path, clock: &Clock, lifetime: Duration) -> Result<String> {
    let files = KeyFiles::open(dir, ENDING)?;
    let made = make(&files, clock.now())?;
    let names = files.names()?;
    let needed = clock.now() - lifetime - Duration::from_secs(60);
    for (name, successor) in names.iter().zip(names.iter().skip(1)) {
        if made_at(successor).is_some_and(|at| at < needed) {
            files.remove(name)?;
        }
    }
    Ok(made)
}

fn made_at(name: &str) -> Option<Timestamp> {
    name.split('-').next()?.parse().ok().map(Timestamp)
}

fn read(files: &KeyFiles, known: &Keys) -> Result<Keys> {
    let mut keys = Keys::new();
    for name in files.names()? {
        let key = match known.get(&name) {
            Some(key) => Key {
                sign: key.sign.clone(),
                verify: key.verify.clone(),
            },
            None => parse(files, &name)?,
        };
        keys.insert(name, key);
    }
    Ok(keys)
}

fn parse(files: &KeyFiles, name: &str) -> Result<Key> {
    let text = files.read(name)?;
    let wrong = |error: jsonwebtoken::errors::Error| {
        Error::BadRequest(format!(
            "{} is no Ed25519 key in PEM: {error}.",
            files.path(name).display()
        ))
    };
    let sign = EncodingKey::from_ed_pem(&text).map_err(wrong)?;
    let public = Jwk::from_encoding_key(&sign, Algorithm::EdDSA).map_err(wrong)?;
    let verify = DecodingKey::from_jwk(&public).map_err(wrong)?;
    Ok(Key { sign, verify })
}

fn make(files: &KeyFiles, now: Timestamp) -> Result<String> {
    /// PKCS#8 around a 32 byte Ed25519 seed.
    const PREFIX: [u8; 16] = [
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ];
    let der = [&PREFIX[..], &random::<32>()?].concat();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(der)
    );
    files.write(now, pem.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::super::claims::ScopeClaim;
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn claims() -> Claims {
        Claims {
            user_id: "u".into(),
            issued: 1,
            ends: 2,
            audit_ids: vec!["a".into()],
            methods: vec!["password".into()],
            scope: ScopeClaim::Project("p".into()),
            application_credential: None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn tokens_outlive_a_rotation_but_not_their_key() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::virtual_now();
        let lifetime = Duration::from_secs(3600);
        let ring = KeyRing::open(dir.path(), &clock).unwrap();
        let old = ring.sign(&claims()).unwrap();
        let other = KeyRing::open(dir.path(), &clock).unwrap();
        tokio::time::advance(Duration::from_secs(10)).await;
        rotate(dir.path(), &clock, lifetime).unwrap();
        ring.refresh();
        let new = ring.sign(&claims()).unwrap();
        assert_ne!(old.split('.').next(), new.split('.').next());
        assert_eq!(
            other.verify(&new),
            Some(claims()),
            "noticed without being told"
        );
        assert_eq!(ring.verify(&old), Some(claims()));
        tokio::time::advance(lifetime * 2).await;
        rotate(dir.path(), &clock, lifetime).unwrap();
        ring.refresh();
        assert_eq!(ring.verify(&old), None);
        assert_eq!(ring.verify(&new), Some(claims()));
    }

    #[test]
    fn a_token_that_was_touched_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let ring = KeyRing::open(dir.path(), &Clock::System).unwrap();
        let token = ring.sign(&claims()).unwrap();
        let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        let other = if &parts[1][4..5] == "A" { "B" } else { "A" };
        parts[1].replace_range(4..5, other);
        assert_eq!(ring.verify(&parts.join(".")), None);
        for junk in ["", ".", "..", "a.b.c", "gAAAAAB", &"x".repeat(100_000)] {
            assert_eq!(ring.verify(junk), None);
        }
        let elsewhere = tempfile::tempdir().unwrap();
        let stranger = KeyRing::open(elsewhere.path(), &Clock::System).unwrap();
        assert_eq!(ring.verify(&stranger.sign(&claims()).unwrap()), None);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::System;
        KeyRing::open(dir.path(), &clock).unwrap();
        let files = KeyFiles::open(dir.path(), ENDING).unwrap();
        let file = files.path(&files.names().unwrap()[0]);
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let refused = KeyRing::open(dir.path(), &clock).err().unwrap().to_string();
        assert!(refused.contains("chmod 600"), "{refused}");
    }
}
