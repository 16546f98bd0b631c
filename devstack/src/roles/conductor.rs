//! Reconcilers and the scheduler.

use super::Process;
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
    Conductor::new(store, bus, settings.conductor.clone())
        .run(shutdown.token())
        .await;
    Ok(())
}
