//! Which nodes of its cluster a pod may be on: the labels it asks for, and the taints it tolerates.
//! Pure; the words and rules are Kubernetes' v1.

use super::nodegroup::{Effect, Taint};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a pod says of where it may be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Placing {
    /// On the node of this host name (`nodeName`).
    pub node: Option<String>,
    /// On nodes that have all of these labels (`nodeSelector`).
    pub labels: BTreeMap<String, String>,
    /// Taints that do not keep it away.
    pub tolerations: Vec<Toleration>,
}

/// Taints that are tolerated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toleration {
    /// Of this key; `None`: of any.
    pub key: Option<String>,
    /// With this value, where none is an empty one; `None`: whatever the value.
    pub value: Option<String>,
    /// With this effect; `None`: with any.
    pub effect: Option<Effect>,
}

/// What a node is known by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeFacts {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its taints.
    pub taints: Vec<Taint>,
}

impl Toleration {
    /// Does this taint not matter to it?
    pub fn covers(&self, taint: &Taint) -> bool {
        let value = taint.value.as_deref().unwrap_or_default();
        self.key.as_ref().is_none_or(|key| *key == taint.key)
            && self.value.as_ref().is_none_or(|wanted| wanted == value)
            && self.effect.is_none_or(|effect| effect == taint.effect)
    }
}

impl Placing {
    /// The labels it asks for and such a node has not, as they would be written: `disk=ssd`.
    pub fn lacks(&self, node: &NodeFacts) -> Vec<String> {
        let lacks = |(key, value): &(&String, &String)| node.labels.get(*key) != Some(*value);
        let labels = self.labels.iter().filter(lacks);
        labels
            .map(|(key, value)| format!("{key}={value}"))
            .collect()
    }

    /// The first taint that keeps it off such a node. One that names its node passes no scheduler, and
    /// is kept off by `NoExecute` alone.
    pub fn kept_off<'a>(&self, node: &'a NodeFacts) -> Option<&'a Taint> {
        let matters = |taint: &&Taint| match taint.effect {
            Effect::NoSchedule => self.node.is_none(),
            Effect::NoExecute => true,
            Effect::PreferNoSchedule => false,
        };
        self.intolerable(&node.taints).find(matters)
    }

    /// The first of these taints of its node for which it may not go on being there.
    pub fn sent_away<'a>(&self, taints: &'a [Taint]) -> Option<&'a Taint> {
        let leaves = |taint: &&Taint| taint.effect == Effect::NoExecute;
        self.intolerable(taints).find(leaves)
    }

    /// How many taints say that it had better be elsewhere.
    pub fn reluctance(&self, node: &NodeFacts) -> usize {
        let soft = |taint: &&Taint| taint.effect == Effect::PreferNoSchedule;
        self.intolerable(&node.taints).filter(soft).count()
    }

    fn intolerable<'a>(&self, taints: &'a [Taint]) -> impl Iterator<Item = &'a Taint> {
        let tolerated = |taint: &&Taint| self.tolerations.iter().any(|one| one.covers(taint));
        taints.iter().filter(move |taint| !tolerated(taint))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taint(key: &str, value: Option<&str>, effect: Effect) -> Taint {
        Taint {
            key: key.into(),
            value: value.map(str::to_owned),
            effect,
        }
    }

    fn tolerates(key: Option<&str>, value: Option<&str>, effect: Option<Effect>) -> Toleration {
        Toleration {
            key: key.map(str::to_owned),
            value: value.map(str::to_owned),
            effect,
        }
    }

    #[test]
    fn no_execute_alone_sends_a_pod_away_that_does_not_tolerate_it() {
        let taints = [
            taint("a", None, Effect::NoSchedule),
            taint("b", None, Effect::PreferNoSchedule),
            taint("c", Some("1"), Effect::NoExecute),
        ];
        let with = |tolerations| Placing {
            tolerations,
            node: Some("its-own-choice".into()),
            ..Placing::default()
        };
        assert_eq!(with(vec![]).sent_away(&taints), Some(&taints[2]));
        assert_eq!(with(vec![]).sent_away(&taints[..2]), None);
        let tolerant = with(vec![tolerates(Some("c"), None, None)]);
        assert_eq!(tolerant.sent_away(&taints), None);
    }

    #[test]
    fn a_toleration_covers_what_it_does_not_contradict() {
        let gpu = taint("gpu", Some("a"), Effect::NoSchedule);
        let bare = taint("gpu", None, Effect::NoSchedule);
        for (key, value, effect, covers, covers_bare) in [
            (None, None, None, true, true),
            (Some("gpu"), None, None, true, true),
            (Some("gpu"), Some("a"), None, true, false),
            (Some("gpu"), Some(""), None, false, true),
            (Some("gpu"), Some("b"), None, false, false),
            (Some("cpu"), None, None, false, false),
            (None, None, Some(Effect::NoSchedule), true, true),
            (Some("gpu"), None, Some(Effect::NoExecute), false, false),
        ] {
            let one = tolerates(key, value, effect);
            assert_eq!(one.covers(&gpu), covers, "{one:?}");
            assert_eq!(one.covers(&bare), covers_bare, "{one:?}");
        }
    }

    #[test]
    fn labels_are_all_asked_for_and_taints_keep_away_by_their_effect() {
        let node = NodeFacts {
            labels: BTreeMap::from([("disk".into(), "ssd".into())]),
            taints: vec![
                taint("soft", None, Effect::PreferNoSchedule),
                taint("gpu", None, Effect::NoSchedule),
                taint("drain", None, Effect::NoExecute),
            ],
        };
        let mut placing = Placing::default();
        assert!(placing.lacks(&node).is_empty());
        placing.labels =
            BTreeMap::from([("disk".into(), "ssd".into()), ("zone".into(), "a".into())]);
        assert_eq!(placing.lacks(&node), ["zone=a"]);
        assert_eq!(placing.kept_off(&node).unwrap().key, "gpu");
        assert_eq!(placing.reluctance(&node), 1);
        placing.node = Some("n".into());
        assert_eq!(placing.kept_off(&node).unwrap().key, "drain");
        placing.tolerations = vec![tolerates(None, None, None)];
        assert_eq!(
            (placing.kept_off(&node), placing.reluctance(&node)),
            (None, 0)
        );
    }
}
