//! Looking whether an API server works.

use crate::answer::SILENT;
use crate::{Bounds, Kubeconfig, Request, Server, Settings, Whose, params};
use async_trait::async_trait;
use k8s_openapi::api::core::v1::Node as Theirs;
use schemas::container_infra::adopted::{Node, Seen, Sight};
use schemas::workload::kubernetes::GROUP_LABEL;
use schemas::{Error, Result};
use serde_json::Value;
use std::collections::BTreeMap;

/// Nodes that are looked at.
const MOST: u32 = 500;
/// Longest sentence of a node about itself that is kept.
const LONGEST: usize = 200;
/// Labels of nodes that are part of the control plane.
const MASTERS: [&str; 2] = [
    "node-role.kubernetes.io/control-plane",
    "node-role.kubernetes.io/master",
];

/// Who looks at API servers.
#[async_trait]
pub trait Prober: Send + Sync {
    /// One look, within bounded time. `kubeconfig` is [`Kubeconfig::reveal`]'s. Before, the nodes that
    /// are called so in `gone` are removed: what they were is no more. One that cannot be removed is seen.
    async fn probe(&self, kubeconfig: &str, whose: Whose, gone: &[String]) -> Sight;
}

/// Looks over the network.
pub struct Probes(pub Settings);

#[async_trait]
impl Prober for Probes {
    async fn probe(&self, kubeconfig: &str, whose: Whose, gone: &[String]) -> Sight {
        let looking = async {
            let kubeconfig = Kubeconfig::open(kubeconfig)?;
            let bounds = Bounds::of(&self.0);
            let server = Server::open(&kubeconfig, whose, &self.0, bounds).await?;
            for name in gone {
                remove(&server, name).await?;
            }
            look(&server).await
        };
        match looking.await {
            Ok(seen) => Sight::Answers(seen),
            Err(error) => Sight::Silent(words(error)),
        }
    }
}

/// In words for the owner.
fn words(error: Error) -> String {
    match error {
        Error::Theirs {
            status: SILENT,
            told,
        } => told,
        Error::Theirs { status, told } => format!("its API server says {status}: {told}"),
        Error::Internal(cause) => {
            tracing::error!(cause, "an API server cannot be looked at");
            "it cannot be looked at; the operator's log says why".into()
        }
        other => other.to_string(),
    }
}

/// Removes a node, if it is there.
async fn remove(server: &Server, name: &str) -> Result<()> {
    let at_once = params::DeleteParams::default();
    let request = Request::new("/api/v1/nodes").delete(name, &at_once);
    match server.text(request.map_err(Error::internal)?).await {
        Ok(_) | Err(Error::Theirs { status: 404, .. }) => Ok(()),
        // Whoever may not be removed is seen by the look that follows, and tried again with the next.
        Err(Error::Theirs {
            status: status @ 400..=499,
            told,
        }) => {
            tracing::warn!(name, status, told, "a node's API server keeps it");
            Ok(())
        }
        Err(other) => Err(other),
    }
}

async fn look(server: &Server) -> Result<Seen> {
    let version = server.json(get("/version")?).await?;
    let ready = server.text(get("/readyz")?).await?;
    if ready.trim() != "ok" {
        let told: String = ready.chars().take(200).collect();
        return Err(Error::Unavailable(format!("It is not ready: {told}")));
    }
    let few = params::ListParams::default().limit(MOST);
    let list = Request::new("/api/v1/nodes").list(&few);
    let listed = server.json(list.map_err(Error::internal)?).await;
    let (nodes, hidden) = match listed {
        Ok(list) => (nodes(list)?, None),
        Err(Error::Theirs {
            status: status @ 400..=499,
            told,
        }) => (
            Vec::new(),
            Some(format!("may not be listed ({status}: {told})")),
        ),
        Err(other) => return Err(other),
    };
    Ok(Seen {
        version: text(&version["gitVersion"]),
        nodes,
        hidden,
    })
}

