//! The agent of this machine, on the engine that the settings name.

use crate::settings::Settings;
use ::agent::{Agent, HttpImages};
use bus::Bus;
use process::{Clock, Faults, Shutdown};
use schemas::{Error, Result};
use std::sync::Arc;

/// One life.
pub async fn live(settings: &Settings, shutdown: &Shutdown) -> Result<()> {
    let own = settings.agent.clone();
    let host = own.host_id()?;
    let driver = settings.engine.driver(host);
    let bus = Bus::connect(&settings.bus, Faults::none()).await?;
    let images = Arc::new(HttpImages::new(&own.images, Clock::System)?);
    let opened =
        tokio::task::spawn_blocking(move || Agent::new(own, driver, bus, Clock::System, images));
    let agent = opened.await.map_err(Error::internal)??;
    agent.run(shutdown.token()).await
}
