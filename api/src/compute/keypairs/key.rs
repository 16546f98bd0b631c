//! SSH keys: reading, measuring and making them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use schemas::{Error, Result};
use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, LineEnding, PrivateKey, PublicKey};

/// Both halves.
pub struct Made {
    /// One line for `authorized_keys`.
    pub public: String,
    /// PEM as OpenSSH writes it.
    pub private: String,
}

/// A new Ed25519 key pair.
///
/// # Errors
/// `Internal` when the system has no randomness.
pub fn make(comment: &str) -> Result<Made> {
    let mut key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519).map_err(Error::internal)?;
    key.set_comment(comment.replace(' ', "_"));
    let private = key.to_openssh(LineEnding::LF).map_err(Error::internal)?;
    Ok(Made {
        public: key.public_key().to_openssh().map_err(Error::internal)?,
        private: private.to_string(),
    })
}

/// The MD5 of the key's bytes, as Nova shows it.
///
/// # Errors
/// `BadRequest` for what is no public key in OpenSSH form.
pub fn fingerprint(public: &str) -> Result<String> {
    let refused = |why: &dyn std::fmt::Display| {
        Error::BadRequest(format!(
            "Keypair data is invalid: failed to generate fingerprint ({why}); send one line as \
             ssh-keygen writes it into the .pub file."
        ))
    };
    let line = public.trim();
    PublicKey::from_openssh(line).map_err(|error| refused(&error))?;
    let blob = line.split_whitespace().nth(1).unwrap_or_default();
    let bytes = STANDARD.decode(blob).map_err(|error| refused(&error))?;
    let pairs: Vec<String> = Md5::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(pairs.join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_key_is_read_back_and_measured() {
        let made = make("Generated-by-my key").unwrap();
        assert!(
            made.public.starts_with("ssh-ed25519 AAAA"),
            "{}",
            made.public
        );
        assert!(
            made.private
                .starts_with("-----BEGIN OPENSSH PRIVATE KEY-----")
        );
        let read = PrivateKey::from_openssh(&made.private).unwrap();
        assert_eq!(read.public_key().to_openssh().unwrap(), made.public);
        assert_eq!(fingerprint(&made.public).unwrap().len(), 47);
        assert_ne!(
            fingerprint(&made.public),
            fingerprint(&make("x").unwrap().public)
        );
    }

    #[test]
    fn the_fingerprint_is_that_of_ssh_keygen() {
        // ssh-keygen -l -E md5
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g me@here";
        assert_eq!(
            fingerprint(key).unwrap(),
            "05:6d:11:6f:aa:82:7f:17:e4:a2:92:09:ca:cf:9d:42"
        );
        assert!(matches!(
            fingerprint("ssh-rsa nonsense"),
            Err(Error::BadRequest(_))
        ));
        assert!(matches!(fingerprint(""), Err(Error::BadRequest(_))));
    }
}
