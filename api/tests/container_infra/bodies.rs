//! Bodies that are none, or are something else.

use super::cloud::{Cloud, IMAGE};
use actix_web::http::Method;
use serde_json::{Value, json};

#[actix_web::test]
async fn a_body_that_is_none_is_400_and_one_of_another_type_415() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let id = member.template(json!({})).await;
    let item = format!("/clustertemplates/{id}");
    for (method, path) in [
        (Method::POST, "/clustertemplates"),
        (Method::POST, "/baymodels"),
        (Method::POST, "/nodes"),
        (Method::PATCH, &item),
    ] {
        for body in [
            None,
            Some(""),
            Some("{"),
            Some("null"),
            Some("\"x\""),
            Some("7"),
        ] {
            let body = body.map(str::to_owned);
            member.send(method.clone(), path, body).await.refused(400);
        }
        let stream = member.with("content-type", "application/octet-stream");
        stream.send(method.clone(), path, None).await.refused(400);
        stream
            .send(method.clone(), path, Some("{}".into()))
            .await
            .refused(415);
    }
    let list = json!([{ "coe": "docker", "image_id": IMAGE }]);
    member.post("/clustertemplates", list).await.refused(400);
    member.patch(&item, json!({})).await.refused(400);
}

#[actix_web::test]
async fn fields_are_told_by_name() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    for (field, value) in [
        ("color", json!("red")),
        ("links", json!([])),
        ("created_at", json!(null)),
        ("project_id", json!("")),
        ("coe", json!(null)),
        ("coe", json!("nomad")),
        ("apiserver_port", json!("80")),
        ("labels", json!({ "a": {} })),
        ("uuid", json!("me")),
    ] {
        let mut body = json!({ "coe": "docker", "image_id": IMAGE });
        body[field] = value;
        let told = member.post("/clustertemplates", body).await.refused(400);
        assert!(told.contains(field), "{field}: {told}");
    }
    let cases: [(&str, Value); 2] = [
        ("/nodes", json!({ "name": "n" })),
        ("/quotas", json!({ "hard_limit": 1 })),
    ];
    for (path, body) in cases {
        cloud.admin().post(path, body).await.refused(400);
    }
}
