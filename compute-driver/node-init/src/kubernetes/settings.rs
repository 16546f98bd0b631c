//! The files that the programs read.

use super::programs::API_PORT;
use super::{Node, SETTINGS, client};
use crate::error::{During, Error, Result};
use crate::files::{DATA, TLS};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// kubelet's.
pub const KUBELET: &str = "/run/jeroboam/kubernetes/kubelet.json";
/// That of Kubernetes' own engine.
pub const CONTAINERD: &str = "/run/jeroboam/kubernetes/containerd.toml";
/// Where kubelet finds that engine.
pub const SOCKET: &str = "/run/containerd/containerd.sock";
/// Add-ons of the image; one of them answers names, if there are any.
pub const ADDONS: &str = "/usr/share/jeroboam/kubernetes/addons";
/// Images that come with the image, and who holds a pod's network.
pub const IMAGES: &str = "/usr/share/jeroboam/kubernetes/images";
/// Where nobody puts programs that mount volumes: kubelet makes the folder.
pub const PLUGINS: &str = "/run/jeroboam/kubernetes/plugins";
/// Programs that give pods their network.
const CNI: &str = "/usr/lib/cni";

/// The image of a pod's first container. Of this name there has to be one among [`IMAGES`].
const PAUSE: &str = "jeroboam.local/pause:1";

/// Bytes of memory that kubelet sees, which is all of the machine's, and its node may not have.
pub fn of_others(own: Option<u64>) -> Result<u64> {
    const SEEN: &str = "/proc/meminfo";
    let text = fs::read_to_string(SEEN).during(format!("reading {SEEN}"))?;
    Ok(total(&text).saturating_sub(own.unwrap_or(u64::MAX)))
}

fn total(meminfo: &str) -> u64 {
    let line = meminfo.lines().find_map(|it| it.strip_prefix("MemTotal:"));
    let number = line.and_then(|it| it.trim().strip_suffix("kB")?.trim().parse().ok());
    number.map_or(0, |kib: u64| kib << 10)
}

/// Writes all of them.
pub fn write(node: &Node) -> Result<()> {
    let networks = format!("{SETTINGS}/networks");
    fs::create_dir_all(&networks).during(format!("making {networks}"))?;
    let mut all = vec![
        client::node(&node.member.api),
        (
            KUBELET.to_owned(),
            kubelet(node, Path::new(ADDONS).is_dir()),
        ),
        (
            format!("{networks}/10-guests.conflist"),
            network(node, mtu()?),
        ),
    ];
    if node.member.control {
        all.push(client::control(API_PORT));
    }
    for (path, content) in all {
        fs::write(&path, content.to_string()).during(format!("writing {path}"))?;
    }
    fs::write(CONTAINERD, containerd(&networks)).during(format!("writing {CONTAINERD}"))
}

/// <https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/>
fn kubelet(node: &Node, names: bool) -> Value {
    let guests = &node.place.guests;
    let mut settings = json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
        "address": "0.0.0.0",
        "authentication": {
            "anonymous": { "enabled": false }, "webhook": { "enabled": true },
            "x509": { "clientCAFile": TLS.ca },
        },
        "authorization": { "mode": "Webhook" },
        "tlsCertFile": TLS.cert, "tlsPrivateKeyFile": TLS.key,
        "cgroupDriver": "cgroupfs",
        "clusterDomain": guests.domain,
        "failSwapOn": false,
        "resolvConf": "/etc/resolv.conf",
        "volumePluginDir": PLUGINS,
        // Lower values are the machine's to give.
        "oomScoreAdj": 0,
        "systemReserved": { "memory": node.others.to_string() },
        // The disk is the machine's, and large: a part of it in percent says nothing of a node. Nor is
        // it the node's to make room on by itself: some images came with it, and cannot be pulled.
        "evictionHard": {
            "memory.available": "100Mi", "nodefs.available": "1Gi", "imagefs.available": "1Gi",
            "nodefs.inodesFree": "1%",
        },
        "imageGCHighThresholdPercent": 100,
    });
    if names {
        settings["clusterDNS"] = json!([guests.resolver()]);
    }
    if node.version.minor >= 22 {
        settings["featureGates"] = json!({ "KubeletInUserNamespace": true });
    }
    settings
}

/// The longest packet that leaves the node whole: its network's, which may lie in that of its machines.
fn mtu() -> Result<u32> {
    const OF: &str = "/sys/class/net/eth0/mtu";
    let text = fs::read_to_string(OF).during(format!("reading {OF}"))?;
    text.trim()
        .parse()
        .map_err(|_| Error::refused(format!("{OF} says {text:?}, which is no number")))
}

/// Each pod has a line of its own to the node, with an address of the node's part of the pods' network. On
/// a bridge, what a service has sent on to a neighbour would be answered past whoever sent it on.
fn network(node: &Node, mtu: u32) -> Value {
    json!({
        "cniVersion": "0.4.0", "name": "guests",
        "plugins": [
            {
                "type": "ptp", "ipMasq": false, "mtu": mtu,
                "ipam": {
                    "type": "host-local", "ranges": [[{ "subnet": node.place.part }]],
                    "routes": [{ "dst": "0.0.0.0/0" }],
                },
            },
            { "type": "portmap", "capabilities": { "portMappings": true } },
        ],
    })
}

/// <https://github.com/containerd/containerd/blob/main/docs/cri/config.md>
fn containerd(networks: &str) -> String {
    format!(
        r#"version = 2
root = "{DATA}/kubernetes/containerd"
state = "/run/containerd"
[grpc]
  address = "{SOCKET}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{DATA}/kubernetes/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  disable_apparmor = true
  disable_hugetlb_controller = true
  tolerate_missing_hugetlb_controller = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{CNI}"
    conf_dir = "{networks}"
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::tests::node;
    use crate::kubernetes::version::Version;

    #[test]
    fn kubelet_lets_nobody_in_unknown_and_says_where_it_is_not_root() {
        let old = kubelet(&node(false), false);
        assert_eq!(old["authentication"]["anonymous"]["enabled"], false);
        assert_eq!(old["authorization"]["mode"], "Webhook");
        assert_eq!(
            old.get("featureGates"),
            None,
            "1.20 would not start with it"
        );
        assert_eq!(old.get("clusterDNS"), None, "nobody would answer");
        let newer = Version { minor: 32 };
        let newer = kubelet(
            &Node {
                version: newer,
                ..node(false)
            },
            true,
        );
        assert_eq!(newer["featureGates"]["KubeletInUserNamespace"], true);
        assert_eq!(newer["clusterDNS"], json!(["10.254.0.10"]));
    }

    #[test]
    fn what_is_not_the_nodes_is_kept_for_others() {
        assert_eq!(
            total("MemTotal:       24684084 kB\nMemFree: 1 kB\n"),
            24_684_084 << 10
        );
        assert_eq!(total(""), 0);
        let kubelet = kubelet(&node(false), false);
        assert_eq!(kubelet["systemReserved"]["memory"], "3221225472");
    }

    #[test]
    fn pods_get_addresses_of_the_nodes_part() {
        let network = network(&node(false), 1450);
        let range = &network["plugins"][0]["ipam"]["ranges"][0][0];
        assert_eq!(range["subnet"], "10.100.7.0/24");
    }
}
