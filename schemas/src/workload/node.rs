//! A container that is a node of a cluster: a server below, a host above. It runs an engine of its
//! own, which the agent of the machine under it drives as one more host.

use super::{GuestNetwork, NodeKubernetes};
use crate::ids::{ClusterId, NodegroupId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What a container needs to be a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// The cluster that alone may place containers there.
    pub cluster_id: ClusterId,
    /// Its group within the cluster.
    pub nodegroup_id: NodegroupId,
    /// How many of the machine's user ids are its own: its root is the first of them.
    pub uid_count: u32,
    /// Address and prefix of the inner engine's own bridge (`172.31.0.1/24`).
    pub bip: String,
    /// The inner engine takes the subnets of its networks from here (`172.30.0.0/16`) …
    pub address_pool: String,
    /// … each with a prefix of this length.
    pub address_pool_size: u8,
    /// How its cluster's guests are reached from it, and the cluster's services.
    #[serde(default)]
    pub guests: Option<GuestNetwork>,
    /// The cluster's labels, for whoever sets the node up.
    pub labels: BTreeMap<String, String>,
    /// How the inner engine proves itself on the network; `None`: it listens for its agent alone.
    pub tls: Option<NodeTls>,
    /// What makes it a node of Kubernetes.
    #[serde(default)]
    pub kubernetes: Option<NodeKubernetes>,
    /// The incarnation whose disk it has, with the users whose files are there; `None`: its own, an empty
    /// one. A node that is made anew with another's disk goes on with what was there.
    #[serde(default)]
    pub disk: Option<u32>,
}

/// Certificates of an inner engine, in PEM.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeTls {
    /// The authority that clients' certificates come from.
    pub ca_pem: String,
    /// The engine's certificate.
    pub cert_pem: String,
    /// The certificate's key: a secret.
    pub key_pem: String,
}

impl fmt::Debug for NodeTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodeTls([redacted])")
    }
}

/// What is seen of a node on its machine's engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeSeen {
    /// Its cluster.
    pub cluster_id: ClusterId,
    /// Host name inside.
    pub hostname: String,
}

/// Ports as a list of pairs: a map with numbers for keys is lost inside a tagged enum.
pub(super) mod pairs {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::collections::BTreeMap;

    pub fn serialize<S: Serializer>(map: &BTreeMap<u16, u16>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(map)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<u16, u16>, D::Error> {
        Ok(Vec::<(u16, u16)>::deserialize(from)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use crate::host::Seen;
    use crate::workload::{NodeTls, Observation};
    use serde_json::json;
    use std::collections::BTreeMap;

    #[test]
    fn an_observation_from_before_there_were_nodes_is_read_and_ports_come_back() {
        let old = json!({
            "is": "container", "id": "0199d7a8-0000-7000-8000-000000000000", "incarnation": 1,
            "state": "running", "boot": "b", "exit_code": null, "oom_killed": false, "error": null,
            "interfaces": [],
            "limits": { "cpu_shares": 1, "cpu_millis": null, "memory_bytes": 1, "pids": 1 },
        });
        let Seen::Container(seen) = serde_json::from_value(old).unwrap() else {
            panic!("no container");
        };
        assert_eq!((seen.published.len(), &seen.node), (0, &None));
        let seen = Seen::Container(Observation {
            published: BTreeMap::from([(2376, 32768)]),
            ..seen
        });
        let text = serde_json::to_string(&seen).unwrap();
        assert_eq!(serde_json::from_str::<Seen>(&text).unwrap(), seen);
    }

    #[test]
    fn a_nodes_key_is_not_shown() {
        let tls = NodeTls {
            ca_pem: "one".into(),
            cert_pem: "two".into(),
            key_pem: "three".into(),
        };
        assert_eq!(format!("{tls:?}"), "NodeTls([redacted])");
    }
}
