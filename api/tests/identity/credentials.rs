use crate::harness::Cloud;
use serde_json::json;
use store::identity::credentials;

const SEED: &str = "GEZDGNBVGY3TQOJQ";

#[actix_web::test]
async fn a_credential_comes_back_as_it_was_and_is_sealed_in_the_database() {
    let cloud = Cloud::new().await;
    let project = cloud.project("p").await;
    cloud.user_on("ann", &project, "member").await;
    let token = cloud.token_of("ann", &project).await;
    let new = json!({ "credential": { "type": "totp", "blob": SEED } });
    let made = cloud.post(&token, "/credentials", new).await.expect(201);
    assert_eq!(made.body["credential"]["blob"], SEED);
    let id = made.body["credential"]["id"].as_str().unwrap().to_owned();
    let path = format!("/credentials/{id}");
    let shown = cloud.get(&token, &path).await.expect(200);
    assert_eq!(shown.body["credential"]["blob"], SEED);
    let listed = cloud.get(&token, "/credentials").await.expect(200);
    assert_eq!(listed.body["credentials"][0]["blob"], SEED);
    let stored = || {
        let id = id.clone();
        let read = cloud
            .state
            .store
            .read(move |conn| credentials::get(conn, &id));
        async move { read.await.unwrap().blob }
    };
    let first = stored().await;
    assert!(!first.contains(SEED) && first.starts_with("v1."), "{first}");
    let change = json!({ "credential": { "blob": "another-secret" } });
    let changed = cloud.patch(&token, &path, change).await.expect(200);
    assert_eq!(changed.body["credential"]["blob"], "another-secret");
    let second = stored().await;
    assert!(second != first && !second.contains("another-secret"));
    // Another process with the same keys opens it.
    let twin = cloud.twin();
    assert_eq!(twin.seals.unseal(&id, &second).unwrap(), "another-secret");
}
