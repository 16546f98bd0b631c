//! A REST client for set-up and polling (not for load).

use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;

/// Talks to one cloud as one user.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    pub token: String,
}

impl Client {
    /// Signs in.
    pub async fn sign_in(address: SocketAddr, user: &str, password: &str, project: &str) -> Client {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(process::tls::client(None).unwrap())
            .timeout(Duration::from_secs(120))
            .build()
            .unwrap();
        let base = format!("http://{address}");
        let body = auth(user, password, project);
        let answer = http
            .post(format!("{base}/identity/v3/auth/tokens"))
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 201, "{:?}", answer.text().await);
        let token = answer.headers()["x-subject-token"]
            .to_str()
            .unwrap()
            .to_owned();
        Client { http, base, token }
    }

    /// A request that must succeed; the body, or null.
    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let (status, text) = self.answer(method, path, body).await;
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// A request, however it is answered.
    pub async fn answer(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (reqwest::StatusCode, String) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .header("X-Auth-Token", &self.token)
            .header(
                "OpenStack-API-Version",
                "compute 2.90, container-infra latest",
            );
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        (status, answer.text().await.unwrap())
    }

    /// Uploads bytes as an image's data.
    pub async fn upload(&self, image: &str, data: bytes::Bytes) {
        let answer = self
            .http
            .put(format!("{}/image/v2/images/{image}/file", self.base))
            .header("X-Auth-Token", &self.token)
            .header("Content-Type", "application/octet-stream")
            .body(data)
            .send()
            .await
            .unwrap();
        assert!(
            answer.status().is_success(),
            "upload: {:?}",
            answer.text().await
        );
    }

    /// Reads an image's data to its end; its length.
    pub async fn download(&self, image: &str) -> u64 {
        use futures::StreamExt;
        let url = format!("{}/image/v2/images/{image}/file", self.base);
        let answer = self
            .http
            .get(url)
            .header("X-Auth-Token", &self.token)
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success());
        let mut stream = answer.bytes_stream();
        let mut length = 0;
        while let Some(part) = stream.next().await {
            length += part.unwrap().len() as u64;
        }
        length
    }

    /// Asks for a server, no waiting.
    pub async fn boot(&self, name: &str, image: &str, flavor: &str, networks: &str) -> String {
        let body = json!({ "server": {
            "name": name, "imageRef": image, "flavorRef": flavor, "networks": networks,
        }});
        let made = self.call("POST", "/compute/v2.1/servers", Some(body)).await;
        made["server"]["id"].as_str().unwrap().to_owned()
    }

    /// Polls a server until it is ACTIVE.
    pub async fn until_active(&self, id: &str) {
        loop {
            let shown = self
                .call("GET", &format!("/compute/v2.1/servers/{id}"), None)
                .await;
            match shown["server"]["status"].as_str() {
                Some("ACTIVE") => return,
                Some("ERROR") => panic!("{shown}"),
                _ => tokio::time::sleep(Duration::from_millis(2)).await,
            }
        }
    }
}

/// The body of a password log-in.
pub fn auth(user: &str, password: &str, project: &str) -> Value {
    json!({ "auth": {
        "identity": { "methods": ["password"], "password": { "user": {
            "name": user, "domain": { "name": "Default" }, "password": password,
        }}},
        "scope": { "project": { "name": project, "domain": { "name": "Default" } } },
    }})
}
