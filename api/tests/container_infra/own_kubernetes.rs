//! Clusters of Kubernetes of this cloud's making: which can be made, what they refuse, and that their API
//! server is reached where adopted ones are not.

use super::api_server::ApiServer;
use super::cloud::Cloud;
use super::clusters::{cluster, settle, template};
use super::pods::post;
use super::sown::{self, PROJECT};
use schemas::container_infra::adopted::{Node, Seen, Sight};
use serde_json::{Value, json};
use store::container_infra::adopted::{self, Adopted};
use store::container_infra::{clusters, nodegroups};
use store::{Scope, Tx};

const REQUEST: &str = include_str!("request.pem");

/// A template whose image has a kubelet in it.
async fn of_kubernetes(cloud: &Cloud, fields: Value) -> String {
    let image = |tx: &mut Tx<'_>| {
        let id = "0199f5a1-0000-7000-8000-0000000000ff";
        let properties = r#"{"os_distro":"jeroboam-node","jeroboam_kubernetes":"v1.20.2"}"#;
        sown::image(tx, id, "kubelets", properties)
    };
    cloud.store.write(image).await.unwrap();
    let mut all = json!({ "coe": "kubernetes", "image_id": "kubelets", "master_lb_enabled": true });
    let map = all.as_object_mut().unwrap();
    map.extend(fields.as_object().unwrap().clone());
    template(cloud, all).await
}

/// A bay whose API server is this one, as the conductor writes it down.
async fn bay(cloud: &Cloud, server: &ApiServer) -> String {
    let id = "0199f5a1-0000-7000-8000-0000000000e1".to_owned();
    let url = format!("https://127.0.0.1:{}", server.port);
    let text = kubernetes::Kubeconfig::parse(&server.kubeconfig().to_string()).unwrap();
    let about = Adopted::about(&id);
    let sealed = cloud.state.seals.seal(&about, text.reveal()).unwrap();
    let (key, ca) = (id.clone(), server.ca().to_owned());
    let write = move |tx: &mut Tx<'_>| {
        sown::cluster_of(tx, &key, PROJECT, "kubernetes", "CREATE_COMPLETE")?;
        let now = tx.now();
        let mut row = Adopted::own(&key, (&url, &ca), sealed.clone(), now);
        let node = Node {
            name: "bay-default-master-0-1".into(),
            ready: "True".into(),
            address: Some("10.0.0.2".into()),
            engine: Some("containerd://1.4.3".into()),
            ..Node::default()
        };
        let seen = Seen {
            version: "v1.20.2".into(),
            nodes: vec![node],
            hidden: None,
        };
        let number = row.ask(now);
        row.hear(number, &Sight::Answers(seen), now)?;
        adopted::insert(tx, &row)
    };
    cloud.store.write(write).await.unwrap();
    id
}

