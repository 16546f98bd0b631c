//! What a node is told that belongs to a cluster of Kubernetes: how its kubelet registers, and, on a
//! master, what its control plane proves itself with.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;

/// The port that an API server listens on, inside.
pub const API_PORT: u16 = 6443;
/// Label of a node: `master` or `worker`. Upstream's word.
pub const ROLE_LABEL: &str = "magnum.openstack.org/role";
/// Label of a node: the name of its group. Upstream's word, and how this cloud knows the nodes that it
/// made from those that a cluster's users have added.
pub const GROUP_LABEL: &str = "magnum.openstack.org/nodegroup";

/// What makes a node one of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeKubernetes {
    /// What it is called there. No other node of the cluster is ever called so.
    pub name: String,
    /// Its cluster's API server, in the cluster's network (`https://10.0.0.2:6443`).
    pub api: String,
    /// The first address of the services' network: the API server as the pods know it.
    pub service_address: Ipv4Addr,
    /// What it registers with.
    pub labels: BTreeMap<String, String>,
    /// What it registers with (`key=value:Effect`; the value may be nothing).
    pub taints: Vec<String>,
    /// It has the control plane on it: what for.
    pub control: Option<Control>,
}

/// What a control plane proves itself with, all in PEM. All of it is secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// A client's certificate: of who may do everything.
    pub cert_pem: String,
    /// Its key.
    pub key_pem: String,
    /// The key that service accounts' tokens are signed with (P-256), the same as long as the cluster is.
    pub accounts_key_pem: String,
    /// The authority of who may ask etcd.
    pub etcd_ca_pem: String,
    /// etcd's certificate, and that of who asks it.
    pub etcd_cert_pem: String,
    /// Its key.
    pub etcd_key_pem: String,
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Control([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_control_plane_proves_itself_with_is_not_shown() {
        let secret = || "secret".to_owned();
        let node = NodeKubernetes {
            name: "bay-default-master-0-1".into(),
            api: "https://10.0.0.2:6443".into(),
            service_address: Ipv4Addr::new(10, 254, 0, 1),
            labels: BTreeMap::new(),
            taints: Vec::new(),
            control: Some(Control {
                cert_pem: secret(),
                key_pem: secret(),
                accounts_key_pem: secret(),
                etcd_ca_pem: secret(),
                etcd_cert_pem: secret(),
                etcd_key_pem: secret(),
            }),
        };
        assert!(!format!("{node:?}").contains("secret"));
        let text = serde_json::to_string(&node).unwrap();
        assert_eq!(serde_json::from_str::<NodeKubernetes>(&text).unwrap(), node);
    }
}
