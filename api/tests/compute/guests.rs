//! Guests of clusters are rows of servers, and nothing that compute shows, counts or changes.

use super::cloud::{Caller, Cloud, IMAGE, PROJECT};
use super::servers::make;
use actix_web::http::Method;
use schemas::ids::{ClusterId, ImageId, ServerId};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::compute::guests;
use store::compute::launch::Launch;
use store::compute::servers;
use store::compute::spec::{BootImage, Flavor, Guest};
use store::{Scope, Tx};

fn launch() -> Launch {
    Launch {
        project_id: PROJECT.into(),
        user_id: "user".into(),
        request_id: "req-guest".into(),
        name: "guest".into(),
        hostname: None,
        image: BootImage {
            id: ImageId::parse(IMAGE).unwrap(),
            manifest: "sha256:0".into(),
        },
        flavor: Flavor {
            ram_mb: 64,
            ..Flavor::default()
        },
        metadata: BTreeMap::from([("color".into(), "red".into())]),
        tags: ["blue".to_owned()].into(),
        description: None,
        key: None,
        user_data: None,
        networked: true,
        zone: None,
        wanted_host: None,
        hints: Value::Null,
        group_id: None,
        command: None,
        config_drive: false,
        files: Vec::new(),
        access_v4: String::new(),
        access_v6: String::new(),
        within: Some(ClusterId::new()),
        min_count: 1,
        max_count: 1,
        patience: std::time::Duration::from_secs(60),
    }
}

/// A container that runs on this host, as a row.
async fn guest(cloud: &Cloud, host: &str) -> String {
    let id = ServerId::new();
    let (key, host) = (id.to_string(), host.to_owned());
    let write = move |tx: &mut Tx<'_>| {
        let container = Guest::Container {
            env: BTreeMap::new(),
            asked_image: "cirros".into(),
            asked_command: None,
            asked_memory: None,
            in_first_words: false,
        };
        assert!(guests::launch(tx, id, &launch(), &container, None)?);
        let mut row = servers::any(tx, &key)?.unwrap();
        row.vm_state = "active".into();
        row.task_state = None;
        row.host_id = Some(host.clone());
        row.zone = "nova".into();
        servers::update(tx, &mut row)
    };
    cloud.store.write(write).await.unwrap();
    id.to_string()
}

/// Every way to a server, and what is asked there.
fn ways(id: &str) -> Vec<(Method, String, Value)> {
    let get = |path: &str| (Method::GET, format!("/servers/{id}{path}"), Value::Null);
    let mut ways: Vec<_> = [
        "",
        "/ips",
        "/ips/private",
        "/metadata",
        "/metadata/color",
        "/tags",
        "/tags/blue",
        "/diagnostics",
        "/os-instance-actions",
        "/os-instance-actions/req-guest",
        "/os-interface",
        "/os-volume_attachments",
        "/os-security-groups",
        "/topology",
    ]
    .into_iter()
    .map(get)
    .collect();
    for action in [
        json!({ "os-start": null }),
        json!({ "os-stop": null }),
        json!({ "reboot": { "type": "HARD" } }),
        json!({ "pause": null }),
        json!({ "unpause": null }),
        json!({ "lock": null }),
        json!({ "unlock": null }),
        json!({ "rebuild": { "imageRef": IMAGE } }),
        json!({ "resize": { "flavorRef": "2" } }),
        json!({ "confirmResize": null }),
        json!({ "revertResize": null }),
        json!({ "createImage": { "name": "stolen" } }),
        json!({ "os-getConsoleOutput": {} }),
        json!({ "forceDelete": null }),
        json!({ "os-resetState": { "state": "error" } }),
    ] {
        ways.push((Method::POST, format!("/servers/{id}/action"), action));
    }
    let console = json!({ "remote_console": { "protocol": "serial", "type": "serial" } });
    ways.push((
        Method::POST,
        format!("/servers/{id}/remote-consoles"),
        console,
    ));
    for (method, path, body) in [
        (Method::PUT, "", json!({ "server": { "name": "mine" } })),
        (
            Method::PUT,
            "/metadata",
            json!({ "metadata": { "a": "b" } }),
        ),
        (
            Method::POST,
            "/metadata",
            json!({ "metadata": { "a": "b" } }),
        ),
        (Method::PUT, "/metadata/a", json!({ "meta": { "a": "b" } })),
        (Method::DELETE, "/metadata/color", Value::Null),
        (Method::PUT, "/tags", json!({ "tags": ["a"] })),
        (Method::PUT, "/tags/a", Value::Null),
        (Method::DELETE, "/tags/blue", Value::Null),
        (Method::DELETE, "/tags", Value::Null),
        (Method::DELETE, "", Value::Null),
    ] {
        ways.push((method, format!("/servers/{id}{path}"), body));
    }
    ways
}

