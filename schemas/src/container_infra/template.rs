//! Cluster templates, which are baymodels (contract `magnum-v1.md` §8.1, §9.1): one document, seen
//! through the paths of two eras.

use super::body::{self, invalid};
use super::coe::{Coe, Era};
use super::field::{Labels, Positive, Text, Truth, Whole, Word};
use super::patch::Rules;
use crate::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::net::Ipv4Addr;

/// Settings of clusters. What has no default and is optional is `null` when unset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Need not be unique.
    #[serde(default)]
    pub name: Option<Word>,
    /// What orchestrates containers.
    pub coe: Coe,
    /// Image of the nodes: UUID or name.
    pub image_id: Word,
    /// Login key of the nodes. Looked up when a cluster is made.
    #[serde(default)]
    pub keypair_id: Option<Word>,
    /// Network by which the outside reaches the nodes.
    #[serde(default)]
    pub external_network_id: Option<Word>,
    /// Network of the nodes.
    #[serde(default)]
    pub fixed_network: Option<Word>,
    /// Subnet of the nodes.
    #[serde(default)]
    pub fixed_subnet: Option<Word>,
    /// Always there once [`Template::complete`] has run.
    #[serde(default)]
    pub network_driver: Option<Word>,
    /// What keeps containers' volumes.
    #[serde(default)]
    pub volume_driver: Option<Word>,
    /// IPv4 addresses, comma-separated.
    #[serde(default)]
    pub dns_nameserver: Option<Word>,
    /// Size of the workers: name or id of a flavor.
    #[serde(default)]
    pub flavor_id: Option<Word>,
    /// Size of the masters: name or id of a flavor.
    #[serde(default)]
    pub master_flavor_id: Option<Word>,
    /// Port of the cluster's API.
    #[serde(default)]
    pub apiserver_port: Option<Whole<1024, 65_535>>,
    /// GiB for images and containers on each node.
    #[serde(default)]
    pub docker_volume_size: Option<Positive>,
    /// How engines store layers.
    #[serde(default)]
    pub docker_storage_driver: Option<Word>,
    /// The image's `os_distro`, whatever is sent.
    #[serde(default)]
    pub cluster_distro: Option<Text<0, 255>>,
    /// For the nodes.
    #[serde(default)]
    pub http_proxy: Option<Word>,
    /// For the nodes.
    #[serde(default)]
    pub https_proxy: Option<Word>,
    /// For the nodes.
    #[serde(default)]
    pub no_proxy: Option<Word>,
    /// Registry that is used without TLS.
    #[serde(default)]
    pub insecure_registry: Option<Word>,
    /// Further settings.
    #[serde(default)]
    pub labels: Labels,
    /// The cluster has a registry of its own.
    #[serde(default)]
    pub registry_enabled: Truth,
    /// The cluster's API is without TLS.
    #[serde(default)]
    pub tls_disabled: Truth,
    /// Every project may use it.
    #[serde(default)]
    pub public: Truth,
    /// Left out of the lists of others than owner and administrator.
    #[serde(default)]
    pub hidden: Truth,
    /// Several masters may be asked for.
    #[serde(default)]
    pub master_lb_enabled: Truth,
    /// Nodes have addresses that the outside reaches.
    #[serde(default = "yes")]
    pub floating_ip_enabled: Truth,
    /// `vm` or `bm`.
    #[serde(default = "vm")]
    pub server_type: Word,
    /// Comma-separated.
    #[serde(default)]
    pub tags: Option<Text<0, 255>>,
    /// What makes the clusters.
    #[serde(default)]
    pub driver: Option<Word>,
    /// Public key of the nodes' users (2015).
    #[serde(default)]
    pub ssh_authorized_key: Option<Text<1, 16_384>>,
}

fn yes() -> Truth {
    Truth(true)
}

#[expect(clippy::unwrap_used, reason = "two letters are between 1 and 255")]
fn vm() -> Word {
    Word::new("vm").unwrap()
}

/// Written by the server alone.
const READ_ONLY: &[&str] = &["links", "created_at", "updated_at"];
const READ_ONLY_MODERN: &[&str] = &["links", "created_at", "updated_at", "project_id", "user_id"];

/// What the other era's path does not have.
fn foreign(era: Era) -> &'static str {
    match era {
        Era::Legacy => "driver",
        Era::Modern => "ssh_authorized_key",
    }
}

/// Fields of the summary at the legacy path; the modern one's lists hold whole documents.
pub const SUMMARY: &[&str] = &[
    "name",
    "coe",
    "image_id",
    "apiserver_port",
    "registry_enabled",
    "tls_disabled",
    "public",
    "server_type",
];

/// Columns that lists may be sorted by.
pub const SORT_KEYS: &[&str] = &[
    "uuid",
    "project_id",
    "user_id",
    "created_at",
    "updated_at",
    "name",
    "coe",
    "image_id",
    "keypair_id",
    "external_network_id",
    "fixed_network",
    "fixed_subnet",
    "network_driver",
    "volume_driver",
    "dns_nameserver",
    "flavor_id",
    "master_flavor_id",
    "apiserver_port",
    "docker_volume_size",
    "docker_storage_driver",
    "cluster_distro",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "insecure_registry",
    "labels",
    "registry_enabled",
    "tls_disabled",
    "public",
    "hidden",
    "master_lb_enabled",
    "floating_ip_enabled",
    "server_type",
    "tags",
    "driver",
    "ssh_authorized_key",
];

