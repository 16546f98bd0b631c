//! An API server of the test's: https, and the rules of the real one (kube-apiserver 1.20) that the
//! stories touch: who asks, what is there, which refusals in which form.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// Who is let in.
pub const TOKEN: &str = "s3cret-token-of-a-tenant";

/// How it behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Well,
    /// Takes requests and answers nothing.
    Silent,
    /// Answers more than anybody reads.
    Endless,
    /// Is no API server.
    Strange,
    /// Sends everybody elsewhere.
    Redirects,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<(String, String, String), Value>,
    heard: Vec<(String, String, Value)>,
    made: u64,
    port: u16,
}

/// A running one.
#[derive(Clone)]
pub struct ApiServer {
    pub port: u16,
    ca: String,
    state: Arc<Mutex<State>>,
    mood: Arc<Mutex<Mood>>,
}

impl ApiServer {
    pub async fn start() -> ApiServer {
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let own = rcgen::generate_simple_self_signed(names).unwrap();
        let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
        let provider = tokio_rustls::rustls::crypto::ring::default_provider();
        let config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.cert.der().clone()], key.into())
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State {
            port,
            ..State::default()
        };
        let server = ApiServer {
            port,
            ca: own.cert.pem(),
            state: Arc::new(Mutex::new(state)),
            mood: Arc::new(Mutex::new(Mood::Well)),
        };
        let (acceptor, serving) = (TlsAcceptor::from(Arc::new(config)), server.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, server) = (acceptor.clone(), serving.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        server.serve(stream).await;
                    }
                });
            }
        });
        server
    }

    pub fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Its authority, PEM.
    pub fn ca(&self) -> &str {
        &self.ca
    }

    /// What opens it, as a user would write it.
    pub fn kubeconfig(&self) -> Value {
        self.kubeconfig_at(&format!("https://127.0.0.1:{}", self.port))
    }

    pub fn kubeconfig_at(&self, server: &str) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "main",
            "clusters": [{ "name": "k", "cluster": {
                "server": server, "certificate-authority-data": STANDARD.encode(&self.ca),
            }}],
            "users": [{ "name": "me", "user": { "token": TOKEN } }],
            "contexts": [{ "name": "main", "context": { "cluster": "k", "user": "me" } }],
        })
    }

    /// Method, path and body of all that it was asked.
    pub fn heard(&self) -> Vec<(String, String, Value)> {
        self.state.lock().unwrap().heard.clone()
    }

    /// How many things it has.
    pub fn things(&self) -> usize {
        self.state.lock().unwrap().objects.len()
    }

    async fn serve(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        let Some((head, body)) = read(&mut stream).await else {
            return;
        };
        let mut words = head.split_ascii_whitespace();
        let method = words.next().unwrap_or_default().to_owned();
        let path = words.next().unwrap_or_default().to_owned();
        let mood = *self.mood.lock().unwrap();
        let (code, content) = match mood {
            Mood::Silent => return std::future::pending().await,
            Mood::Endless => return endless(&mut stream).await,
            Mood::Strange => (500, "<html>secret page of the house</html>".to_owned()),
            Mood::Redirects => (302, String::new()),
            Mood::Well => self.answer(&head, &method, &path, &body),
        };
        let answer = format!(
            "HTTP/1.1 {code} X\r\nlocation: http://169.254.169.254/\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n{content}",
            content.len()
        );
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
    }

    fn answer(&self, head: &str, method: &str, path: &str, body: &str) -> (u16, String) {
        let authorized = head.lines().any(|line| {
            let (name, value) = line.split_once(": ").unwrap_or_default();
            name.eq_ignore_ascii_case("authorization") && value == format!("Bearer {TOKEN}")
        });
        if !authorized {
            return failure(401, "Unauthorized", "Unauthorized");
        }
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let mut state = self.state.lock().unwrap();
        let (path, _query) = path.split_once('?').unwrap_or((path, ""));
        let heard = (method.to_owned(), path.to_owned(), body.clone());
        state.heard.push(heard);
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match (method, parts.as_slice()) {
            ("GET", ["version"]) => (200, json!({ "gitVersion": "v1.20.2" }).to_string()),
            ("GET", ["readyz"]) => (200, "ok".into()),
            (_, ["api", "v1", "namespaces", "closed", ..]) => failure(
                403,
                "Forbidden",
                r#"pods is forbidden: User "me" cannot create resource "pods" in API group "" in the namespace "closed""#,
            ),
            ("GET", ["api", "v1", plural]) => state.list(plural, None),
            ("GET", ["api", "v1", "namespaces", space, plural]) => state.list(plural, Some(space)),
            ("POST", ["api", "v1", "namespaces", space, plural]) => {
                state.create(plural, space, body)
            }
            (_, ["api", "v1", "namespaces", space, plural, name]) => {
                state.one(method, (plural, space, name), body)
            }
            _ => failure(
                404,
                "NotFound",
                "the server could not find the requested resource",
            ),
        }
    }
}

