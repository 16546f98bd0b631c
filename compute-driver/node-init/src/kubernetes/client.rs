//! Who speaks to the API server as whom: kubeconfigs that name the node's certificates where they lie.

use crate::files::TLS;
use serde_json::{Value, json};

/// The node itself: kubelet and kube-proxy.
pub const NODE: &str = "/run/jeroboam/kubernetes/node.kubeconfig";
/// Who governs the cluster; on the master alone.
pub const CONTROL: &str = "/run/jeroboam/kubernetes/control.kubeconfig";

/// The certificates that only a master has.
pub const CONTROL_CERT: &str = "/etc/jeroboam/kubernetes/control.pem";
/// The first one's key.
pub const CONTROL_KEY: &str = "/etc/jeroboam/kubernetes/control-key.pem";

/// The file of the node.
pub fn node(server: &str) -> (String, Value) {
    (NODE.to_owned(), kubeconfig(server, TLS.cert, TLS.key))
}

/// The file of the master's programs, which speak to the one beside them.
pub fn control(port: u16) -> (String, Value) {
    let server = format!("https://127.0.0.1:{port}");
    (
        CONTROL.to_owned(),
        kubeconfig(&server, CONTROL_CERT, CONTROL_KEY),
    )
}

fn kubeconfig(server: &str, cert: &str, key: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "own",
        "clusters": [{ "name": "own", "cluster": { "server": server, "certificate-authority": TLS.ca } }],
        "users": [{ "name": "own", "user": { "client-certificate": cert, "client-key": key } }],
        "contexts": [{ "name": "own", "context": { "cluster": "own", "user": "own" } }],
    })
}
