//! Groups of a cluster's nodes (contract `magnum-v1.md` §9.5).

use super::body::{self, invalid};
use super::cluster::bounded;
use super::field::{Labels, Natural, Positive, Truth, Word};
use super::manifest::names::{is_key, is_word};
use super::patch::Rules;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A group as asked for. What is `None` comes from its cluster.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// Unique within the cluster.
    pub name: Word,
    /// Size of its nodes.
    #[serde(default)]
    pub flavor_id: Option<Word>,
    /// Image of its nodes.
    #[serde(default)]
    pub image_id: Option<Word>,
    /// GiB for images and containers on each node.
    #[serde(default)]
    pub docker_volume_size: Option<Positive>,
    /// Further settings.
    #[serde(default)]
    pub labels: Option<Labels>,
    /// The labels come on top of the cluster's.
    #[serde(default)]
    pub merge_labels: Truth,
    /// Nodes it should have.
    #[serde(default)]
    pub node_count: Option<Natural>,
    /// Nodes it has at least.
    #[serde(default)]
    pub min_node_count: Option<Natural>,
    /// Nodes it has at most.
    #[serde(default)]
    pub max_node_count: Option<Natural>,
    /// `worker` when absent; never `master`.
    #[serde(default)]
    pub role: Option<Word>,
    /// For what is placed on its nodes.
    #[serde(default)]
    pub node_labels: Option<Labels>,
    /// For what is placed on its nodes.
    #[serde(default)]
    pub node_taints: Option<Vec<Taint>>,
}

/// Keeps away from a node what does not tolerate it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taint {
    /// Its name.
    pub key: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What it does.
    pub effect: Effect,
}

/// What a taint does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words of the orchestrator")]
pub enum Effect {
    NoSchedule,
    PreferNoSchedule,
    NoExecute,
}

/// What of a group may be changed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Changeable {
    /// Nodes it has at least.
    #[serde(default)]
    pub min_node_count: Option<Natural>,
    /// Nodes it has at most.
    #[serde(default)]
    pub max_node_count: Option<Natural>,
    /// For what is placed on its nodes.
    #[serde(default)]
    pub node_labels: Labels,
    /// For what is placed on its nodes.
    #[serde(default)]
    pub node_taints: Vec<Taint>,
}

/// Written by the server alone.
const READ_ONLY: &[&str] = &[
    "id",
    "cluster_id",
    "project_id",
    "is_default",
    "node_addresses",
    "labels_overridden",
    "labels_added",
    "labels_skipped",
    "status",
    "status_reason",
    "stack_id",
    "version",
    "links",
    "created_at",
    "updated_at",
];

/// What may be changed, as far as that is seen in the body.
pub fn rules() -> Rules {
    Rules::default()
}

/// Longest list of taints.
const MOST_TAINTS: usize = 64;

impl Create {
    /// Reads a create body from which `uuid` was taken.
    ///
    /// # Errors
    /// `BadRequest` that names the field; `Conflict` for labels and taints that cannot be.
    pub fn read(map: Map<String, Value>) -> Result<Create> {
        let create: Create = body::create(map, READ_ONLY)?;
        if create.role.as_deref() == Some("master") {
            return Err(invalid(
                "role",
                "A cluster's masters are in its group default-master; no other can be made.",
            ));
        }
        if let Some(Labels(labels)) = &create.labels {
            bounded("labels", labels.iter())?;
        }
        let labels = create.node_labels.clone().unwrap_or_default();
        placed(
            "worker",
            &labels.0,
            create.node_taints.as_deref().unwrap_or_default(),
        )?;
        Ok(create)
    }
}

impl Changeable {
    /// Reads a changed document of a group of this role.
    ///
    /// # Errors
    /// As [`Create::read`].
    pub fn read(role: &str, document: Map<String, Value>) -> Result<Changeable> {
        let changed: Changeable = body::read(document)?;
        placed(role, &changed.node_labels.0, &changed.node_taints)?;
        Ok(changed)
    }
}