#[actix_web::test]
async fn a_cluster_is_made_of_an_image_with_a_kubelet_and_of_no_other() {
    let cloud = Cloud::new().await;
    let plain = template(&cloud, json!({ "coe": "kubernetes", "name": "plain" })).await;
    for body in [json!({}), json!({ "node_count": 3 })] {
        let mut body = body;
        body["cluster_template_id"] = json!(plain);
        let told = cloud.member().post("/v1/clusters", body).await.refused(400);
        assert!(
            told.contains("jeroboam_kubernetes") && told.contains("kubeconfig"),
            "{told}"
        );
    }
    let kubelets = of_kubernetes(&cloud, json!({})).await;
    let id = cluster(&cloud, &kubelets, "k").await;
    let shown = cloud.member().get("/v1/clusters/k").await.is(200);
    assert_eq!(shown["status"], "CREATE_IN_PROGRESS");
    assert_eq!(
        (&shown["master_count"], &shown["node_count"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        (&shown["coe_version"], &shown["container_version"]),
        (&Value::Null, &Value::Null)
    );
    let read = move |conn: &mut store::Conn| adopted::get(conn, &id);
    assert_eq!(
        cloud.store.read(read).await.unwrap(),
        None,
        "nothing opens it yet"
    );
    // The same image boots nodes of the others.
    let docker = template(&cloud, json!({ "name": "d", "image_id": "kubelets" })).await;
    cluster(&cloud, &docker, "d").await;
}

#[actix_web::test]
async fn several_masters_are_not_built_and_networks_that_cannot_be_are_refused() {
    let cloud = Cloud::new().await;
    let kubelets = of_kubernetes(&cloud, json!({})).await;
    for (fields, code, word) in [
        (json!({ "master_count": 3 }), 501, "etcd"),
        (
            json!({ "labels": { "flannel_network_cidr": "10.100.0.0/24" } }),
            400,
            "flannel_network_cidr",
        ),
    ] {
        let mut body = fields;
        body["cluster_template_id"] = json!(kubelets);
        let told = cloud
            .member()
            .post("/v1/clusters", body)
            .await
            .refused(code);
        assert!(told.contains(word), "{told}");
    }
}

#[actix_web::test]
async fn another_authority_is_given_to_it_as_to_any_and_workers_are_resized_as_any() {
    let cloud = Cloud::new().await;
    let kubelets = of_kubernetes(&cloud, json!({})).await;
    let id = cluster(&cloud, &kubelets, "k").await;
    settle(&cloud, &id, "CREATE_COMPLETE", None).await;
    let member = cloud.member();
    let rotate = format!("/v1/certificates/{id}");
    member
        .send(actix_web::http::Method::PATCH, &rotate, None)
        .await
        .is(202);
    settle(&cloud, &id, "UPDATE_COMPLETE", None).await;
    let resize = format!("/v1/clusters/{id}/actions/resize");
    for (body, code, word) in [
        (
            json!({ "nodegroup": "default-master", "node_count": 3 }),
            501,
            "etcd",
        ),
        (
            json!({ "nodegroup": "default-master", "node_count": 1, "nodes_to_remove": ["default-master-0"] }),
            400,
            "goes with the cluster only",
        ),
    ] {
        let told = member.post(&resize, body).await.refused(code);
        assert!(told.contains(word), "{told}");
    }
    member
        .post(&resize, json!({ "node_count": 3 }))
        .await
        .is(202);
    let key = id.clone();
    let read = move |conn: &mut store::Conn| nodegroups::find(conn, &key, nodegroups::WORKERS);
    let workers = cloud.store.read(read).await.unwrap().unwrap();
    assert_eq!(workers.node_count, 3);
}

/// Its API server has said that it is of this version.
async fn seen(cloud: &Cloud, id: &str, version: &'static str) {
    let id = id.to_owned();
    let write = move |tx: &mut Tx<'_>| {
        let mut row = Adopted::own(&id, ("https://192.0.2.1:1", "ca"), String::new(), tx.now());
        let seen = Seen {
            version: version.into(),
            ..Seen::default()
        };
        let (number, now) = (row.ask(tx.now()), tx.now());
        row.hear(number, &Sight::Answers(seen), now)?;
        adopted::insert(tx, &row)
    };
    cloud.store.write(write).await.unwrap();
}

#[actix_web::test]
async fn an_upgrade_goes_to_the_next_version_and_leaves_the_master_its_flavor() {
    let cloud = Cloud::new().await;
    let kubelets = of_kubernetes(&cloud, json!({})).await;
    let id = cluster(&cloud, &kubelets, "k").await;
    settle(&cloud, &id, "CREATE_COMPLETE", None).await;
    seen(&cloud, &id, "v1.20.2").await;
    let sow = |tx: &mut Tx<'_>| {
        sown::flavor(tx, "2", "c1.large")?;
        for (number, version) in [(19, "v1.19.0"), (21, "v1.21.4"), (22, "v1.22.0")] {
            let properties =
                format!(r#"{{"os_distro":"jeroboam-node","jeroboam_kubernetes":"{version}"}}"#);
            let image = format!("0199f5a1-0000-7000-8000-0000000001{number}");
            sown::image(tx, &image, version, &properties)?;
        }
        Ok(())
    };
    cloud.store.write(sow).await.unwrap();
    let upgrade = format!("/v1/clusters/{id}/actions/upgrade");
    let to = async |image: &str, master: &str| {
        let fields = json!({ "coe": "kubernetes", "image_id": image, "master_flavor_id": master });
        json!({ "cluster_template": template(&cloud, fields).await })
    };
    for (image, master, word) in [
        ("v1.19.0", "c1.small", "cannot follow v1.20.2"),
        ("v1.22.0", "c1.small", "cannot follow v1.20.2"),
        ("v1.21.4", "c1.large", "keeps its flavor c1.small"),
        ("jeroboam-node", "c1.small", "jeroboam_kubernetes"),
    ] {
        let body = to(image, master).await;
        let told = cloud.member().post(&upgrade, body).await.refused(400);
        assert!(told.contains(word), "{told}");
    }
    let body = to("v1.21.4", "c1.small").await;
    cloud.member().post(&upgrade, body).await.is(202);
    let shown = cloud.member().get("/v1/clusters/k").await.is(200);
    assert_eq!(shown["status"], "UPDATE_IN_PROGRESS");
}

#[actix_web::test]
async fn a_group_registers_with_labels_that_kubelets_start_with() {
    let cloud = Cloud::new().await;
    let kubelets = of_kubernetes(&cloud, json!({})).await;
    let id = cluster(&cloud, &kubelets, "k").await;
    settle(&cloud, &id, "CREATE_COMPLETE", None).await;
    let (member, path) = (cloud.member(), format!("/v1/clusters/{id}/nodegroups"));
    for (body, word) in [
        (json!({ "name": "a b" }), "name"),
        (
            json!({ "name": "a", "node_labels": { "disk": "very fast" } }),
            "disk",
        ),
        (
            json!({ "name": "a", "node_taints": [{ "key": "a b", "effect": "NoSchedule" }] }),
            "node_taints",
        ),
        (
            json!({ "name": "a", "image_id": "jeroboam-node" }),
            "jeroboam_kubernetes",
        ),
    ] {
        let told = member.post(&path, body).await.refused(400);
        assert!(told.contains(word), "{told}");
    }
    let good = json!({ "name": "pool", "node_labels": { "disk": "ssd" } });
    member.post(&path, good).await.is(202);
}

#[actix_web::test]
async fn pods_go_to_its_own_api_server_wherever_that_is() {
    let cloud = Cloud::with(|settings| settings.kubernetes.timeout_s = 2).await;
    let server = ApiServer::start().await;
    let id = bay(&cloud, &server).await;
    let member = cloud.member();
    let manifest = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "web" },
        "spec": { "containers": [{ "name": "main", "image": "web" }] },
    });
    let body = json!({ "bay_uuid": id, "manifest": manifest.to_string() });
    member.post("/v1/pods", body).await.is(201);
    assert_eq!(server.things(), 1, "no operator has to allow it");
    let shown = member.get(&format!("/v1/clusters/{id}")).await.is(200);
    assert_eq!(shown["coe_version"], "v1.20.2");
    assert_eq!(shown["container_version"], "containerd://1.4.3");
    let body = json!({ "bay_uuid": id, "image": "busybox", "name": "c" });
    let told = member.post("/v1/containers", body).await.refused(400);
    assert!(told.contains("kubernetes"), "{told}");
    server.is(super::api_server::Mood::Silent);
    let told = member.get(&format!("/v1/pods/web/{id}")).await.refused(504);
    assert!(told.contains("on the cluster's master"), "{told}");
}

