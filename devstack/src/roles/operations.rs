//! `/healthz` and `/metrics` of a conductor or agent that runs without the api.

use crate::settings::listen;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpResponse, HttpServer};
use process::Shutdown;
use prometheus::{Encoder, TextEncoder};
use schemas::{Error, Result};
use std::net::SocketAddr;

/// Answers until shutdown.
pub async fn serve(address: SocketAddr, shutdown: Shutdown) -> Result<()> {
    let unusable = |error: std::io::Error| Error::Unavailable(format!("{address}: {error}."));
    let server = HttpServer::new(|| App::new().configure(routes))
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
        .route("/metrics", web::get().to(metrics));
}

async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "ok" }))
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
