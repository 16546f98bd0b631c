//! The project's network as clients find it that know no network service.

use super::cloud::Cloud;
use serde_json::json;

#[actix_web::test]
async fn the_projects_network_is_found_by_name_and_id_and_a_server_boots_on_it() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    // As python-openstackclient resolves `--network private`: by id first, then in the list.
    member
        .at("2.1")
        .get("/os-networks/private")
        .await
        .refused(404);
    let list = member.at("2.1").get("/os-networks").await.is(200);
    assert_eq!(list["networks"].as_array().unwrap().len(), 1);
    assert_eq!(list["networks"][0]["label"], "private");
    let id = list["networks"][0]["id"].as_str().unwrap().to_owned();
    let one = member.at("2.1").get(&format!("/os-networks/{id}")).await;
    assert_eq!(one.is(200)["network"], list["networks"][0]);
    let server = |network: &str| {
        json!({ "server": {
            "name": "web", "imageRef": super::cloud::IMAGE, "flavorRef": "1",
            "networks": [{ "uuid": network }],
        }})
    };
    member.post("/servers", server(&id)).await.is(202);
    let other = cloud
        .caller("member", super::cloud::OTHER)
        .at("2.1")
        .get("/os-networks")
        .await
        .is(200);
    let theirs = other["networks"][0]["id"].as_str().unwrap().to_owned();
    assert_ne!(theirs, id);
    for network in [
        theirs.as_str(),
        "private",
        "00000000-0000-0000-0000-000000000000",
    ] {
        member.post("/servers", server(network)).await.refused(400);
    }
    let hidden = format!("/os-networks/{theirs}");
    member.at("2.1").get(&hidden).await.refused(404);
    // The last microversion that has it.
    member.at("2.35").get("/os-networks").await.is(200);
    member.at("2.36").get("/os-networks").await.refused(404);
}
