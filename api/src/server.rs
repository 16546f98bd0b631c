//! The HTTP server around the routes.

use crate::dispatch::dispatch;
use crate::state::State;
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpServer};
use schemas::{Error, Result};
use std::net::TcpListener;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Everything the listener answers, for `App::configure`: also what tests put into actix's test
/// service.
pub fn app(state: State) -> impl FnOnce(&mut ServiceConfig) {
    move |config: &mut ServiceConfig| {
        let answer = move |http, payload| dispatch(state.clone(), http, payload);
        config.default_service(web::to(answer));
    }
}

/// Serves until `shutdown`; requests under way are finished first, for at most ten seconds.
///
/// # Errors
/// `Unavailable` when the listener cannot be used.
pub async fn serve(listener: TcpListener, state: State, shutdown: CancellationToken) -> Result<()> {
    let unusable = |error: std::io::Error| {
        Error::Unavailable(format!("The API cannot listen on its address: {error}."))
    };
    let workers = state.settings.workers.max(1);
    let shared = state.clone();
    let server = HttpServer::new(move || App::new().configure(app(shared.clone())))
        .workers(workers)
        .keep_alive(Duration::from_secs(75))
        .client_request_timeout(Duration::from_secs(20))
        .shutdown_timeout(10)
        .disable_signals()
        .listen(listener)
        .map_err(unusable)?
        .run();
    let handle = server.handle();
    let (shared_state, until) = (state.clone(), shutdown.clone());
    let ended = CancellationToken::new();
    let watch = ended.clone();
    let upkeep = async move {
        let mut every = tokio::time::interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break handle.stop(true).await,
                () = watch.cancelled() => break,
                _ = every.tick() => state.refresh().await,
            }
        }
    };
    let served = async move {
        let served = server.await;
        ended.cancel();
        served
    };
    let images = crate::image::upkeep::run(shared_state, until);
    let (served, (), ()) = tokio::join!(served, upkeep, images);
    served.map_err(unusable)
}
