//! `/v3/regions`, `/v3/services`, `/v3/endpoints`.

use super::{Extra, Links, nullable};
use serde::{Deserialize, Serialize};

/// `POST /v3/regions`.
#[derive(Clone, Debug, Deserialize)]
pub struct CreateRegion {
    /// The region.
    pub region: NewRegion,
}

/// A new region.
#[derive(Clone, Debug, Deserialize)]
pub struct NewRegion {
    /// Any text; absent: one is made.
    pub id: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// The region it is part of.
    pub parent_region_id: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `PATCH /v3/regions/{id}`.
#[derive(Clone, Debug, Deserialize)]
pub struct UpdateRegion {
    /// What changes.
    pub region: RegionChange,
}

/// A change.
#[derive(Clone, Debug, Deserialize)]
pub struct RegionChange {
    /// May be given if it is the same.
    pub id: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// The region it is part of.
    #[serde(default, deserialize_with = "nullable")]
    pub parent_region_id: Option<Option<String>>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// As shown.
#[derive(Clone, Debug, Serialize)]
pub struct Region {
    /// Id.
    pub id: String,
    /// Free text.
    pub description: String,
    /// The region it is part of.
    pub parent_region_id: Option<String>,
    /// Other attributes.
    #[serde(flatten)]
    pub extra: Extra,
    /// Its address.
    pub links: Links,
}

/// `POST /v3/services`.
#[derive(Clone, Debug, Deserialize)]
pub struct CreateService {
    /// The service.
    pub service: NewService,
}

/// A new service.
#[derive(Clone, Debug, Deserialize)]
pub struct NewService {
    /// `compute`.
    #[serde(rename = "type")]
    pub kind: super::name::Name<255>,
    /// `nova`.
    pub name: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// Default true.
    pub enabled: Option<bool>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `PATCH /v3/services/{id}`.
#[derive(Clone, Debug, Deserialize)]
pub struct UpdateService {
    /// What changes.
    pub service: ServiceChange,
}

/// A change.
#[derive(Clone, Debug, Deserialize)]
pub struct ServiceChange {
    /// `compute`.
    #[serde(rename = "type")]
    pub kind: Option<super::name::Name<255>>,
    /// `nova`.
    pub name: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// False: not in the catalog.
    pub enabled: Option<bool>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// As shown.
#[derive(Clone, Debug, Serialize)]
pub struct Service {
    /// Id.
    pub id: String,
    /// `compute`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `nova`.
    pub name: String,
    /// Free text.
    pub description: String,
    /// False: not in the catalog.
    pub enabled: bool,
    /// Other attributes.
    #[serde(flatten)]
    pub extra: Extra,
    /// Its address.
    pub links: Links,
}

/// Which network an endpoint is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Interface {
    /// Everybody.
    Public,
    /// The services among themselves.
    Internal,
    /// Administrators.
    Admin,
}

impl Interface {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Interface::Public => "public",
            Interface::Internal => "internal",
            Interface::Admin => "admin",
        }
    }
}

/// `POST /v3/endpoints`.
#[derive(Clone, Debug, Deserialize)]
pub struct CreateEndpoint {
    /// The endpoint.
    pub endpoint: NewEndpoint,
}

/// A new endpoint.
#[derive(Clone, Debug, Deserialize)]
pub struct NewEndpoint {
    /// Of which service.
    pub service_id: String,
    /// For whom.
    pub interface: Interface,
    /// May begin with `{base}` and hold `$(project_id)s`.
    pub url: String,
    /// In which region.
    pub region_id: Option<String>,
    /// The same, of old; the region is made if need be.
    pub region: Option<String>,
    /// Default true.
    pub enabled: Option<bool>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `PATCH /v3/endpoints/{id}`.
#[derive(Clone, Debug, Deserialize)]
pub struct UpdateEndpoint {
    /// What changes.
    pub endpoint: EndpointChange,
}

/// A change.
#[derive(Clone, Debug, Deserialize)]
pub struct EndpointChange {
    /// Of which service.
    pub service_id: Option<String>,
    /// For whom.
    pub interface: Option<Interface>,
    /// Where.
    pub url: Option<String>,
    /// In which region.
    #[serde(default, deserialize_with = "nullable")]
    pub region_id: Option<Option<String>>,
    /// The same, of old.
    pub region: Option<String>,
    /// False: not in the catalog.
    pub enabled: Option<bool>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// As shown.
#[derive(Clone, Debug, Serialize)]
pub struct Endpoint {
    /// Id.
    pub id: String,
    /// Of which service.
    pub service_id: String,
    /// For whom.
    pub interface: String,
    /// Where.
    pub url: String,
    /// In which region.
    pub region_id: Option<String>,
    /// The same, of old.
    pub region: Option<String>,
    /// False: not in the catalog.
    pub enabled: bool,
    /// Other attributes.
    #[serde(flatten)]
    pub extra: Extra,
    /// Its address.
    pub links: Links,
}
