//! Every setting of every role: one section per concern. Reads the YAML file named by `--config`
//! (or `JEROBOAM_CONFIG`), then `JEROBOAM__SECTION__KEY` from the environment, then the files that
//! hold secrets (`*_file`).

mod database;
mod engine;
mod http;

pub use database::DatabaseSettings;
pub use engine::{DriverKind, EngineSettings};
pub use http::{HttpSettings, listen};

use agent::AgentSettings;
use bus::BusSettings;
use process::logs::LogSettings;
use process::secret;
use schemars::JsonSchema;
use schemas::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The settings file.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The database that api and conductors share.
    pub database: DatabaseSettings,
    /// The message broker between api, conductors and agents.
    pub bus: BusSettings,
    /// Listeners.
    pub http: HttpSettings,
    /// The REST APIs.
    pub api: api::Settings,
    /// Reconcilers and the scheduler.
    pub conductor: conductor::Settings,
    /// The agent of this machine.
    pub agent: AgentSettings,
    /// The container engine under the agent.
    pub engine: EngineSettings,
    /// Logs, on standard error.
    pub logs: LogSettings,
}

impl Settings {
    /// Reads file, environment and secret files.
    ///
    /// # Errors
    /// `BadRequest` that names the file or variable and the mistake.
    pub fn load(file: Option<&Path>) -> Result<Settings> {
        let mut settings: Settings = process::settings::load(file, std::env::vars())?;
        if let Some(path) = &settings.database.url_file {
            settings.database.url = secret::read(path)?;
        }
        if let Some(path) = &settings.bus.url_file {
            settings.bus.url = secret::read(path)?;
        }
        if let Some(path) = &settings.agent.images.password_file {
            settings.agent.images.password = secret::read(path)?;
        }
        Ok(settings)
    }

    /// The settings in force, without their secrets, as YAML.
    ///
    /// # Errors
    /// `Internal` when they cannot be written.
    pub fn shown(&self) -> Result<String> {
        let mut value = serde_json::to_value(self).map_err(Error::internal)?;
        secret::redact(&mut value);
        serde_norway::to_string(&value).map_err(Error::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_shown_without_their_secrets() {
        let mut settings = Settings::default();
        settings.database.url = "postgres://joe:s3cret@db/cloud".into();
        settings.bus.url = "amqp://joe:s3cret@rabbit/".into();
        settings.agent.images.password = "s3cret".into();
        let shown = settings.shown().unwrap();
        assert!(!shown.contains("s3cret"), "{shown}");
        assert!(!format!("{settings:?}").contains("s3cret"));
    }

    /// The sample with its settings in force instead of commented out.
    fn uncommented(sample: &str) -> String {
        let setting = |line: &str| {
            let rest = line.replace("# ", "");
            let key = rest.trim_start().split(':').next().unwrap_or_default();
            let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            (rest.contains(':') && !key.is_empty() && key.chars().all(word))
                .then(|| format!("{rest}\n"))
        };
        sample.lines().filter_map(setting).collect()
    }

    #[test]
    fn the_sample_holds_every_setting_with_its_default() {
        let sample = process::settings::sample::sample::<Settings>().unwrap();
        let whole = uncommented(&sample);
        let read: serde_json::Value = serde_norway::from_str(&whole).unwrap();
        let defaults = serde_json::to_value(Settings::default()).unwrap();
        assert_eq!(read, defaults, "{whole}");
    }
}
