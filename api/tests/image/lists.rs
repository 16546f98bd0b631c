//! Lists: whose images, which, in what order, page by page.

use super::archive::layer;
use super::cloud::Cloud;
use serde_json::{Value, json};

async fn names(cloud: &Cloud, user: &str, query: &str) -> Vec<String> {
    let list = cloud
        .get(user, &format!("/v2/images{query}"))
        .await
        .is(200)
        .json();
    let name = |image: &Value| image["name"].as_str().unwrap().to_owned();
    list["images"]
        .as_array()
        .unwrap()
        .iter()
        .map(name)
        .collect()
}

#[actix_web::test]
async fn everybody_sees_his_own_and_public_images_and_community_ones_when_he_asks() {
    let cloud = Cloud::new().await;
    cloud
        .create("alice", json!({ "name": "red", "visibility": "private" }))
        .await;
    cloud.create("bob", json!({ "name": "blue" })).await;
    cloud
        .create(
            "bob",
            json!({ "name": "blue-open", "visibility": "community" }),
        )
        .await;
    cloud
        .create("admin", json!({ "name": "all", "visibility": "public" }))
        .await;
    assert_eq!(names(&cloud, "alice", "").await, ["all", "red"]);
    assert_eq!(names(&cloud, "bob", "").await, ["all", "blue-open", "blue"]);
    assert_eq!(names(&cloud, "admin", "").await.len(), 4);
    assert_eq!(
        names(&cloud, "alice", "?visibility=community").await,
        ["blue-open"]
    );
    assert_eq!(names(&cloud, "alice", "?visibility=public").await, ["all"]);
    assert_eq!(names(&cloud, "alice", "?visibility=private").await, ["red"]);
    assert_eq!(
        names(&cloud, "alice", "?visibility=all").await,
        ["all", "blue-open", "red"]
    );
    assert_eq!(names(&cloud, "admin", "?visibility=private").await, ["red"]);
    cloud
        .get("alice", "/v2/images?visibility=secret")
        .await
        .is(400);
}

#[actix_web::test]
async fn every_filter_narrows_the_list() {
    let cloud = Cloud::new().await;
    let data = layer("bin/a", 1);
    let small = cloud
        .upload(
            "alice",
            json!({ "name": "small", "os_distro": "bus\"y,box", "tags": ["t", "u"] }),
            &data,
        )
        .await;
    let big = cloud
        .create("alice", json!({ "name": "big, fat", "container_format": "docker", "min_ram": 64, "tags": ["t"], "protected": true }))
        .await;
    cloud
        .create("alice", json!({ "name": "hidden", "os_hidden": true }))
        .await;
    let size = data.len();
    for (query, expected) in [
        ("?name=small".to_owned(), vec!["small"]),
        ("?name=Small".to_owned(), vec![]),
        (
            "?name=in:small,%22big,%20fat%22".to_owned(),
            vec!["big, fat", "small"],
        ),
        (format!("?id=in:{small},{big}"), vec!["big, fat", "small"]),
        (format!("?id={small}"), vec!["small"]),
        ("?status=active".to_owned(), vec!["small"]),
        (
            "?status=in:active,queued".to_owned(),
            vec!["big, fat", "small"],
        ),
        ("?owner=red".to_owned(), vec!["big, fat", "small"]),
        ("?owner=blue".to_owned(), vec![]),
        ("?container_format=docker".to_owned(), vec!["big, fat"]),
        ("?disk_format=raw".to_owned(), vec!["big, fat", "small"]),
        ("?tag=t".to_owned(), vec!["big, fat", "small"]),
        ("?tag=t&tag=u".to_owned(), vec!["small"]),
        ("?os_distro=bus%22y,box".to_owned(), vec!["small"]),
        ("?os_distro=box".to_owned(), vec![]),
        (format!("?size_min={size}"), vec!["small"]),
        (format!("?size_min=1&size_max={}", size - 1), vec![]),
        ("?min_ram=64".to_owned(), vec!["big, fat"]),
        ("?protected=True".to_owned(), vec!["big, fat"]),
        ("?os_hidden=True".to_owned(), vec!["hidden"]),
        (
            "?created_at=gt:2000-01-01T00:00:00Z".to_owned(),
            vec!["big, fat", "small"],
        ),
        ("?updated_at=lt:2000-01-01T00:00:00Z".to_owned(), vec![]),
        ("?limit=0".to_owned(), vec![]),
    ] {
        assert_eq!(names(&cloud, "alice", &query).await, expected, "{query}");
    }
}

#[actix_web::test]
async fn pages_hold_together_in_every_order() {
    let cloud = Cloud::new().await;
    for (name, min_ram) in [("b", 1), ("a", 2), ("c", 1), ("a", 1), ("", 3)] {
        cloud
            .create("alice", json!({ "name": name, "min_ram": min_ram }))
            .await;
    }
    for order in [
        "",
        "&sort=name:asc",
        "&sort=name:desc,min_ram:asc",
        "&sort_key=min_ram&sort_dir=asc&sort_key=name&sort_dir=desc",
        "&sort_key=size&sort_dir=desc",
    ] {
        let whole = cloud
            .get("alice", &format!("/v2/images?limit=10{order}"))
            .await
            .is(200)
            .json();
        assert!(whole["next"].is_null());
        let mut paged: Vec<Value> = Vec::new();
        let mut next = Some(format!("/v2/images?limit=2{order}"));
        while let Some(path) = next {
            let page = cloud.get("alice", &path).await.is(200).json();
            paged.extend(page["images"].as_array().unwrap().iter().cloned());
            next = page["next"].as_str().map(str::to_owned);
            assert!(page["first"].as_str().unwrap().contains("limit=2"));
            assert!(paged.len() <= 5);
        }
        assert_eq!(&json!(paged), &whole["images"], "{order}");
    }
    let sorted = cloud
        .get("alice", "/v2/images?sort=name:asc,min_ram:desc")
        .await
        .json();
    let keys: Vec<_> = sorted["images"]
        .as_array()
        .unwrap()
        .iter()
        .map(|image| {
            (
                image["name"].as_str().unwrap_or("").to_owned(),
                image["min_ram"].as_i64().unwrap(),
            )
        })
        .collect();
    let expected = [("", 3), ("a", 2), ("a", 1), ("b", 1), ("c", 1)];
    assert_eq!(keys, expected.map(|(name, ram)| (name.to_owned(), ram)));
    cloud
        .get(
            "alice",
            "/v2/images?marker=7d0e2f1c-8c5e-4b25-9d7c-0d3c7a1f5b11",
        )
        .await
        .is(400);
    cloud
        .get("alice", "/v2/images?sort=password:asc")
        .await
        .is(400);
    cloud.get("alice", "/v2/images?limit=-1").await.is(400);
}
