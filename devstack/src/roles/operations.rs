//! `/healthz`, `/readyz` and `/metrics` of a conductor or agent that runs without the api.

use super::Process;
use crate::settings::listen;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpResponse, HttpServer};
use api::platform::readiness;
use process::Shutdown;
use prometheus::{Encoder, TextEncoder};
use schemas::{Error, Result};
use std::net::SocketAddr;
use std::sync::Arc;

/// Answers until shutdown.
pub(super) async fn serve(
    address: SocketAddr,
    process: Arc<Process>,
    shutdown: Shutdown,
) -> Result<()> {
    let unusable = |error: std::io::Error| Error::Unavailable(format!("{address}: {error}."));
    let server = HttpServer::new(move || {
        let process = web::Data::from(process.clone());
        App::new().app_data(process).configure(routes)
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(2)
    .listen(listen(address)?)
    .map_err(unusable)?
    .run();
    let handle = server.handle();
    let (served, ()) = tokio::join!(server, async {
        shutdown.begun().await;
        handle.stop(true).await;
    });
    served.map_err(unusable)
}

fn routes(config: &mut ServiceConfig) {
    config
        .route("/healthz", web::get().to(healthz))
        .route("/readyz", web::get().to(readyz))
        .route("/metrics", web::get().to(metrics));
}

async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "ok" }))
}

/// What the api says of itself, of this process.
async fn readyz(process: web::Data<Process>) -> HttpResponse {
    let bus = process.bus();
    let state = readiness(process.opened(), bus.as_ref()).await;
    match state.ready {
        true => HttpResponse::Ok().json(state),
        false => HttpResponse::ServiceUnavailable().json(state),
    }
}

async fn metrics() -> HttpResponse {
    let mut text = Vec::new();
    match TextEncoder::new().encode(&prometheus::gather(), &mut text) {
        Ok(()) => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "text/plain; version=0.0.4"))
            .body(text),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written");
            HttpResponse::ServiceUnavailable().finish()
        }
    }
}
