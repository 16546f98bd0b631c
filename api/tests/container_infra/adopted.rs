//! Adopted clusters of Kubernetes: what may adopt one, who sees the secret (nobody), and what comes and
//! goes between clients and its API server.

use super::api_server::{ApiServer, Mood, TOKEN};
use super::cloud::{Answer, Caller, Cloud, OTHER};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use schemas::container_infra::adopted::{Node, Seen, Sight};
use serde_json::{Value, json};
use store::container_infra::{adopted, clusters};
use store::{Scope, Tx};

/// A cloud whose operator allows API servers on this machine.
pub async fn allowing() -> Cloud {
    Cloud::with(|settings| {
        settings.kubernetes.allow = vec!["127.0.0.0/8".parse().unwrap()];
        settings.kubernetes.timeout_s = 2;
    })
    .await
}

async fn template(cloud: &Cloud) -> String {
    let fields = json!({ "coe": "kubernetes", "name": "theirs" });
    cloud.member().template(fields).await
}

pub async fn adopt(cloud: &Cloud, kubeconfig: &str) -> Answer {
    let template = template(cloud).await;
    let body =
        json!({ "name": "k", "baymodel_id": template, "labels": { "kubeconfig": kubeconfig } });
    cloud.member().old().post("/v1/bays", body).await
}

/// An adopted bay that its conductor has seen.
pub async fn bay(cloud: &Cloud, server: &ApiServer) -> String {
    // As long as those of real clusters, and longer than other labels may be.
    let mut kubeconfig = server.kubeconfig();
    kubeconfig["users"][0]["user"]["extensions"] =
        json!([{ "name": "e", "extension": { "note": "x".repeat(4000) } }]);
    let kubeconfig = STANDARD.encode(kubeconfig.to_string());
    let made = adopt(cloud, &kubeconfig).await.is(201);
    let id = made["uuid"].as_str().unwrap().to_owned();
    seen(cloud, &id).await;
    id
}

/// What the UUIDs of its nodes `a` and `b` begin with.
pub const NODE: &str = "5f1f1a0e-0000-4000-8000-00000000000";

/// As the conductor writes down what it saw.
pub async fn seen(cloud: &Cloud, id: &str) {
    let id = id.to_owned();
    let write = move |tx: &mut Tx<'_>| {
        let mut cluster = clusters::get(tx, &Scope::All, &id)?.unwrap();
        let mut row = adopted::get(tx, &id)?.unwrap();
        cluster.status = "CREATE_COMPLETE".into();
        cluster.api_address = Some(row.server.clone());
        clusters::update(tx, &mut cluster)?;
        let node = |name: &str, master, address: &str| Node {
            name: name.into(),
            uid: Some(format!("{NODE}{name}")),
            system: Some("Debian GNU/Linux 12".into()),
            made: Some(1_000_000),
            ready: "True".into(),
            master,
            address: Some(address.into()),
            engine: Some("containerd://1.4.3".into()),
            ..Node::default()
        };
        let sight = Sight::Answers(Seen {
            version: "v1.20.2".into(),
            nodes: vec![node("a", true, "10.0.0.2"), node("b", false, "10.0.0.3")],
            hidden: None,
        });
        let now = tx.now();
        let number = row.ask(now);
        assert!(row.hear(number, &sight, now)?);
        adopted::update(tx, &mut row)
    };
    cloud.store.write(write).await.unwrap();
}

pub fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "labels": { "app": "web" }, "annotations": { "a": "ü\n" } },
        "spec": {
            "nodeSelector": { "disk": "ssd" },
            "containers": [{ "name": "main", "image": "registry.example/web:1", "future": [1, 2.5, null] }],
        },
    })
}

pub async fn post(caller: &Caller<'_>, bay: &str, kind: &str, manifest: &str) -> Answer {
    let body = json!({ "bay_uuid": bay, "manifest": manifest });
    caller.post(&format!("/v1/{kind}"), body).await
}

