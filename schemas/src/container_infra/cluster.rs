//! Clusters, which are bays (contract `magnum-v1.md` §8.2, §9.2): what clients ask for, in the words of
//! either path.

use super::body::{self, invalid};
use super::coe::Era;
use super::field::{Labels, Name, Natural, Positive, Text, Truth, Word};
use super::patch::Rules;
use crate::{Result, Secret};
use serde::Deserialize;
use serde_json::{Map, Value};

/// A cluster as asked for. What is `None` comes from its template.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// At the path of clusters a [`Name`]; made up when absent.
    #[serde(default)]
    pub name: Option<Word>,
    /// UUID or name of the template.
    pub cluster_template_id: Word,
    /// Login key of the nodes, of the asking user's.
    #[serde(default)]
    pub keypair: Option<Word>,
    /// Workers.
    #[serde(default)]
    pub node_count: Option<Natural>,
    /// Masters.
    #[serde(default)]
    pub master_count: Option<Positive>,
    /// GiB for images and containers on each node.
    #[serde(default)]
    pub docker_volume_size: Option<Positive>,
    /// Further settings, but for the kubeconfig.
    #[serde(default)]
    pub labels: Option<Labels>,
    /// The label [`KUBECONFIG`], which is a secret, and may be longer than any other.
    #[serde(skip)]
    pub kubeconfig: Option<Secret>,
    /// The labels come on top of the template's.
    #[serde(default)]
    pub merge_labels: Truth,
    /// Size of the workers: name or id of a flavor.
    #[serde(default)]
    pub flavor_id: Option<Word>,
    /// Size of the masters: name or id of a flavor.
    #[serde(default)]
    pub master_flavor_id: Option<Word>,
    /// Minutes the making may take; 0 = any time.
    #[serde(default)]
    pub create_timeout: Option<Natural>,
    /// Kept and shown.
    #[serde(default)]
    pub discovery_url: Option<Text<0, 1024>>,
    /// Network of the nodes.
    #[serde(default)]
    pub fixed_network: Option<Word>,
    /// Subnet of the nodes.
    #[serde(default)]
    pub fixed_subnet: Option<Word>,
    /// Nodes have addresses that the outside reaches.
    #[serde(default)]
    pub floating_ip_enabled: Option<Truth>,
    /// Several masters may be asked for.
    #[serde(default)]
    pub master_lb_enabled: Option<Truth>,
}

/// The label that adopts a cluster of Kubernetes.
pub const KUBECONFIG: &str = "kubeconfig";

/// Written by the server alone.
const READ_ONLY: &[&str] = &[
    "stack_id",
    "cluster_id",
    "status",
    "status_reason",
    "health_status",
    "health_status_reason",
    "api_address",
    "coe_version",
    "container_version",
    "node_addresses",
    "master_addresses",
    "labels_overridden",
    "labels_added",
    "labels_skipped",
    "faults",
    "bay_faults",
    "project_id",
    "user_id",
    "links",
    "created_at",
    "updated_at",
];

/// Words of the two paths for one thing: of bays, of clusters.
pub const RENAMED: [(&str, &str); 2] = [
    ("baymodel_id", "cluster_template_id"),
    ("bay_create_timeout", "create_timeout"),
];

/// What bays never had.
const CLUSTERS_ONLY: &[&str] = &["keypair", "merge_labels"];

/// The field as the documents of clusters call it.
pub fn canonical(era: Era, field: &str) -> &str {
    let renamed = RENAMED.iter().find(|(bay, _)| *bay == field);
    match (era, renamed) {
        (Era::Legacy, Some((_, cluster))) => cluster,
        _ => field,
    }
}

