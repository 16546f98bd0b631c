//! The commands: one file each. A command returns its exit status; an error is said in words, and
//! ends with 1.

mod admin;
mod check;
mod completions;
mod db;
mod key;
mod role;
mod sample;

use crate::cli::{Cli, Command, Key, Policy, Settings as SettingsCommand};
use crate::roles::Role;
use crate::settings::Settings;
use crate::terminal;
use schemas::{Error, Result};
use std::process::ExitCode;

/// Carries out a command line.
pub async fn run(cli: Cli) -> ExitCode {
    match carry_out(cli).await {
        Ok(code) => code,
        Err(Error::Internal(cause)) => {
            terminal::message(format!("error: something went wrong inside: {cause}"));
            ExitCode::FAILURE
        }
        Err(error) => {
            terminal::message(format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn carry_out(cli: Cli) -> Result<ExitCode> {
    let settings = || Settings::load(cli.common.config.as_deref());
    match cli.command {
        Command::All => role::run(settings()?, &Role::ALL).await,
        Command::Api => role::run(settings()?, &[Role::Api]).await,
        Command::Conductor => role::run(settings()?, &[Role::Conductor]).await,
        Command::Agent => role::run(settings()?, &[Role::Agent]).await,
        Command::Admin(command) => admin::run(cli.common.config.as_deref(), &command).await,
        Command::Key(Key::Rotate) => key::rotate(&settings()?),
        Command::Policy(Policy::Sample) => sample::policy(),
        Command::Completions { shell } => completions::print(shell),
        Command::Settings(SettingsCommand::Sample) => sample::settings(),
        Command::Settings(SettingsCommand::Check) => check::settings(&settings()?).await,
        Command::Db(command) => db::run(&settings()?, &command).await,
    }
}
