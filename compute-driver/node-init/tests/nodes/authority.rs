//! Certificates of one cluster: its authority, its nodes, its clients.

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use std::path::Path;

pub struct Authority {
    pub pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key.
pub struct Identity {
    pub cert: String,
    pub key: String,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("an authority").pem();
        let issuer = Issuer::new(params, key);
        Self { pem, issuer }
    }

    /// A node that answers by these addresses and names.
    pub fn node(&self, names: Vec<String>) -> Identity {
        self.sign(names, ExtendedKeyUsagePurpose::ServerAuth)
    }

    pub fn client(&self) -> Identity {
        self.sign(Vec::new(), ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn sign(&self, names: Vec<String>, purpose: ExtendedKeyUsagePurpose) -> Identity {
        let mut params = CertificateParams::new(names).expect("names");
        params.extended_key_usages = vec![purpose];
        let key = KeyPair::generate().expect("a key");
        let cert = params.signed_by(&key, &self.issuer).expect("a signature");
        Identity {
            cert: cert.pem(),
            key: key.serialize_pem(),
        }
    }

    /// Writes what a client needs, as `docker` wants it, into a folder.
    pub fn write_client(&self, folder: &Path, client: &Identity) {
        let files = [
            ("ca.pem", &self.pem),
            ("cert.pem", &client.cert),
            ("key.pem", &client.key),
        ];
        for (name, content) in files {
            std::fs::write(folder.join(name), content).expect("a file");
        }
    }
}
