//! Container-infra's things: a template, a cluster that waits for its nodes, and what the victims keep
//! beside it. The stranger's cluster is written as a row: he has no flavor to make one of.

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
    for (place, whose, name) in [
        (
            "cluster/elsewhere",
            ("project/elsewhere", "user/stranger"),
            "bay-of-elsewhere",
        ),
        (
            "cluster/ready",
            ("project/home", "user/member"),
            "bay-that-is-ready",
        ),
    ] {
        let id = complete(cloud, whose, name).await;
        cloud.things.put(place, id);
    }
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
        ("container-infra/services", "web"),
        ("container-infra/containers", "web"),
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
    for (kind, name) in [("pods", "pod-of-home"), ("rcs", "rc-of-home")] {
        let body = json!({
            "bay_uuid": cloud.things.get("cluster/ready"),
            "manifest": manifest(kind, name, cloud.things.get("image/public")).to_string(),
        });
        let (url, place) = (format!("{BASE}/{kind}"), format!("container-infra/{kind}"));
        make(cloud, Persona::Member, &url, body, "/uuid", &place).await;
        cloud.things.put(format!("name:{place}"), name);
    }
}

/// A manifest of a kind (`pods`, `rcs`) that uses most of what means something.
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
        _ => json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": { "name": name, "labels": { "app": "alone" } }, "spec": spec,
        }),
    }
}

/// A cluster without nodes, as a row: nobody makes any here.
async fn complete(cloud: &Cloud, (project, user): (&str, &str), name: &str) -> String {
    let id = Uuid::now_v7().to_string();
    let mut cluster = Cluster {
        id: id.clone(),
        project_id: cloud.things.get(project).into(),
        user_id: cloud.things.get(user).into(),
        name: name.into(),
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
