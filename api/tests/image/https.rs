//! Imports over https, from a mirror whose certificate a private authority signed.

use super::archive::layer;
use super::cloud::Cloud;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

/// A file beside this one; the key is for `localhost` and 127.0.0.1, and signs nothing else.
fn file(name: &str) -> PathBuf {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests");
    tests.join("image/tls").join(name)
}

/// A server that gives everybody the same; gives its port.
async fn mirror(data: Vec<u8>) -> u16 {
    let chain = CertificateDer::pem_file_iter(file("server.pem")).unwrap();
    let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::task::spawn_local(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            // Whoever does not trust the certificate ends here.
            let Ok(mut socket) = acceptor.accept(socket).await else {
                continue;
            };
            let mut request = vec![0; 4096];
            assert!(socket.read(&mut request).await.unwrap() > 0);
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                data.len()
            );
            socket.write_all(head.as_bytes()).await.unwrap();
            socket.write_all(&data).await.unwrap();
            // The client may be gone already.
            let _ = socket.shutdown().await;
        }
    });
    port
}

#[actix_web::test]
async fn an_image_comes_over_https_when_the_mirrors_authority_is_trusted_and_not_otherwise() {
    let data = layer("bin/a", 1);
    let port = mirror(data.clone()).await;
    for (ca_file, status, why) in [
        (Some(file("ca.pem")), "active", ""),
        (None, "queued", "certificate"),
    ] {
        let cloud = Cloud::with(|settings| {
            settings.web_download.allow = vec!["127.0.0.1/32".parse().unwrap()];
            settings.web_download.ports.clear();
            settings.web_download.ca_file = ca_file;
        })
        .await;
        let id = cloud.create("alice", json!({})).await;
        let uri = format!("https://127.0.0.1:{port}/image.tar");
        let import = json!({ "method": { "name": "web-download", "uri": uri } });
        let path = format!("/v2/images/{id}/import");
        cloud.post("alice", &path, import).await.is(202);
        cloud.settle().await;
        let image = cloud.show("alice", &id).await;
        assert_eq!(image["status"], status, "{image}");
        let told = image["status_reason"].as_str().unwrap_or_default();
        assert!(told.contains(why), "{told}");
        if status == "active" {
            let file = cloud.get("alice", &format!("/v2/images/{id}/file")).await;
            assert_eq!(file.is(200).bytes, data);
        }
    }
}
