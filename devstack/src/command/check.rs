//! `jeroboam settings check`: the settings in force, and whether what they point at is there.

use crate::settings::Settings;
use crate::terminal;
use bus::Bus;
use compute_driver::EngineFacts;
use process::Faults;
use schemas::Result;
use std::path::Path;
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
        ("engine", within(engine(settings)).await),
        ("api.key_dir", writable(&settings.api.key_dir)),
        ("api.image.dir", writable(&settings.api.image.dir)),
        ("api.image.dir", writable(&settings.api.image.dir)),
        ("agent.state_dir", writable(&settings.agent.state_dir)),
        ("http.listen", address(settings)),
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

async fn engine(settings: &Settings) -> Finding {
    let host = settings.agent.host.unwrap_or_default();
    let asked = settings
        .engine
        .driver(host, &settings.agent.state_dir)
        .host()
        .await;
    let shown = |facts: EngineFacts| {
        let warnings = facts
            .warnings
            .iter()
            .map(|it| format!("\n         but: {it}"));
        format!("{} answers{}", facts.engine, warnings.collect::<String>())
    };
    asked.map(shown).map_err(|error| {
        (
            format!("{}: {error}", settings.engine.url),
            "Needed where an agent runs. Check `engine.url`, that the engine runs, and that this user may \
             use it.",
        )
    })
}

/// Can files be made in the directory, or the directory where it is to be?
fn writable(dir: &Path) -> Finding {
    let Some(there) = dir.ancestors().find(|it| it.is_dir()) else {
        return Err((
            format!("{} is not there, nor is what it is in", dir.display()),
            "Name an absolute path.",
        ));
    };
    tempfile::tempfile_in(there)
        .map(|_| format!("{} can be written", dir.display()))
        .map_err(|error| {
            (
                format!("{}: {error}", dir.display()),
                "Make it, owned by the user that the process runs as.",
            )
        })
}

fn address(settings: &Settings) -> Finding {
    let address = settings.http.listen;
    match crate::settings::listen(address) {
        Ok(_) => Ok(format!("{address} is free")),
        Err(_) => Err((
            format!("{address} cannot be had"),
            "Fine when the api runs already; otherwise another program is there.",
        )),
    }
}
