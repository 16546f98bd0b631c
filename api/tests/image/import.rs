//! Import: staged or fetched first, taken apart afterwards.

use super::archive::{docker, layer};
use super::cloud::Cloud;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A web server for one directory's worth of answers; gives its port.
async fn web(answers: Vec<(&'static str, String, Vec<u8>)>) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::task::spawn_local(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let n = socket.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..n]).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
            let found = answers.iter().find(|(known, _, _)| *known == path);
            let (head, body) = found.map_or(("404 Not Found".to_owned(), Vec::new()), |found| {
                (found.1.clone(), found.2.clone())
            });
            let head = format!(
                "HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            // The client may have gone.
            let _ = socket.write_all(head.as_bytes()).await;
            let _ = socket.write_all(&body).await;
        }
    });
    port
}

async fn import(cloud: &Cloud, id: &str, method: Value) -> super::cloud::Answer {
    let path = format!("/v2/images/{id}/import");
    cloud
        .post("alice", &path, json!({ "method": method }))
        .await
}

async fn task(cloud: &Cloud, id: &str) -> Value {
    let tasks = cloud
        .get("alice", &format!("/v2/images/{id}/tasks"))
        .await
        .is(200)
        .json();
    tasks["tasks"][0].clone()
}

#[actix_web::test]
async fn staged_data_becomes_the_image_and_the_staging_is_cleared() {
    let cloud = Cloud::new().await;
    let data = docker(&[layer("bin/a", 1)], "amd64");
    let plain = cloud.upload("bob", json!({}), &data).await;
    let blobs = cloud.files();
    let id = cloud.create("alice", json!({})).await;
    import(&cloud, &id, json!({ "name": "glance-direct" }))
        .await
        .is(409);
    let stage = format!("/v2/images/{id}/stage");
    cloud.put_bytes("alice", &stage, &data).await.is(204);
    assert_eq!(cloud.show("alice", &id).await["status"], "uploading");
    cloud.put_bytes("alice", &stage, &data).await.is(409);
    import(&cloud, &id, json!({ "name": "glance-direct" }))
        .await
        .is(202);
    assert_eq!(cloud.show("alice", &id).await["status"], "importing");
    assert_eq!(task(&cloud, &id).await["status"], "pending");
    cloud.settle().await;
    assert_eq!(task(&cloud, &id).await["status"], "success");
    let (image, other) = (
        cloud.show("alice", &id).await,
        cloud.show("bob", &plain).await,
    );
    assert_eq!(image["status"], "active");
    assert_eq!(image["os_hash_value"], other["os_hash_value"]);
    assert_eq!(
        cloud.files(),
        blobs,
        "the staged copy is gone, all else was there"
    );
    let tasks = cloud.get("admin", "/v2/tasks").await.is(200).json();
    assert_eq!(tasks["tasks"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn a_failed_import_says_why_and_leaves_nothing() {
    let cloud = Cloud::new().await;
    let id = cloud
        .create("alice", json!({ "container_format": "docker" }))
        .await;
    let stage = format!("/v2/images/{id}/stage");
    cloud
        .put_bytes("alice", &stage, &layer("bin/a", 1))
        .await
        .is(204);
    import(&cloud, &id, json!({ "name": "glance-direct" }))
        .await
        .is(202);
    cloud.settle().await;
    let task = task(&cloud, &id).await;
    assert_eq!(task["status"], "failure");
    assert!(task["message"].as_str().unwrap().contains("manifest.json"));
    assert_eq!(cloud.show("alice", &id).await["status"], "queued");
    assert_eq!(cloud.files(), [""; 0]);
}

#[actix_web::test]
async fn an_import_that_a_dead_process_began_is_done_by_the_next() {
    let cloud = Cloud::new().await;
    let data = layer("bin/a", 1);
    let id = cloud.create("alice", json!({})).await;
    let stage = format!("/v2/images/{id}/stage");
    cloud.put_bytes("alice", &stage, &data).await.is(204);
    import(&cloud, &id, json!({ "name": "glance-direct" }))
        .await
        .is(202);
    let cloud = cloud.again();
    cloud.settle().await;
    let file = cloud
        .get("alice", &format!("/v2/images/{id}/file"))
        .await
        .is(200);
    assert_eq!(file.bytes, data);
}

#[actix_web::test]
async fn an_image_is_fetched_from_the_web_through_judged_redirects_only() {
    let data = docker(&[layer("bin/a", 1)], "amd64");
    let port = web(vec![
        ("/image.tar", "200 OK".into(), data.clone()),
        (
            "/moved",
            "302 Found\r\nlocation: /image.tar".into(),
            Vec::new(),
        ),
        (
            "/inside",
            "302 Found\r\nlocation: http://169.254.169.254/latest/meta-data".into(),
            Vec::new(),
        ),
        ("/round", "302 Found\r\nlocation: /round".into(), Vec::new()),
    ])
    .await;
    let cloud = Cloud::with(|settings| {
        settings.web_download.allow = vec!["127.0.0.1/32".parse().unwrap()];
        settings.web_download.ports.clear();
    })
    .await;
    for (path, why) in [
        ("/moved", None),
        ("/image.tar", None),
        ("/inside", Some("not public")),
        ("/round", Some("too often")),
        ("/nothing", Some("404")),
    ] {
        let id = cloud.create("alice", json!({})).await;
        let uri = format!("http://127.0.0.1:{port}{path}");
        import(&cloud, &id, json!({ "name": "web-download", "uri": uri }))
            .await
            .is(202);
        cloud.settle().await;
        let (task, image) = (task(&cloud, &id).await, cloud.show("alice", &id).await);
        match why {
            None => assert_eq!(
                (task["status"].as_str(), image["status"].as_str()),
                (Some("success"), Some("active"))
            ),
            Some(why) => {
                assert!(task["message"].as_str().unwrap().contains(why), "{task}");
                assert_eq!(image["status"], "queued");
            }
        }
    }
}

#[actix_web::test]
async fn the_house_itself_is_not_fetched_from() {
    let port = web(vec![("/secret", "200 OK".into(), layer("bin/a", 1))]).await;
    let cloud = Cloud::with(|settings| settings.web_download.ports.clear()).await;
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"] {
        let id = cloud.create("alice", json!({})).await;
        let uri = format!("http://{host}:{port}/secret");
        import(&cloud, &id, json!({ "name": "web-download", "uri": uri }))
            .await
            .is(202);
        cloud.settle().await;
        let message = task(&cloud, &id).await["message"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(message.contains("not public"), "{host}: {message}");
    }
    let id = cloud.create("alice", json!({})).await;
    for (method, why) in [
        (
            json!({ "name": "web-download", "uri": "file:///etc/passwd" }),
            "http",
        ),
        (json!({ "name": "web-download" }), "uri"),
        (json!({ "name": "copy-image" }), "not offered"),
    ] {
        let refused = import(&cloud, &id, method).await.is(400);
        assert!(refused.words().contains(why), "{}", refused.words());
    }
}
