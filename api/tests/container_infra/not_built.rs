//! What is not built says so in the service's envelope, at every address it has.

use super::cloud::{CLUSTER, Cloud};
use actix_web::http::Method;

#[actix_web::test]
async fn services_and_containers_are_501_for_whoever_may_ask() {
    let cloud = Cloud::new().await;
    let (member, old) = (cloud.member(), cloud.member().old());
    let mut asked = Vec::new();
    for kind in ["services"] {
        let item = format!("/{kind}/web");
        for item in [
            format!("{item}/{CLUSTER}"),
            format!("{item}/?bay_ident=bay"),
            item,
        ] {
            for method in [Method::GET, Method::PATCH, Method::DELETE] {
                asked.push((method, item.clone()));
            }
        }
        asked.push((Method::GET, format!("/{kind}/?bay_ident=bay")));
        asked.push((Method::GET, format!("/{kind}/detail")));
        asked.push((Method::POST, format!("/v1/{kind}")));
    }
    for action in [
        "start",
        "stop",
        "reboot",
        "pause",
        "unpause",
        "execute?command=ls+-l",
    ] {
        let (verb, query) = action.split_once('?').unwrap_or((action, ""));
        asked.push((Method::PUT, format!("/containers/web/{action}")));
        asked.push((Method::PUT, format!("/containers/{verb}/web?{query}")));
    }
    asked.push((Method::GET, "/containers/web/logs".into()));
    asked.push((Method::GET, "/containers/logs/web".into()));
    asked.push((Method::GET, "/containers".into()));
    asked.push((Method::POST, "/containers".into()));
    asked.push((Method::DELETE, "/containers/web".into()));
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
    member
        .send(Method::POST, "/containers/web/start", None)
        .await
        .refused(405);
}
