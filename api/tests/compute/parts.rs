//! Metadata, tags, addresses, interfaces, instance actions and consoles.

use super::cloud::Cloud;
use super::servers::make;
use serde_json::json;

async fn running(cloud: &Cloud) -> String {
    let host = cloud.host("host-1").await;
    let id = make(&cloud.member(), "web").await;
    cloud.settle(&id, &host, "active").await;
    id
}

#[actix_web::test]
async fn metadata_is_added_replaced_and_removed() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let id = running(&cloud).await;
    let path = format!("/servers/{id}/metadata");
    let body = |value: serde_json::Value| json!({ "metadata": value });
    member.post(&path, body(json!({ "a": "1" }))).await.is(200);
    let all = member.post(&path, body(json!({ "b": "2" }))).await.is(200);
    assert_eq!(all["metadata"], json!({ "a": "1", "b": "2" }));
    let one = format!("{path}/b");
    assert_eq!(member.get(&one).await.is(200)["meta"], json!({ "b": "2" }));
    member
        .put(&one, json!({ "meta": { "b": "3" } }))
        .await
        .is(200);
    member
        .put(&one, json!({ "meta": { "c": "3" } }))
        .await
        .refused(400);
    member.delete(&format!("{path}/a")).await.is(204);
    member.delete(&format!("{path}/a")).await.refused(404);
    assert_eq!(
        member.get(&path).await.is(200)["metadata"],
        json!({ "b": "3" })
    );
    let all = member.put(&path, body(json!({ "z": "" }))).await.is(200);
    assert_eq!(all["metadata"], json!({ "z": "" }));
    member
        .post(&path, body(json!({ "a/b": "" })))
        .await
        .refused(400);
    cloud
        .reader()
        .post(&path, body(json!({ "b": "2" })))
        .await
        .refused(403);
    cloud.stranger().get(&path).await.refused(404);
}

#[actix_web::test]
async fn tags_are_there_since_2_26() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let id = running(&cloud).await;
    let path = format!("/servers/{id}/tags");
    member.at("2.25").get(&path).await.refused(404);
    member
        .put(&format!("{path}/red"), json!(null))
        .await
        .is(201);
    member
        .put(&format!("{path}/red"), json!(null))
        .await
        .is(204);
    member.get(&format!("{path}/red")).await.is(204);
    member.get(&format!("{path}/blue")).await.refused(404);
    let all = member
        .put(&path, json!({ "tags": ["b", "a", "a"] }))
        .await
        .is(200);
    assert_eq!(all["tags"], json!(["a", "b"]));
    member
        .put(&path, json!({ "tags": ["a,b"] }))
        .await
        .refused(400);
    member.delete(&format!("{path}/a")).await.is(204);
    member.delete(&format!("{path}/a")).await.refused(404);
    member.delete(&path).await.is(204);
    assert_eq!(member.get(&path).await.is(200)["tags"], json!([]));
}

#[actix_web::test]
async fn addresses_and_interfaces_are_those_last_seen() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let id = running(&cloud).await;
    let ips = member.get(&format!("/servers/{id}/ips")).await.is(200);
    assert_eq!(
        ips["addresses"]["private"],
        json!([{ "version": 4, "addr": "10.128.0.2" }])
    );
    member
        .get(&format!("/servers/{id}/ips/private"))
        .await
        .is(200);
    member
        .get(&format!("/servers/{id}/ips/public"))
        .await
        .refused(404);
    let list = member
        .get(&format!("/servers/{id}/os-interface"))
        .await
        .is(200);
    let port = list["interfaceAttachments"][0]["port_id"].as_str().unwrap();
    member
        .get(&format!("/servers/{id}/os-interface/{port}"))
        .await
        .is(200);
    member
        .delete(&format!("/servers/{id}/os-interface/{port}"))
        .await
        .refused(501);
    member
        .post(&format!("/servers/{id}/os-interface"), json!({}))
        .await
        .refused(501);
    let volumes = member
        .get(&format!("/servers/{id}/os-volume_attachments"))
        .await
        .is(200);
    assert_eq!(volumes, json!({ "volumeAttachments": [] }));
    let groups = member
        .get(&format!("/servers/{id}/os-security-groups"))
        .await
        .is(200);
    assert_eq!(groups["security_groups"][0]["name"], "default");
    let by_address = member.get("/servers?ip=10.128").await.is(200);
    assert_eq!(by_address["servers"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn what_was_done_is_listed_newest_first() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let id = running(&cloud).await;
    member
        .post(&format!("/servers/{id}/action"), json!({ "os-stop": null }))
        .await
        .is(202);
    let path = format!("/servers/{id}/os-instance-actions");
    let list = member.get(&path).await.is(200);
    let names: Vec<&str> = list["instanceActions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|action| action["action"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["stop", "create"]);
    assert!(list["instanceActions"][0]["updated_at"].is_string());
    assert!(list["instanceActions"][0]["message"].is_null());
    let request = list["instanceActions"][0]["request_id"].as_str().unwrap();
    let one = member.get(&format!("{path}/{request}")).await.is(200);
    assert_eq!(one["instanceAction"]["events"], json!([]));
    let old = member
        .at("2.50")
        .get(&format!("{path}/{request}"))
        .await
        .is(200);
    assert!(old["instanceAction"].get("events").is_none());
    member.get(&format!("{path}/req-none")).await.refused(404);
    cloud.stranger().get(&path).await.refused(404);
    let page = member.get(&format!("{path}?limit=1")).await.is(200);
    assert!(
        page["links"][0]["href"]
            .as_str()
            .unwrap()
            .contains("marker=req-")
    );
}

#[actix_web::test]
async fn a_console_needs_a_running_server_and_a_host_that_answers() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let new = make(&member, "new").await;
    let wish = json!({ "remote_console": { "protocol": "serial", "type": "serial" } });
    member
        .post(&format!("/servers/{new}/remote-consoles"), wish.clone())
        .await
        .refused(409);
    let log = json!({ "os-getConsoleOutput": {} });
    member
        .post(&format!("/servers/{new}/action"), log.clone())
        .await
        .refused(409);
    let id = running(&cloud).await;
    let path = format!("/servers/{id}/remote-consoles");
    let made = member.post(&path, wish).await.is(200);
    let url = made["remote_console"]["url"].as_str().unwrap();
    assert!(url.starts_with("ws://cloud:8774/console?token="), "{url}");
    let graphical = json!({ "remote_console": { "protocol": "vnc", "type": "novnc" } });
    let text = member.post(&path, graphical).await.refused(400);
    assert!(text.contains("no screen"), "{text}");
    member
        .post(&format!("/servers/{id}/action"), log)
        .await
        .refused(503);
}
