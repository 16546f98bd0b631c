//! `jeroboam key rotate`.

use crate::settings::Settings;
use crate::terminal;
use api::identity::token;
use process::{Clock, seal};
use schemas::Result;
use std::process::ExitCode;

/// Makes new keys, and removes those of tokens that no living one needs.
pub fn rotate(settings: &Settings) -> Result<ExitCode> {
    let name = token::rotate(
        &settings.api.key_dir,
        &Clock::System,
        settings.api.token_lifetime(),
    )?;
    let sealing = seal::rotate(&settings.api.key_dir, &Clock::System)?;
    terminal::message(format!(
        "{name} in {} signs from now on, and {sealing} seals secrets in the database.",
        settings.api.key_dir.display()
    ));
    Ok(ExitCode::SUCCESS)
}
