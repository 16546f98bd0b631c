//! Reconcilers and the scheduler.

use super::{Process, gauges};
use crate::notifications;
use ::conductor::Conductor;
use bus::Bus;
use process::{Faults, Shutdown};
use schemas::Result;

/// One life.
pub async fn live(process: &Process, shutdown: &Shutdown) -> Result<()> {
    let settings = &process.settings;
    let store = process.store().await?;
    let bus = Bus::connect(&settings.bus, Faults::none()).await?;
    tracing::info!("the conductor works");
    let conductor = Conductor::new(store.clone(), bus.clone(), settings.conductor.clone());
    tokio::select! {
        () = conductor.run(shutdown.token()) => {}
        () = notifications::forward(&store, &bus) => {}
        ended = gauges::keep(&store, &bus) => ended?,
    }
    Ok(())
}
