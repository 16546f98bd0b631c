//! A cluster's authority.

use crate::certificate::{self, Content, broken, extension};
use crate::{AUTHORITY_LIFE, CERTIFICATE_LIFE, DAY, Pair, request};
use p256::ecdsa::SigningKey;
use p256::pkcs8::DecodePrivateKey;
use schemas::{Error, Result, Secret, Timestamp};
use std::net::IpAddr;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::certificate::Certificate;
use x509_cert::der::asn1::{
    Ia5String, ObjectIdentifier, PrintableStringRef, SetOfVec, Utf8StringRef,
};
use x509_cert::der::{Any, DecodePem, Encode, oid::db};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
};
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};

/// Signs for one cluster.
pub struct Authority {
    name: Name,
    key: SigningKey,
    until: Timestamp,
}

/// Whom a node's certificate is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// Its common name.
    pub common: String,
    /// Its organization: what a group of users is to Kubernetes.
    pub organization: Option<String>,
    /// Host names it is reached at.
    pub hosts: Vec<String>,
    /// Addresses it is reached at.
    pub addresses: Vec<IpAddr>,
}

impl Authority {
    /// Makes an authority that is called as its cluster.
    ///
    /// # Errors
    /// `Internal`.
    pub fn create(cluster: &str, now: Timestamp) -> Result<Pair> {
        let key = certificate::new_key()?;
        let name = subject(cluster, None)?;
        let public = certificate::public(&key)?;
        let until = now + AUTHORITY_LIFE;
        let content = Content {
            extensions: vec![
                extension(&BasicConstraints {
                    ca: true,
                    // The authority that follows it: see `endorse`.
                    path_len_constraint: Some(1),
                })?,
                extension(&KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign))?,
                certificate::key_identifier(&public)?,
            ],
            subject: name.clone(),
            key: public,
            from: now - DAY,
            until,
        };
        Ok(Pair {
            certificate: certificate::sign(content, &name, &key)?,
            key: certificate::key_pem(&key)?,
            until,
        })
    }

    /// An authority that was made before, from its PEM texts.
    ///
    /// # Errors
    /// `Internal` when they are no authority's.
    pub fn open(certificate: &str, key: &Secret) -> Result<Authority> {
        let known = Certificate::from_pem(certificate).map_err(broken)?;
        let end = known.tbs_certificate.validity.not_after.to_unix_duration();
        Ok(Authority {
            name: known.tbs_certificate.subject,
            key: SigningKey::from_pkcs8_pem(key.reveal()).map_err(broken)?,
            until: Timestamp(i64::try_from(end.as_micros()).unwrap_or(i64::MAX)),
        })
    }

    /// Vouches for the authority that follows this one, so that who trusts this one only trusts whom that one
    /// has signed, once they show this certificate beside their own. PEM.
    ///
    /// # Errors
    /// `Internal` when `follower` is no authority's certificate.
    pub fn endorse(&self, follower: &str, now: Timestamp) -> Result<String> {
        let follower = Certificate::from_pem(follower)
            .map_err(broken)?
            .tbs_certificate;
        let content = Content {
            extensions: vec![
                extension(&BasicConstraints {
                    ca: true,
                    path_len_constraint: Some(0),
                })?,
                extension(&KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign))?,
                certificate::key_identifier(&follower.subject_public_key_info)?,
            ],
            subject: follower.subject,
            key: follower.subject_public_key_info,
            from: now - DAY,
            until: self.until,
        };
        certificate::sign(content, &self.name, &self.key)
    }

    /// A node's certificate: it serves its engine, and may speak to the other nodes.
    ///
    /// # Errors
    /// `BadRequest` for a host name that no certificate can hold.
    pub fn node(&self, names: &Names, now: Timestamp) -> Result<Pair> {
        let mut also = Vec::new();
        for host in &names.hosts {
            let host = Ia5String::new(host).map_err(|_| {
                Error::BadRequest(format!("{host:?} is no host name for a certificate."))
            })?;
            also.push(GeneralName::DnsName(host));
        }
        also.extend(names.addresses.iter().copied().map(GeneralName::from));
        let subject = subject(&names.common, names.organization.as_deref())?;
        let uses = ExtendedKeyUsage(vec![
            db::rfc5280::ID_KP_SERVER_AUTH,
            db::rfc5280::ID_KP_CLIENT_AUTH,
        ]);
        let for_it = vec![extension(&uses)?, extension(&SubjectAltName(also))?];
        self.pair(subject, for_it, now)
    }

    /// A client's certificate: of somebody of this cloud, who serves nothing.
    ///
    /// # Errors
    /// `Internal`.
    pub fn client(&self, common: &str, organization: &str, now: Timestamp) -> Result<Pair> {
        let subject = subject(common, Some(organization))?;
        let uses = ExtendedKeyUsage(vec![db::rfc5280::ID_KP_CLIENT_AUTH]);
        self.pair(subject, vec![extension(&uses)?], now)
    }

    /// A new key with a certificate that signs no other.
    fn pair(&self, subject: Name, for_it: Vec<Extension>, now: Timestamp) -> Result<Pair> {
        let key = certificate::new_key()?;
        let public = certificate::public(&key)?;
        let until = self.end(now);
        let mut extensions = vec![
            extension(&BasicConstraints {
                ca: false,
                path_len_constraint: None,
            })?,
            extension(&KeyUsage(
                KeyUsages::DigitalSignature | KeyUsages::KeyEncipherment,
            ))?,
        ];
        extensions.extend(for_it);
        extensions.push(certificate::key_identifier(&public)?);
        let content = Content {
            subject,
            from: now - DAY,
            until,
            extensions,
            key: public,
        };
        Ok(Pair {
            certificate: certificate::sign(content, &self.name, &self.key)?,
            key: certificate::key_pem(&key)?,
            until,
        })
    }

    /// Signs a user's request (PKCS #10, PEM). Its subject and public key are taken over, and of what
    /// it asks for beyond: usages of the key (signing, enciphering, commitment, and extended ones),
    /// alternative names, basic constraints without the right to sign others, the key's identifier.
    ///
    /// # Errors
    /// `BadRequest` for what is no request, is not signed with its own key, wants to be an authority,
    /// wants another usage, or insists (critical) on an extension that is not known here.
    pub fn sign(&self, request: &str, now: Timestamp) -> Result<String> {
        let asked = request::parse(request)?;
        let content = Content {
            subject: asked.subject,
            key: asked.key,
            from: now - DAY,
            until: self.end(now),
            extensions: asked.extensions,
        };
        certificate::sign(content, &self.name, &self.key)
    }

    /// Nothing outlives whoever signed it.
    fn end(&self, now: Timestamp) -> Timestamp {
        Timestamp((now + CERTIFICATE_LIFE).0.min(self.until.0))
    }
}

/// A common name, and an organization before it, as `openssl req -subj /O=…/CN=…` has them.
fn subject(common: &str, organization: Option<&str>) -> Result<Name> {
    let mut parts = Vec::new();
    if let Some(organization) = organization {
        parts.push(part(db::rfc4519::O, organization)?);
    }
    parts.push(part(db::rfc4519::CN, common)?);
    let name = RdnSequence(parts);
    name.to_der().map_err(broken)?;
    Ok(name)
}

/// A part of a name, in the plainest kind of string that holds it.
fn part(oid: ObjectIdentifier, text: &str) -> Result<RelativeDistinguishedName> {
    let value = match PrintableStringRef::new(text) {
        Ok(plain) => Any::encode_from(&plain),
        Err(_) => Utf8StringRef::new(text).and_then(|text| Any::encode_from(&text)),
    };
    let part = AttributeTypeAndValue {
        oid,
        value: value.map_err(broken)?,
    };
    let mut parts = SetOfVec::new();
    parts.insert(part).map_err(broken)?;
    Ok(RelativeDistinguishedName(parts))
}

#[cfg(test)]
#[path = "authority_tests.rs"]
mod tests;
