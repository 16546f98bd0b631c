//! Servers. Fields that a microversion does not have yet, or no more, are refused by the API.

use super::{Flag, Number, Text};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// `POST /servers`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateBody {
    /// The server.
    pub server: Create,
    /// Hints for the scheduler; unknown ones are kept.
    #[serde(
        default,
        rename = "os:scheduler_hints",
        alias = "OS-SCH-HNT:scheduler_hints"
    )]
    pub hints: Option<serde_json::Map<String, Value>>,
}

/// A new server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the API's own names")]
pub struct Create {
    pub name: String,
    #[serde(default, rename = "imageRef")]
    pub image_ref: Option<String>,
    #[serde(rename = "flavorRef")]
    pub flavor_ref: Text,
    #[serde(default, rename = "adminPass")]
    pub admin_pass: Option<String>,
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    #[serde(default)]
    pub networks: Option<Networks>,
    #[serde(default, rename = "OS-DCF:diskConfig")]
    pub disk_config: Option<String>,
    #[serde(default, rename = "accessIPv4")]
    pub access_v4: Option<String>,
    #[serde(default, rename = "accessIPv6")]
    pub access_v6: Option<String>,
    #[serde(default)]
    pub personality: Option<Vec<Value>>,
    #[serde(default)]
    pub availability_zone: Option<String>,
    #[serde(default)]
    pub block_device_mapping: Option<Vec<Value>>,
    #[serde(default)]
    pub block_device_mapping_v2: Option<Vec<BlockDevice>>,
    #[serde(default)]
    pub config_drive: Option<Value>,
    #[serde(default)]
    pub key_name: Option<String>,
    #[serde(default)]
    pub min_count: Option<Number>,
    #[serde(default)]
    pub max_count: Option<Number>,
    #[serde(default)]
    pub return_reservation_id: Option<Flag>,
    #[serde(default)]
    pub security_groups: Option<Vec<SecurityGroup>>,
    #[serde(default)]
    pub user_data: Option<String>,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub tags: Option<Vec<String>>,
    #[serde(default)]
    pub trusted_image_certificates: Option<Vec<String>>,
    #[serde(default)]
    pub host: Option<String>,
    #[serde(default)]
    pub hypervisor_hostname: Option<String>,
    #[serde(default)]
    pub hostname: Option<String>,
}

/// `"auto"`, `"none"`, or a list.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Networks {
    /// `auto` or `none` (2.37).
    Word(String),
    /// One interface each.
    List(Vec<NetworkWish>),
}

/// An interface that is wanted.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct NetworkWish {
    /// A network.
    #[serde(default)]
    pub uuid: Option<String>,
    /// A port.
    #[serde(default)]
    pub port: Option<String>,
    /// An address.
    #[serde(default)]
    pub fixed_ip: Option<String>,
}

/// One entry of `block_device_mapping_v2`; the only one there can be describes the image.
#[derive(Clone, Debug, Default, Deserialize)]
#[expect(missing_docs, reason = "the API's own names")]
pub struct BlockDevice {
    #[serde(default)]
    pub uuid: Option<String>,
    #[serde(default)]
    pub source_type: Option<String>,
    #[serde(default)]
    pub destination_type: Option<String>,
    #[serde(default)]
    pub boot_index: Option<Number>,
    #[serde(default)]
    pub delete_on_termination: Option<Flag>,
}

/// A security group by name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityGroup {
    /// Its name.
    pub name: String,
}

/// `PUT /servers/{id}`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateBody {
    /// The change.
    pub server: Update,
}

/// What may change by `PUT`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the API's own names")]
pub struct Update {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default, rename = "OS-DCF:diskConfig")]
    pub disk_config: Option<String>,
    #[serde(default, rename = "accessIPv4")]
    pub access_v4: Option<String>,
    #[serde(default, rename = "accessIPv6")]
    pub access_v6: Option<String>,
    /// `Some(None)` removes it.
    #[serde(default, deserialize_with = "given")]
    pub description: Option<Option<String>>,
    #[serde(default)]
    pub hostname: Option<String>,
}

/// Tells `null` from absence.
fn given<'de, D, T>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(from).map(Some)
}

/// `{"rebuild": …}`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the API's own names")]
pub struct Rebuild {
    #[serde(rename = "imageRef")]
    pub image_ref: String,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default, rename = "adminPass")]
    pub admin_pass: Option<String>,
    #[serde(default)]
    pub metadata: Option<BTreeMap<String, String>>,
    #[serde(default, rename = "OS-DCF:diskConfig")]
    pub disk_config: Option<String>,
    #[serde(default, rename = "accessIPv4")]
    pub access_v4: Option<String>,
    #[serde(default, rename = "accessIPv6")]
    pub access_v6: Option<String>,
    #[serde(default)]
    pub personality: Option<Vec<Value>>,
    #[serde(default)]
    pub preserve_ephemeral: Option<Flag>,
    #[serde(default, deserialize_with = "given")]
    pub description: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    pub key_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    pub user_data: Option<Option<String>>,
    #[serde(default)]
    pub trusted_image_certificates: Option<Vec<String>>,
    #[serde(default)]
    pub hostname: Option<String>,
}

/// `{"reboot": …}`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reboot {
    /// `SOFT` or `HARD`, in any case.
    #[serde(rename = "type")]
    pub kind: String,
}

/// `{"resize": …}`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resize {
    /// The new size.
    #[serde(rename = "flavorRef")]
    pub flavor_ref: Text,
    /// Taken and without effect: there is no disk to divide.
    #[serde(default, rename = "OS-DCF:diskConfig")]
    pub disk_config: Option<String>,
}

/// `{"createImage": …}`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateImage {
    /// The image's name.
    pub name: String,
    /// The image's properties.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

/// `{"lock": …}`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Why (2.73).
    #[serde(default)]
    pub locked_reason: Option<String>,
}

/// `{"os-resetState": …}`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResetState {
    /// `active` or `error`.
    pub state: String,
}

/// `{"os-getConsoleOutput": …}`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleOutput {
    /// The last so many lines; all when absent, `null` or negative.
    #[serde(default)]
    pub length: Option<Number>,
}

/// `POST /servers/{id}/remote-consoles` (2.6).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteConsoleBody {
    /// What is wanted.
    pub remote_console: RemoteConsole,
}

/// A console that is wanted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteConsole {
    /// `serial`; other protocols need a screen.
    pub protocol: String,
    /// `serial`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// `POST` and `PUT /servers/{id}/metadata`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetadataBody {
    /// Keys and values.
    pub metadata: BTreeMap<String, String>,
}

/// `PUT /servers/{id}/metadata/{key}`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetaBody {
    /// The one key and its value.
    pub meta: BTreeMap<String, String>,
}

/// `PUT /servers/{id}/tags` (2.26).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TagsBody {
    /// All tags.
    pub tags: Vec<String>,
}
