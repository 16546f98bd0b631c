//! Container-infra's things: a template, a cluster that waits for its nodes, one that is complete with a
//! container that runs, and what the victims keep beside them. Clusters that are complete are written as
//! rows: no conductor is there to make them so.

use super::compute::active;
use super::{make, must, rootfs};
use crate::api::answer::Ask;
use crate::api::cloud::Cloud;
use crate::api::persona::Persona;
use actix_web::http::Method;
use serde_json::{Value, json};
use store::container_infra::clusters::{self, Cluster, New};
use store::container_infra::{spec, workers};
use uuid::Uuid;

const BASE: &str = "/container-infra/v1";

pub(super) async fn sow(cloud: &mut Cloud) {
    image(cloud).await;
    home(cloud).await;
    let id = row(cloud, "elsewhere", "stranger").await;
    cloud.things.put("cluster/elsewhere", id);
    let id = row(cloud, "home", "member").await;
    cloud.things.put("cluster/ready", id);
    container(cloud).await;
    workloads(cloud).await;
    let things = cloud.things.clone();
    let cluster = things.get("cluster/home");
    let template =
        json!({ "name": "sketch", "coe": "docker", "image_id": things.get("image/nodes") });
    let of = |body: Value, path: &'static str, name: &'static str| (body, path, name);
    for (body, path, name) in [
        of(template, "clustertemplates", "sketch"),
        of(json!({ "type": "bare" }), "nodes", ""),
        of(
            json!({ "name": "pair", "bay_uuid": cluster, "private_key": "k" }),
            "x509keypairs",
            "pair",
        ),
        of(
            json!({
                "name": "league", "hostcluster_id": cluster, "properties": { "dns-zone": "z" },
            }),
            "federations",
            "league",
        ),
    ] {
        let place = format!("container-infra/{path}");
        let url = format!("{BASE}/{path}");
        make(cloud, Persona::Member, &url, body, "/uuid", &place).await;
        if !name.is_empty() {
            cloud.things.put(format!("name:{place}"), name);
        }
    }
    let quota = json!({ "project_id": things.get("project/home"), "hard_limit": 7 });
    let quota = Ask::new(Method::POST, format!("{BASE}/quotas")).json(&quota);
    must(cloud, Persona::Admin, quota).await;
    let template = cloud
        .things
        .get("container-infra/clustertemplates")
        .to_owned();
    for (place, value) in [
        ("container-infra/baymodels", &*template),
        ("name:container-infra/baymodels", "sketch"),
        ("container-infra/quotas", things.get("project/home")),
        ("word/Cluster", "Cluster"),
    ] {
        cloud.things.put(place, value);
    }
    let parts = [workers::MAGNUM, workers::NOVA[0], workers::NOVA[1]];
    let said = move |tx: &mut store::Tx<'_>| workers::report(tx, "plane-1", &parts);
    cloud.state.store.write(said).await.unwrap();
}

/// One that says what it is. It has no data: nobody boots it here.
async fn image(cloud: &mut Cloud) {
    let body = json!({
        "name": "nodes", "container_format": "docker", "disk_format": "raw", "os_distro": "jeroboam-node",
    });
    make(
        cloud,
        Persona::Member,
        "/image/v2/images",
        body,
        "/id",
        "image/nodes",
    )
    .await;
}

/// The victims' cluster, made as they would make it. No conductor is there to begin with it.
async fn home(cloud: &mut Cloud) {
    let image = json!({
        "name": "for-all", "container_format": "bare", "disk_format": "raw", "visibility": "public",
        "os_distro": "jeroboam-node",
    });
    let (admin, images) = (Persona::Admin, "/image/v2/images");
    make(cloud, admin, images, image, "/id", "image/public").await;
    let url = format!("{images}/{}/file", cloud.things.get("image/public"));
    let data = Ask::new(Method::PUT, url).bytes("application/octet-stream", rootfs());
    must(cloud, admin, data).await;
    let template = json!({
        "name": "plan", "coe": "docker", "image_id": cloud.things.get("image/public"),
        "flavor_id": cloud.things.get("compute/flavors"),
    });
    let url = format!("{BASE}/clustertemplates");
    make(
        cloud,
        Persona::Member,
        &url,
        template,
        "/uuid",
        "template/plan",
    )
    .await;
    let body = json!({
        "name": "bay-of-home", "cluster_template_id": cloud.things.get("template/plan"),
        "keypair": cloud.things.get("compute/os-keypairs"), "create_timeout": 60,
    });
    let url = format!("{BASE}/clusters");
    make(cloud, Persona::Member, &url, body, "/uuid", "cluster/home").await;
    let id = cloud.things.get("cluster/home").to_owned();
    let of = ["clusters", "bays", "certificates", "credentials"];
    for place in of {
        cloud.things.put(format!("container-infra/{place}"), &*id);
    }
    cloud
        .things
        .put("name:container-infra/clusters", "bay-of-home");
    cloud.things.put("word/default-worker", "default-worker");
    cloud.things.put("word/kubernetes", "kubernetes");
}

