//! A node of Kubernetes: kubelet with an engine of its own beside the node's, and on the master what a
//! cluster is governed by. The programs are the image's; which they are and how they are told is here.
//!
//! ```text
//! engine (process 1 of the PID namespace)
//!  ├ dockerd                       the node's engine, which the machine's agent looks at
//!  ├ containerd, kubelet, kube-proxy
//!  ├ etcd, kube-apiserver, kube-controller-manager, kube-scheduler    on the master
//!  └ node-init kubernetes          loads the image's images; on the master applies its add-ons
//! ```
//!
//! Whichever ends is started again; all wait for each other by being started again. What they write is in
//! the engine's volume and lives as long as the node. Their settings are written anew at each start.
//!
//! kubelet expects to be root of a machine. Where it is not, before it has a switch for that (1.22), it
//! sees files in place of the kernel's settings that it would change (`mounts::pretend`).

mod client;
mod furnish;
mod network;
mod programs;
mod settings;
mod version;

pub use furnish::run as furnish;

use crate::engine::Plan;
use crate::error::{During, Error, Result};
use crate::guests::Place;
use crate::supervise::Companion;
use crate::telling::say;
use crate::{again, files, mounts, program};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use version::Version;

/// The word that makes this program the one that furnishes the cluster.
pub const WORD: &str = "kubernetes";

/// Settings of all programs; in memory.
const SETTINGS: &str = "/run/jeroboam/kubernetes";

/// What the programs write, and where they expect it to lie.
const KEPT: [(&str, &str); 3] = [
    ("kubelet", "/var/lib/kubelet"),
    ("log", "/var/log"),
    ("cni", "/var/lib/cni"),
];

/// What a node is in its cluster; key `kubernetes` of the node's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its name there: its certificate's, after `system:node:`.
    pub name: String,
    /// Where the API server is: `https://10.0.0.2:6443`.
    pub api: String,
    /// Labels that it registers with.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Taints that it registers with: `key=value:Effect`.
    #[serde(default)]
    pub taints: Vec<String>,
    /// Is it the master?
    #[serde(default)]
    pub control: bool,
}

/// A member with all that its programs have to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Node {
    member: Member,
    place: Place,
    version: Version,
    /// Bytes of the machine's memory that are not the node's.
    others: u64,
    /// Where one kind of the packet filter's program is.
    filter: String,
}

/// Prepares the programs of a node that is in a cluster of Kubernetes; none for others.
pub fn begin(plan: &Plan, filter: &str) -> Result<Vec<Companion>> {
    let Some(member) = plan.config.kubernetes.clone() else {
        return Ok(Vec::new());
    };
    let place = plan.place.clone().ok_or_else(|| {
        Error::refused("kubernetes: the node has no address that is one of a node among its guests")
    })?;
    let node = Node {
        version: Version::of_kubelet()?,
        others: settings::of_others(plan.memory)?,
        filter: filter.to_owned(),
        member,
        place,
    };
    say(format_args!(
        "Kubernetes {}: {} is a {} of {}",
        node.version,
        node.member.name,
        if node.member.control {
            "master"
        } else {
            "worker"
        },
        node.member.api
    ));
    fs::create_dir_all(SETTINGS).during(format!("making {SETTINGS}"))?;
    for (name, shown) in KEPT {
        let kept = format!("{}/kubernetes/{name}", files::DATA);
        fs::create_dir_all(&kept).during(format!("making {kept}"))?;
        mounts::show(&kept, shown)?;
        mounts::share(shown)?;
    }
    mounts::pretend(&format!("{SETTINGS}/kernel"))?;
    network::admit(&node)?;
    settings::write(&node)?;
    let mut furnish = again::as_(WORD);
    furnish.env(furnish::NODE, again::told(&node)?);
    let programs = programs::of(&node).into_iter();
    let programs = programs.map(|(name, arguments)| {
        let mut command = program::command(name, &arguments);
        command.env(
            "PATH",
            format!("{}:{}", node.filter, crate::dockerd::PROGRAMS),
        );
        Companion::new(name, command)
    });
    Ok(programs
        .chain([Companion::once("what furnishes the cluster", furnish)])
        .collect())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(super) fn node(control: bool) -> Node {
        let member = serde_json::json!({
            "name": "bay-master-0", "api": "https://10.5.6.7:6443",
            "labels": { "b": "2", "a": "1" }, "taints": ["gpu=yes:NoSchedule"], "control": control,
        });
        Node {
            member: serde_json::from_value(member).unwrap(),
            place: crate::guests::tests::place(),
            version: Version { minor: 20 },
            others: 3 << 30,
            filter: "/filter".into(),
        }
    }
}
