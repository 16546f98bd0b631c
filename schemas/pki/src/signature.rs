//! Does whoever asks for a certificate hold the key it is for?

use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use schemas::{Error, Result};
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::oid::db::rfc5912;
use x509_cert::der::oid::db::rfc8410;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

type Algorithm = &'static dyn VerificationAlgorithm;

/// Algorithm of the signature, curve of the key (elliptic ones only), and who verifies that.
const KNOWN: [(ObjectIdentifier, Option<ObjectIdentifier>, Algorithm); 8] = [
    (
        rfc5912::ECDSA_WITH_SHA_256,
        Some(rfc5912::SECP_256_R_1),
        &signature::ECDSA_P256_SHA256_ASN1,
    ),
    (
        rfc5912::ECDSA_WITH_SHA_384,
        Some(rfc5912::SECP_256_R_1),
        &signature::ECDSA_P256_SHA384_ASN1,
    ),
    (
        rfc5912::ECDSA_WITH_SHA_256,
        Some(rfc5912::SECP_384_R_1),
        &signature::ECDSA_P384_SHA256_ASN1,
    ),
    (
        rfc5912::ECDSA_WITH_SHA_384,
        Some(rfc5912::SECP_384_R_1),
        &signature::ECDSA_P384_SHA384_ASN1,
    ),
    (
        rfc5912::SHA_256_WITH_RSA_ENCRYPTION,
        None,
        &signature::RSA_PKCS1_2048_8192_SHA256,
    ),
    (
        rfc5912::SHA_384_WITH_RSA_ENCRYPTION,
        None,
        &signature::RSA_PKCS1_2048_8192_SHA384,
    ),
    (
        rfc5912::SHA_512_WITH_RSA_ENCRYPTION,
        None,
        &signature::RSA_PKCS1_2048_8192_SHA512,
    ),
    (rfc8410::ID_ED_25519, None, &signature::ED25519),
];

/// Checks that `signed` was signed with the key it names.
///
/// # Errors
/// `BadRequest` when it was not, or in a way that is not known here.
pub(crate) fn verify(
    algorithm: &AlgorithmIdentifierOwned,
    key: &SubjectPublicKeyInfoOwned,
    signed: &[u8],
    signature: &[u8],
) -> Result<()> {
    let curve = key.algorithm.parameters.as_ref();
    let curve = curve.and_then(|curve| curve.decode_as::<ObjectIdentifier>().ok());
    let known = KNOWN
        .iter()
        .find(|(oid, on, _)| *oid == algorithm.oid && (on.is_none() || *on == curve));
    let Some((_, _, verifier)) = known else {
        return Err(Error::BadRequest(format!(
            "The certificate signing request is signed in a way that is not known here ({}): use \
             ECDSA on P-256 or P-384, Ed25519, or RSA of 2048 bits and more with SHA-256, -384 or \
             -512.",
            algorithm.oid
        )));
    };
    let key = key.subject_public_key.as_bytes().unwrap_or_default();
    UnparsedPublicKey::new(*verifier, key)
        .verify(signed, signature)
        .map_err(|_| {
            Error::BadRequest(
                "The certificate signing request is not signed with the key it is for, or that is an RSA \
                 key of less than 2048 bits."
                    .into(),
            )
        })
}
