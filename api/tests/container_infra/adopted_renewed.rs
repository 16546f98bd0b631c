//! Other credentials for an adopted cluster.

use super::adopted::{allowing, bay, pod, post, seen};
use super::api_server::{ApiServer, TOKEN};
use super::cloud::{Answer, CLUSTER, Caller, Cloud};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use store::container_infra::adopted::{self, Adopted};
use store::container_infra::clusters;
use store::{Scope, Tx};

const LABEL: &str = "/labels/kubeconfig";

async fn renewed(caller: &Caller<'_>, id: &str, op: &str, path: &str, value: &str) -> Answer {
    let body = json!([{ "op": op, "path": path, "value": value }]);
    caller.patch(&format!("/v1/clusters/{id}"), body).await
}

async fn row(cloud: &Cloud, id: &str) -> Adopted {
    let id = id.to_owned();
    let read = cloud.store.read(move |conn| adopted::get(conn, &id));
    read.await.unwrap().unwrap()
}

async fn is(cloud: &Cloud, id: &str, status: &'static str) {
    let id = id.to_owned();
    let write = move |tx: &mut Tx<'_>| {
        let mut cluster = clusters::get(tx, &Scope::All, &id)?.unwrap();
        cluster.status = status.into();
        clusters::update(tx, &mut cluster)
    };
    cloud.store.write(write).await.unwrap();
}

async fn shown(cloud: &Cloud, id: &str) -> Value {
    let shown = cloud.member().get(&format!("/v1/clusters/{id}")).await;
    shown.is(200)
}

/// A kubeconfig whose credentials nobody takes.
fn ended(server: &ApiServer) -> String {
    let mut it = server.kubeconfig();
    it["users"][0]["user"]["token"] = "of-yesterday".into();
    STANDARD.encode(it.to_string())
}

#[actix_web::test]
async fn other_credentials_are_kept_as_the_first_ones_are() {
    let (cloud, server) = (allowing().await, ApiServer::start().await);
    let id = bay(&cloud, &server).await;
    let member = cloud.member();
    let before = shown(&cloud, &id).await["labels"]["kubeconfig"].clone();
    // As present clients send it, both words.
    for (op, value) in [
        ("replace", ended(&server)),
        ("add", server.kubeconfig().to_string()),
    ] {
        let answer = renewed(&member, &id, op, LABEL, &value).await;
        assert_eq!(answer.is(202), json!({ "uuid": id }));
        let now = shown(&cloud, &id).await;
        assert_eq!(now["status"], "UPDATE_IN_PROGRESS", "{op}");
        let label = now["labels"]["kubeconfig"].as_str().unwrap();
        assert!(label.starts_with("sealed:sha256:"), "{label}");
        if op == "replace" {
            assert_ne!(label, before, "it is another one");
        }
        // What it was last seen to have stays while it is asked.
        assert_eq!(now["node_count"], 1);
        let (row, file) = (row(&cloud, &id).await, cloud.files().await);
        assert_eq!((row.asked, row.asked_at), (row.answered, None), "it is due");
        for secret in [TOKEN, "of-yesterday", &value[..64]] {
            let found = file
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} in the database");
        }
        let alone = format!("/v1/pods?bay_ident={id}");
        match op {
            "replace" => {
                let told = member.get(&alone).await.refused(403);
                assert!(told.contains("label kubeconfig"), "{told}");
            }
            _ => drop(member.get(&alone).await.is(200)),
        }
    }
    seen(&cloud, &id).await;
    post(&member, &id, "pods", &pod("web").to_string())
        .await
        .is(201);
    // What is shown of it is no other one.
    let label = shown(&cloud, &id).await["labels"]["kubeconfig"].clone();
    let asked = row(&cloud, &id).await.asked;
    let same = renewed(&member, &id, "replace", LABEL, label.as_str().unwrap()).await;
    same.is(202);
    assert_eq!(row(&cloud, &id).await.asked, asked);
    let whole = format!("{{'kubeconfig': '{}'}}", ended(&server));
    renewed(&member, &id, "replace", "/labels", &whole)
        .await
        .is(202);
    assert_eq!(row(&cloud, &id).await.asked, asked + 1);
}