#[actix_web::test]
async fn a_guest_is_no_server_whoever_asks_and_however() {
    let cloud = Cloud::new().await;
    let host = cloud.host("host-1").await;
    let id = guest(&cloud, &host).await;
    let before = row(&cloud, &id).await;
    let mut told = Vec::new();
    for (who, caller) in [("member", cloud.member()), ("admin", cloud.admin())] {
        for (method, path, body) in ways(&id) {
            let answer = caller.ask(method.clone(), &path, body.clone()).await;
            // What only administrators may do is refused before it is looked for.
            let refused = answer.code == 403 && who == "member";
            if answer.code != 404 && !refused {
                told.push(format!("{who} {method} {path} {body}: {}", answer.text));
            }
        }
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
    assert_eq!(row(&cloud, &id).await, before, "nothing came of it");
}

async fn row(cloud: &Cloud, id: &str) -> servers::Server {
    let id = id.to_owned();
    let read = cloud.store.read(move |conn| servers::any(conn, &id));
    read.await.unwrap().unwrap()
}

#[actix_web::test]
async fn no_list_sum_or_quota_of_compute_holds_a_guest() {
    let cloud = Cloud::new().await;
    let host = cloud.host("host-1").await;
    let told = async |caller: &Caller<'_>| {
        let mut told = Vec::new();
        for path in [
            "/servers",
            "/servers/detail",
            "/servers/detail?all_tenants=1&deleted=true",
            "/servers/detail?name=guest",
            "/servers/detail?status=ACTIVE&all_tenants=1",
            "/servers/detail?host=host-1&all_tenants=1",
            "/servers?sort_key=created_at&limit=1",
            "/limits",
            "/os-quota-sets/11111111111111111111111111111111/detail",
            "/os-server-groups",
            "/os-migrations",
        ] {
            told.push(caller.get(path).await.is(200));
        }
        let usage = format!("/os-simple-tenant-usage/{PROJECT}");
        let usage = caller.get(&usage).await.is(200);
        told.push(usage["tenant_usage"]["server_usages"].clone());
        told
    };
    let admin = cloud.admin();
    let before = told(&admin).await;
    let id = guest(&cloud, &host).await;
    assert_eq!(told(&admin).await, before);
    // A page does not begin behind one, and no placement is made after one.
    let marked = cloud.member().get(&format!("/servers?marker={id}")).await;
    marked.refused(400);
    let server = make(&cloud.member(), "web").await;
    let list = admin.get("/servers/detail?all_tenants=1").await.is(200);
    assert_eq!(list["servers"].as_array().unwrap().len(), 1);
    assert_eq!(list["servers"][0]["id"], server);
}

#[actix_web::test]
async fn nor_is_its_history_shown_when_it_is_gone() {
    let cloud = Cloud::new().await;
    let host = cloud.host("host-1").await;
    let id = guest(&cloud, &host).await;
    let server = make(&cloud.member(), "web").await;
    let (gone, scope) = ([id.clone(), server.clone()], Scope::All);
    let remove = move |tx: &mut Tx<'_>| {
        for id in &gone {
            let row = servers::any(tx, id)?.unwrap();
            assert!(scope.sees(&row.project_id));
            servers::remove(tx, &row)?;
        }
        Ok(())
    };
    cloud.store.write(remove).await.unwrap();
    let history = |id: &str| format!("/servers/{id}/os-instance-actions");
    let member = cloud.member();
    member.get(&history(&id)).await.refused(404);
    member.get(&history(&server)).await.is(200);
}
