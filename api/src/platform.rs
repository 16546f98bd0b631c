//! What belongs to no OpenStack service: health and metrics.

use crate::ctx::Open;
use crate::reply::{self, Reply};
use crate::route::{Route, get};
use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use bus::Bus;
use schemas::{Error, Result};
use serde::Serialize;
use serde_json::json;
use store::Store;

/// The platform's routes.
pub fn routes() -> Vec<Route> {
    vec![
        get("/healthz", healthz).at_root(),
        get("/readyz", readyz).at_root(),
        get("/metrics", metrics).at_root(),
    ]
}

/// The process lives.
async fn healthz(_: Open) -> Reply {
    reply::ok(&json!({ "status": "ok" }))
}

/// Is what the process needs there? 503 with words when it cannot do its work.
async fn readyz(open: Open) -> Reply {
    let state = readiness(Some(open.store()), Some(&open.state().bus)).await;
    match state.ready {
        true => reply::ok(&state),
        false => Err(Error::Unavailable(state.words())),
    }
}

/// Which of the parts that a process needs answer: `/readyz` of every role.
#[derive(Debug, Serialize)]
pub struct Readiness {
    /// `ready`; `degraded` when it works without something; `not ready`.
    pub status: &'static str,
    /// `ok`, or what is wrong. Roles without a database say nothing of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// `ok`, or what is wrong.
    pub broker: String,
    /// Can it do its work?
    #[serde(skip)]
    pub ready: bool,
}

impl Readiness {
    /// What is missing, in one text.
    pub fn words(&self) -> String {
        let database = self.database.as_deref();
        let parts = [database, Some(self.broker.as_str())].into_iter().flatten();
        let missing: Vec<&str> = parts.filter(|part| *part != OK).collect();
        missing.join(" ")
    }
}

const OK: &str = "ok";

/// Asks the parts. With a database a process works without a broker, only slower: it finds its work
/// by polling, but hosts cannot be asked. Without a database the broker is all it has.
pub async fn readiness(store: Option<&Store>, bus: Option<&Bus>) -> Readiness {
    let told = |checked: Result<()>, so: &str| match checked {
        Ok(()) => OK.to_owned(),
        Err(error) => format!("{error} {so}"),
    };
    let broker = match bus {
        Some(bus) => told(
            bus.check().await,
            "Hosts hear nothing until it is back; check the setting bus.url and the broker.",
        ),
        None => "The role has not connected to the broker yet.".to_owned(),
    };
    let database = match store {
        Some(store) => Some(told(
            store.check().await,
            "Nothing can be answered until it is back; check the setting database.url.",
        )),
        None => None,
    };
    let ready = database.as_deref().unwrap_or(&broker) == OK;
    let status = match (ready, broker == OK) {
        (true, true) => "ready",
        (true, false) => "degraded",
        (false, _) => "not ready",
    };
    Readiness {
        status,
        database,
        broker,
        ready,
    }
}

async fn metrics(open: Open) -> Reply {
    let text = open.state().metrics.text()?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; version=0.0.4"))
        .body(text))
}