#[actix_web::test]
async fn before_there_is_an_api_server_pods_are_refused_with_the_reason() {
    let cloud = Cloud::new().await;
    let write = |tx: &mut Tx<'_>| {
        let mut row = clusters::get(tx, &Scope::All, sown::CLUSTER)?.unwrap();
        row.coe = "kubernetes".into();
        row.status = "CREATE_IN_PROGRESS".into();
        clusters::update(tx, &mut row)
    };
    cloud.store.write(write).await.unwrap();
    let manifest = super::pods::manifest("web");
    let told = post(&cloud.member(), "pods", &manifest).await.refused(400);
    assert!(told.contains("its API server is not there yet"), "{told}");
}

#[actix_web::test]
async fn its_authority_signs_for_who_asks_with_the_clients_request() {
    let cloud = Cloud::new().await;
    let kubelets = of_kubernetes(&cloud, json!({})).await;
    let id = cluster(&cloud, &kubelets, "k").await;
    let write = {
        let id = id.clone();
        move |tx: &mut Tx<'_>| {
            let row = Adopted::own(&id, ("https://127.0.0.1:1", "ca"), String::new(), tx.now());
            adopted::insert(tx, &row)
        }
    };
    cloud.store.write(write).await.unwrap();
    let member = cloud.member();
    let shown = member.get(&format!("/v1/certificates/{id}")).await.is(200);
    let pem = shown["pem"].as_str().unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"), "{pem}");
    let ask = json!({ "cluster_uuid": id, "csr": REQUEST });
    let signed = member.post("/v1/certificates", ask).await.is(201);
    let pem = signed["pem"].as_str().unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"), "{pem}");
}
