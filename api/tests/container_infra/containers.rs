//! Containers as the clients of 2015 use them: made, shown, started, looked into, deleted.

use super::cloud::{BASE, CLUSTER, Caller, DISTROLESS};
use super::conducted::Conducted;
use serde_json::{Value, json};
use store::compute::guests::{self, Kind};
use store::compute::servers::Server;
use store::compute::spec::Spec;
use store::{Conn, Scope};

fn wish(name: &str) -> Value {
    json!({
        "name": name, "image": "busybox", "bay_uuid": CLUSTER, "command": "sh -c 'sleep 9'",
        "memory": "512m", "environment": { "N": 1 },
    })
}

async fn make(caller: &Caller<'_>, name: &str) -> String {
    let made = caller.post("/v1/containers", wish(name)).await.is(201);
    made["uuid"].as_str().unwrap().to_owned()
}

async fn row(cloud: &Conducted, id: &str) -> (Server, Spec) {
    let id = id.to_owned();
    let read = move |conn: &mut Conn| guests::get(conn, &Scope::All, Kind::Container, &id);
    let row = cloud.store.read(read).await.unwrap().unwrap();
    let spec = row.spec().unwrap();
    (row, spec)
}

#[actix_web::test]
async fn a_container_is_made_and_waits_to_be_started() {
    let cloud = Conducted::new().await;
    let member = cloud.member().old();
    let answer = member.post("/v1/containers", wish("web")).await;
    let place = answer.header("location").map(str::to_owned);
    let made = answer.is(201);
    let id = made["uuid"].as_str().unwrap();
    assert_eq!(place.unwrap(), format!("{BASE}/v1/containers/{id}"));
    for (field, value) in [
        ("name", json!("web")),
        ("image", json!("busybox")),
        ("bay_uuid", json!(CLUSTER)),
        ("command", json!("sh -c 'sleep 9'")),
        ("memory", json!("512m")),
        ("environment", json!({ "N": "1" })),
        ("status", json!("Stopped")),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    assert!(made["created_at"].is_string() && made.get("image_id").is_none());
    assert_eq!(
        made["links"][0]["href"],
        format!("{BASE}/v1/containers/{id}")
    );
    for path in [
        id,
        "web",
        &format!("web/?bay_ident={CLUSTER}"),
        "web?bay_ident=bay",
    ] {
        let shown = member.get(&format!("/v1/containers/{path}")).await.is(200);
        assert_eq!(shown["uuid"], id, "{path}");
    }
    let (row, spec) = row(&cloud, id).await;
    assert_eq!(row.guest_of.as_deref(), Some(CLUSTER));
    assert_eq!(row.image_id.as_deref(), Some(DISTROLESS));
    assert_eq!(spec.command.unwrap(), ["sh", "-c", "sleep 9"]);
    assert_eq!(spec.flavor.ram_mb, 512);
    assert_eq!((spec.flavor.vcpus, spec.flavor.disk_gb), (0, 0));
}

#[actix_web::test]
async fn little_need_be_said_and_the_first_clients_words_are_understood() {
    let cloud = Conducted::new().await;
    let member = cloud.member().old();
    let first = json!({
        "image_id": DISTROLESS, "bay_uuid": CLUSTER, "name": null, "command": "", "memory": null,
        "uuid": "7d444840-9dc0-41d1-b245-5ffdce74fad2",
    });
    let made = member.post("/containers", first.clone()).await.is(201);
    assert_eq!(made["uuid"], first["uuid"]);
    assert_eq!(
        (&made["name"], &made["memory"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        (&made["image"], &made["image_id"]),
        (&json!(DISTROLESS), &json!(DISTROLESS))
    );
    let id = made["uuid"].as_str().unwrap();
    let spec = row(&cloud, id).await.1;
    assert_eq!((spec.command, spec.flavor.ram_mb), (None, 0));
    let again = member.post("/containers", first).await.refused(409);
    assert!(again.contains(id), "{again}");
}

#[actix_web::test]
async fn an_action_is_done_when_it_is_answered() {
    let cloud = Conducted::new().await;
    let member = cloud.member().old();
    let id = make(&member, "web").await;
    for (verb, status) in [
        ("start", "Running"),
        ("start", "Running"),
        ("pause", "Paused"),
        ("unpause", "Running"),
        ("reboot", "Running"),
        ("stop", "Stopped"),
        ("stop", "Stopped"),
        ("reboot", "Running"),
    ] {
        for path in [
            format!("/v1/containers/web/{verb}"),
            format!("/containers/{verb}/{id}?bay_ident=bay"),
        ] {
            // The second time only what is so already, or may be repeated, is well.
            let again = path.starts_with("/containers");
            if again && ["pause", "unpause"].contains(&verb) {
                member.put(&path).await.refused(400);
                continue;
            }
            let answer = member.put(&path).await;
            assert_eq!((answer.code, answer.text.as_str()), (200, "null"), "{path}");
            let shown = member.get("/containers/web").await.is(200);
            assert_eq!(shown["status"], status, "{path}");
            assert!(shown["updated_at"].is_string());
        }
    }
    let (server, spec) = row(&cloud, &id).await;
    let reboot = spec.reboot.unwrap();
    assert!(!reboot.hard && reboot.boot != format!("boot-{}", server.generation));
    let read = move |conn: &mut Conn| store::events::of(conn, schemas::Kind::Server, &server.id);
    let events = cloud.store.read(read).await.unwrap();
    let asked = events.iter().filter(|event| event.phase == "request");
    let asked: Vec<&str> = asked.map(|event| event.action.as_str()).collect();
    assert_eq!(
        asked,
        [
            "create", "start", "pause", "unpause", "reboot", "reboot", "stop", "start", "reboot"
        ]
    );
    member.delete("/v1/containers/web").await.is(204);
    member.get("/v1/containers/web").await.refused(404);
    member.delete("/v1/containers/web").await.refused(404);
}

#[actix_web::test]
async fn its_output_is_read_and_commands_run_in_it() {
    let cloud = Conducted::new().await;
    let member = cloud.member().old();
    let id = make(&member, "web").await;
    let run = "/v1/containers/web/execute";
    let told = member.put(&format!("{run}?command=ls")).await.refused(400);
    assert!(told.contains("start it first"), "{told}");
    member.put("/containers/web/start").await.is(200);
    for path in [
        format!("/containers/{id}/logs"),
        "/containers/logs/web".into(),
    ] {
        let said = member.get(&path).await.is(200);
        assert_eq!(said, json!({ "output": "hello\n" }));
    }
    for (query, ran) in [
        ("command=ls+-l", "ls|-l"),
        ("command=sh%20-c%20%27echo%20a%27", "sh|-c|echo a"),
        ("command=ls&bay_ident=bay", "ls"),
    ] {
        let said = member.put(&format!("{run}?{query}")).await.is(200);
        assert_eq!(said, json!({ "output": ran }), "whatever its status");
    }
    let said = member.put("/containers/execute/web?command=id").await;
    assert_eq!(said.is(200)["output"], "id");
    for bad in [
        "",
        "?command=",
        "?command=++",
        "?command=%27a",
        "?color=red&command=a",
    ] {
        member.put(&format!("{run}{bad}")).await.refused(400);
    }
    let told = member
        .put(&format!("{run}?command=fail"))
        .await
        .refused(500);
    assert!(told.contains("no more pids"), "{told}");
    member
        .post("/containers/web/start", json!({}))
        .await
        .refused(405);
    member.put("/containers/web/logs").await.refused(405);
    member
        .get("/containers/web/execute?command=ls")
        .await
        .refused(405);
}

#[actix_web::test]
async fn lists_are_of_a_bay_or_of_all_and_paged() {
    let cloud = Conducted::new().await;
    let member = cloud.member().old();
    for name in ["c", "a", "b"] {
        make(&member, name).await;
    }
    let list = async |query: &str| {
        let page = member.get(&format!("/v1/containers{query}")).await.is(200);
        let items = page["containers"].as_array().unwrap().clone();
        let names = items
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned());
        (names.collect::<Vec<_>>(), page)
    };
    assert_eq!(list("").await.0, ["c", "a", "b"]);
    assert_eq!(list("/?bay_ident=bay").await.0, ["c", "a", "b"]);
    let (first, page) = list("?limit=2&sort_key=name").await;
    assert_eq!(first, ["a", "b"]);
    let next = page["next"].as_str().unwrap();
    let rest = member.get(next).await.is(200);
    assert_eq!(rest["containers"][0]["name"], "c");
    let item = &list("").await.1["containers"][0];
    assert_eq!(item["status"], "Stopped");
    assert_eq!(item["memory"], "512m");
    assert!(item["links"].is_array() && item.get("created_at").is_none());
    let whole = &list("/detail").await.1["containers"][0];
    assert!(whole["created_at"].is_string());
    member.get("/containers?bay_ident=none").await.refused(404);
    member.get("/containers?sort_key=color").await.refused(400);
    member.get("/containers?color=red").await.refused(400);
    member
        .get("/containers/a?bay_ident=none")
        .await
        .refused(404);
    make(&member, "a").await;
    let told = member.get("/containers/a").await.refused(409);
    assert!(told.contains("UUID"), "{told}");
    member.put("/containers/a/start").await.refused(409);
}

#[actix_web::test]
async fn its_name_can_be_changed_and_what_it_is_made_of_cannot() {
    let cloud = Conducted::new().await;
    let member = cloud.member().old();
    let id = make(&member, "web").await;
    let path = format!("/v1/containers/{id}");
    let change = |op: &str, field: &str, value: Value| json!([{ "op": op, "path": format!("/{field}"), "value": value }]);
    let changed = member
        .patch(&path, change("replace", "name", json!("api")))
        .await
        .is(200);
    assert_eq!(
        (&changed["name"], &changed["status"]),
        (&json!("api"), &json!("Stopped"))
    );
    member.get("/containers/api").await.is(200);
    let same = change("replace", "image", json!("busybox"));
    member.patch(&path, same).await.is(200);
    member.patch(&path, json!([])).await.is(200);
    for (body, word) in [
        (change("replace", "memory", json!("1g")), "memory"),
        (change("replace", "image", json!("other")), "image"),
        (change("replace", "command", json!("ls")), "command"),
        (change("add", "environment/A", json!("b")), "environment"),
        (
            change("remove", "environment/N", Value::Null),
            "environment",
        ),
        (change("remove", "memory", Value::Null), "memory"),
        (change("remove", "bay_uuid", Value::Null), "mandatory"),
        (change("replace", "status", json!("Running")), "internal"),
        (change("replace", "uuid", json!(id)), "internal"),
        (change("add", "color", json!("red")), "color"),
        (json!({ "name": "a" }), "list"),
    ] {
        let told = member.patch(&path, body.clone()).await.refused(400);
        assert!(told.contains(word), "{body}: {told}");
    }
    let nameless = member
        .patch(&path, change("remove", "name", Value::Null))
        .await
        .is(200);
    assert_eq!(nameless["name"], Value::Null);
}
