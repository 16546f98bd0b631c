//! What runs in a world's clusters: pods, replication controllers and services, asked for as tenants ask.

use super::World;
use crate::api::answer::Ask;
use actix_web::http::{Method, StatusCode};
use compute_driver::Driver;
use schemas::host::Seen;
use schemas::ids::ServerId;
use schemas::workload::RunState;
use schemas::workload::pod::Phase;
use serde_json::{Value, json};
use store::Scope;
use store::compute::guests::{self, Kind};
use store::compute::servers::Server;

/// `spec` of a pod of one container that runs until it is ended.
fn spec(image: &str) -> Value {
    json!({ "terminationGracePeriodSeconds": 1, "containers": [{ "name": "main", "image": image }] })
}

impl World {
    /// Makes something of a manifest, once: who gets no answer looks whether it is there.
    async fn run(&self, kind: &str, cluster: &str, manifest: Value) -> String {
        let name = manifest["metadata"]["name"].as_str().unwrap().to_owned();
        self.run_as(kind, cluster, &name, manifest).await
    }

    async fn run_as(&self, kind: &str, cluster: &str, name: &str, manifest: Value) -> String {
        let body = json!({ "bay_uuid": cluster, "manifest": manifest.to_string() });
        let path = format!("/container-infra/v1/{kind}");
        let asked = self
            .member()
            .ask(Ask::new(Method::POST, &*path).json(&body))
            .await;
        let answer = match asked.again && asked.answer.status == StatusCode::CONFLICT {
            true => {
                self.member()
                    .ask(Ask::get(format!("{path}/{name}/{cluster}")))
                    .await
                    .answer
            }
            false => asked.answer,
        };
        assert!(answer.status.is_success(), "{path}: {}", answer.text());
        answer.json()["uuid"].as_str().unwrap().to_owned()
    }

