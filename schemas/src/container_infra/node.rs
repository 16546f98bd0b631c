//! Nodes as the clients of 2015 keep them (contract `magnum-v1.md` §8.8).

use super::field::Word;
use super::patch::Rules;
use serde::Deserialize;

/// `POST /nodes`, and a node's document. It has no name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Any text.
    #[serde(default, rename = "type")]
    pub kind: Option<Word>,
    /// Any text.
    #[serde(default)]
    pub image_id: Option<Word>,
    /// Any text.
    #[serde(default)]
    pub ironic_node_id: Option<Word>,
}

/// What may be changed: only clients of 2015 know nodes.
pub const RULES: Rules = Rules {
    mandatory: &[],
    protected: &[],
    legacy: true,
    members: &[],
};
