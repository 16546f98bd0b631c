//! What is not built says so in the service's envelope, at every address it has.

use super::cloud::{CLUSTER, Cloud};
use actix_web::http::Method;

#[actix_web::test]
async fn services_are_501_for_whoever_may_ask() {
    let cloud = Cloud::new().await;
    let (member, old) = (cloud.member(), cloud.member().old());
    let mut asked = Vec::new();
    let item = "/services/web".to_owned();
    for item in [
        format!("{item}/{CLUSTER}"),
        format!("{item}/?bay_ident=bay"),
        item,
    ] {
        for method in [Method::GET, Method::PATCH, Method::DELETE] {
            asked.push((method, item.clone()));
        }
    }
    asked.push((Method::GET, "/services/?bay_ident=bay".into()));
    asked.push((Method::GET, "/services/detail".into()));
    asked.push((Method::POST, "/v1/services".into()));
    for (method, path) in asked {
        for caller in [&member, &old] {
            let told = caller.send(method.clone(), &path, None).await;
            assert_eq!(told.code, 501, "{method} {path}: {}", told.text);
            assert_eq!(told.body["errors"][0]["code"], "server");
            told.refused(501);
        }
        cloud.nobody().send(method, &path, None).await.is(401);
    }
    let reader = cloud.reader();
    reader.get("/services").await.refused(501);
    reader
        .send(Method::POST, "/services", None)
        .await
        .refused(403);
}
