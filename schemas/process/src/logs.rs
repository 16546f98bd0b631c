//! Logs: one line per event on standard error, for people or for machines.
//!
//! `RUST_LOG`, where set, wins over the settings: it is what one reaches for in trouble.

use schemars::JsonSchema;
use schemas::{Error, Result};
use serde::{Deserialize, Serialize};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// What is logged, and how a line looks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// `human` (one readable line) or `json` (one object a line, for log collectors).
    pub format: Format,
    /// What is logged, in `RUST_LOG`'s words: a level, or `target=level` separated by commas.
    pub filter: String,
}

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    Human,
    /// For machines.
    Json,
}

impl Default for LogSettings {
    fn default() -> Self {
        LogSettings {
            format: Format::Human,
            filter: "info,lapin=warn,lapin::channel=off,actix_server=warn".into(),
        }
    }
}

/// Always in force: what would write secrets. The engine's client logs the bodies of its requests,
/// and those hold the environments of tenants' containers, and what terminals show.
const SILENCED: &str = "bollard=info,bollard::docker=info,bollard::read=info";

/// Begins to log. Once per process; a second call changes nothing.
///
/// # Errors
/// `BadRequest` when the filter cannot be read.
pub fn init(settings: &LogSettings) -> Result<()> {
    let wanted = std::env::var("RUST_LOG")
        .ok()
        .filter(|text| !text.is_empty());
    let wanted = wanted.as_deref().unwrap_or(&settings.filter);
    let filter = EnvFilter::try_new(format!("{wanted},{SILENCED}")).map_err(|error| {
        Error::BadRequest(format!(
            "The log filter {wanted:?} cannot be read ({error}); write a level such as `info`, or \
             `conductor=debug,info`."
        ))
    })?;
    let registry = tracing_subscriber::registry().with(filter);
    let begun = match settings.format {
        Format::Human => {
            let colours = std::io::stderr().is_terminal();
            registry
                .with(layer().with_writer(std::io::stderr).with_ansi(colours))
                .try_init()
        }
        Format::Json => registry
            .with(
                layer()
                    .json()
                    .flatten_event(true)
                    .with_writer(std::io::stderr),
            )
            .try_init(),
    };
    if begun.is_err() {
        tracing::debug!("logging has begun already");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_filter_brings_request_bodies_of_the_engine_into_the_log() {
        let filter = EnvFilter::new(format!("trace,bollard::docker=trace,{SILENCED}"));
        let shown = filter.to_string();
        for directive in SILENCED.split(',') {
            assert!(shown.contains(directive), "{shown}");
        }
        assert!(!shown.contains("bollard::docker=trace"), "{shown}");
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_refused_with_an_example() {
        let settings = LogSettings {
            filter: "conductor=loud".into(),
            ..LogSettings::default()
        };
        let Err(Error::BadRequest(text)) = init(&settings) else {
            panic!("accepted");
        };
        assert!(text.contains("conductor=debug"));
    }
}
