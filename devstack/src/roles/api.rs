//! The REST services. Hints and notifications of what requests wrote go from the store to the bus.

use super::Process;
use crate::notifications;
use crate::settings::listen;
use ::api::AppState;
use bus::Bus;
use process::Shutdown;
use schemas::Hint;
use schemas::Result;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

/// Hints sent in one go.
const BURST: usize = 256;

/// One life.
pub async fn live(process: &Process, shutdown: &Shutdown) -> Result<()> {
    let settings = &process.settings;
    let listener = listen(settings.http.listen)?;
    let store = process.store().await?;
    let bus = process.connect().await?;
    let (hints, told) = (store.hints(), store.clone());
    let state = AppState::new(store, bus.clone(), settings.api.clone())?;
    tracing::info!(address = %settings.http.listen, "the api listens");
    tokio::select! {
        ended = ::api::serve(listener, state, shutdown.token()) => ended,
        () = forward(hints, bus.clone()) => Ok(()),
        () = notifications::forward(&told, &bus) => Ok(()),
    }
}

/// Conductors elsewhere learn of a write within milliseconds; what is lost they find by polling.
async fn forward(mut hints: Receiver<Hint>, bus: Bus) {
    loop {
        let mut burst = match hints.recv().await {
            Ok(hint) => vec![hint],
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return std::future::pending().await,
        };
        while burst.len() < BURST {
            match hints.try_recv() {
                Ok(hint) => burst.push(hint),
                Err(TryRecvError::Lagged(_)) => {}
                Err(_) => break,
            }
        }
        bus.hint(&burst).await;
    }
}