/// What runs in the victims' other cluster, which has no nodes: it waits for some.
async fn workloads(cloud: &mut Cloud) {
    for (kind, name) in [
        ("pods", "pod-of-home"),
        ("rcs", "rc-of-home"),
        ("services", "service-of-home"),
    ] {
        let body = json!({
            "bay_uuid": cloud.things.get("cluster/ready"),
            "manifest": manifest(kind, name, cloud.things.get("image/public")).to_string(),
        });
        let (url, place) = (format!("{BASE}/{kind}"), format!("container-infra/{kind}"));
        make(cloud, Persona::Member, &url, body, "/uuid", &place).await;
        cloud.things.put(format!("name:{place}"), name);
    }
}

/// A manifest of a kind (`pods`, `rcs`, `services`) that uses most of what means something.
pub fn manifest(kind: &str, name: &str, image: &str) -> Value {
    let amounts = json!({ "cpu": "100m", "memory": "16Mi" });
    let labels = json!({ "labels": { "app": name } });
    let spec = json!({
        "restartPolicy": "Always", "terminationGracePeriodSeconds": 5,
        "volumes": [{ "name": "shared", "emptyDir": { "medium": "Memory", "sizeLimit": "1Mi" } }],
        "initContainers": [{ "name": "first", "image": image, "command": ["true"] }],
        "containers": [{
            "name": "main", "image": image, "command": ["serve"], "args": ["--name", "$(NAME)"],
            "workingDir": "/srv", "env": [{ "name": "NAME", "value": name }],
            "ports": [{ "name": "http", "containerPort": 80 }],
            "resources": { "requests": amounts, "limits": amounts },
            "volumeMounts": [{ "name": "shared", "mountPath": "/shared", "readOnly": true }],
            "livenessProbe": { "httpGet": { "port": "http", "path": "/" }, "periodSeconds": 5 },
            "readinessProbe": { "exec": { "command": ["true"] } },
            "startupProbe": { "tcpSocket": { "port": 80 } },
            "securityContext": { "runAsUser": 1000, "readOnlyRootFilesystem": true },
        }],
    });
    match kind {
        "rcs" => json!({
            "apiVersion": "v1", "kind": "ReplicationController", "metadata": { "name": name },
            "spec": {
                "replicas": 2, "selector": { "app": name },
                "template": { "metadata": labels, "spec": spec },
            },
        }),
        "services" => json!({
            "apiVersion": "v1", "kind": "Service", "metadata": { "name": name, "labels": { "app": name } },
            "spec": {
                "type": "NodePort", "selector": { "app": "alone" }, "publishNotReadyAddresses": true,
                "ports": [
                    { "name": "web", "port": 80, "targetPort": "http", "protocol": "TCP" },
                    { "name": "dns", "port": 53, "targetPort": 5353, "protocol": "UDP" },
                ],
            },
        }),
        _ => json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": { "name": name, "labels": { "app": "alone" } }, "spec": spec,
        }),
    }
}

/// A cluster of this project that is complete, as far as its row says.
async fn row(cloud: &Cloud, project: &str, user: &str) -> String {
    let id = Uuid::now_v7().to_string();
    let mut cluster = Cluster {
        id: id.clone(),
        project_id: cloud.things.get(&format!("project/{project}")).into(),
        user_id: cloud.things.get(&format!("user/{user}")).into(),
        name: format!("ready-bay-of-{project}"),
        template_id: String::new(),
        coe: "docker".into(),
        status: "CREATE_COMPLETE".into(),
        status_reason: None,
        health_status: None,
        health_reason: "{}".into(),
        api_address: None,
        generation: 1,
        revision: 1,
        deadline: None,
        deleting: 0,
        request_id: "req-1".into(),
        created_at: cloud.state.clock.now().0,
        updated_at: None,
        spec: String::new(),
    };
    cluster.set_spec(&spec::Cluster::default()).unwrap();
    let new = New {
        cluster,
        groups: Vec::new(),
        authorities: Vec::new(),
    };
    let made = cloud
        .state
        .store
        .write(move |tx| clusters::create(tx, &new, -1));
    made.await.unwrap();
    id
}

/// A container of the victims' that runs; the seeded host stands for a node.
async fn container(cloud: &mut Cloud) {
    let body = json!({
        "name": "box", "image": cloud.things.get("image/images"),
        "bay_uuid": cloud.things.get("cluster/ready"), "command": "sleep 9", "memory": "64m",
    });
    let url = format!("{BASE}/containers");
    let place = "container-infra/containers";
    make(cloud, Persona::Member, &url, body, "/uuid", place).await;
    active(cloud, cloud.things.get(place).to_owned()).await;
    cloud.things.put("name:container-infra/containers", "box");
}
