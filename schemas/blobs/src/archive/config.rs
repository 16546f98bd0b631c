//! The image config (OCI's `application/vnd.oci.image.config.v1+json`, Docker's is the same for what we
//! read): stored as it came, looked into here.

use super::ArchiveError;
use crate::{BlobStore, Digest, StoreError};
use serde::{Deserialize, Serialize};

/// The part of a config that the plane looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageConfig {
    /// CPU, in OCI's words.
    #[serde(default)]
    pub architecture: String,
    /// CPU variant (`v8`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// `linux`; old images leave it empty.
    #[serde(default)]
    pub os: String,
    /// What a container of it runs.
    #[serde(default, deserialize_with = "null_is_default")]
    pub config: RunConfig,
    /// The layers, unpacked.
    pub rootfs: RootFs,
}

/// Defaults for containers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RunConfig {
    /// User to run as.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub user: String,
    /// Environment, `NAME=value`.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub env: Vec<String>,
    /// Program and first arguments.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub entrypoint: Vec<String>,
    /// Arguments, or the program if there is no entrypoint.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub cmd: Vec<String>,
    /// Directory to start in.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub working_dir: String,
}

/// Names of the layers' unpacked forms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootFs {
    /// `layers`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Digest of each unpacked layer tar, lowest first.
    #[serde(default, deserialize_with = "null_is_default")]
    pub diff_ids: Vec<Digest>,
}

/// Go writes `null` for what is empty.
pub(super) fn null_is_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

impl ImageConfig {
    /// Of a stored image.
    pub fn load(store: &BlobStore, digest: &Digest) -> Result<ImageConfig, StoreError> {
        let bytes = store.read(digest, super::manifest::DOCUMENT)?;
        serde_json::from_slice(&bytes).map_err(|_| StoreError::Damaged(*digest))
    }

    /// Of an upload: refused if nothing could be run from it.
    pub(super) fn parse(what: &str, bytes: &[u8]) -> Result<ImageConfig, ArchiveError> {
        let bad = |why: String| ArchiveError::BadDocument {
            what: what.to_owned(),
            why,
        };
        let config: ImageConfig = serde_json::from_slice(bytes).map_err(|e| bad(e.to_string()))?;
        match config.os.as_str() {
            "linux" | "" => {}
            other => {
                return Err(ArchiveError::NotLinux(super::names::shown(
                    other.as_bytes(),
                )));
            }
        }
        if config.architecture.is_empty() {
            return Err(bad("it names no architecture".into()));
        }
        if config.rootfs.kind != "layers" {
            return Err(bad("its rootfs is not made of layers".into()));
        }
        Ok(config)
    }

    /// The config of an image that is a bare filesystem.
    pub(super) fn bare(architecture: &str, cmd: &[String], diff_id: Digest) -> ImageConfig {
        let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        ImageConfig {
            architecture: architecture.to_owned(),
            variant: None,
            os: "linux".into(),
            config: RunConfig {
                env: vec![path.into()],
                cmd: cmd.to_vec(),
                ..RunConfig::default()
            },
            rootfs: RootFs {
                kind: "layers".into(),
                diff_ids: vec![diff_id],
            },
        }
    }
}