/// Can nodes of such a group register with Kubernetes? A kubelet does not start with labels that are none.
///
/// # Errors
/// `BadRequest` that names what no node can have.
pub fn registrable(group: &str, labels: &BTreeMap<String, String>, taints: &[Taint]) -> Result<()> {
    let word = |text: &str| text.is_empty() || is_word(text);
    let rule = "at most 63 letters, digits, '-', '_' and '.', with a letter or digit at either end";
    if !is_word(group) {
        return Err(invalid(
            "name",
            &format!("Nodes of kubernetes are labelled with it: {rule}."),
        ));
    }
    let label = |(key, value): &(&String, &String)| is_key(key) && word(value);
    if let Some((key, value)) = labels.iter().find(|one| !label(one)) {
        let told = format!("{key:?}: {value:?} is no label of a node of kubernetes: {rule}.");
        return Err(invalid("node_labels", &told));
    }
    let taint =
        |taint: &&Taint| is_key(&taint.key) && word(taint.value.as_deref().unwrap_or_default());
    match taints.iter().find(|one| !taint(one)) {
        None => Ok(()),
        Some(one) => Err(invalid(
            "node_taints",
            &format!("{:?} is no taint of a node of kubernetes: {rule}.", one.key),
        )),
    }
}

/// Labels that a node may give itself in the orchestrator's own namespaces.
const ALLOWED: &[&str] = &[
    "kubernetes.io/hostname",
    "kubernetes.io/instance-type",
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "beta.kubernetes.io/instance-type",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "failure-domain.kubernetes.io/zone",
    "failure-domain.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
];

/// Namespaces in which a node may give itself any label.
const OWN: &[&str] = &["kubelet.kubernetes.io", "node.kubernetes.io"];

fn placed(role: &str, labels: &BTreeMap<String, String>, taints: &[Taint]) -> Result<()> {
    bounded("node_labels", labels.iter())?;
    if taints.len() > MOST_TAINTS {
        return Err(invalid(
            "node_taints",
            &format!("{MOST_TAINTS} is the most."),
        ));
    }
    if role == "master" && !(labels.is_empty() && taints.is_empty()) {
        return Err(Error::Conflict(
            "The nodes of a group of masters have no labels and taints of their own.".into(),
        ));
    }
    if let Some(label) = labels.keys().find(|label| !legal(label)) {
        return Err(Error::Conflict(format!(
            "The label {label} is in a namespace of Kubernetes, and none of those that a node may \
             give itself."
        )));
    }
    match taints.iter().find(|taint| taint.key.is_empty()) {
        Some(_) => Err(Error::Conflict("A taint needs a key.".into())),
        None => Ok(()),
    }
}

fn legal(label: &str) -> bool {
    let Some((namespace, _)) = label.split_once('/') else {
        return true;
    };
    let within = |of: &str| {
        let above = namespace.strip_suffix(of);
        above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
    };
    if !within("kubernetes.io") && !within("k8s.io") {
        return true;
    }
    ALLOWED.contains(&label) || OWN.iter().any(|own| within(own))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn labels_in_the_orchestrators_namespaces_are_only_those_of_nodes() {
        for good in [
            "zone",
            "example.org/zone",
            "notkubernetes.io/x",
            "kubernetes.io/hostname",
            "node.kubernetes.io/x",
            "own.node.kubernetes.io/x",
            "kubelet.kubernetes.io/x",
        ] {
            assert!(legal(good), "{good}");
        }
        for bad in [
            "kubernetes.io/x",
            "a.kubernetes.io/hostname",
            "k8s.io/x",
            "node-role.kubernetes.io/master",
            "x.k8s.io/y",
        ] {
            assert!(!legal(bad), "{bad}");
        }
    }

    #[test]
    fn a_group_is_asked_for_and_what_is_wrong_is_told() {
        let read = |body: Value| Create::read(body::object(body).unwrap());
        let good = json!({
            "name": "pool", "node_count": "2", "min_node_count": 1, "max_node_count": null,
            "role": "worker", "node_taints": [{ "key": "gpu", "effect": "NoSchedule" }],
        });
        assert_eq!(read(good).unwrap().node_taints.unwrap().len(), 1);
        let taint = |effect: &str| json!({ "name": "a", "node_taints": [{ "key": "k", "effect": effect }] });
        for (body, word) in [
            (json!({}), "name"),
            (json!({ "name": "a", "role": "master" }), "role"),
            (json!({ "name": "a", "id": 1 }), "id"),
            (json!({ "name": "a", "status": null }), "status"),
            (json!({ "name": "a", "node_count": -1 }), "node_count"),
            (taint("Never"), "node_taints"),
        ] {
            match read(body.clone()) {
                Err(Error::BadRequest(told)) => assert!(told.contains(word), "{body}: {told}"),
                other => panic!("{body}: {other:?}"),
            }
        }
        let conflict = json!({ "name": "a", "node_labels": { "kubernetes.io/x": "y" } });
        assert!(matches!(read(conflict), Err(Error::Conflict(_))));
        let master = json!({ "node_labels": { "a": "b" } });
        let master = Changeable::read("master", body::object(master).unwrap());
        assert!(matches!(master, Err(Error::Conflict(_))));
    }
}
