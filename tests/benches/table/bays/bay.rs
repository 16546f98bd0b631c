//! Bays through the API.

use crate::client::Client;
use crate::stopwatch::Stopwatch;
use bollard::Docker;
use bollard::query_parameters::ListContainersOptionsBuilder;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;

const BASE: &str = "/container-infra/v1";

/// How long one bay may take; a busy machine boots ten nodes in some tens of seconds.
const PATIENCE: Duration = Duration::from_secs(300);

/// Makes bays of small nodes.
pub struct Bays<'a> {
    admin: &'a Client,
    engine: &'a Docker,
    template: String,
}

/// A node of a bay.
pub struct Node {
    /// UUID of its server.
    pub server: String,
    /// Its container on the machine's engine.
    pub container: String,
}

impl<'a> Bays<'a> {
    /// Those of this cloud, whose nodes are on this engine.
    pub async fn of(admin: &'a Client, engine: &'a Docker) -> Bays<'a> {
        let body = json!({
            "name": "bench", "coe": "docker", "image_id": "jeroboam-node",
            "external_network_id": "public", "flavor_id": "c1.small", "master_flavor_id": "c1.small",
        });
        let path = format!("{BASE}/clustertemplates");
        let made = admin.call("POST", &path, Some(body)).await;
        Bays {
            admin,
            engine,
            template: made["uuid"].as_str().unwrap().to_owned(),
        }
    }

    /// Makes one of a master and as many workers as are missing to `nodes`; how long it took from asking
    /// to CREATE_COMPLETE, and its UUID.
    pub async fn make(&self, name: &str, nodes: usize) -> (Duration, String) {
        let body = json!({
            "name": format!("bench-{name}"), "cluster_template_id": self.template,
            "master_count": 1, "node_count": nodes - 1, "create_timeout": 10,
        });
        let watch = Stopwatch::start();
        let path = format!("{BASE}/clusters");
        let made = self.admin.call("POST", &path, Some(body)).await;
        let id = made["uuid"].as_str().unwrap().to_owned();
        let path = format!("{path}/{id}");
        let complete = async || {
            let shown = self.admin.call("GET", &path, None).await;
            match shown["status"].as_str() {
                Some("CREATE_COMPLETE") => true,
                Some("CREATE_IN_PROGRESS") => false,
                _ => panic!("{shown}"),
            }
        };
        until("the bay is complete", complete).await;
        (watch.elapsed(), id)
    }

    /// Its nodes.
    pub async fn nodes(&self, bay: &str) -> Vec<Node> {
        let filters = HashMap::from([("label", vec![format!("jeroboam.cluster={bay}")])]);
        let options = ListContainersOptionsBuilder::new()
            .filters(&filters)
            .build();
        let found = self.engine.list_containers(Some(options)).await.unwrap();
        let node = |one: bollard::models::ContainerSummary| Node {
            server: one.labels.unwrap().remove("jeroboam.id").unwrap(),
            container: one.id.unwrap(),
        };
        found.into_iter().map(node).collect()
    }

    /// Where its master is on the bay's network, which leads there from the machine.
    pub async fn address(&self, bay: &str) -> std::net::Ipv4Addr {
        let path = format!("{BASE}/clusters/{bay}");
        let shown = self.admin.call("GET", &path, None).await;
        let address = shown["master_addresses"][0].as_str();
        address.unwrap().parse().unwrap()
    }

    /// Removes a bay with its nodes.
    pub async fn remove(&self, bay: &str) {
        let path = format!("{BASE}/clusters");
        self.admin
            .call("DELETE", &format!("{path}/{bay}"), None)
            .await;
        let gone = async || {
            let left = self.admin.call("GET", &path, None).await;
            let left = left["clusters"].as_array().unwrap();
            !left.iter().any(|one: &Value| one["uuid"] == bay)
        };
        until("the bay is gone", gone).await;
    }

    /// Removes what bays were made from.
    pub async fn close(self) {
        let path = format!("{BASE}/clustertemplates/{}", self.template);
        self.admin.call("DELETE", &path, None).await;
    }
}

/// Looks again and again, which costs the cloud a shown bay each time.
async fn until(what: &str, look: impl AsyncFn() -> bool) {
    let waiting = async {
        while !look().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(waited.is_ok(), "not within {PATIENCE:?}: {what}");
}