#[actix_web::test]
async fn a_cluster_may_move_and_what_was_seen_elsewhere_is_forgotten() {
    let (cloud, server) = (allowing().await, ApiServer::start().await);
    let id = bay(&cloud, &server).await;
    let other = ApiServer::start().await;
    let value = other.kubeconfig().to_string();
    renewed(&cloud.member(), &id, "replace", LABEL, &value)
        .await
        .is(202);
    let ca = format!("/v1/certificates/{id}");
    let ca = cloud.member().get(&ca).await.is(200);
    assert_eq!(ca["pem"], other.ca());
    assert_eq!(shown(&cloud, &id).await["node_count"], 0);
    let row = row(&cloud, &id).await;
    assert!(row.server.ends_with(&format!(":{}/", other.port)));
}

#[actix_web::test]
async fn what_was_given_up_is_tried_again() {
    let (cloud, server) = (allowing().await, ApiServer::start().await);
    let id = bay(&cloud, &server).await;
    let value = server.kubeconfig().to_string();
    for (before, after) in [
        ("CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS"),
        ("CREATE_FAILED", "CREATE_IN_PROGRESS"),
        ("CREATE_COMPLETE", "UPDATE_IN_PROGRESS"),
        ("UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"),
        ("UPDATE_FAILED", "UPDATE_IN_PROGRESS"),
        ("UPDATE_COMPLETE", "UPDATE_IN_PROGRESS"),
    ] {
        is(&cloud, &id, before).await;
        renewed(&cloud.member(), &id, "replace", LABEL, &value)
            .await
            .is(202);
        assert_eq!(shown(&cloud, &id).await["status"], after, "{before}");
    }
    cloud
        .member()
        .delete(&format!("/v1/clusters/{id}"))
        .await
        .is(204);
    let told = renewed(&cloud.member(), &id, "replace", LABEL, &value)
        .await
        .refused(400);
    assert!(told.contains("being deleted"), "{told}");
}

#[actix_web::test]
async fn credentials_that_are_none_change_nothing() {
    let (cloud, server) = (allowing().await, ApiServer::start().await);
    let id = bay(&cloud, &server).await;
    let member = cloud.member();
    let (before, kept) = (shown(&cloud, &id).await, row(&cloud, &id).await);
    let private = server.kubeconfig_at("https://10.0.0.1:6443").to_string();
    let mut program = server.kubeconfig();
    program["users"][0]["user"] = json!({ "exec": { "command": "id", "apiVersion": "v1" } });
    for (op, path, value, word) in [
        ("replace", LABEL, "a", "kubeconfig"),
        ("replace", LABEL, private.as_str(), "not public"),
        ("replace", LABEL, &program.to_string(), "exec"),
        ("remove", LABEL, "", "not removed"),
        ("remove", "/labels", "", "labels"),
        ("add", "/labels/other", "a", "labels"),
        ("replace", "/labels", "{'a': 'b'}", "not removed"),
    ] {
        let told = renewed(&member, &id, op, path, value).await.refused(400);
        assert!(told.contains(word), "{op} {path}: {told}");
        assert!(!told.contains(TOKEN), "{told}");
    }
    // With something that is impossible beside it.
    let body = json!([
        { "op": "replace", "path": LABEL, "value": ended(&server) },
        { "op": "replace", "path": "/node_count", "value": 3 },
    ]);
    let item = format!("/v1/clusters/{id}");
    let told = member.patch(&item, body).await.refused(400);
    assert!(told.contains("adopted"), "{told}");
    let valid = server.kubeconfig().to_string();
    renewed(&cloud.stranger(), &id, "replace", LABEL, &valid)
        .await
        .refused(404);
    renewed(&cloud.reader(), &id, "replace", LABEL, &valid)
        .await
        .refused(403);
    assert_eq!(shown(&cloud, &id).await, before);
    assert_eq!(row(&cloud, &id).await, kept);
    // Clusters of this cloud's making take none.
    let told = renewed(&member, CLUSTER, "add", LABEL, &valid)
        .await
        .refused(400);
    assert!(told.contains("not adopted"), "{told}");
    let rotate = format!("/v1/credentials/{id}");
    let told = member.patch(&rotate, Value::Null).await.refused(400);
    assert!(told.contains("label kubeconfig"), "{told}");
    assert!(server.heard().is_empty());
}