fn replaced(manifest: &Value) -> Value {
    json!([{ "op": "replace", "path": "/manifest", "value": manifest.to_string() }])
}

#[actix_web::test]
async fn the_secret_is_in_no_answer_and_not_in_the_database() {
    let (cloud, server) = (allowing().await, ApiServer::start().await);
    let id = bay(&cloud, &server).await;
    let member = cloud.member();
    let encoded = STANDARD.encode(server.kubeconfig().to_string());
    let mut answers = String::new();
    for path in [
        format!("/v1/bays/{id}"),
        format!("/v1/clusters/{id}"),
        "/v1/bays/detail".into(),
        "/v1/clusters".into(),
        "/v1/clusters?sort_key=labels".into(),
        format!("/v1/certificates/{id}"),
    ] {
        let answer = member.get(&path).await;
        assert_eq!(answer.code, 200, "{path}: {}", answer.text);
        answers += &answer.text;
    }
    let label = member.get(&format!("/v1/clusters/{id}")).await.is(200);
    let label = label["labels"]["kubeconfig"].as_str().unwrap();
    assert!(label.starts_with("sealed:sha256:"), "{label}");
    let file = cloud.files().await;
    let holds = |needle: &[u8]| file.windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"sealed:sha256:"), "the file is the database");
    for secret in [TOKEN, &encoded[..64], &STANDARD.encode(TOKEN)] {
        assert!(!answers.contains(secret), "{secret} in an answer");
        assert!(!holds(secret.as_bytes()), "{secret} in the database");
    }
}

#[actix_web::test]
async fn what_reaches_into_this_cloud_is_refused_by_its_name() {
    let (cloud, server) = (allowing().await, ApiServer::start().await);
    let user = |field: &str, value: Value| {
        let mut it = server.kubeconfig();
        it["users"][0]["user"] = json!({ "token": TOKEN, field: value });
        it.to_string()
    };
    let cluster = |field: &str, value: Value| {
        let mut it = server.kubeconfig();
        it["clusters"][0]["cluster"][field] = value;
        it.to_string()
    };
    let without = |user: Value| {
        let mut it = server.kubeconfig();
        it["users"][0]["user"] = user;
        it.to_string()
    };
    let mut nowhere = server.kubeconfig();
    nowhere["current-context"] = "other".into();
    let mut space = server.kubeconfig();
    space["contexts"][0]["context"]["namespace"] = "../kube-system".into();
    for (text, word) in [
        (
            user("exec", json!({ "command": "id", "apiVersion": "v1" })),
            "exec",
        ),
        (
            user("auth-provider", json!({ "name": "gcp" })),
            "auth-provider",
        ),
        (user("tokenFile", "/etc/passwd".into()), "tokenFile"),
        (
            user("client-certificate", "/a".into()),
            "client-certificate",
        ),
        (user("client-key", "/a".into()), "client-key"),
        (user("username", "a".into()), "username"),
        (user("as", "root".into()), "as-"),
        (user("credentialsScript", "id".into()), "credentialsScript"),
        (without(json!({})), "no credentials"),
        (
            without(json!({ "client-certificate-data": "YQ==" })),
            "belong together",
        ),
        (
            without(json!({ "client-certificate-data": "YQ==", "client-key-data": "YQ==" })),
            "PEM",
        ),
        (
            cluster("certificate-authority", "/etc/shadow".into()),
            "certificate-authority",
        ),
        (
            cluster("proxy-url", "http://10.0.0.1:3128".into()),
            "proxy-url",
        ),
        (
            cluster("insecure-skip-tls-verify", true.into()),
            "insecure-skip-tls-verify",
        ),
        (cluster("server", "http://127.0.0.1:1".into()), "https"),
        (
            cluster("server", "https://u:p@127.0.0.1:1".into()),
            "without user",
        ),
        (cluster("server", "file:///etc/passwd".into()), "https"),
        (cluster("server", "unix:/run/docker.sock".into()), "https"),
        (
            cluster("certificate-authority-data", "YQ==".into()),
            "certificate-authority-data",
        ),
        (nowhere.to_string(), "current-context"),
        (space.to_string(), "namespace"),
        ("sealed:sha256:00".into(), "no kubeconfig"),
        ("a: [".into(), "no kubeconfig"),
        (" ".into(), "empty"),
        ("AAA".into(), "base64"),
        (format!("# {}\n", "x".repeat(70_000)), "64 KiB"),
    ] {
        let told = adopt(&cloud, &text).await.refused(400);
        assert!(
            told.contains("kubeconfig") && told.contains(word),
            "{word}: {told}"
        );
        assert!(!told.contains(TOKEN), "{told}");
    }
    let all = cloud.member().get("/v1/clusters").await.is(200);
    let names = all["clusters"].as_array().unwrap().iter();
    assert!(names.into_iter().all(|one| one["name"] != "k"), "{all}");
}

