//! Passwords: argon2id, a few at a time on blocking threads, so that a flood of log-ins cannot eat
//! the memory.

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore;
use rand::rngs::OsRng;
use schemas::{Error, Result, Secret};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::Semaphore;

/// A new random secret of at least 256 bits. It begins with a letter: programs take a word that begins with
/// a dash for an option, not for what one was given.
///
/// # Errors
/// `Internal` when the machine has no randomness.
pub fn generate() -> Result<Secret> {
    let mut bytes = [0_u8; 33];
    OsRng.try_fill_bytes(&mut bytes).map_err(Error::internal)?;
    // The first 32 of the alphabet's 64 are letters.
    bytes[0] &= 0x7f;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
}

/// Longest wait for a turn: more log-ins than that are refused, for the client to repeat.
const PATIENCE: Duration = Duration::from_secs(20);

/// Longer texts are not hashed: hashing them would be work for nothing.
const LONGEST: usize = 4096;

/// Hashes and checks.
pub struct Passwords {
    turns: Arc<Semaphore>,
    nobody: Arc<OnceLock<String>>,
}

impl Passwords {
    /// So many at the same time.
    pub fn new(parallel: usize) -> Passwords {
        Passwords {
            turns: Arc::new(Semaphore::new(parallel.max(1))),
            nobody: Arc::default(),
        }
    }

    /// A hash to store.
    ///
    /// # Errors
    /// `BadRequest` for an absurdly long password; `TooManyRequests` when too many wait already.
    pub async fn hash(&self, secret: &Secret) -> Result<String> {
        if secret.reveal().len() > LONGEST {
            return Err(Error::BadRequest(format!(
                "A password may have {LONGEST} bytes at most."
            )));
        }
        let secret = secret.clone();
        self.turn(move || hash(&secret)).await?
    }

    /// Is it the password of this hash? Without a hash (no such user) the answer is no and takes
    /// as long.
    ///
    /// # Errors
    /// `TooManyRequests` when too many wait already.
    pub async fn check(&self, secret: &Secret, hash_of_user: Option<String>) -> Result<bool> {
        let (secret, nobody) = (secret.clone(), Arc::clone(&self.nobody));
        self.turn(move || {
            let known = hash_of_user.is_some();
            let stored = match hash_of_user {
                Some(stored) => stored,
                None => match nobody.get() {
                    Some(stored) => stored.clone(),
                    None => {
                        let stored = hash(&generate()?)?;
                        nobody.get_or_init(|| stored).clone()
                    }
                },
            };
            let parsed = PasswordHash::new(&stored).map_err(Error::internal)?;
            let text = secret
                .reveal()
                .get(..LONGEST.min(secret.reveal().len()))
                .unwrap_or_default();
            let right = argon2()?.verify_password(text.as_bytes(), &parsed).is_ok();
            Ok(right && known && secret.reveal().len() <= LONGEST)
        })
        .await?
    }

    async fn turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned())
            .await
            .map_err(|_| {
                Error::TooManyRequests("Too many log-ins at the same time; try again.".into())
            })?
            .map_err(Error::internal)?;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(Error::internal)
    }
}

/// 19 MiB, two passes, one lane: OWASP's recommendation.
fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(19_456, 2, 1, None).map_err(Error::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(secret: &Secret) -> Result<String> {
    let mut random = [0_u8; 16];
    OsRng.try_fill_bytes(&mut random).map_err(Error::internal)?;
    let salt = SaltString::encode_b64(&random).map_err(Error::internal)?;
    let hash = argon2()?
        .hash_password(secret.reveal().as_bytes(), &salt)
        .map_err(Error::internal)?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_no_option_of_a_program_that_it_is_given_to() {
        let secrets: Vec<Secret> = (0..1000).map(|_| generate().unwrap()).collect();
        let letter = |it: &Secret| it.reveal().starts_with(|it: char| it.is_ascii_alphabetic());
        assert!(secrets.iter().all(letter));
        assert_eq!(secrets[0].reveal().len(), 44);
        assert_ne!(secrets[0].reveal(), secrets[1].reveal());
    }

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_alone() {
        let passwords = Passwords::new(2);
        let right = Secret::new("it's \"100%\" #1 & ünïcode");
        let hash = passwords.hash(&right).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(passwords.check(&right, Some(hash.clone())).await.unwrap());
        assert!(
            !passwords
                .check(&Secret::new("wrong"), Some(hash.clone()))
                .await
                .unwrap()
        );
        assert!(!passwords.check(&right, None).await.unwrap());
        assert!(
            !passwords
                .check(&Secret::new("x".repeat(9999)), Some(hash))
                .await
                .unwrap()
        );
        assert_eq!(format!("{right:?}"), "[redacted]");
    }
}