/// The field as this path calls it.
pub fn shown(era: Era, field: &'static str) -> &'static str {
    let renamed = RENAMED.iter().find(|(_, cluster)| *cluster == field);
    match (era, renamed) {
        (Era::Legacy, Some((bay, _))) => bay,
        _ => field,
    }
}

impl Create {
    /// Reads a create body from which `uuid` was taken. `zero`: no worker at all may be asked for.
    ///
    /// # Errors
    /// `BadRequest` that names the field.
    pub fn read(era: Era, zero: bool, map: Map<String, Value>) -> Result<Create> {
        let mut fields = Map::new();
        for (field, value) in map {
            let foreign = RENAMED
                .iter()
                .any(|(bay, cluster)| field == if era == Era::Legacy { *cluster } else { *bay });
            let newer = era == Era::Legacy && CLUSTERS_ONLY.contains(&field.as_str());
            if foreign || newer {
                return Err(invalid(&field, "There is no such field here."));
            }
            fields.insert(canonical(era, &field).to_owned(), value);
        }
        if fields.get("cluster_template_id").is_none_or(Value::is_null) {
            let field = shown(era, "cluster_template_id");
            return Err(invalid(field, "It is mandatory."));
        }
        let mut create: Create = body::create(fields, READ_ONLY)?;
        if let (Era::Modern, Some(name)) = (era, &create.name) {
            Name::try_from(name.to_string())
                .map_err(|why| invalid("name", &format!("Wrong: {why}.")))?;
        }
        if let Some(count) = create.node_count {
            counted(count, zero)?;
        }
        if let Some(Labels(labels)) = &mut create.labels {
            create.kubeconfig = labels.remove(KUBECONFIG).map(Secret::new);
            bounded("labels", labels.iter())?;
        }
        Ok(create)
    }
}

/// Most labels of one thing.
const MOST_LABELS: usize = 128;
/// Longest label, in characters: its name and its value.
const LONGEST_LABEL: (usize, usize) = (255, 2048);

/// Refuses more labels than anybody needs: they go into every node.
///
/// # Errors
/// `BadRequest` that names the field.
pub fn bounded<'a>(
    field: &str,
    labels: impl ExactSizeIterator<Item = (&'a String, &'a String)>,
) -> Result<()> {
    if labels.len() > MOST_LABELS {
        return Err(invalid(
            field,
            &format!(
                "There are {} labels, and {MOST_LABELS} is the most.",
                labels.len()
            ),
        ));
    }
    for (name, value) in labels {
        let (longest, most) = LONGEST_LABEL;
        if name.is_empty() || name.chars().count() > longest || value.chars().count() > most {
            return Err(invalid(
                field,
                &format!(
                    "A label has a name of 1 to {longest} and a value of up to {most} characters."
                ),
            ));
        }
    }
    Ok(())
}

/// No worker at all is a number since 1.10 only.
///
/// # Errors
/// `BadRequest`.
pub fn counted(count: Natural, zero: bool) -> Result<()> {
    match count.get() == 0 && !zero {
        true => Err(invalid(
            "node_count",
            "It must be at least 1 below microversion 1.10, and for bays.",
        )),
        false => Ok(()),
    }
}

/// A changed document's fields that may differ from before.
pub const CHANGEABLE: &[&str] = &["node_count", "health_status", "health_status_reason"];

/// What may be changed, as far as that is seen in the body.
pub fn rules(era: Era, of_2015: bool) -> Rules {
    const PROTECTED: &[&str] = &[
        "api_address",
        "node_addresses",
        "master_addresses",
        "stack_id",
        "cluster_id",
        "ca_cert_ref",
        "magnum_cert_ref",
        "etcd_ca_cert_ref",
        "front_proxy_ca_cert_ref",
        "trust_id",
        "trustee_username",
        "trustee_password",
        "trustee_user_id",
    ];
    Rules {
        mandatory: match era {
            Era::Legacy => &["baymodel_id"],
            Era::Modern => &["cluster_template_id"],
        },
        protected: PROTECTED,
        legacy: era == Era::Legacy && of_2015,
        ..Rules::default()
    }
}

