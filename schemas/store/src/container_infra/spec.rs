//! What clusters and groups of nodes should be: the JSON in their `spec` columns.

use crate::compute::spec::{BootImage, Flavor, Key};
use schemas::container_infra::nodegroup::Taint;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Names to texts.
pub type Labels = BTreeMap<String, String>;

/// Settings of one cluster. Sizes and images of its nodes are in the specs of its groups.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cluster {
    /// What was taken from its template.
    pub template: Template,
    /// Made through the API of bays.
    pub bay: bool,
    /// In force: the template's, or the cluster's own, or both.
    pub labels: Labels,
    /// Login key of the nodes, as it was when the cluster was made.
    pub key: Option<Key>,
    /// As given, else the template's: name or id of the workers' flavor.
    pub flavor_id: Option<String>,
    /// As given, else the template's: name or id of the masters' flavor.
    pub master_flavor_id: Option<String>,
    /// GiB.
    pub docker_volume_size: Option<u32>,
    /// Minutes an operation may take; 0 = any time.
    pub create_timeout: u32,
    /// As given.
    pub discovery_url: Option<String>,
    /// As given, else the template's.
    pub fixed_network: Option<String>,
    /// As given, else the template's.
    pub fixed_subnet: Option<String>,
    /// As given, else the template's.
    pub floating_ip_enabled: bool,
    /// As given, else the template's.
    pub master_lb_enabled: bool,
}

/// A template as it was when the cluster was made, or last upgraded: what happens to the template
/// later does not touch the cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Template {
    /// UUID.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Name or id of the nodes' image, as the template has it.
    pub image_id: String,
    /// Name or id of the workers' flavor, as the template has it.
    pub flavor_id: Option<String>,
    /// Name or id of the masters' flavor, as the template has it.
    pub master_flavor_id: Option<String>,
    /// Its labels.
    pub labels: Labels,
    /// Certificates cannot be changed.
    pub tls_disabled: bool,
    /// Its `server_type` is `bm`: each node has a machine for itself.
    #[serde(default)]
    pub bare_metal: bool,
}

/// What the nodes of one group are made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeGroup {
    /// Content.
    pub image: BootImage,
    /// Name or id, as given.
    pub image_id: String,
    /// Size.
    pub flavor: Flavor,
    /// GiB.
    pub docker_volume_size: Option<u32>,
    /// The cluster's, or its own.
    pub labels: Labels,
    /// For what is placed on its nodes.
    pub node_labels: Labels,
    /// For what is placed on its nodes.
    pub node_taints: Vec<Taint>,
}
