//! What an operator says about the broker.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;

/// Where the broker is and how to trust it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BusSettings {
    /// `amqp://user:password@host:5672/vhost`, `amqps://…`, or `memory:` for roles of one process.
    pub url: String,
    /// File that holds the URL, when it has a password in it. Whoever reads the settings resolves it.
    pub url_file: Option<PathBuf>,
    /// Begins the name of every exchange and queue, so that clouds can share a virtual host.
    pub prefix: String,
    /// PEM file of the authorities to trust besides the system's, for `amqps`.
    pub ca_file: Option<PathBuf>,
    /// PEM file of the client's certificate, for `amqps` brokers that ask for one.
    pub cert_file: Option<PathBuf>,
    /// PEM file of the client's key.
    pub key_file: Option<PathBuf>,
    /// Seconds between AMQP heartbeats; a dead peer is noticed after two of them.
    pub heartbeat: u16,
    /// Exchange of the notifications to the outside (oslo.messaging's `control_exchange`).
    pub notification_exchange: String,
    /// First part of their routing key (oslo.messaging's notification topic).
    pub notification_topic: String,
}

impl Default for BusSettings {
    fn default() -> Self {
        BusSettings {
            url: "memory:".into(),
            url_file: None,
            prefix: "jeroboam".into(),
            ca_file: None,
            cert_file: None,
            key_file: None,
            heartbeat: 10,
            notification_exchange: "nova".into(),
            notification_topic: "notifications".into(),
        }
    }
}

impl BusSettings {
    /// The URL without its password, for logs and errors.
    pub fn shown_url(&self) -> String {
        match url::Url::parse(&self.url) {
            Ok(mut url) => {
                if url.password().is_some() && url.set_password(Some("***")).is_err() {
                    return url.scheme().to_owned();
                }
                url.to_string()
            }
            Err(_) => "(not a URL)".to_owned(),
        }
    }
}

impl fmt::Debug for BusSettings {
    // The URL may hold a password, so it is shown without.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BusSettings")
            .field("url", &self.shown_url())
            .field("url_file", &self.url_file)
            .field("prefix", &self.prefix)
            .field("ca_file", &self.ca_file)
            .field("cert_file", &self.cert_file)
            .field("key_file", &self.key_file)
            .field("heartbeat", &self.heartbeat)
            .field("notification_exchange", &self.notification_exchange)
            .field("notification_topic", &self.notification_topic)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let url = "amqp://joe:s3cret@rabbit:5672/cloud".to_owned();
        let settings = BusSettings {
            url,
            ..BusSettings::default()
        };
        assert_eq!(settings.shown_url(), "amqp://joe:***@rabbit:5672/cloud");
        assert!(!format!("{settings:?}").contains("s3cret"));
    }
}
