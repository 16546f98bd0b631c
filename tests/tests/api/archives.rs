//! Hostile images through the route that users upload by: each is refused in words, the image waits
//! for better data with the reason, and neither the database nor the directory of blobs keeps
//! anything of it.

use actix_web::http::Method;
use diesel::RunQueryDsl;
use serde_json::json;
use std::path::Path;
use tests::api::answer::{Answer, Ask};
use tests::api::cloud::Cloud;
use tests::api::database::Engine;
use tests::api::hostile::{Findings, archives, watch_panics};
use tests::api::persona::Persona;
use tests::api::seed::Seed;

on_each_engine! {
    no_hostile_archive_is_taken_and_none_leaves_anything
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    n: i64,
}

/// What may not grow. The entry that forgets old history is made once, and stays.
const TABLES: [&str; 4] = [
    "image_blobs",
    "image_tasks",
    "image_members",
    "work WHERE kind <> 'history'",
];

/// Lines of the tables, bytes counted for the project, and files in the directory of blobs.
async fn held(cloud: &Cloud) -> (Vec<i64>, Vec<i64>, Vec<String>) {
    api::image::upkeep::settle(&cloud.state).await.unwrap();
    let counts = cloud.state.store.read(|conn| {
        let count = |conn: &mut store::Conn, sql: String| -> store::Result<i64> {
            Ok(diesel::sql_query(sql).get_result::<Count>(conn)?.n)
        };
        let lines = TABLES.map(|table| count(conn, format!("SELECT COUNT(*) AS n FROM {table}")));
        let used = "SELECT CAST(COALESCE(SUM(in_use), 0) AS BIGINT) AS n FROM usages \
                    WHERE resource = 'image_bytes'";
        let used = count(conn, used.to_owned())?;
        Ok((
            lines.into_iter().collect::<store::Result<Vec<_>>>()?,
            vec![used],
        ))
    });
    let (lines, used) = counts.await.unwrap();
    let mut files = Vec::new();
    walk(&cloud.state.settings.image.dir, &mut files);
    files.sort();
    (lines, used, files)
}

fn walk(dir: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.file_name().is_some_and(|name| name != "lock") {
            found.push(path.display().to_string());
        }
    }
}

async fn create(cloud: &Cloud, format: &str) -> String {
    let image = json!({ "name": "x", "container_format": format, "disk_format": "raw" });
    let ask = Ask::new(Method::POST, "/image/v2/images").json(&image);
    let made = cloud.ask_as(Persona::Member, ask).await.json();
    made["id"].as_str().unwrap().to_owned()
}

async fn show(cloud: &Cloud, id: &str) -> serde_json::Value {
    let ask = Ask::get(format!("/image/v2/images/{id}"));
    cloud.ask_as(Persona::Member, ask).await.json()
}

fn upload(id: &str, bytes: Vec<u8>) -> Ask {
    Ask::new(Method::PUT, format!("/image/v2/images/{id}/file"))
        .bytes("application/octet-stream", bytes)
}

async fn no_hostile_archive_is_taken_and_none_leaves_anything(engine: Engine) {
    watch_panics();
    let seed = Seed::new(engine).await;
    let cloud = seed.cloud().await;
    let before = held(&cloud).await;
    let mut findings = Findings::default();
    for archive in archives::all() {
        let title = archive.title;
        let id = create(&cloud, archive.container_format).await;
        let mut ask = upload(&id, archive.bytes);
        if let Some(size) = archive.announced {
            ask = ask.header("x-openstack-image-size", size.to_string());
        }
        let answer: Answer = cloud.ask_as(Persona::Member, ask.clone()).await;
        findings.look(title, &ask, &answer);
        assert!(
            answer.status.is_client_error(),
            "{title}: {}",
            answer.status
        );
        let told = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(told.contains(archive.words), "{title}: {told}");
        let image = show(&cloud, &id).await;
        assert_eq!(image["status"], "queued", "{title}");
        // What is refused by its announcement alone never began.
        let reason = image["status_reason"].as_str().unwrap_or_default();
        assert!(reason == told || reason.is_empty(), "{title}: {reason:?}");
        assert_eq!(held(&cloud).await, before, "{title} leaves something");
        // The same image takes good data afterwards.
        if archive.container_format == "docker" {
            let ask = upload(&id, archives::good());
            let answer = cloud.ask_as(Persona::Member, ask).await;
            assert_eq!(answer.status, 204, "after {title}: {}", answer.text());
        }
        let gone = Ask::new(Method::DELETE, format!("/image/v2/images/{id}"));
        let answer = cloud.ask_as(Persona::Member, gone).await;
        assert_eq!(answer.status, 204, "{title}");
        assert_eq!(held(&cloud).await, before, "{title}, deleted");
    }
    findings.conclude();
}