/// A resize, as asked for.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resize {
    /// Nodes the group should have.
    pub node_count: Natural,
    /// Who goes first: servers' UUIDs or nodes' names.
    #[serde(default)]
    pub nodes_to_remove: Vec<Word>,
    /// UUID or name; the default workers when absent.
    #[serde(default)]
    pub nodegroup: Option<Word>,
}

/// An upgrade, as asked for.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upgrade {
    /// UUID or name of the template whose nodes are wanted.
    pub cluster_template: Word,
    /// Nodes replaced at once.
    #[serde(default)]
    pub max_batch_size: Option<Positive>,
    /// UUID or name; the default groups when absent.
    #[serde(default)]
    pub nodegroup: Option<Word>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use serde_json::json;

    fn read(era: Era, body: Value) -> Result<Create> {
        Create::read(era, era == Era::Modern, body::object(body)?)
    }

    #[test]
    fn a_cluster_is_asked_for_in_the_words_of_its_path() {
        let modern = json!({
            "name": "web", "cluster_template_id": "t", "node_count": "0", "master_count": 1,
            "create_timeout": 30, "keypair": null, "labels": { "a": true }, "merge_labels": "yes",
            "discovery_url": "",
        });
        let modern = read(Era::Modern, modern).unwrap();
        assert_eq!(modern.node_count.map(Natural::get), Some(0));
        assert!(modern.merge_labels.0 && modern.keypair.is_none());
        let legacy = json!({
            "name": "1 bay", "baymodel_id": "t", "node_count": 2, "bay_create_timeout": null,
        });
        let legacy = read(Era::Legacy, legacy).unwrap();
        assert_eq!(&*legacy.cluster_template_id, "t");
        assert_eq!(legacy.create_timeout, None);
    }

    #[test]
    fn what_is_wrong_is_told_by_its_name() {
        let many: Map<String, Value> = (0..129).map(|n| (format!("l{n}"), json!("x"))).collect();
        let table = [
            (Era::Modern, json!({}), "cluster_template_id"),
            (Era::Legacy, json!({}), "baymodel_id"),
            (Era::Legacy, json!({ "baymodel_id": null }), "baymodel_id"),
            (Era::Modern, json!({ "baymodel_id": "t" }), "baymodel_id"),
            (
                Era::Legacy,
                json!({ "cluster_template_id": "t" }),
                "cluster_template_id",
            ),
            (
                Era::Legacy,
                json!({ "baymodel_id": "t", "keypair": "k" }),
                "keypair",
            ),
            (
                Era::Legacy,
                json!({ "baymodel_id": "t", "node_count": 0 }),
                "node_count",
            ),
            (
                Era::Modern,
                json!({ "cluster_template_id": "t", "name": "1a" }),
                "name",
            ),
            (
                Era::Modern,
                json!({ "cluster_template_id": "t", "name": "" }),
                "name",
            ),
            (
                Era::Modern,
                json!({ "cluster_template_id": "t", "master_count": 0 }),
                "master_count",
            ),
            (
                Era::Modern,
                json!({ "cluster_template_id": "t", "node_count": -1 }),
                "node_count",
            ),
            (
                Era::Modern,
                json!({ "cluster_template_id": "t", "status": null }),
                "status",
            ),
            (
                Era::Modern,
                json!({ "cluster_template_id": "t", "color": 1 }),
                "color",
            ),
            (
                Era::Modern,
                json!({ "cluster_template_id": "t", "labels": many }),
                "labels",
            ),
            (
                Era::Modern,
                json!({ "cluster_template_id": "t", "labels": { "": "x" } }),
                "labels",
            ),
        ];
        for (era, body, word) in table {
            match read(era, body.clone()) {
                Err(Error::BadRequest(told)) => assert!(told.contains(word), "{body}: {told}"),
                other => panic!("{body}: {other:?}"),
            }
        }
    }
}
