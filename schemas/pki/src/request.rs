//! A user's request for a certificate: what of it is taken over, and what is refused.

use crate::certificate::{self, broken, octets};
use crate::signature;
use schemas::{Error, Result};
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::flagset::FlagSet;
use x509_cert::der::oid::db::rfc5280::{
    ID_CE_BASIC_CONSTRAINTS, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE, ID_CE_SUBJECT_ALT_NAME,
    ID_CE_SUBJECT_KEY_IDENTIFIER,
};
use x509_cert::der::oid::{AssociatedOid, db};
use x509_cert::der::{Decode, DecodePem, Encode};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{
    BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName, SubjectKeyIdentifier,
};
use x509_cert::name::Name;
use x509_cert::request::{CertReq, ExtensionReq};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

/// A request is a few hundred bytes; with many alternative names a few thousand.
const MOST_BYTES: usize = 64 * 1024;

/// What is taken over.
pub(crate) struct Asked {
    pub subject: Name,
    pub key: SubjectPublicKeyInfoOwned,
    pub extensions: Vec<Extension>,
}

/// Reads a request and checks it.
pub(crate) fn parse(pem: &str) -> Result<Asked> {
    let unread = |error: &dyn std::fmt::Display| {
        Error::BadRequest(format!(
            "The certificate signing request cannot be read: {error}. It has to be PKCS #10 in PEM, \
             as `openssl req -new` writes it."
        ))
    };
    if pem.len() > MOST_BYTES {
        return Err(unread(&"it is too long"));
    }
    // OpenSSL's older label means the same.
    let pem = pem.trim().replace(" NEW CERTIFICATE", " CERTIFICATE");
    let request = CertReq::from_pem(pem.as_bytes()).map_err(|error| unread(&error))?;
    let signed = request.info.to_der().map_err(broken)?;
    let signature = request.signature.as_bytes().unwrap_or_default();
    signature::verify(
        &request.algorithm,
        &request.info.public_key,
        &signed,
        signature,
    )?;
    let mut extensions = Vec::new();
    for extension in wanted(&request).map_err(|error| unread(&error))? {
        extensions.extend(taken(extension)?);
    }
    let known = |extension: &Extension| extension.extn_id == ID_CE_SUBJECT_KEY_IDENTIFIER;
    if !extensions.iter().any(known) {
        extensions.push(certificate::key_identifier(&request.info.public_key)?);
    }
    Ok(Asked {
        subject: request.info.subject,
        key: request.info.public_key,
        extensions,
    })
}

fn wanted(request: &CertReq) -> x509_cert::der::Result<Vec<Extension>> {
    let mut wanted: Vec<Extension> = Vec::new();
    for attribute in request.info.attributes.iter() {
        if attribute.oid != ExtensionReq::OID {
            continue;
        }
        for value in attribute.values.iter() {
            wanted.extend(ExtensionReq::from_der(&value.to_der()?)?.0);
        }
    }
    Ok(wanted)
}

/// The extension as it goes into the certificate; nothing for one that may be left out.
fn taken(extension: Extension) -> Result<Option<Extension>> {
    let value = extension.extn_value.as_bytes();
    match extension.extn_id {
        ID_CE_KEY_USAGE => {
            let KeyUsage(asked) = read(value, "keyUsage")?;
            let allowed: FlagSet<KeyUsages> = KeyUsages::DigitalSignature
                | KeyUsages::KeyEncipherment
                | KeyUsages::NonRepudiation;
            if !allowed.contains(asked) {
                return Err(refused(
                    "its keyUsage holds more than digital signature, key encipherment and \
                     content commitment",
                ));
            }
        }
        ID_CE_BASIC_CONSTRAINTS => {
            let asked: BasicConstraints = read(value, "basicConstraints")?;
            if asked.ca {
                return Err(refused("it wants to be an authority itself (CA:TRUE)"));
            }
        }
        ID_CE_EXT_KEY_USAGE => {
            read::<ExtendedKeyUsage>(value, "extendedKeyUsage")?;
        }
        ID_CE_SUBJECT_ALT_NAME => {
            read::<SubjectAltName>(value, "subjectAltName")?;
        }
        ID_CE_SUBJECT_KEY_IDENTIFIER => {
            read::<SubjectKeyIdentifier>(value, "subjectKeyIdentifier")?;
        }
        other if extension.critical => {
            return Err(refused(&format!(
                "its critical extension {} is not known here",
                name(&other)
            )));
        }
        _ => return Ok(None),
    }
    Ok(Some(Extension {
        extn_value: octets(value.to_vec())?,
        ..extension
    }))
}

fn read<'a, T: Decode<'a>>(value: &'a [u8], what: &str) -> Result<T> {
    T::from_der(value).map_err(|error| refused(&format!("its {what} cannot be read: {error}")))
}

fn name(oid: &ObjectIdentifier) -> String {
    match db::DB.by_oid(oid) {
        Some(name) => format!("{name} ({oid})"),
        None => oid.to_string(),
    }
}

fn refused(why: &str) -> Error {
    Error::BadRequest(format!(
        "The certificate signing request is refused: {why}."
    ))
}
