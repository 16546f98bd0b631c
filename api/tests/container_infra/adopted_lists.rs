//! Lists that name no bay: what this cloud's bays have, and what adopted ones have.

use super::adopted::{allowing, bay, pod, post};
use super::api_server::{ApiServer, Mood};
use super::cloud::{Caller, Cloud};
use super::pods;
use schemas::container_infra::adopted::Sight;
use serde_json::{Value, json};
use store::Tx;
use store::container_infra::adopted;

/// The names in a list.
fn names(list: &Value, collection: &str) -> Vec<String> {
    let items = list[collection].as_array().unwrap().iter();
    items
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

/// The names in all pages of a list, and how many pages there were.
async fn pages(caller: &Caller<'_>, first: &str) -> (Vec<String>, usize) {
    let (mut all, mut count, mut next) = (Vec::new(), 0, Some(first.to_owned()));
    while let Some(path) = next {
        let page = caller.get(&path).await.is(200);
        all.extend(names(&page, "pods"));
        count += 1;
        assert!(count < 20, "the pages never end: {all:?}");
        next = page["next"].as_str().map(str::to_owned);
    }
    (all, count)
}

/// A pod `own` of a bay of this cloud's; `b` and `a` in one adopted bay, `c` in another.
async fn three(cloud: &Cloud) -> [(String, ApiServer); 2] {
    let member = cloud.member();
    pods::pod(cloud, "own").await;
    let mut bays = Vec::new();
    for pods in [&["b", "a"][..], &["c"]] {
        let server = ApiServer::start().await;
        let id = bay(cloud, &server).await;
        for name in pods {
            post(&member, &id, "pods", &pod(name).to_string())
                .await
                .is(201);
        }
        bays.push((id, server));
    }
    bays.try_into().unwrap_or_else(|_| panic!("two bays"))
}

/// As its conductor writes down that it does not answer.
pub async fn unheard(cloud: &Cloud, id: &str) {
    let id = id.to_owned();
    let write = move |tx: &mut Tx<'_>| {
        let mut row = adopted::get(tx, &id)?.unwrap();
        let now = tx.now();
        let number = row.ask(now);
        assert!(row.hear(number, &Sight::Silent("no route to host".into()), now)?);
        adopted::update(tx, &mut row)
    };
    cloud.store.write(write).await.unwrap();
}

#[actix_web::test]
async fn what_names_no_bay_shows_the_things_of_all() {
    let cloud = allowing().await;
    let [(first, _), (second, _)] = three(&cloud).await;
    let member = cloud.member().old();
    // Two things of one server have one age: by their names, then.
    let list = member.get("/v1/pods").await.is(200);
    assert_eq!(names(&list, "pods"), ["own", "a", "b", "c"]);
    assert!(list.get("left_out").is_none(), "{list}");
    let bays: Vec<&Value> = list["pods"].as_array().unwrap().iter().collect();
    assert_eq!(bays[1]["bay_uuid"], json!(first));
    assert_eq!(bays[3]["bay_uuid"], json!(second));
    assert!(bays[1].get("created_at").is_none());
    let list = member.get("/v1/pods/detail").await.is(200);
    assert!(list["pods"][1]["created_at"].is_string(), "{list}");
    for kind in ["rcs", "services"] {
        let list = member.get(&format!("/v1/{kind}")).await.is(200);
        assert_eq!(list, json!({ kind: [] }));
    }
    let other = cloud.stranger().get("/v1/pods").await.is(200);
    assert_eq!(other, json!({ "pods": [] }));
}