/// What may be changed. `of_2015`: as the clients of that year know it.
pub fn rules(era: Era, of_2015: bool) -> Rules {
    const MANDATORY: &[&str] = &[
        "coe",
        "image_id",
        "network_driver",
        "external_network_id",
        "tls_disabled",
        "public",
        "hidden",
        "server_type",
        "registry_enabled",
        "cluster_distro",
        "keypair_id",
    ];
    Rules {
        mandatory: match era {
            Era::Legacy => MANDATORY,
            // The key pair became optional.
            Era::Modern => MANDATORY.split_last().map_or(&[], |(_, others)| others),
        },
        legacy: era == Era::Legacy && of_2015,
        ..Rules::default()
    }
}

impl Template {
    /// Reads a create body from which `uuid` was taken. `of_2015`: the key pair is mandatory.
    ///
    /// # Errors
    /// `BadRequest` that names the field.
    pub fn create(era: Era, of_2015: bool, map: Map<String, Value>) -> Result<Template> {
        let read_only = match era {
            Era::Legacy => READ_ONLY,
            Era::Modern => READ_ONLY_MODERN,
        };
        let other = foreign(era);
        if map.contains_key(other) {
            return Err(invalid(other, "There is no such field here."));
        }
        let mut template: Template = body::create(map, read_only)?;
        if era == Era::Legacy && of_2015 && template.keypair_id.is_none() {
            return Err(invalid("keypair_id", "It is mandatory."));
        }
        template.complete(era, None)?;
        Ok(template)
    }

    /// Reads a changed document.
    ///
    /// # Errors
    /// `BadRequest` that names the field.
    pub fn changed(&self, era: Era, document: Map<String, Value>) -> Result<Template> {
        let mut template: Template = body::read(document)?;
        // What this path does not show it does not change either.
        match era {
            Era::Legacy => template.driver.clone_from(&self.driver),
            Era::Modern => template
                .ssh_authorized_key
                .clone_from(&self.ssh_authorized_key),
        }
        template.complete(era, Some(self))?;
        Ok(template)
    }

    /// The fields as this era sees them.
    ///
    /// # Errors
    /// `Internal`.
    pub fn document(&self, era: Era) -> Result<Map<String, Value>> {
        let value = serde_json::to_value(self).map_err(crate::Error::internal)?;
        let mut map = body::object(value)?;
        map.remove(foreign(era));
        Ok(map)
    }

    /// Fills in what follows from the rest, and checks what must fit together. What is as it was
    /// `before` is not asked about: each era has rules that the other's templates need not keep.
    fn complete(&mut self, era: Era, before: Option<&Template>) -> Result<()> {
        let coe = self.coe;
        let same = |field: fn(&Template) -> Option<&str>, now: Option<&str>| {
            before.is_some_and(|before| before.coe == coe && field(before) == now)
        };
        let networks = coe.network_drivers(era);
        if self.network_driver.is_none() {
            self.network_driver = networks.first().copied().and_then(Word::new);
        }
        let driver = self.network_driver.as_deref();
        if !same(|template| template.network_driver.as_deref(), driver) {
            one_of("network_driver", driver, networks, coe)?;
        }
        let driver = self.volume_driver.as_deref();
        if !same(|template| template.volume_driver.as_deref(), driver) {
            one_of("volume_driver", driver, coe.volume_drivers(), coe)?;
        }
        let servers = self.dns_nameserver.as_deref();
        if !same(|template| template.dns_nameserver.as_deref(), servers) {
            nameservers(era, servers)?;
        }
        let kind = Some(&*self.server_type);
        if era == Era::Modern && !same(|template| Some(&template.server_type), kind) {
            one_of("server_type", kind, &["vm", "bm"], coe)?;
        }
        let size = self.docker_volume_size.map_or(0, Positive::get);
        if self.docker_storage_driver.as_deref() == Some("devicemapper") && size < 3 {
            return Err(invalid(
                "docker_volume_size",
                "The storage driver devicemapper needs 3 GiB at least.",
            ));
        }
        Ok(())
    }
}

fn one_of(field: &str, value: Option<&str>, known: &[&str], coe: Coe) -> Result<()> {
    match value {
        Some(value) if !known.contains(&value) => Err(invalid(
            field,
            &match known {
                [] => format!("The COE {coe} takes none, and {value:?} was given."),
                known => format!(
                    "{value:?} is not possible with the COE {coe}; {} is.",
                    known.join(", ")
                ),
            },
        )),
        _ => Ok(()),
    }
}

fn nameservers(era: Era, servers: Option<&str>) -> Result<()> {
    let address = |text: &str| text.trim().parse::<Ipv4Addr>().is_ok();
    let legal = servers.is_none_or(|servers| match era {
        Era::Legacy => address(servers),
        Era::Modern => servers.split(',').all(address),
    });
    match legal {
        true => Ok(()),
        false => Err(invalid(
            "dns_nameserver",
            "It is no IPv4 address (nor, at /clustertemplates, a comma-separated list of them).",
        )),
    }
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
