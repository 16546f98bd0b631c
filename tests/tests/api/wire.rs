//! Bytes that are no HTTP, or HTTP that lies, over a real socket: the process answers or hangs up,
//! and serves the next client as if nothing had been.

use std::net::TcpListener;
use std::time::Duration;
use tests::api::database::{Database, Engine};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// How long a client waits before it hangs up.
const PATIENCE: Duration = Duration::from_secs(5);

fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let mut all: Vec<(&'static str, Vec<u8>)> = [
        ("nothing", &b""[..]),
        ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
        ("zeros", &[0; 4096]),
        ("HTTP/0.9", b"GET /healthz\r\n"),
        ("a version that is none", b"GET /healthz HTTP/9.9\r\nHost: a\r\n\r\n"),
        ("no host", b"GET /healthz HTTP/1.1\r\n\r\n"),
        ("two hosts", b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        ("a raw NUL in the path", b"GET /identity/v3/a\0b HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("raw bytes in the path", b"GET /identity/v3/\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("raw UTF-8 in the path", "GET /identity/v3/é HTTP/1.1\r\nHost: a\r\n\r\n".as_bytes()),
        ("an absolute target", b"GET http://evil.example/identity/v3 HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a star", b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("CONNECT", b"CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("TRACE", b"TRACE /identity/v3 HTTP/1.1\r\nHost: a\r\nX-Auth-Token: t\r\n\r\n"),
        ("an unknown method", b"BREW /identity/v3 HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a method that is no word", b"G\x00T / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a header without a colon", b"GET /healthz HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n"),
        ("a header with a NUL", b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: a\0b\r\n\r\n"),
        ("a folded header", b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: a\r\n b\r\n\r\n"),
        ("bare line feeds", b"GET /healthz HTTP/1.1\nHost: a\n\n"),
        (
            "less body than told",
            b"POST /identity/v3/auth/tokens HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{",
        ),
        (
            "more body than told",
            b"POST /identity/v3/auth/tokens HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n{\"a\":1}",
        ),
        (
            "a negative length",
            b"POST /identity/v3/auth/tokens HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n{}",
        ),
        (
            "a length no machine has",
            b"POST /identity/v3/auth/tokens HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
        ),
        (
            "a length of many gigabytes",
            b"POST /identity/v3/auth/tokens HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n{}",
        ),
        (
            "two lengths",
            b"POST /identity/v3/auth/tokens HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 7\r\n\r\n{}",
        ),
        (
            "length and chunks",
            b"POST /identity/v3/auth/tokens HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /admin HTTP/1.1\r\n\r\n",
        ),
        (
            "chunks that are none",
            b"POST /identity/v3/auth/tokens HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        ),
        (
            "a chunk longer than all memory",
            b"POST /identity/v3/auth/tokens HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}\r\n",
        ),
        (
            "a coding nobody knows",
            b"POST /identity/v3/auth/tokens HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: brotli\r\n\r\n{}",
        ),
        (
            "a gzip body that is none",
            b"POST /identity/v3/auth/tokens HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        ),
        (
            "an upgrade to nothing",
            b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n",
        ),
        ("HTTP/2 without asking", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\xff\xff"),
    ]
    .map(|(what, bytes)| (what, bytes.to_vec()))
    .into();
    let long = |n: usize| "a".repeat(n);
    all.push((
        "a path of a megabyte",
        format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", long(1 << 20)).into(),
    ));
    all.push((
        "a header of a megabyte",
        format!(
            "GET / HTTP/1.1\r\nHost: a\r\nX-A: {}\r\n\r\n",
            long(1 << 20)
        )
        .into(),
    ));
    all.push((
        "ten thousand headers",
        format!(
            "GET / HTTP/1.1\r\nHost: a\r\n{}\r\n",
            "X-A: b\r\n".repeat(10_000)
        )
        .into(),
    ));
    all.push((
        "a thousand requests at once",
        "GET /identity/v3/%ff HTTP/1.1\r\nHost: a\r\n\r\n"
            .repeat(1000)
            .into(),
    ));
    all
}

/// Sends, hangs up the sending half, reads what comes.
async fn send(address: std::net::SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let mut answer = Vec::new();
    // The other side may hang up in the middle: that is an answer too.
    let _ = tokio::time::timeout(PATIENCE, async {
        let _ = socket.write_all(bytes).await;
        let _ = socket.shutdown().await;
        let _ = socket.read_to_end(&mut answer).await;
    })
    .await;
    answer
}

fn codes(answer: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(answer);
    text.split("HTTP/1.")
        .skip(1)
        .filter_map(|head| head.get(2..5)?.parse().ok())
        .collect()
}

#[actix_web::test]
async fn lies_on_the_wire_end_with_the_connection_that_told_them() {
    tests::api::hostile::watch_panics();
    let database = Database::new(Engine::Sqlite);
    let state = database.state(&database.files("keys")).await;
    state.store.migrate().await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let served = tokio::task::spawn_local(api::serve(listener, state, shutdown.clone()));
    for (what, bytes) in hostile() {
        let answer = send(address, &bytes).await;
        let codes = codes(&answer);
        assert!(
            codes
                .iter()
                .all(|code| *code < 500 || *code == 501 || *code == 505),
            "{what}: {codes:?}"
        );
        assert!(
            !answer.windows(12).any(|w| w == b"X-Auth-Token"),
            "{what} is echoed"
        );
        let good = send(
            address,
            b"GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        )
        .await;
        assert!(
            good.starts_with(b"HTTP/1.1 200"),
            "after {what}: {}",
            String::from_utf8_lossy(&good)
        );
    }
    assert!(tests::api::hostile::panics().is_empty());
    shutdown.cancel();
    served.await.unwrap().unwrap();
}
