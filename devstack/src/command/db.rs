//! `jeroboam db migrate` and `jeroboam db check`.

use crate::cli::Db;
use crate::settings::Settings;
use crate::terminal;
use schemas::Result;
use std::process::ExitCode;

/// Carries out a database command.
pub async fn run(settings: &Settings, command: &Db) -> Result<ExitCode> {
    let waiting = terminal::waiting(format!("opening {}", settings.database.shown_url()));
    let store = settings.database.open().await?;
    match command {
        Db::Migrate => {
            waiting.set_message("migrating");
            let applied = store.migrate().await?;
            waiting.finish_and_clear();
            for name in &applied {
                terminal::message(format!("applied {name}"));
            }
            terminal::message(match applied.len() {
                0 => "The tables are up to date.".to_owned(),
                n => format!("{n} migrations applied; the tables are up to date."),
            });
            Ok(ExitCode::SUCCESS)
        }
        Db::Check => {
            let pending = store.pending_migrations().await?;
            waiting.finish_and_clear();
            if pending.is_empty() {
                terminal::message("The database answers and its tables are up to date.");
                return Ok(ExitCode::SUCCESS);
            }
            for name in &pending {
                terminal::message(format!("pending {name}"));
            }
            terminal::message("Run `jeroboam db migrate` with the same settings.");
            Ok(ExitCode::FAILURE)
        }
    }
}
