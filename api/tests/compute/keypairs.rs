//! Key pairs: imported, made, and whose they are.

use super::cloud::{Cloud, PROJECT, user_id};
use serde_json::json;

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g me@here";

#[actix_web::test]
async fn a_key_pair_is_imported_listed_shown_and_deleted() {
    let cloud = Cloud::new().await;
    let member = cloud.member().at("2.10");
    let wish = json!({ "keypair": { "name": "mine", "public_key": KEY, "type": "ssh" } });
    let made = member.post("/os-keypairs", wish.clone()).await.is(201);
    assert!(made["keypair"].get("private_key").is_none());
    assert!(
        member
            .post("/os-keypairs", wish)
            .await
            .refused(409)
            .contains("already exists")
    );
    let list = member.get("/os-keypairs").await.is(200);
    assert_eq!(list["keypairs"][0]["keypair"]["name"], "mine");
    assert_eq!(list["keypairs"][0]["keypair"]["type"], "ssh");
    let shown = member.get("/os-keypairs/mine").await.is(200);
    assert_eq!(shown["keypair"]["public_key"], KEY);
    assert_eq!(shown["keypair"]["fingerprint"].as_str().unwrap().len(), 47);
    member.delete("/os-keypairs/mine").await.is(204);
    member.get("/os-keypairs/mine").await.refused(404);
}

#[actix_web::test]
async fn a_private_half_is_made_and_shown_once_before_2_92() {
    let cloud = Cloud::new().await;
    let wish = json!({ "keypair": { "name": "made" } });
    let made = cloud
        .member()
        .at("2.1")
        .post("/os-keypairs", wish.clone())
        .await
        .is(200);
    let private = made["keypair"]["private_key"].as_str().unwrap();
    assert!(private.contains("PRIVATE KEY"));
    let shown = cloud
        .member()
        .at("2.1")
        .get("/os-keypairs/made")
        .await
        .is(200);
    assert!(shown["keypair"].get("private_key").is_none());
    assert!(shown["keypair"].get("type").is_none());
    let refused = cloud.member().at("2.92").post("/os-keypairs", wish).await;
    assert!(refused.refused(400).contains("public_key is required"));
}

#[actix_web::test]
async fn key_pairs_are_their_users_alone_and_admins() {
    let cloud = Cloud::new().await;
    let wish = json!({ "keypair": { "name": "k", "public_key": KEY } });
    cloud
        .member()
        .at("2.10")
        .post("/os-keypairs", wish)
        .await
        .is(201);
    cloud.stranger().get("/os-keypairs/k").await.refused(404);
    let of = format!("/os-keypairs/k?user_id={}", user_id("member", PROJECT));
    cloud.stranger().get(&of).await.refused(403);
    cloud.admin().get(&of).await.is(200);
}

#[actix_web::test]
async fn what_is_no_key_is_refused_in_words() {
    let cloud = Cloud::new().await;
    let wish = |name: &str, key: &str| json!({ "keypair": { "name": name, "public_key": key } });
    let post = async |body| cloud.member().post("/os-keypairs", body).await.refused(400);
    assert!(
        post(wish("k", "ssh-rsa nonsense"))
            .await
            .contains("ssh-keygen")
    );
    assert!(post(wish("a/b", KEY)).await.contains("unsafe"));
    assert!(post(wish("", KEY)).await.contains("name"));
}