#[actix_web::test]
async fn an_address_of_the_house_is_not_asked_unless_an_operator_allows_it() {
    let (cloud, server) = (Cloud::new().await, ApiServer::start().await);
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "169.254.169.254",
        "10.0.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "[fd00::1]",
        "[::ffff:127.0.0.1]",
        "0x7f.1",
    ] {
        let kubeconfig = server.kubeconfig_at(&format!("https://{host}:{}", server.port));
        let told = adopt(&cloud, &kubeconfig.to_string()).await.refused(400);
        assert!(
            told.contains("not public") && told.contains("allow"),
            "{host}: {told}"
        );
    }
    assert!(server.heard().is_empty());
}

#[actix_web::test]
async fn an_address_is_judged_again_with_every_call() {
    let (mut cloud, server) = (allowing().await, ApiServer::start().await);
    let id = bay(&cloud, &server).await;
    cloud.change(|settings| settings.kubernetes.allow.clear());
    let told = cloud
        .member()
        .get(&format!("/v1/pods?bay_ident={id}"))
        .await
        .refused(504);
    assert!(told.contains("not public"), "{told}");
    assert!(server.heard().is_empty());
}

#[actix_web::test]
async fn the_label_is_refused_where_it_would_lie_in_clear() {
    let cloud = allowing().await;
    let member = cloud.member();
    let labels = json!({ "kubeconfig": "a" });
    let body = json!({ "coe": "kubernetes", "image_id": "jeroboam-node", "labels": labels });
    let told = member.post("/v1/clustertemplates", body).await.refused(400);
    assert!(told.contains("credentials"), "{told}");
    let server = ApiServer::start().await;
    let docker = super::clusters::template(&cloud, json!({})).await;
    let kubeconfig = server.kubeconfig().to_string();
    let body = json!({ "cluster_template_id": docker, "labels": { "kubeconfig": kubeconfig } });
    let told = member.post("/v1/clusters", body).await.refused(400);
    assert!(told.contains("of docker"), "{told}");
    // Without it there would have to be nodes.
    let body = json!({ "cluster_template_id": template(&cloud).await });
    let told = member.post("/v1/clusters", body).await.refused(400);
    assert!(told.contains("the label kubeconfig"), "{told}");
}

