//! `jeroboam key rotate`.

use crate::settings::Settings;
use crate::terminal;
use api::identity::token;
use process::Clock;
use schemas::Result;
use std::process::ExitCode;

/// Makes a new key and removes those that no living token needs.
pub fn rotate(settings: &Settings) -> Result<ExitCode> {
    let name = token::rotate(
        &settings.api.key_dir,
        &Clock::System,
        settings.api.token_lifetime(),
    )?;
    terminal::message(format!(
        "{name} in {} signs from now on.",
        settings.api.key_dir.display()
    ));
    Ok(ExitCode::SUCCESS)
}
