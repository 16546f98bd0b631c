//! A pod of one container, from `POST /pods` to Running, beside the calls to the node's engine that make
//! the same two containers: sandbox and member, each created and started.

use crate::client::Client;
use crate::engine;
use crate::stopwatch::{Stopwatch, percentile};
use crate::table::{Table, time};
use bollard::Docker;
use bollard::models::{ContainerCreateBody, ContainerInspectResponse, HostConfig};
use bollard::query_parameters::ListContainersOptionsBuilder;
use serde_json::json;
use std::collections::HashMap;
use std::time::Duration;

const PODS: usize = 20;

/// How long a pod may take.
const PATIENCE: Duration = Duration::from_secs(60);

pub async fn measure(table: &mut Table, admin: &Client, bay: &str, image: &str, inner: &Docker) {
    // The first one brings the image to the node.
    let (_, first) = make(admin, bay, "first", image).await;
    let parts = Parts::of(inner, &first).await;
    let (mut raw, mut ours) = (Vec::new(), Vec::new());
    // In turns, so that both meet the same engine. Pods stay until the bay goes: what their going costs
    // the engine would be in the figures of the next.
    for n in 0..PODS {
        let (took, ids) = parts.make(inner).await;
        raw.push(took);
        for id in ids {
            engine::remove(inner, &id).await;
        }
        let (took, _) = make(admin, bay, &format!("pod-{n}"), image).await;
        ours.push(took);
    }
    raw.sort();
    ours.sort();
    let (raw, ours) = (percentile(&raw, 0.5), percentile(&ours, 0.5));
    table.row(
        "pod: POST → Running, p50 of 20",
        &format!(
            "{} (overhead {})",
            time(ours),
            time(ours.saturating_sub(raw))
        ),
        &format!("the same calls to the node's engine {}", time(raw)),
        Some(ours.as_secs_f64() / raw.as_secs_f64()),
        "",
    );
}

/// Makes a pod that does nothing, with its name as the label `app`; how long it took until it ran, and
/// its UUID.
pub async fn make(admin: &Client, bay: &str, name: &str, image: &str) -> (Duration, String) {
    let labels = json!({ "app": name });
    let manifest = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": format!("bench-{name}"), "labels": labels },
        "spec": { "terminationGracePeriodSeconds": 1, "containers": [{
            "name": "main", "image": image, "command": ["/bin/busybox", "sleep", "86400"],
        }]},
    });
    let body = json!({ "bay_uuid": bay, "manifest": manifest.to_string() });
    let watch = Stopwatch::start();
    let made = admin.call("POST", "/container-infra/v1/pods", Some(body));
    let id = made.await["uuid"].as_str().unwrap().to_owned();
    let path = format!("/container-infra/v1/pods/{id}");
    let running = async {
        loop {
            let shown = admin.call("GET", &path, None).await;
            match shown["status"].as_str() {
                Some("Running") => return,
                Some("Pending") => tokio::time::sleep(Duration::from_millis(2)).await,
                _ => panic!("{shown}"),
            }
        }
    };
    let waited = tokio::time::timeout(PATIENCE, running).await;
    waited.expect("the pod runs");
    (watch.elapsed(), id)
}

/// Sandbox and member of a pod of one container.
pub async fn parts(inner: &Docker, pod: &str) -> [ContainerInspectResponse; 2] {
    let (mut sandbox, mut member) = (None, None);
    let filters = HashMap::from([("label", vec![format!("jeroboam.pod={pod}")])]);
    let options = ListContainersOptionsBuilder::new()
        .filters(&filters)
        .build();
    for found in inner.list_containers(Some(options)).await.unwrap() {
        let is_member = found.labels.unwrap().contains_key("jeroboam.member");
        let found = inner.inspect_container(&found.id.unwrap(), None).await;
        let part = if is_member { &mut member } else { &mut sandbox };
        *part = Some(found.unwrap());
    }
    [sandbox.unwrap(), member.unwrap()]
}

/// What the two containers of a pod are made of.
struct Parts {
    sandbox: ContainerCreateBody,
    member: ContainerCreateBody,
}

impl Parts {
    /// Looks at a pod's.
    async fn of(inner: &Docker, pod: &str) -> Parts {
        let [sandbox, member] = parts(inner, pod).await;
        let sandbox = engine::made_of(&sandbox);
        let mut member = engine::made_of(&member);
        // It is the sandbox's, and the engine refuses to be told twice.
        member.hostname = None;
        member.exposed_ports = None;
        Parts { sandbox, member }
    }

    /// Makes and starts both; how long that took, and their ids, the member's first.
    async fn make(&self, inner: &Docker) -> (Duration, [String; 2]) {
        let watch = Stopwatch::start();
        let sandbox = start(inner, self.sandbox.clone()).await;
        let joined = Some(format!("container:{sandbox}"));
        let mut member = self.member.clone();
        member.host_config = Some(HostConfig {
            network_mode: joined.clone(),
            ipc_mode: joined,
            ..member.host_config.unwrap()
        });
        let member = start(inner, member).await;
        (watch.elapsed(), [member, sandbox])
    }
}

async fn start(inner: &Docker, body: ContainerCreateBody) -> String {
    let made = inner.create_container(None, body).await.unwrap();
    inner.start_container(&made.id, None).await.unwrap();
    made.id
}
