//! The service user's token: asked for once, used until it ends.

use super::ImageServiceSettings;
use process::Clock;
use reqwest::StatusCode;
use schemas::{Error, Result, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::Mutex;

const PATIENCE: Duration = Duration::from_secs(15);
/// A token is not used in its last moments: it would end on the way.
const MARGIN: Duration = Duration::from_secs(60);

pub(super) struct Login {
    settings: ImageServiceSettings,
    client: reqwest::Client,
    clock: Clock,
    token: Mutex<Option<Token>>,
}

#[derive(Clone)]
struct Token {
    text: String,
    expires: Timestamp,
}

impl Login {
    pub(super) fn new(
        settings: ImageServiceSettings,
        client: reqwest::Client,
        clock: Clock,
    ) -> Login {
        Login {
            settings,
            client,
            clock,
            token: Mutex::new(None),
        }
    }

    /// A token that is good for some time. Who asks meanwhile waits for the same one.
    pub(super) async fn token(&self) -> Result<String> {
        let mut held = self.token.lock().await;
        if let Some(token) = held.as_ref()
            && self.clock.now() + MARGIN < token.expires
        {
            return Ok(token.text.clone());
        }
        let fresh = tokio::time::timeout(PATIENCE, self.ask())
            .await
            .unwrap_or_else(|_| {
                Err(Error::Unavailable(
                    "The identity service does not answer.".into(),
                ))
            })?;
        Ok(held.insert(fresh).text.clone())
    }

    /// The token was refused: it is not used again.
    pub(super) async fn refused(&self, text: &str) {
        let mut held = self.token.lock().await;
        if held.as_ref().is_some_and(|token| token.text == text) {
            *held = None;
        }
    }

    async fn ask(&self) -> Result<Token> {
        let it = &self.settings;
        let body = json!({ "auth": {
            "identity": { "methods": ["password"], "password": { "user": {
                "name": it.username, "password": it.password, "domain": { "name": it.user_domain } } } },
            "scope": { "project": { "name": it.project, "domain": { "name": it.project_domain } } },
        }});
        let base = it.auth_url.trim_end_matches('/').trim_end_matches("/v3");
        let unreachable = |error: reqwest::Error| {
            Error::Unavailable(format!(
                "The identity service cannot be reached: {}",
                error.without_url()
            ))
        };
        let asking = self
            .client
            .post(format!("{base}/v3/auth/tokens"))
            .json(&body);
        let answer = asking.send().await.map_err(unreachable)?;
        match answer.status() {
            StatusCode::CREATED | StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(Error::Unauthorized(format!(
                    "The identity service refuses the user '{}'; check the agent's settings.",
                    it.username
                )));
            }
            status => {
                return Err(Error::Unavailable(format!(
                    "The identity service answered {status}."
                )));
            }
        }
        let odd = || Error::Internal("the identity service's answer is no token".into());
        let text = answer
            .headers()
            .get("x-subject-token")
            .and_then(|it| it.to_str().ok());
        let text = text.ok_or_else(odd)?.to_owned();
        let body: Value = answer.json().await.map_err(unreachable)?;
        let expires = body["token"]["expires_at"]
            .as_str()
            .and_then(Timestamp::parse);
        Ok(Token {
            text,
            expires: expires.ok_or_else(odd)?,
        })
    }
}
