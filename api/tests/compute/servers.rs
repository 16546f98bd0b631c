//! Servers are made, shown, listed, changed and deleted: the rows of it.

use super::cloud::{Caller, Cloud, IMAGE, PROJECT};
use serde_json::{Value, json};

fn wish(name: &str) -> Value {
    json!({ "server": {
        "name": name, "imageRef": IMAGE, "flavorRef": "1", "networks": "auto",
        "min_count": 1, "max_count": 1,
        "block_device_mapping_v2": [{
            "uuid": IMAGE, "source_type": "image", "destination_type": "local",
            "boot_index": 0, "delete_on_termination": true,
        }],
    }})
}

pub async fn make(caller: &Caller<'_>, name: &str) -> String {
    let made = caller.post("/servers", wish(name)).await.is(202);
    made["server"]["id"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn a_new_server_is_answered_202_and_builds() {
    let cloud = Cloud::new().await;
    let answer = cloud.member().post("/servers", wish("web")).await;
    let location = answer.headers.iter().find(|header| header.0 == "location");
    let location = location.unwrap().1.clone();
    let made = answer.is(202);
    let id = made["server"]["id"].as_str().unwrap();
    assert_eq!(
        location,
        format!("http://cloud:8774/compute/v2.1/servers/{id}")
    );
    assert_eq!(made["server"]["adminPass"].as_str().unwrap().len(), 12);
    assert_eq!(made["server"]["security_groups"][0]["name"], "default");
    let shown = cloud.member().get(&format!("/servers/{id}")).await.is(200);
    let shown = &shown["server"];
    assert_eq!(shown["status"], "BUILD");
    assert_eq!(shown["OS-EXT-STS:task_state"], "scheduling");
    assert_eq!(shown["tenant_id"], PROJECT);
    assert_eq!(shown["image"]["id"], IMAGE);
    assert_eq!(shown["flavor"]["original_name"], "m1.nano");
    assert_eq!(shown["hostId"], "");
    assert_eq!(shown["addresses"], json!({}));
    assert_eq!(shown["OS-EXT-SRV-ATTR:hostname"], "web");
    assert!(shown.get("OS-EXT-SRV-ATTR:host").is_none());
    let seen_by_admin = cloud.admin().get(&format!("/servers/{id}")).await.is(200);
    assert!(seen_by_admin["server"]["OS-EXT-SRV-ATTR:host"].is_null());
    assert_eq!(seen_by_admin["server"]["host_status"], "");
    cloud
        .stranger()
        .get(&format!("/servers/{id}"))
        .await
        .refused(404);
    cloud
        .stranger()
        .delete(&format!("/servers/{id}"))
        .await
        .refused(404);
    cloud
        .reader()
        .delete(&format!("/servers/{id}"))
        .await
        .refused(403);
    cloud
        .reader()
        .post("/servers", wish("no"))
        .await
        .refused(403);
}

#[actix_web::test]
async fn what_is_named_and_not_there_is_refused_in_words() {
    let cloud = Cloud::new().await;
    let with = |field: &str, value: Value| {
        let mut body = wish("w");
        body["server"][field] = value;
        if field == "imageRef" {
            body["server"]["block_device_mapping_v2"] = json!([]);
        }
        body
    };
    for (field, value, words) in [
        (
            "flavorRef",
            json!("nothing"),
            "Flavor nothing could not be found",
        ),
        (
            "imageRef",
            json!("0199f5a1-0000-7000-8000-00000000000b"),
            "requested image",
        ),
        ("imageRef", json!(""), "imageRef"),
        ("key_name", json!("nobody"), "key_name"),
        ("availability_zone", json!("mars"), "availability zone"),
        ("networks", json!([{ "uuid": IMAGE }]), "Network"),
        (
            "security_groups",
            json!([{ "name": "web" }]),
            "Security group web",
        ),
        ("surprise", json!(1), "surprise"),
        ("name", json!(""), "name"),
        ("metadata", json!({ "a": 1 }), "metadata"),
        (
            "metadata",
            json!({ "os_command_line": "sh 'x" }),
            "os_command_line",
        ),
    ] {
        let text = cloud
            .member()
            .post("/servers", with(field, value))
            .await
            .refused(400);
        assert!(text.contains(words), "{field}: {text}");
    }
    let forced = with("availability_zone", json!("nova:host"));
    cloud.member().post("/servers", forced).await.refused(403);
    let list = cloud.member().get("/servers").await.is(200);
    assert_eq!(
        list["servers"],
        json!([]),
        "nothing of what was refused is left"
    );
}

#[actix_web::test]
async fn over_quota_names_the_resource_and_leaves_nothing() {
    let cloud = Cloud::new().await;
    let mut many = wish("n");
    many["server"]["min_count"] = 11.into();
    many["server"]["max_count"] = 12.into();
    let text = cloud.member().post("/servers", many).await.refused(403);
    assert!(
        text.contains("instances") && text.contains("11") && text.contains("10"),
        "{text}"
    );
    let mut some = wish("n");
    some["server"]["min_count"] = 2.into();
    some["server"]["max_count"] = 20.into();
    some["server"]["return_reservation_id"] = true.into();
    let made = cloud.member().post("/servers", some).await.is(202);
    assert!(made["reservation_id"].as_str().unwrap().starts_with("r-"));
    let list = cloud.member().get("/servers").await.is(200);
    let list = list["servers"].as_array().unwrap();
    assert_eq!(list.len(), 10, "as many as the quota allows");
    assert!(list.iter().any(|server| server["name"] == "n-10"));
    let text = cloud
        .member()
        .post("/servers", wish("one"))
        .await
        .refused(403);
    assert!(text.contains("already used 10 of 10"), "{text}");
}

#[actix_web::test]
async fn lists_are_paged_by_key_in_every_order() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    for name in ["c", "a", "b", "a"] {
        make(&member, name).await;
    }
    for (sort, expected) in [
        ("", "a b a c"),
        ("&sort_key=created_at&sort_dir=asc", "c a b a"),
        ("&sort_key=display_name&sort_dir=asc", "a a b c"),
        (
            "&sort_key=display_name&sort_dir=desc&sort_key=created_at&sort_dir=asc",
            "c b a a",
        ),
    ] {
        let mut path = format!("/servers?limit=1{sort}");
        let (mut names, mut ids) = (Vec::new(), std::collections::BTreeSet::new());
        loop {
            let page = member.get(&path).await.is(200);
            let Some(server) = page["servers"].get(0) else {
                break;
            };
            names.push(server["name"].as_str().unwrap().to_owned());
            ids.insert(server["id"].to_string());
            let next = page["servers_links"][0]["href"].as_str().unwrap();
            path = next
                .strip_prefix("http://cloud:8774/compute/v2.1")
                .unwrap()
                .to_owned();
        }
        assert_eq!(names.join(" "), expected, "{sort}");
        assert_eq!(ids.len(), 4);
    }
    member.get("/servers?marker=nothing").await.refused(400);
    member.get("/servers?sort_key=secret").await.refused(400);
    assert_eq!(
        member.get("/servers?limit=0").await.is(200)["servers"],
        json!([])
    );
}

#[actix_web::test]
async fn lists_are_narrowed_by_what_the_query_says() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    for name in ["web-1", "web-2", "db_1", "db%1"] {
        make(&member, name).await;
    }
    let mut tagged = wish("tagged");
    tagged["server"]["tags"] = json!(["blue", "green"]);
    member.post("/servers", tagged).await.is(202);
    let names = async |caller: &Caller<'_>, query: &str| {
        let list = caller
            .get(&format!("/servers/detail?{query}"))
            .await
            .is(200);
        let list = list["servers"].as_array().unwrap().iter();
        let mut names: Vec<String> = list
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(names(&member, "name=web").await, "web-1 web-2");
    assert_eq!(names(&member, "name=%5Eweb-.%24").await, "web-1 web-2");
    assert_eq!(names(&member, "name=db_1").await, "db_1");
    assert_eq!(
        names(&member, "name=%5E%28db.1%29%24&limit=1")
            .await
            .split(' ')
            .count(),
        1
    );
    assert_eq!(names(&member, "tags=blue").await, "tagged");
    assert_eq!(names(&member, "not-tags=blue&name=tag").await, "");
    assert_eq!(names(&member, "status=ACTIVE").await, "");
    assert_eq!(names(&member, "status=BUILD&name=db").await, "db%1 db_1");
    assert_eq!(names(&member, "status=dancing").await, "");
    assert_eq!(
        names(&member, "deleted=False&flavor=1&name=tagged").await,
        "tagged"
    );
    assert_eq!(names(&member, "flavor=2").await, "");
    assert_eq!(names(&member, "locked=True").await, "");
    assert_eq!(
        names(&member, "changes-since=2100-01-01T00:00:00Z").await,
        ""
    );
    assert_eq!(names(&cloud.stranger(), "name=web").await, "");
    let everybodys = cloud.caller("admin", super::cloud::OTHER);
    assert_eq!(names(&everybodys, "name=web").await, "");
    assert_eq!(
        names(&everybodys, "all_tenants=True&name=web").await,
        "web-1 web-2"
    );
    let of = format!("all_tenants=1&project_id={}", super::cloud::OTHER);
    assert_eq!(names(&everybodys, &of).await, "");
    member.get("/servers?all_tenants=1").await.refused(403);
    member.get("/servers?name=%28").await.refused(400);
    member.get("/servers?changes-since=once").await.refused(400);
}

#[actix_web::test]
async fn a_server_is_renamed_described_and_deleted_twice() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let id = make(&member, "old").await;
    let path = format!("/servers/{id}");
    let change = json!({ "server": { "name": " new ", "description": "d", "hostname": "h" } });
    let changed = member.put(&path, change).await.is(200);
    assert_eq!(changed["server"]["name"], "new");
    assert_eq!(changed["server"]["description"], "d");
    assert_eq!(changed["server"]["OS-EXT-SRV-ATTR:hostname"], "h");
    let removed = json!({ "server": { "description": null } });
    assert!(member.put(&path, removed).await.is(200)["server"]["description"].is_null());
    member
        .put(&path, json!({ "server": { "name": "" } }))
        .await
        .refused(400);
    member
        .at("2.18")
        .put(&path, json!({ "server": { "description": "d" } }))
        .await
        .refused(400);
    member.delete(&path).await.is(204);
    let leaving = member.get(&path).await.is(200);
    assert_eq!(leaving["server"]["OS-EXT-STS:task_state"], "deleting");
    member.delete(&path).await.is(204);
    member.delete("/servers/nothing").await.refused(404);
}