#[actix_web::test]
async fn a_manifest_is_passed_on_as_it_is_and_what_is_there_is_shown() {
    let (cloud, server) = (allowing().await, ApiServer::start().await);
    let id = bay(&cloud, &server).await;
    let member = cloud.member().old();
    let manifest = pod("web");
    let made = post(&member, &id, "pods", &manifest.to_string()).await;
    let place = made.header("location").unwrap().to_owned();
    let made = made.is(201);
    let sent = server.heard().pop().unwrap();
    let at = "/api/v1/namespaces/default/pods";
    assert_eq!(sent, ("POST".into(), at.into(), manifest.clone()));
    let uuid = made["uuid"].as_str().unwrap();
    assert!(place.ends_with(&format!("/v1/pods/{uuid}")), "{place}");
    assert_eq!(made["manifest"], manifest.to_string());
    let expected = json!({
        "uuid": uuid, "name": "web", "desc": null, "bay_uuid": id,
        "images": ["registry.example/web:1"], "labels": { "app": "web" },
        "status": "Pending", "status_reason": null, "host": null,
    });
    for path in [
        format!("/v1/pods/web/{id}"),
        "/v1/pods/web?bay_ident=k".into(),
        format!("/v1/pods/{uuid}/?bay_ident={id}"),
    ] {
        let shown = member.get(&path).await.is(200);
        for (field, value) in expected.as_object().unwrap() {
            assert_eq!(shown[field], *value, "{field} of {path}");
        }
        assert!(
            shown["created_at"]
                .as_str()
                .unwrap()
                .starts_with("2026-11-01T10:00:00")
        );
        assert!(shown.get("manifest").is_none());
    }
    // YAML means the same, and its namespace holds.
    let yaml = "apiVersion: v1\nkind: Pod\nmetadata: {name: far, namespace: other}\nspec:\n  containers: []\n";
    let far = post(&member, &id, "pods", yaml).await.is(201);
    let sent = server.heard().pop().unwrap();
    assert_eq!(sent.1, "/api/v1/namespaces/other/pods");
    assert_eq!(
        sent.2["metadata"],
        json!({ "name": "far", "namespace": "other" })
    );
    let list = member
        .get(&format!("/v1/pods?bay_ident={id}"))
        .await
        .is(200);
    assert_eq!(list["pods"].as_array().unwrap().len(), 1, "{list}");
    let far = far["uuid"].as_str().unwrap();
    member.get(&format!("/v1/pods/{far}/k")).await.is(200);
    for ident in ["web", far] {
        member.delete(&format!("/v1/pods/{ident}/k")).await.is(204);
    }
    assert_eq!(server.things(), 0);
    member.get("/v1/pods/web/k").await.refused(404);
}

#[actix_web::test]
async fn controllers_and_services_are_replaced_by_other_manifests() {
    let (cloud, server) = (allowing().await, ApiServer::start().await);
    let id = bay(&cloud, &server).await;
    let member = cloud.member();
    let rc = |replicas| {
        json!({
            "apiVersion": "v1", "kind": "ReplicationController", "metadata": { "name": "web" },
            "spec": { "replicas": replicas, "selector": { "app": "web" }, "template": {
                "metadata": { "labels": { "app": "web" } },
                "spec": { "containers": [{ "name": "main", "image": "web:1" }] },
            }},
        })
    };
    let made = post(&member, &id, "rcs", &rc(1).to_string()).await.is(201);
    assert_eq!(
        (&made["replicas"], &made["images"]),
        (&json!(1), &json!(["web:1"]))
    );
    assert_eq!(made["labels"], json!({ "app": "web" }));
    let after = member
        .patch("/v1/rcs/web/k", replaced(&rc(3)))
        .await
        .is(200);
    assert_eq!(
        (&after["replicas"], &after["uuid"]),
        (&json!(3), &made["uuid"])
    );
    let sent = server.heard().pop().unwrap();
    assert_eq!(sent.0, "PUT");
    assert_eq!(sent.2["metadata"]["resourceVersion"], "1");
    let mut other = rc(1);
    other["metadata"]["name"] = "other".into();
    let told = member
        .patch("/v1/rcs/web/k", replaced(&other))
        .await
        .refused(400);
    assert!(told.contains("stays so"), "{told}");
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": "web", "labels": { "a": "b" } },
        "spec": { "selector": { "app": "web" }, "ports": [{ "port": 80, "targetPort": 8080 }] },
    });
    let made = post(&member, &id, "services", &service.to_string())
        .await
        .is(201);
    assert_eq!(made["ip"], "10.0.0.17");
    assert_eq!(made["ports"], service["spec"]["ports"]);
    assert_eq!(made["selector"], json!({ "app": "web" }));
    let mut other = service;
    other["spec"]["ports"][0]["port"] = 81.into();
    let after = member
        .patch("/v1/services/web/k", replaced(&other))
        .await
        .is(200);
    assert_eq!(
        (&after["ip"], &after["ports"][0]["port"]),
        (&made["ip"], &json!(81))
    );
    let list = member
        .get("/v1/services/detail?bay_ident=k&limit=1")
        .await
        .is(200);
    assert!(
        list["next"].as_str().unwrap().contains("bay_ident=k"),
        "{list}"
    );
}

