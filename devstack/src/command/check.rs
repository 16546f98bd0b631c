//! `jeroboam settings check`: the settings in force, and whether what they point at is there.

use crate::settings::Settings;
use crate::terminal;
use bus::Bus;
use process::Faults;
use schemas::Result;
use std::process::ExitCode;
use std::time::Duration;

/// No probe takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a probe found: how it is, or what is wrong and what helps.
type Finding = std::result::Result<String, (String, &'static str)>;

/// Prints the settings to standard output and the findings to standard error.
pub async fn settings(settings: &Settings) -> Result<ExitCode> {
    terminal::result(settings.shown()?.trim_end());
    let mut well = true;
    for (name, finding) in [
        ("database", within(database(settings)).await),
        ("bus", within(broker(settings)).await),
    ] {
        match finding {
            Ok(how) => terminal::message(format!("OK       {name}: {how}")),
            Err((what, remedy)) => {
                well = false;
                terminal::message(format!("PROBLEM  {name}: {what}\n         {remedy}"));
            }
        }
    }
    Ok(if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn within(probe: impl Future<Output = Finding>) -> Finding {
    tokio::time::timeout(PATIENCE, probe)
        .await
        .unwrap_or_else(|_| {
            Err((
                format!("does not answer within {PATIENCE:?}"),
                "Is the address right, and does a firewall let it through?",
            ))
        })
}

async fn database(settings: &Settings) -> Finding {
    let url = settings.database.shown_url();
    let unreachable = |error: schemas::Error| {
        (
            format!("{url}: {error}"),
            "Check `database.url` (or `url_file`), and that the server runs and knows the user.",
        )
    };
    let store = settings.database.open().await.map_err(unreachable)?;
    let pending = store.pending_migrations().await.map_err(unreachable)?;
    match pending.len() {
        0 => Ok(format!("{url} answers, its tables are up to date")),
        n => Err((
            format!("{url} lacks {n} migrations"),
            "Run `jeroboam db migrate` with these settings.",
        )),
    }
}

async fn broker(settings: &Settings) -> Finding {
    let url = settings.bus.shown_url();
    let unreachable = |error: schemas::Error| {
        (
            format!("{url}: {error}"),
            "Check `bus.url` (or `url_file`), and that RabbitMQ runs and knows user and virtual host.",
        )
    };
    let bus = Bus::connect(&settings.bus, Faults::none())
        .await
        .map_err(unreachable)?;
    bus.check().await.map_err(unreachable)?;
    Ok(format!("{url} answers"))
}
