//! A small HTTP server with the routes of an image and an identity service, over a directory.

use agent::image_service::{DirectoryImages, ImageService};
use blobs::Digest;
use bytes::Bytes;
use futures::{StreamExt, stream};
use schemas::Error;
use schemas::ids::ImageId;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

pub struct Server {
    pub address: SocketAddr,
    pub images: DirectoryImages,
    /// Logins so far; the token of the last one is the only one that is good.
    pub logins: AtomicU64,
    /// Bodies of logins.
    pub said: Mutex<Vec<serde_json::Value>>,
    /// The next answer with a body breaks off in the middle.
    pub cut: AtomicBool,
    /// Ranges are not known.
    pub plain: AtomicBool,
}

struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(it, _)| it == name);
        found.map(|(_, value)| value.as_str())
    }
}

pub async fn serve(images: DirectoryImages) -> Arc<Server> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Arc::new(Server {
        address: listener.local_addr().unwrap(),
        images,
        logins: AtomicU64::new(0),
        said: Mutex::default(),
        cut: AtomicBool::new(false),
        plain: AtomicBool::new(false),
    });
    let shared = server.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let server = shared.clone();
            tokio::spawn(async move { server.connection(stream).await });
        }
    });
    server
}

impl Server {
    async fn connection(&self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        // One request for each connection keeps this simple.
        let Some(request) = read(&mut stream).await else {
            return;
        };
        let (status, headers, body) = self.answer(&request).await;
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n"
        );
        let cut = length > 1 && self.cut.swap(false, Ordering::SeqCst);
        let body = match (request.method.as_str(), cut) {
            ("HEAD", _) => &[][..],
            (_, true) => &body[..length / 2],
            (_, false) => &body[..],
        };
        _ = stream.write_all(head.as_bytes()).await;
        _ = stream.write_all(body).await;
        _ = stream.shutdown().await;
    }

    async fn answer(&self, request: &Request) -> (String, String, Vec<u8>) {
        let plain = |status: &str| (status.to_owned(), String::new(), Vec::new());
        if request.path == "/identity/v3/auth/tokens" {
            self.said
                .lock()
                .unwrap()
                .push(serde_json::from_slice(&request.body).unwrap());
            let token = 1 + self.logins.fetch_add(1, Ordering::SeqCst);
            let headers = format!("x-subject-token: token-{token}\r\n");
            let body = r#"{"token":{"expires_at":"2999-01-01T00:00:00.000000Z"}}"#;
            return ("201 Created".into(), headers, body.into());
        }
        let good = format!("token-{}", self.logins.load(Ordering::SeqCst));
        if request.header("x-auth-token") != Some(&good) {
            return plain("401 Unauthorized");
        }
        let path = request.path.strip_prefix("/image/v2/images/").unwrap();
        let (id, rest) = path.split_once('/').unwrap();
        let id = ImageId::parse(id).unwrap();
        let result = match (request.method.as_str(), rest.strip_prefix("blobs/")) {
            ("GET", None) => self
                .images
                .manifest(id)
                .await
                .map(|bytes| ("200 OK", bytes.to_vec())),
            ("PUT", None) => {
                let done = self
                    .images
                    .put_manifest(id, request.body.clone().into())
                    .await;
                done.map(|()| ("204 No Content", Vec::new()))
            }
            (method, Some(digest)) => {
                self.blob(method, id, &digest.parse().unwrap(), request)
                    .await
            }
            other => panic!("{other:?}"),
        };
        match result {
            Ok((status, body)) => (status.to_owned(), String::new(), body),
            Err(Error::NotFound(_)) => plain("404 Not Found"),
            Err(Error::BadRequest(_)) => plain("400 Bad Request"),
            Err(_) => plain("500 Internal Server Error"),
        }
    }

    async fn blob(
        &self,
        method: &str,
        id: ImageId,
        digest: &Digest,
        request: &Request,
    ) -> Result<(&'static str, Vec<u8>), Error> {
        if method == "PUT" {
            let data: Vec<std::io::Result<Bytes>> = vec![Ok(request.body.clone().into())];
            let len = request.body.len() as u64;
            self.images
                .put_blob(id, digest, len, stream::iter(data).boxed())
                .await?;
            return Ok(("201 Created", Vec::new()));
        }
        if !self.images.has_blob(id, digest).await? {
            return Err(Error::NotFound(String::new()));
        }
        let range = request
            .header("range")
            .filter(|_| !self.plain.load(Ordering::SeqCst));
        let from = range.map(|range| {
            range
                .strip_prefix("bytes=")
                .unwrap()
                .trim_end_matches('-')
                .parse()
                .unwrap()
        });
        let mut data = self.images.blob(id, digest, from.unwrap_or(0)).await?;
        let mut all = Vec::new();
        while let Some(piece) = data.next().await {
            all.extend_from_slice(&piece.unwrap());
        }
        Ok((
            if from.is_some() {
                "206 Partial Content"
            } else {
                "200 OK"
            },
            all,
        ))
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request {
        method,
        path,
        headers,
        body: Vec::new(),
    };
    assert_eq!(
        request.header("transfer-encoding"),
        None,
        "lengths are always told"
    );
    let length = request
        .header("content-length")
        .map_or(0, |it| it.parse().unwrap());
    request.body = vec![0; length];
    stream.read_exact(&mut request.body).await.ok()?;
    Some(request)
}
