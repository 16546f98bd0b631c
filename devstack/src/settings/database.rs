//! What an operator says about the database.

use schemars::JsonSchema;
use schemas::Result;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use store::{Options, Store};

/// Where the database is, and how long it may take.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSettings {
    /// `sqlite:///path/of/file`, or `postgres://user:password@host/name`.
    pub url: String,
    /// File that holds the URL, when it has a password in it.
    pub url_file: Option<PathBuf>,
    /// Connections to PostgreSQL per process (SQLite: idle readers kept).
    pub connections: u32,
    /// Seconds to wait for a connection, a lock or a statement.
    pub timeout_s: u64,
    /// SQLite: wait for the disk at each commit, so that a power cut loses nothing that was answered.
    pub durable: bool,
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        let options = Options::default();
        DatabaseSettings {
            url: "sqlite:///var/lib/jeroboam/jeroboam.sqlite".into(),
            url_file: None,
            connections: options.connections,
            timeout_s: options.timeout.as_secs(),
            durable: options.durable,
        }
    }
}

impl DatabaseSettings {
    /// Opens it; does not migrate.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open(&self) -> Result<Store> {
        let options = Options {
            connections: self.connections,
            timeout: Duration::from_secs(self.timeout_s),
            durable: self.durable,
        };
        Store::open(&self.url, options, process::Clock::System).await
    }

    /// The URL without its password.
    pub fn shown_url(&self) -> String {
        process::secret::without_password(&self.url).unwrap_or_else(|| self.url.clone())
    }
}

impl fmt::Debug for DatabaseSettings {
    // The URL may hold a password, so it is shown without.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseSettings")
            .field("url", &self.shown_url())
            .field("url_file", &self.url_file)
            .field("connections", &self.connections)
            .field("timeout_s", &self.timeout_s)
            .field("durable", &self.durable)
            .finish()
    }
}