#[actix_web::test]
async fn refusals_of_the_api_server_come_back_with_its_codes_and_words() {
    let (cloud, server) = (allowing().await, ApiServer::start().await);
    let id = bay(&cloud, &server).await;
    let member = cloud.member();
    post(&member, &id, "pods", &pod("web").to_string())
        .await
        .is(201);
    let mut nameless = pod("web");
    nameless["metadata"].as_object_mut().unwrap().remove("name");
    let mut closed = pod("web");
    closed["metadata"]["namespace"] = "closed".into();
    for (manifest, code, word) in [
        (pod("web"), 409, "pods \"web\" already exists"),
        (nameless, 422, "name or generateName is required"),
        (closed, 403, "cannot create resource"),
    ] {
        let told = post(&member, &id, "pods", &manifest.to_string())
            .await
            .refused(code);
        assert!(told.contains(word), "{told}");
    }
    let mut changed = pod("web");
    changed["spec"]["containers"] = json!([]);
    let told = member
        .patch("/v1/pods/web/k", replaced(&changed))
        .await
        .refused(422);
    assert!(told.contains("may not change fields"), "{told}");
    // What this cloud refuses by itself.
    let asked = server.heard().len();
    for (kind, manifest, word) in [
        ("rcs", pod("a").to_string(), "kind"),
        ("pods", "a: b".into(), "apiVersion"),
        (
            "pods",
            format!("{}\n---\n{}", "kind: Pod", "kind: Pod"),
            "one document",
        ),
    ] {
        let told = post(&member, &id, kind, &manifest).await.refused(400);
        assert!(told.contains(word), "{told}");
    }
    assert_eq!(server.heard().len(), asked);
    for name in ["..%2f..%2fsecrets%2fkey", "A", "%2e%2e", "a%3fb"] {
        member.get(&format!("/v1/pods/{name}/k")).await.refused(404);
    }
    assert_eq!(server.heard().len(), asked);
}

#[actix_web::test]
async fn a_server_that_misbehaves_costs_bounded_time_and_gives_nothing_away() {
    let (cloud, server) = (allowing().await, ApiServer::start().await);
    let id = bay(&cloud, &server).await;
    let member = cloud.member();
    for (mood, code, word) in [
        (Mood::Silent, 504, "nothing came in 2 s"),
        (Mood::Endless, 504, "limit"),
        (Mood::Strange, 504, "not as an API server does"),
        (Mood::Redirects, 504, "language"),
    ] {
        server.is(mood);
        let told = member
            .get(&format!("/v1/pods?bay_ident={id}"))
            .await
            .refused(code);
        assert!(told.contains(word), "{mood:?}: {told}");
        assert!(!told.contains("secret page"), "{told}");
    }
}

#[actix_web::test]
async fn credentials_that_end_are_no_word_about_the_callers_token() {
    let (cloud, server) = (allowing().await, ApiServer::start().await);
    let mut kubeconfig = server.kubeconfig();
    kubeconfig["users"][0]["user"]["token"] = "of-yesterday".into();
    let made = adopt(&cloud, &kubeconfig.to_string()).await.is(201);
    let id = made["uuid"].as_str().unwrap();
    let told = cloud
        .member()
        .get(&format!("/v1/rcs?bay_ident={id}"))
        .await
        .refused(403);
    assert!(
        told.contains("credentials") && told.contains("401"),
        "{told}"
    );
}

