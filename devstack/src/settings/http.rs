//! Where this program listens.

use schemars::JsonSchema;
use schemas::{Error, Result};
use serde::{Deserialize, Serialize};
use std::net::{SocketAddr, TcpListener};

/// Listeners. TLS is the business of a proxy in front (`api.public_url`, `api.trust_forwarded`).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSettings {
    /// Address and port of the REST APIs.
    pub listen: SocketAddr,
    /// Address and port of `/healthz` and `/metrics` of a conductor or agent in a process of its own.
    /// The api shows its own at `listen`.
    pub operations: Option<SocketAddr>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        HttpSettings {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            operations: None,
        }
    }
}

/// Listens, or says who might be in the way.
///
/// # Errors
/// `BadRequest` when the address cannot be had.
pub fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).map_err(|error| {
        Error::BadRequest(format!(
            "Cannot listen on {address}: {error}. Is another program there? Choose another address \
             in the section `http`."
        ))
    })
}
