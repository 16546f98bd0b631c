//! Reconcilers and the scheduler.

use super::{Process, gauges};
use crate::notifications;
use ::conductor::{Conductor, heartbeat};
use process::Shutdown;
use schemas::Result;

/// One life.
pub async fn live(process: &Process, shutdown: &Shutdown) -> Result<()> {
    let settings = &process.settings;
    let store = process.store().await?;
    let bus = process.connect().await?;
    tracing::info!("the conductor works");
    let conductor = Conductor::new(store.clone(), bus.clone(), settings.conductor.clone())?;
    tokio::select! {
        () = conductor.run(shutdown.token()) => {}
        () = notifications::forward(&store, &bus) => {}
        () = heartbeat::keep(&store, &settings.conductor) => {}
        ended = gauges::keep(&store, &bus) => ended?,
    }
    Ok(())
}