#[actix_web::test]
async fn others_see_nothing_of_it() {
    let (cloud, server) = (allowing().await, ApiServer::start().await);
    let id = bay(&cloud, &server).await;
    post(&cloud.member(), &id, "pods", &pod("web").to_string())
        .await
        .is(201);
    let asked = server.heard().len();
    let other = cloud.stranger();
    for path in [
        format!("/v1/pods?bay_ident={id}"),
        format!("/v1/pods/web/{id}"),
        format!("/v1/services/web?bay_ident={id}"),
        format!("/v1/certificates/{id}"),
    ] {
        other.get(&path).await.refused(404);
    }
    post(&other, &id, "pods", &pod("two").to_string())
        .await
        .refused(400);
    other
        .patch(&format!("/v1/pods/web/{id}"), replaced(&pod("web")))
        .await
        .refused(404);
    other
        .delete(&format!("/v1/pods/web/{id}"))
        .await
        .refused(404);
    // A body that is wrong is told before anything is looked for.
    let wrong = json!([{ "op": "guess", "path": "/manifest" }]);
    other
        .patch(&format!("/v1/pods/web/{id}"), wrong)
        .await
        .refused(400);
    // Nor an administrator of another project: what runs in a bay is its project's.
    let admin = cloud.caller("admin", OTHER);
    admin
        .get(&format!("/v1/pods?bay_ident={id}"))
        .await
        .refused(404);
    assert_eq!(server.heard().len(), asked);
}

#[actix_web::test]
async fn an_adopted_cluster_is_shown_as_seen_and_what_is_its_owners_is_left_to_him() {
    let (cloud, server) = (allowing().await, ApiServer::start().await);
    let id = bay(&cloud, &server).await;
    let member = cloud.member();
    let shown = member.get(&format!("/v1/clusters/{id}")).await.is(200);
    for (field, value) in [
        ("node_count", json!(1)),
        ("master_count", json!(1)),
        ("node_addresses", json!(["10.0.0.3"])),
        ("master_addresses", json!(["10.0.0.2"])),
        ("coe_version", json!("v1.20.2")),
        ("container_version", json!("containerd://1.4.3")),
        (
            "api_address",
            json!(format!("https://127.0.0.1:{}/", server.port)),
        ),
    ] {
        assert_eq!(shown[field], value, "{field}");
    }
    let ca = member.get(&format!("/v1/certificates/{id}")).await.is(200);
    assert_eq!(ca["pem"], server.ca());
    member
        .get(&format!("/v1/certificates/{id}?ca_cert_type=etcd"))
        .await
        .refused(404);
    let csr = "-----BEGIN CERTIFICATE REQUEST-----";
    let count = json!([{ "op": "replace", "path": "/node_count", "value": 3 }]);
    for answer in [
        member
            .post(
                "/v1/certificates",
                json!({ "cluster_uuid": id, "csr": csr }),
            )
            .await,
        member
            .patch(&format!("/v1/certificates/{id}"), Value::Null)
            .await,
        member
            .post(
                &format!("/v1/clusters/{id}/actions/resize"),
                json!({ "node_count": 3 }),
            )
            .await,
        member
            .post(
                &format!("/v1/clusters/{id}/actions/upgrade"),
                json!({ "cluster_template": "theirs", "max_batch_size": 1 }),
            )
            .await,
        member
            .post(
                &format!("/v1/clusters/{id}/nodegroups"),
                json!({ "name": "more" }),
            )
            .await,
        member.patch(&format!("/v1/clusters/{id}"), count).await,
    ] {
        let told = answer.refused(400);
        assert!(told.contains("adopted"), "{told}");
    }
    let groups = member
        .get(&format!("/v1/clusters/{id}/nodegroups"))
        .await
        .is(200);
    assert_eq!(groups["nodegroups"], json!([]));
    let body = json!({ "bay_uuid": id, "image": "busybox", "name": "c" });
    let told = member.post("/v1/containers", body).await.refused(400);
    assert!(told.contains("kubernetes"), "{told}");
    member.delete(&format!("/v1/clusters/{id}")).await.is(204);
    assert!(server.heard().is_empty(), "nothing of it was asked");
}
