//! Requests for certificates of a cluster's authorities (contract `magnum-v1.md` §8.10, §9.4).

use super::body::invalid;
use super::field::{Text, Word};
use crate::Result;
use serde::Deserialize;

/// A request to sign.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sign {
    /// The cluster: UUID or name.
    #[serde(default)]
    pub cluster_uuid: Option<Word>,
    /// The same in the word of 2015.
    #[serde(default)]
    pub bay_uuid: Option<Word>,
    /// PKCS #10, PEM.
    pub csr: Text<1, 65_536>,
    /// Which authority.
    #[serde(default)]
    pub ca_cert_type: Option<Word>,
}

impl Sign {
    /// Whichever word names the cluster.
    ///
    /// # Errors
    /// `BadRequest` for none, and for both unless they are the same.
    pub fn cluster(&self) -> Result<&str> {
        match (&self.cluster_uuid, &self.bay_uuid) {
            (Some(one), None) | (None, Some(one)) => Ok(one),
            (Some(one), Some(other)) if one == other => Ok(one),
            _ => Err(invalid(
                "cluster_uuid",
                "Either it or bay_uuid is needed, not both.",
            )),
        }
    }

    /// Which authority signs.
    ///
    /// # Errors
    /// `BadRequest` for none of them.
    pub fn kind(&self) -> Result<&'static str> {
        kind(self.ca_cert_type.as_deref().unwrap_or("kubernetes"))
    }
}

/// The authority with this name.
///
/// # Errors
/// `BadRequest` for none of them.
pub fn kind(word: &str) -> Result<&'static str> {
    match word {
        "kubernetes" => Ok("kubernetes"),
        "etcd" => Ok("etcd"),
        "front-proxy" | "front_proxy" => Ok("front-proxy"),
        other => Err(invalid(
            "ca_cert_type",
            &format!("{other:?} is none of kubernetes, etcd and front-proxy."),
        )),
    }
}
