//! The work that goes on after answers: what is under way does not wait for what is to be begun.

use super::cloud::Cloud;
use api::image::upkeep;
use schemas::Kind;
use serde_json::json;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;
use store::work;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

const PIECE: usize = 2 << 20;
/// More than the sockets between sender and receiver hold, and sent over a longer time than the
/// entry below waits.
const PIECES: usize = 24;
const BETWEEN: Duration = Duration::from_millis(50);
/// When the loop looks for more.
const SOON: Duration = Duration::from_millis(300);

/// A root filesystem with one large file.
async fn send(mut socket: TcpStream) {
    let mut head = tar::Header::new_gnu();
    head.set_path("noise").unwrap();
    head.set_mode(0o644);
    head.set_size((PIECE * PIECES) as u64);
    head.set_cksum();
    let end = vec![0; 1024];
    let length = PIECE * PIECES + head.as_bytes().len() + end.len();
    let http = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
    socket.write_all(http.as_bytes()).await.unwrap();
    socket.write_all(head.as_bytes()).await.unwrap();
    let piece = vec![b'x'; PIECE];
    let mut beat = tokio::time::interval(BETWEEN);
    for _ in 0..PIECES {
        beat.tick().await;
        socket.write_all(&piece).await.unwrap();
    }
    socket.write_all(&end).await.unwrap();
}

/// Holds the one writer of the database until the sender is dropped.
async fn hold(store: &store::Store) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel::<()>();
    let (told, begun) = tokio::sync::oneshot::channel();
    let (released, told) = (Mutex::new(released), Mutex::new(Some(told)));
    let store = store.clone();
    tokio::spawn(async move {
        let held = store.write(move |_| {
            if let Some(told) = told.lock().unwrap().take() {
                told.send(()).unwrap();
            }
            let _ = released.lock().unwrap().recv();
            Ok(())
        });
        held.await.unwrap();
    });
    begun.await.unwrap();
    release
}

#[actix_web::test]
async fn a_download_goes_on_while_more_work_waits_to_be_claimed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let cloud = Cloud::with(|settings| {
        settings.web_download.allow = vec!["127.0.0.1/32".parse().unwrap()];
        settings.web_download.ports.clear();
    })
    .await;
    let id = cloud.create("alice", json!({})).await;
    let method = json!({
        "name": "web-download", "uri": format!("http://127.0.0.1:{port}/image.tar"),
    });
    let path = format!("/v2/images/{id}/import");
    let import = json!({ "method": method });
    cloud.post("alice", &path, import).await.is(202);
    let later = |tx: &mut store::Tx<'_>| {
        let entry = work::ensure(tx, Kind::Blob, "no digest")?;
        let at = tx.now() + SOON;
        work::again(tx, &entry, at, "to be claimed while the database is busy").map(|_| ())
    };
    cloud.state.store.write(later).await.unwrap();
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(upkeep::run(Arc::clone(&cloud.state), shutdown.clone()));
    let (mut socket, _) = listener.accept().await.unwrap();
    let mut request = vec![0; 4096];
    assert!(socket.read(&mut request).await.unwrap() > 0);
    let release = hold(&cloud.state.store).await;
    let sent = tokio::time::timeout(Duration::from_secs(20), send(socket)).await;
    assert!(sent.is_ok(), "the download stood still");
    drop(release);
    let active = async {
        while cloud.show("alice", &id).await["status"] != "active" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let active = tokio::time::timeout(Duration::from_secs(20), active).await;
    assert!(active.is_ok(), "{}", cloud.show("alice", &id).await);
    shutdown.cancel();
    running.await.unwrap();
}