#[actix_web::test]
async fn its_pages_follow_each_other_without_a_gap_whatever_it_is_sorted_by() {
    let cloud = allowing().await;
    let _bays = three(&cloud).await;
    let member = cloud.member();
    for (sort, expected) in [
        ("", ["own", "a", "b", "c"]),
        ("&sort_dir=desc", ["c", "b", "a", "own"]),
        ("&sort_key=name", ["a", "b", "c", "own"]),
        ("&sort_key=name&sort_dir=desc", ["own", "c", "b", "a"]),
        // Those of the test's API servers are older than any other.
        ("&sort_key=created_at", ["a", "b", "c", "own"]),
    ] {
        for (limit, count) in [(1, 5), (2, 3), (3, 2), (9, 1)] {
            let first = format!("/v1/pods?limit={limit}{sort}");
            let (all, pages) = pages(&member, &first).await;
            assert_eq!(all, expected, "{first}");
            assert_eq!(pages, count, "{first}");
        }
    }
    member.get("/v1/pods?sort_key=color").await.refused(400);
    let nobody = "/v1/pods?marker=00000000-0000-4000-8000-000000000000";
    member.get(nobody).await.refused(404);
}

#[actix_web::test]
async fn a_cluster_that_was_adopted_twice_shows_its_things_once() {
    let (cloud, server) = (allowing().await, ApiServer::start().await);
    let first = bay(&cloud, &server).await;
    bay(&cloud, &server).await;
    let member = cloud.member();
    for name in ["a", "b", "c"] {
        post(&member, &first, "pods", &pod(name).to_string())
            .await
            .is(201);
    }
    let (all, _) = pages(&member, "/v1/pods?limit=2").await;
    assert_eq!(all, ["a", "b", "c"]);
    let list = member.get("/v1/pods").await.is(200);
    assert_eq!(list["pods"][2]["bay_uuid"], json!(first), "the oldest");
}

#[actix_web::test]
async fn a_bay_that_is_silent_is_left_out_and_the_list_says_so() {
    let cloud = allowing().await;
    let [(id, server), (_, other)] = three(&cloud).await;
    let member = cloud.member();
    let page = member.get("/v1/pods?limit=2").await.is(200);
    assert_eq!(names(&page, "pods"), ["own", "a"]);
    for mood in [Mood::Silent, Mood::Strange, Mood::Endless] {
        server.is(mood);
        let list = member.get("/v1/pods").await.is(200);
        assert_eq!(names(&list, "pods"), ["own", "c"], "{mood:?}");
        let left = list["left_out"].as_array().unwrap();
        assert_eq!(left.len(), 1, "{list}");
        assert_eq!(left[0]["bay_uuid"], json!(id));
        let reason = left[0]["reason"].as_str().unwrap();
        assert!(reason.contains("does not answer"), "{reason}");
        // The next page begins after one of its pods: nobody can say where that is.
        let told = member
            .get(page["next"].as_str().unwrap())
            .await
            .refused(504);
        assert!(told.contains("bay k") && told.contains("marker"), "{told}");
    }
    // Who asks for it alone is told why.
    let alone = format!("/v1/pods?bay_ident={id}");
    member.get(&alone).await.refused(504);
    // What was silent at the last look costs no list its time.
    unheard(&cloud, &id).await;
    let asked = (server.heard().len(), other.heard().len());
    let list = member.get("/v1/pods").await.is(200);
    assert_eq!(names(&list, "pods"), ["own", "c"]);
    assert_eq!(list["left_out"][0]["reason"], "no route to host");
    assert_eq!(server.heard().len(), asked.0);
    assert_eq!(other.heard().len(), asked.1 + 1);
}

#[actix_web::test]
async fn silent_bays_cost_a_list_the_patience_of_one() {
    let cloud = allowing().await;
    let server = ApiServer::start().await;
    // More than are asked at once.
    for _ in 0..18 {
        bay(&cloud, &server).await;
    }
    server.is(Mood::Silent);
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    let list = cloud.member().get("/v1/services").await.is(200);
    assert_eq!(list["services"], json!([]));
    assert_eq!(list["left_out"].as_array().unwrap().len(), 18, "{list}");
    assert_eq!(begun.elapsed().as_secs(), 2, "what one is given");
}
