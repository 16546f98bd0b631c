//! The programs, and what each is told.

use super::Node;
use super::client::{CONTROL, CONTROL_CERT, CONTROL_KEY, NODE};
use super::settings::{CONTAINERD, KUBELET, PLUGINS, SOCKET};
use crate::files::{DATA, TLS};

/// Where the API server listens.
pub const API_PORT: u16 = 6443;

/// Versions before this one take, and need, words that later ones refuse.
const WORDS_WENT: u32 = 24;

const ACCOUNTS: &str = "/etc/jeroboam/kubernetes/accounts-key.pem";
const ETCD: [(&str, &str); 3] = [
    ("ca", "/etc/jeroboam/kubernetes/etcd-ca.pem"),
    ("cert", "/etc/jeroboam/kubernetes/etcd.pem"),
    ("key", "/etc/jeroboam/kubernetes/etcd-key.pem"),
];
const ETCD_PORT: u16 = 2379;

/// A program's name and its arguments.
type Program = (&'static str, Vec<String>);

/// All programs of this node.
pub fn of(node: &Node) -> Vec<Program> {
    let mut all = Vec::new();
    if node.member.control {
        all.extend([
            etcd(node),
            api_server(node),
            controllers(node),
            scheduler(node),
        ]);
    }
    all.extend([containerd(), kubelet(node), proxy(node)]);
    all
}

fn program<const N: usize>(name: &'static str, arguments: [(&str, String); N]) -> Program {
    let arguments = arguments.into_iter();
    let arguments = arguments.map(|(option, value)| format!("--{option}={value}"));
    (name, arguments.collect())
}

fn containerd() -> Program {
    ("containerd", vec![format!("--config={CONTAINERD}")])
}

fn kubelet(node: &Node) -> Program {
    let member = &node.member;
    let labels = member.labels.iter();
    let labels: Vec<String> = labels
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let mut taints = member.taints.clone();
    if member.control {
        let kind = match node.version.minor < WORDS_WENT {
            true => "master",
            false => "control-plane",
        };
        taints.push(format!("node-role.kubernetes.io/{kind}:NoSchedule"));
    }
    let mut kubelet = program(
        "kubelet",
        [
            ("config", KUBELET.into()),
            ("kubeconfig", NODE.into()),
            ("hostname-override", member.name.clone()),
            ("node-ip", node.place.address.to_string()),
            ("container-runtime-endpoint", format!("unix://{SOCKET}")),
            ("node-labels", labels.join(",")),
            ("register-with-taints", taints.join(",")),
        ],
    );
    if node.version.minor < WORDS_WENT {
        kubelet.1.push("--container-runtime=remote".into());
    }
    kubelet
}

fn proxy(node: &Node) -> Program {
    program(
        "kube-proxy",
        [
            ("kubeconfig", NODE.into()),
            ("hostname-override", node.member.name.clone()),
            ("cluster-cidr", node.place.guests.pods.to_string()),
            ("proxy-mode", "iptables".into()),
            ("metrics-bind-address", "127.0.0.1".into()),
            // The table of connections is the machine's.
            ("conntrack-max-per-core", "0".into()),
            ("conntrack-min", "0".into()),
            ("conntrack-tcp-timeout-established", "0s".into()),
            ("conntrack-tcp-timeout-close-wait", "0s".into()),
        ],
    )
}

fn etcd(node: &Node) -> Program {
    let own = format!("https://127.0.0.1:{ETCD_PORT}");
    let peer = format!("https://127.0.0.1:{}", ETCD_PORT + 1);
    let name = node.member.name.clone();
    let mut etcd = program(
        "etcd",
        [
            ("name", name.clone()),
            ("data-dir", format!("{DATA}/kubernetes/etcd")),
            ("listen-client-urls", own.clone()),
            ("advertise-client-urls", own),
            ("listen-peer-urls", peer.clone()),
            ("initial-advertise-peer-urls", peer.clone()),
            ("initial-cluster", format!("{name}={peer}")),
            ("client-cert-auth", "true".into()),
            ("peer-client-cert-auth", "true".into()),
        ],
    );
    let file = |prefix: &str, (kind, path): (&str, &str)| match kind {
        "ca" => format!("--{prefix}trusted-ca-file={path}"),
        kind => format!("--{prefix}{kind}-file={path}"),
    };
    for prefix in ["", "peer-"] {
        etcd.1.extend(ETCD.map(|it| file(prefix, it)));
    }
    etcd
}

fn api_server(node: &Node) -> Program {
    let guests = &node.place.guests;
    let mut server = program(
        "kube-apiserver",
        [
            ("secure-port", API_PORT.to_string()),
            ("bind-address", "0.0.0.0".into()),
            ("advertise-address", node.place.address.to_string()),
            ("anonymous-auth", "false".into()),
            ("authorization-mode", "Node,RBAC".into()),
            ("enable-admission-plugins", "NodeRestriction".into()),
            ("allow-privileged", "true".into()),
            ("profiling", "false".into()),
            ("client-ca-file", TLS.ca.into()),
            ("tls-cert-file", TLS.cert.into()),
            ("tls-private-key-file", TLS.key.into()),
            ("kubelet-certificate-authority", TLS.ca.into()),
            ("kubelet-client-certificate", CONTROL_CERT.into()),
            ("kubelet-client-key", CONTROL_KEY.into()),
            (
                "kubelet-preferred-address-types",
                "InternalIP,Hostname".into(),
            ),
            ("service-cluster-ip-range", guests.services.to_string()),
            ("service-account-key-file", ACCOUNTS.into()),
            ("service-account-signing-key-file", ACCOUNTS.into()),
            (
                "service-account-issuer",
                format!("https://kubernetes.default.svc.{}", guests.domain),
            ),
            ("etcd-servers", format!("https://127.0.0.1:{ETCD_PORT}")),
        ],
    );
    let etcd = ETCD.map(|(kind, path)| format!("--etcd-{kind}file={path}"));
    server.1.extend(etcd);
    server
}

fn controllers(node: &Node) -> Program {
    let mut controllers = program(
        "kube-controller-manager",
        [
            ("kubeconfig", CONTROL.into()),
            ("bind-address", "127.0.0.1".into()),
            ("leader-elect", "false".into()),
            ("profiling", "false".into()),
            ("root-ca-file", TLS.ca.into()),
            ("service-account-private-key-file", ACCOUNTS.into()),
            ("use-service-account-credentials", "true".into()),
            ("cluster-cidr", node.place.guests.pods.to_string()),
            ("allocate-node-cidrs", "false".into()),
            ("flex-volume-plugin-dir", PLUGINS.into()),
        ],
    );
    quietly(node, &mut controllers);
    controllers
}

fn scheduler(node: &Node) -> Program {
    let mut scheduler = program(
        "kube-scheduler",
        [
            ("kubeconfig", CONTROL.into()),
            ("bind-address", "127.0.0.1".into()),
            ("leader-elect", "false".into()),
            ("profiling", "false".into()),
        ],
    );
    quietly(node, &mut scheduler);
    scheduler
}

/// Older ones answer on the network in clear, if not told otherwise.
fn quietly(node: &Node, (_, arguments): &mut Program) {
    if node.version.minor < WORDS_WENT {
        arguments.push("--port=0".into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::tests::node;
    use crate::kubernetes::version::Version;

    fn names(node: &Node) -> Vec<&'static str> {
        of(node).into_iter().map(|(name, _)| name).collect()
    }

    fn told(node: &Node, name: &str) -> Vec<String> {
        let found = of(node).into_iter().find(|it| it.0 == name);
        found.unwrap().1
    }

    #[test]
    fn a_worker_governs_nothing() {
        assert_eq!(names(&node(false)), ["containerd", "kubelet", "kube-proxy"]);
        assert_eq!(names(&node(true)).len(), 7);
    }

    #[test]
    fn a_node_registers_with_its_labels_and_taints() {
        let kubelet = told(&node(true), "kubelet");
        let has = |word: &str| kubelet.iter().any(|it| it == word);
        assert!(has("--node-labels=a=1,b=2"), "{kubelet:?}");
        assert!(has(
            "--register-with-taints=gpu=yes:NoSchedule,node-role.kubernetes.io/master:NoSchedule"
        ));
    }

    #[test]
    fn words_that_later_versions_refuse_are_not_said_to_them() {
        let newer = Node {
            version: Version { minor: 24 },
            ..node(true)
        };
        let old = told(&node(true), "kube-scheduler");
        assert!(
            old.contains(&"--port=0".to_owned()),
            "it would answer in clear: {old:?}"
        );
        assert!(!told(&newer, "kube-scheduler").contains(&"--port=0".to_owned()));
        assert!(
            !told(&newer, "kubelet")
                .iter()
                .any(|it| it.ends_with("=remote"))
        );
    }
}
