//! What belongs to no OpenStack service: health and metrics.

use crate::ctx::Open;
use crate::reply::{self, Reply};
use crate::route::{Route, get};
use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use serde_json::json;

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

/// What requests need answers.
async fn readyz(open: Open) -> Reply {
    open.store().check().await?;
    reply::ok(&json!({ "status": "ready" }))
}

async fn metrics(open: Open) -> Reply {
    let text = open.state().metrics.text()?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; version=0.0.4"))
        .body(text))
}
