//! `jeroboam all | api | conductor | agent`.

use crate::roles::{self, Role};
use crate::settings::Settings;
use process::{Shutdown, logs};
use schemas::Result;
use std::process::ExitCode;

/// Runs roles until a signal ends them.
pub async fn run(settings: Settings, roles: &[Role]) -> Result<ExitCode> {
    logs::init(&settings.logs)?;
    let shutdown = Shutdown::on_signals()?;
    roles::run(roles, settings, shutdown).await?;
    Ok(ExitCode::SUCCESS)
}
