//! How to trust an `amqps` broker, from files.

use crate::settings::BusSettings;
use lapin::tcp::{OwnedIdentity, OwnedTLSConfig};
use schemas::{Error, Result};
use std::path::Path;

/// Reads the files that the settings name.
pub(super) async fn config(settings: &BusSettings) -> Result<OwnedTLSConfig> {
    let cert_chain = match &settings.ca_file {
        Some(path) => Some(
            String::from_utf8(read(path).await?)
                .map_err(|_| Error::BadRequest(format!("{} is not a PEM file.", path.display())))?,
        ),
        None => None,
    };
    let identity = match (&settings.cert_file, &settings.key_file) {
        (Some(cert), Some(key)) => Some(OwnedIdentity::PKCS8 {
            pem: read(cert).await?,
            key: read(key).await?,
        }),
        (None, None) => None,
        _ => {
            return Err(Error::BadRequest(
                "The bus needs cert_file and key_file together, or neither.".into(),
            ));
        }
    };
    Ok(OwnedTLSConfig {
        identity,
        cert_chain,
    })
}

async fn read(path: &Path) -> Result<Vec<u8>> {
    tokio::fs::read(path).await.map_err(|error| {
        Error::BadRequest(format!("The bus cannot read {}: {error}", path.display()))
    })
}
