//! Putting a certificate together and signing it.

use p256::ecdsa::signature::Signer;
use p256::ecdsa::{DerSignature, SigningKey, VerifyingKey};
use p256::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use rand::TryRngCore;
use rand::rngs::OsRng;
use schemas::{Error, Result, Secret, Timestamp};
use std::time::Duration;
use x509_cert::certificate::{Certificate, TbsCertificate, Version};
use x509_cert::der::asn1::{BitString, OctetString};
use x509_cert::der::{Encode, EncodePem};
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, SubjectKeyIdentifier};
use x509_cert::ext::{AsExtension, Extension};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{
    DynSignatureAlgorithmIdentifier, SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef,
};
use x509_cert::time::{Time, Validity};

/// What a certificate says, but for who signs it.
pub(crate) struct Content {
    pub subject: Name,
    pub key: SubjectPublicKeyInfoOwned,
    pub from: Timestamp,
    pub until: Timestamp,
    pub extensions: Vec<Extension>,
}

/// Signs a certificate as `issuer`, whose key this is. Answers its PEM.
pub(crate) fn sign(content: Content, issuer: &Name, key: &SigningKey) -> Result<String> {
    let mut extensions = content.extensions;
    let signer = SubjectPublicKeyInfoOwned::from_key(*key.verifying_key()).map_err(broken)?;
    let of_signer = AuthorityKeyIdentifier::try_from(borrowed(&signer)).map_err(broken)?;
    extensions.push(extension(&of_signer)?);
    let algorithm = key.signature_algorithm_identifier().map_err(broken)?;
    let tbs = TbsCertificate {
        version: Version::V3,
        serial_number: serial()?,
        signature: algorithm.clone(),
        issuer: issuer.clone(),
        validity: Validity {
            not_before: time(content.from)?,
            not_after: time(content.until)?,
        },
        subject: content.subject,
        subject_public_key_info: content.key,
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: Some(extensions),
    };
    let signature: DerSignature = key.sign(&tbs.to_der().map_err(broken)?);
    let certificate = Certificate {
        tbs_certificate: tbs,
        signature_algorithm: algorithm,
        signature: BitString::from_bytes(signature.as_bytes()).map_err(broken)?,
    };
    certificate.to_pem(LineEnding::LF).map_err(broken)
}

/// An extension as the standard has it marked.
pub(crate) fn extension(content: &impl AsExtension) -> Result<Extension> {
    content.to_extension(&Name::default(), &[]).map_err(broken)
}

/// Names a public key by its hash.
pub(crate) fn key_identifier(key: &SubjectPublicKeyInfoOwned) -> Result<Extension> {
    let id = SubjectKeyIdentifier::try_from(borrowed(key)).map_err(broken)?;
    extension(&id)
}

fn borrowed(key: &SubjectPublicKeyInfoOwned) -> SubjectPublicKeyInfoRef<'_> {
    use x509_cert::der::referenced::OwnedToRef;
    key.owned_to_ref()
}

/// A new key.
pub(crate) fn new_key() -> Result<SigningKey> {
    loop {
        // One in 2^32 draws is no key of the curve.
        if let Ok(key) = SigningKey::from_slice(&random::<32>()?) {
            return Ok(key);
        }
    }
}

/// A new key (P-256) that signs by itself, without a certificate: PKCS #8 in PEM, and behind it its
/// public half, for of a private key in this form Kubernetes reads the private half alone
/// (`client-go/util/keyutil`).
///
/// # Errors
/// `Internal` without randomness.
pub fn signing_key() -> Result<Secret> {
    let key = new_key()?;
    let public = key.verifying_key().to_public_key_pem(LineEnding::LF);
    let private = key_pem(&key)?;
    Ok(Secret::new(format!(
        "{}{}",
        private.reveal(),
        public.map_err(broken)?
    )))
}

/// PKCS #8 PEM.
pub(crate) fn key_pem(key: &SigningKey) -> Result<Secret> {
    let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(broken)?;
    Ok(Secret::new(pem.to_string()))
}

pub(crate) fn public(key: &SigningKey) -> Result<SubjectPublicKeyInfoOwned> {
    let key: VerifyingKey = *key.verifying_key();
    SubjectPublicKeyInfoOwned::from_key(key).map_err(broken)
}

/// Numbers of certificates tell nothing and are not met twice.
fn serial() -> Result<SerialNumber> {
    let mut bytes = random::<16>()?;
    bytes[0] = bytes[0] & 0x7f | 0x40;
    SerialNumber::new(&bytes).map_err(broken)
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    OsRng.try_fill_bytes(&mut bytes).map_err(Error::internal)?;
    Ok(bytes)
}

/// The standard's two ways to write a time: by the year.
fn time(at: Timestamp) -> Result<Time> {
    use x509_cert::der::asn1::{GeneralizedTime, UtcTime};
    let since = Duration::from_secs(u64::try_from(at.0 / 1_000_000).unwrap_or(0));
    match UtcTime::from_unix_duration(since) {
        Ok(time) => Ok(time.into()),
        Err(_) => {
            let late = GeneralizedTime::from_unix_duration(since).map_err(broken)?;
            Ok(late.into())
        }
    }
}

/// What is no user's fault.
pub(crate) fn broken(error: impl std::fmt::Display) -> Error {
    Error::internal(format_args!("X.509: {error}"))
}

/// An octet string of DER.
pub(crate) fn octets(bytes: Vec<u8>) -> Result<OctetString> {
    OctetString::new(bytes).map_err(broken)
}
