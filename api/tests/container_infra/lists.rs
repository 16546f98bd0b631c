//! Lists, page by page.

use super::cloud::{BASE, Caller, Cloud};
use serde_json::{Value, json};

fn names(list: &Value) -> Vec<String> {
    let items = list["clustertemplates"].as_array().unwrap().iter();
    items
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

async fn three(member: &Caller<'_>) {
    for name in ["b", "c", "a"] {
        member.template(json!({ "name": name })).await;
    }
}

#[actix_web::test]
async fn a_full_page_leads_to_the_next() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    three(&member).await;
    let first = member
        .get("/v1/clustertemplates?limit=2&sort_key=name")
        .await
        .is(200);
    assert_eq!(names(&first), ["a", "b"]);
    let next = first["next"].as_str().unwrap();
    assert!(
        next.starts_with(&format!("{BASE}/v1/clustertemplates?")),
        "{next}"
    );
    for part in ["sort_key=name", "sort_dir=asc", "limit=2", "marker="] {
        assert!(next.contains(part), "{next}");
    }
    let second = member.get(next).await.is(200);
    assert_eq!(names(&second), ["c"]);
    assert!(second.get("next").is_none(), "absent, not null");
    // A page that is full by chance is followed by an empty one.
    let all = member.get("/v1/clustertemplates?limit=3").await.is(200);
    let empty = member.get(all["next"].as_str().unwrap()).await.is(200);
    assert_eq!(empty, json!({ "clustertemplates": [] }));
}

#[actix_web::test]
async fn the_clients_way_with_a_next_link_leads_there_too() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    three(&member).await;
    let first = member
        .get("/v1/clustertemplates/detail?limit=2")
        .await
        .is(200);
    let next = first["next"].as_str().unwrap();
    assert!(next.contains("/detail?"), "{next}");
    // They strip scheme and host, and put the rest behind the endpoint they know.
    let path = next.strip_prefix("http://cloud:9511").unwrap();
    for endpoint in ["/v1", ""] {
        let page = member.get(&format!("{endpoint}{path}")).await.is(200);
        assert_eq!(names(&page), ["a"]);
    }
}

#[actix_web::test]
async fn what_is_no_page_is_refused() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    three(&member).await;
    for query in [
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=",
        "sort_key=color",
        "sort_key=links",
        "sort_dir=up",
        "marker=x",
        "marker=",
    ] {
        for path in [
            "/clustertemplates",
            "/baymodels",
            "/nodes",
            "/federations",
            "/x509keypairs",
        ] {
            member.get(&format!("{path}?{query}")).await.refused(400);
        }
    }
    let unknown = "marker=01234567-89ab-cdef-0123-456789abcdef";
    member
        .get(&format!("/baymodels?{unknown}"))
        .await
        .refused(404);
    let down = member
        .get("/v1/clustertemplates?sort_dir=desc")
        .await
        .is(200);
    assert_eq!(names(&down), ["a", "c", "b"], "by the order of making");
}

#[actix_web::test]
async fn another_projects_marker_is_unknown() {
    let cloud = Cloud::new().await;
    let theirs = cloud.stranger().template(json!({})).await;
    let path = format!("/clustertemplates?marker={theirs}");
    cloud.member().get(&path).await.refused(404);
}

#[actix_web::test]
async fn a_page_is_no_longer_than_the_operator_allows() {
    let cloud = Cloud::with(|settings| settings.max_limit = 2).await;
    let member = cloud.member();
    three(&member).await;
    for query in ["", "?limit=100"] {
        let page = member
            .get(&format!("/clustertemplates{query}"))
            .await
            .is(200);
        assert_eq!(names(&page).len(), 2);
        assert!(page["next"].as_str().unwrap().contains("limit=2"));
    }
}
