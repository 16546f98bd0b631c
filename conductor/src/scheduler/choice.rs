//! What a pod says of its node, and what the nodes say to it.

use super::{Candidate, Request};
use schemas::container_infra::placing::{NodeFacts, Placing};
use std::collections::BTreeMap;
use store::compute::hosts::OverCommit;

/// What pods ask of nodes, by the name under which refusals are counted.
pub(super) const LABELS: &str = "nodeSelector";

/// A pod that is not free to be anywhere in its cluster, or a cluster that is not open to all.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// What it says.
    pub placing: Placing,
    /// Host id → what is known of the node.
    pub nodes: BTreeMap<String, NodeFacts>,
}

impl Choice {
    fn of(&self, candidate: &Candidate) -> Option<&NodeFacts> {
        self.nodes.get(&candidate.host.id)
    }
}

/// It lacks labels.
pub(super) fn labels(request: &Request, candidate: &Candidate, _: OverCommit) -> Option<String> {
    let choice = request.choice.as_ref()?;
    let Some(facts) = choice.of(candidate) else {
        return Some("nothing is known of it yet".into());
    };
    let lacks = choice.placing.lacks(facts);
    (!lacks.is_empty()).then(|| format!("it has not {}", lacks.join(", ")))
}

/// A taint keeps the pod off.
pub(super) fn taints(request: &Request, candidate: &Candidate, _: OverCommit) -> Option<String> {
    let choice = request.choice.as_ref()?;
    let facts = choice.of(candidate)?;
    choice.placing.kept_off(facts).map(|taint| {
        let value = taint.value.as_deref().filter(|value| !value.is_empty());
        let value = value.map_or_else(String::new, |value| format!("={value}"));
        format!(
            "its taint {}{value}:{:?} is not tolerated",
            taint.key, taint.effect
        )
    })
}

/// How many taints say that it had better be elsewhere.
pub(super) fn reluctance(request: &Request, candidate: &Candidate) -> f64 {
    let choice = request.choice.as_ref();
    let facts = choice.and_then(|choice| Some((choice, choice.of(candidate)?)));
    facts.map_or(0.0, |(choice, facts)| {
        choice.placing.reluctance(facts) as f64
    })
}

/// What is said when no node at all has the labels.
pub(super) fn told(request: &Request, nodes: usize) -> Option<String> {
    let labels = &request.choice.as_ref()?.placing.labels;
    if labels.is_empty() {
        return None;
    }
    let labels: Vec<String> = labels
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    Some(format!("None of {nodes} nodes has {}.", labels.join(", ")))
}
