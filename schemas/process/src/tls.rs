//! How clients inside our processes trust the servers they speak https with: by the machine's own
//! certificate authorities, and one more that an operator names.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use schemas::{Error, Result};
use std::path::Path;
use std::sync::Arc;

/// Trusts the machine's authorities, and those in `ca_file` (PEM).
///
/// # Errors
/// `BadRequest` with the file's name when it cannot be read or holds no certificate.
pub fn client(ca_file: Option<&Path>) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let own = rustls_native_certs::load_native_certs();
    for error in &own.errors {
        tracing::debug!(%error, "an authority of this machine cannot be used");
    }
    roots.add_parsable_certificates(own.certs);
    if let Some(file) = ca_file {
        let wrong = |why: &dyn std::fmt::Display| {
            Error::BadRequest(format!(
                "The ca_file {} cannot be used: {why}.",
                file.display()
            ))
        };
        let read = CertificateDer::pem_file_iter(file).map_err(|error| wrong(&error))?;
        let mut found = 0;
        for certificate in read {
            let certificate = certificate.map_err(|error| wrong(&error))?;
            roots.add(certificate).map_err(|error| wrong(&error))?;
            found += 1;
        }
        if found == 0 {
            return Err(wrong(&"it holds no certificate in PEM"));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Error::internal)?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ca.pem");
        for content in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n"] {
            std::fs::write(&file, content).unwrap();
            let refused = client(Some(&file)).unwrap_err().to_string();
            assert!(refused.contains("ca.pem"), "{refused}");
        }
        assert!(client(Some(&dir.path().join("none"))).is_err());
        assert!(client(None).is_ok());
    }
}
