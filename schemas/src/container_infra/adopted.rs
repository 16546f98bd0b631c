//! What is seen of a cluster of Kubernetes by its API server: of one that is only adopted, and of one of
//! this cloud's own making.

use serde::{Deserialize, Serialize};

/// What one look at its API server came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sight {
    /// It answers, and is ready.
    Answers(Seen),
    /// It cannot be used; why, in words.
    Silent(String),
}

/// A cluster whose API server answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its version (`v1.33.1`).
    pub version: String,
    /// Its nodes, by name; none when they may not be listed.
    pub nodes: Vec<Node>,
    /// Why its nodes are not known, in words.
    pub hidden: Option<String>,
}

/// A node of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// As it calls it.
    pub name: String,
    /// The condition `Ready`: `True`, `False` or `Unknown`.
    pub ready: String,
    /// Why it is not ready, as it says itself.
    #[serde(default)]
    pub why: Option<String>,
    /// The group that it was made in, if this cloud made it.
    #[serde(default)]
    pub group: Option<String>,
    /// It is part of the control plane.
    pub master: bool,
    /// Where it is inside the cluster.
    pub address: Option<String>,
    /// What runs its containers (`containerd://2.1.1`).
    pub engine: Option<String>,
    /// The API server's id of it.
    #[serde(default)]
    pub uid: Option<String>,
    /// What its machine runs (`Ubuntu 24.04 LTS`).
    #[serde(default)]
    pub system: Option<String>,
    /// µs; since when the API server knows it.
    #[serde(default)]
    pub made: Option<i64>,
}

impl Seen {
    /// The nodes of the control plane, or the others.
    pub fn of(&self, masters: bool) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(move |node| node.master == masters)
    }

    /// Those that are not ready.
    pub fn unready(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.ready != "True")
    }
}