impl State {
    fn list(&self, plural: &str, space: Option<&str>) -> (u16, String) {
        let all = self.objects.iter();
        let items =
            all.filter(|((own, at, _), _)| own == plural && space.is_none_or(|space| at == space));
        let items: Vec<&Value> = items.map(|(_, object)| object).collect();
        (
            200,
            json!({ "kind": "List", "metadata": {}, "items": items }).to_string(),
        )
    }

    fn create(&mut self, plural: &str, space: &str, mut object: Value) -> (u16, String) {
        let Some(name) = object["metadata"]["name"].as_str().map(str::to_owned) else {
            let told = "name or generateName is required";
            return failure(
                422,
                "Invalid",
                &format!("Pod \"\" is invalid: metadata.name: {told}"),
            );
        };
        let key = (plural.to_owned(), space.to_owned(), name.clone());
        if self.objects.contains_key(&key) {
            let told = format!("{plural} \"{name}\" already exists");
            return failure(409, "AlreadyExists", &told);
        }
        self.made += 1;
        let (made, port) = (self.made, self.port);
        let meta = object["metadata"].as_object_mut().unwrap();
        meta.insert("namespace".into(), space.into());
        meta.insert(
            "uid".into(),
            format!("6b0fb4e9-0000-4000-8000-{port:06}{made:06}").into(),
        );
        meta.insert("resourceVersion".into(), made.to_string().into());
        meta.insert("creationTimestamp".into(), "2026-11-01T10:00:00Z".into());
        meta.insert("managedFields".into(), json!([{ "manager": "unknown" }]));
        match plural {
            "pods" => object["status"] = json!({ "phase": "Pending" }),
            "services" => object["spec"]["clusterIP"] = "10.0.0.17".into(),
            _ => {}
        }
        self.objects.insert(key, object.clone());
        (201, object.to_string())
    }

    fn one(&mut self, method: &str, at: (&str, &str, &str), body: Value) -> (u16, String) {
        let (plural, space, name) = at;
        let key = (plural.to_owned(), space.to_owned(), name.to_owned());
        let Some(before) = self.objects.get(&key).cloned() else {
            return failure(404, "NotFound", &format!("{plural} \"{name}\" not found"));
        };
        match method {
            "GET" => (200, before.to_string()),
            "DELETE" if body["preconditions"]["uid"] == before["metadata"]["uid"] => {
                self.objects.remove(&key);
                (200, before.to_string())
            }
            "PUT" if plural == "pods" && body["spec"] != before["spec"] => failure(
                422,
                "Invalid",
                "Pod \"web\" is invalid: spec: Forbidden: pod updates may not change fields",
            ),
            "PUT"
                if body["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"] =>
            {
                let mut after = body;
                for field in ["namespace", "uid", "creationTimestamp"] {
                    after["metadata"][field] = before["metadata"][field].clone();
                }
                self.objects.insert(key, after.clone());
                (200, after.to_string())
            }
            _ => failure(409, "Conflict", "the object has been modified"),
        }
    }
}

fn failure(code: u16, reason: &str, message: &str) -> (u16, String) {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    });
    (code, status.to_string())
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<(String, String)> {
    let mut all = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&all).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let lower = head.to_ascii_lowercase();
            let length = lower
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.and_then(|n| n.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                return Some((head.to_owned(), body.to_owned()));
            }
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return None,
            Ok(n) => all.extend_from_slice(&piece[..n]),
        }
    }
}

async fn endless(stream: &mut (impl AsyncWrite + Unpin)) {
    let _ = stream
        .write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
        .await;
    while stream.write_all(&[b' '; 65536]).await.is_ok() {}
}
