//! A small client of the cloud's own REST APIs, for the first steps: it needs no Python, and it sees
//! what any client sees.

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use schemas::{Error, Result};
use serde_json::{Value, json};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

/// Logged in to one project.
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
    /// The project's id.
    pub project_id: String,
    /// The user's id.
    pub user_id: String,
}

impl Client {
    /// Logs in by names, in the domain `Default`.
    ///
    /// # Errors
    /// `Unauthorized` for a wrong password; `Unavailable` when nobody answers there.
    pub async fn log_in(base: &str, user: &str, password: &str, project: &str) -> Result<Client> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(process::tls::client(None)?)
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(PATIENCE)
            .build()
            .map_err(Error::internal)?;
        let base = base.trim_end_matches('/').to_owned();
        let domain = json!({ "name": "Default" });
        let body = json!({ "auth": {
            "identity": { "methods": ["password"], "password": { "user": {
                "name": user, "password": password, "domain": domain } } },
            "scope": { "project": { "name": project, "domain": domain } },
        }});
        let asked = http
            .post(format!("{base}/identity/v3/auth/tokens"))
            .json(&body);
        let answer = accepted(asked, &base).await?;
        let token = answer
            .headers()
            .get("x-subject-token")
            .and_then(|it| it.to_str().ok());
        let token = token
            .ok_or_else(|| Error::internal("the answer to the log-in has no token"))?
            .to_owned();
        let body: Value = answer.json().await.map_err(Error::internal)?;
        let text = |at: &str| {
            body.pointer(at)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        Ok(Client {
            project_id: text("/token/project/id"),
            user_id: text("/token/user/id"),
            http,
            base,
            token,
        })
    }

    /// A request with the token; `path` begins with the service's prefix.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.base))
            .header("X-Auth-Token", &self.token)
            .header("OpenStack-API-Version", "compute 2.96")
    }

    /// Sends, and refuses what the cloud refuses, in the cloud's words.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response> {
        accepted(request, &self.base).await
    }

    /// A document.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let answer = self.send(self.request(Method::GET, path)).await?;
        answer.json().await.map_err(Error::internal)
    }

    /// Makes something.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let answer = self
            .send(self.request(Method::POST, path).json(body))
            .await?;
        let text = answer.text().await.map_err(Error::internal)?;
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).map_err(Error::internal)
    }

    /// The id of the first in a list with this name.
    pub async fn find(&self, path: &str, list: &str, name: &str) -> Result<Option<String>> {
        let found = self.get(path).await?;
        let items = found[list]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let named = items.iter().find(|item| item["name"] == name);
        Ok(named
            .and_then(|item| item["id"].as_str())
            .map(str::to_owned))
    }
}

async fn accepted(request: RequestBuilder, base: &str) -> Result<Response> {
    let answer = request.send().await.map_err(|error| {
        Error::Unavailable(format!(
            "{base} cannot be asked: {}. Does `jeroboam all` (or `api`) run there?",
            error.without_url()
        ))
    })?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let text = answer.text().await.unwrap_or_default();
    let words = words(&text).unwrap_or_else(|| format!("{base} answered {status}."));
    Err(match status {
        StatusCode::UNAUTHORIZED => Error::Unauthorized(words),
        StatusCode::FORBIDDEN => Error::Forbidden(words),
        StatusCode::NOT_FOUND => Error::NotFound(words),
        StatusCode::CONFLICT => Error::Conflict(words),
        StatusCode::NOT_IMPLEMENTED => Error::NotImplemented(words),
        status if status.is_client_error() => Error::BadRequest(words),
        _ => Error::Unavailable(words),
    })
}

/// The message in any service's envelope.
fn words(body: &str) -> Option<String> {
    fn search(value: &Value) -> Option<&str> {
        let fields = value.as_object()?;
        let own = fields.get("message").or_else(|| fields.get("detail"));
        own.and_then(Value::as_str)
            .or_else(|| fields.values().find_map(search))
    }
    search(&serde_json::from_str(body).ok()?).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_found_in_every_envelope() {
        for body in [
            r#"{"error": {"code": 401, "message": "No.", "title": "Unauthorized"}}"#,
            r#"{"badRequest": {"code": 400, "message": "No."}}"#,
            r#"{"message": "No.", "code": "404 Not Found", "title": "Not Found"}"#,
        ] {
            assert_eq!(words(body).as_deref(), Some("No."), "{body}");
        }
        assert_eq!(words("<html>"), None);
    }
}