    /// Makes a pod with these labels; the simulated engine reads its instructions there.
    pub async fn pod(&self, cluster: &str, name: &str, labels: &[(&str, &str)]) -> ServerId {
        let labels: std::collections::BTreeMap<_, _> = labels.iter().copied().collect();
        let manifest = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "labels": labels },
            "spec": spec(self.thing("image/base")),
        });
        let id = self.run("pods", cluster, manifest).await;
        ServerId::parse(&id).unwrap()
    }

    /// Makes a pod that may only be on nodes with this label.
    pub async fn pod_on(&self, cluster: &str, name: &str, label: (&str, &str)) -> ServerId {
        let mut spec = spec(self.thing("image/base"));
        spec["nodeSelector"] = json!({ label.0: label.1 });
        let manifest = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name }, "spec": spec,
        });
        let id = self.run("pods", cluster, manifest).await;
        ServerId::parse(&id).unwrap()
    }

    /// Makes a replication controller of one pod that is given a config map and what it is itself.
    pub async fn rc_with_config(&self, cluster: &str, name: &str, word: &str) -> String {
        let mut spec = spec(self.thing("image/base"));
        let main = &mut spec["containers"][0];
        main["volumeMounts"] = json!([{ "name": "conf", "mountPath": "/conf" }]);
        let field = |path: &str| json!({ "fieldRef": { "fieldPath": path } });
        main["env"] = json!([
            { "name": "NAME", "valueFrom": field("metadata.name") },
            { "name": "NODE", "valueFrom": field("spec.nodeName") },
            { "name": "AT", "valueFrom": field("status.podIP") },
            { "name": "WORD", "valueFrom": { "configMapKeyRef": { "name": "conf", "key": "word" } } },
            { "name": "ALL", "value": "$(WORD) on $(NODE)" },
        ]);
        spec["volumes"] = json!([{ "name": "conf", "configMap": { "name": "conf" } }]);
        let manifest = json!({ "apiVersion": "v1", "kind": "List", "items": [
            {
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "conf" },
                "data": { "word": word },
            },
            {
                "apiVersion": "v1", "kind": "ReplicationController", "metadata": { "name": name },
                "spec": { "replicas": 1, "template": {
                    "metadata": { "labels": { "app": name } }, "spec": spec,
                } },
            },
        ] });
        self.run_as("rcs", cluster, name, manifest).await
    }

    /// What the first container of a pod has at a path, and its variables, on the node it is on.
    pub async fn inside(&self, pod: &Server, path: &str) -> Option<(String, String)> {
        let places = self.places().await;
        let host = places.iter().find(|host| pod.host() == Some(host.id))?;
        let driver = host.engine.connect(host.id);
        let id = schemas::workload::Pod::member_id(pod.server_id().unwrap().into(), "main");
        let run = async |command: &[&str]| {
            let order = compute_driver::ExecOrder::new(command.iter().copied());
            driver.exec(id, order).await.ok().map(|said| said.text)
        };
        Some((run(&["/bin/cat", path]).await?, run(&["/bin/env"]).await?))
    }

    fn rc_manifest(&self, name: &str, replicas: u32) -> Value {
        json!({
            "apiVersion": "v1", "kind": "ReplicationController", "metadata": { "name": name },
            "spec": { "replicas": replicas, "template": {
                "metadata": { "labels": { "app": name } }, "spec": spec(self.thing("image/base")),
            }},
        })
    }

    /// Makes a replication controller whose pods have the label `app=NAME`.
    pub async fn rc(&self, cluster: &str, name: &str, replicas: u32) -> String {
        self.run("rcs", cluster, self.rc_manifest(name, replicas))
            .await
    }

    /// Asks for another number of pods.
    pub async fn scale(&self, rc: &str, name: &str, replicas: u32) {
        let manifest = self.rc_manifest(name, replicas).to_string();
        let change = json!([{ "op": "replace", "path": "/manifest", "value": manifest }]);
        let path = format!("/container-infra/v1/rcs/{rc}");
        let ask = Ask::new(Method::PATCH, path).json(&change);
        let answer = self.member().ask(ask).await.answer;
        assert!(answer.status.is_success(), "{}", answer.text());
    }

    /// Makes a service at port 80 in front of the pods with the label `app=APP`.
    pub async fn service(&self, cluster: &str, name: &str, app: &str) -> String {
        let manifest = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": { "name": name },
            "spec": { "selector": { "app": app }, "ports": [{ "port": 80, "targetPort": 8080 }] },
        });
        self.run("services", cluster, manifest).await
    }

    /// Asks for the end of a pod, a replication controller or a service.
    pub async fn end(&self, kind: &str, id: &str) {
        let path = format!("/container-infra/v1/{kind}/{id}");
        let asked = self.member().ask(Ask::new(Method::DELETE, path)).await;
        let gone = asked.again && asked.answer.status == StatusCode::NOT_FOUND;
        assert!(
            asked.answer.status.is_success() || gone,
            "{}",
            asked.answer.text()
        );
    }

    /// The pods of a cluster.
    pub async fn pods(&self, cluster: &str) -> Vec<Server> {
        let cluster = cluster.to_owned();
        let read = move |conn: &mut store::Conn| {
            guests::list(conn, &Scope::All, Some(&cluster), Kind::Pod)
        };
        self.store.read(read).await.unwrap()
    }

    /// Waits until the cluster has so many pods, all of them working and none on its way out.
    pub async fn until_pods(&self, cluster: &str, count: usize) {
        let cluster = cluster.to_owned();
        self.until(&format!("{count} pods work"), move |world| {
            let cluster = cluster.clone();
            Box::pin(async move {
                let pods = world.pods(&cluster).await;
                pods.len() == count && pods.iter().all(works)
            })
        })
        .await;
    }

    /// Does any container of the pod run, on the node it is on?
    pub async fn runs(&self, pod: &Server) -> bool {
        let places = self.places().await;
        let Some(host) = places.iter().find(|host| pod.host() == Some(host.id)) else {
            return false;
        };
        let id = pod.server_id().unwrap().into();
        let here = host.engine.connect(host.id).inspect_pod(id).await.unwrap();
        let members = here.into_iter().flat_map(|here| here.members);
        members
            .map(|(_, seen)| seen.state)
            .any(|state| state == RunState::Running)
    }

    /// The pod as the API shows it.
    pub async fn shown_pod(&self, id: ServerId) -> Value {
        let path = format!("/container-infra/v1/pods/{id}");
        let answer = self.member().ask(Ask::get(path)).await.answer;
        assert!(answer.status.is_success(), "{}", answer.text());
        answer.json()
    }
}

fn works(pod: &Server) -> bool {
    let seen = match pod.sight().unwrap().state {
        Some(Seen::Pod(seen)) => seen.ready && seen.phase == Phase::Running,
        _ => false,
    };
    seen && pod.deleting == 0 && pod.vm_state == "active" && pod.task_state.is_none()
}