fn get(path: &str) -> Result<http::Request<Vec<u8>>> {
    http::Request::get(path)
        .body(Vec::new())
        .map_err(Error::internal)
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_default()
        .chars()
        .take(64)
        .collect()
}

fn nodes(mut list: Value) -> Result<Vec<Node>> {
    let strange = |_| Error::Unavailable("Its list of nodes is none.".into());
    let items: Vec<Theirs> = serde_json::from_value(list["items"].take()).map_err(strange)?;
    Ok(items.into_iter().map(node).collect())
}

fn node(theirs: Theirs) -> Node {
    let labels: BTreeMap<String, String> = theirs.metadata.labels.unwrap_or_default();
    let status = theirs.status.unwrap_or_default();
    let info = status.node_info.as_ref();
    let mut conditions = status.conditions.into_iter().flatten();
    let ready = conditions.find(|condition| condition.type_ == "Ready");
    let (ready, why) = match ready {
        None => ("Unknown".into(), None),
        Some(condition) if condition.status == "True" => (condition.status, None),
        Some(condition) => (condition.status, condition.message.or(condition.reason)),
    };
    let mut addresses = status.addresses.into_iter().flatten();
    let inside = addresses.find(|address| address.type_ == "InternalIP");
    Node {
        name: theirs.metadata.name.unwrap_or_default(),
        ready,
        why: why.map(|words| words.chars().take(LONGEST).collect()),
        group: labels.get(GROUP_LABEL).cloned(),
        master: MASTERS.iter().any(|label| labels.contains_key(*label)),
        address: inside.map(|address| address.address),
        engine: info.map(|info| info.container_runtime_version.clone()),
        uid: theirs.metadata.uid,
        system: info.map(|info| info.os_image.clone()),
        made: theirs
            .metadata
            .creation_timestamp
            .map(|time| time.0.as_microsecond()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nodes_are_read_as_they_are_told() {
        let list = json!({ "items": [
            {
                "metadata": {
                    "name": "a", "labels": { "node-role.kubernetes.io/master": "" }, "uid": "u",
                    "creationTimestamp": "1970-01-01T00:00:02Z",
                },
                "spec": {},
                "status": {
                    "conditions": [
                        { "type": "MemoryPressure", "status": "False" },
                        { "type": "Ready", "status": "True" },
                    ],
                    "addresses": [
                        { "type": "Hostname", "address": "a" },
                        { "type": "InternalIP", "address": "10.0.0.2" },
                    ],
                    "nodeInfo": {
                        "containerRuntimeVersion": "containerd://1.4.3", "architecture": "", "bootID": "",
                        "kernelVersion": "", "kubeProxyVersion": "", "kubeletVersion": "", "machineID": "",
                        "operatingSystem": "", "osImage": "Debian", "systemUUID": "",
                    },
                },
            },
            { "metadata": { "name": "b" } },
            {
                "metadata": { "name": "c", "labels": { "magnum.openstack.org/nodegroup": "default-worker" } },
                "status": { "conditions": [{
                    "type": "Ready", "status": "False", "reason": "KubeletNotReady",
                    "message": "cni config uninitialized",
                }]},
            },
        ]});
        let read = nodes(list).unwrap();
        let first = Node {
            name: "a".into(),
            ready: "True".into(),
            master: true,
            address: Some("10.0.0.2".into()),
            engine: Some("containerd://1.4.3".into()),
            uid: Some("u".into()),
            system: Some("Debian".into()),
            made: Some(2_000_000),
            ..Node::default()
        };
        let second = Node {
            name: "b".into(),
            ready: "Unknown".into(),
            ..Node::default()
        };
        let third = Node {
            name: "c".into(),
            ready: "False".into(),
            why: Some("cni config uninitialized".into()),
            group: Some("default-worker".into()),
            ..Node::default()
        };
        assert_eq!(read, [first, second, third]);
        assert!(nodes(json!({ "items": 1 })).is_err());
    }
}
