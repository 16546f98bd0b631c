//! The agent of this machine, on the engine that the settings name.

use super::Process;
use ::agent::{Agent, HttpImages};
use process::{Clock, Shutdown};
use schemas::{Error, Result};
use std::sync::Arc;

/// One life.
pub async fn live(process: &Process, shutdown: &Shutdown) -> Result<()> {
    let settings = &process.settings;
    let own = settings.agent.clone();
    let host = own.host_id()?;
    let driver = settings.engine.driver(host, &own.state_dir);
    let bus = process.connect().await?;
    let images = Arc::new(HttpImages::new(&own.images, Clock::System)?);
    let opened =
        tokio::task::spawn_blocking(move || Agent::new(own, driver, bus, Clock::System, images));
    let agent = opened.await.map_err(Error::internal)??;
    agent.run(shutdown.token()).await
}
