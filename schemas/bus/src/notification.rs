//! Notifications to the outside in oslo.messaging's envelope, version 2.0, so that consumers written
//! for OpenStack read them.

use schemas::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The last part of the routing key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// `notifications.info`
    #[default]
    Info,
    /// `notifications.warn`
    Warn,
    /// `notifications.error`
    Error,
}

impl Priority {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Priority::Info => "info",
            Priority::Warn => "warn",
            Priority::Error => "error",
        }
    }
}

/// Something that happened, for whoever listens outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    /// `compute.<host name>`, `image.<host name>`, …
    pub publisher_id: String,
    /// `instance.create.end`, `image.update`, …
    pub event_type: String,
    /// How urgent.
    pub priority: Priority,
    /// What the event's type says it holds.
    pub payload: Value,
    /// When it happened.
    pub at: Timestamp,
    /// The request that caused it (`req-…`).
    pub request_id: String,
    /// The project and user of that request, when there are.
    pub project_id: Option<String>,
    /// As above.
    pub user_id: Option<String>,
}

impl Notification {
    /// The envelope; its inner message is JSON in a string.
    pub(crate) fn envelope(&self) -> Value {
        let mut message = Map::new();
        message.insert("message_id".into(), json!(Uuid::new_v4()));
        message.insert("publisher_id".into(), json!(self.publisher_id));
        message.insert("event_type".into(), json!(self.event_type));
        message.insert(
            "priority".into(),
            json!(self.priority.as_str().to_uppercase()),
        );
        message.insert("payload".into(), self.payload.clone());
        message.insert("timestamp".into(), json!(self.at.naive().replace('T', " ")));
        // Consumers drop what repeats this.
        message.insert(
            "_unique_id".into(),
            json!(Uuid::new_v4().simple().to_string()),
        );
        message.insert("_context_request_id".into(), json!(self.request_id));
        for (key, value) in [("project_id", &self.project_id), ("user_id", &self.user_id)] {
            if let Some(value) = value {
                message.insert(format!("_context_{key}"), json!(value));
            }
        }
        json!({ "oslo.version": "2.0", "oslo.message": Value::Object(message).to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_holds_the_message_as_a_string() {
        let notification = Notification {
            publisher_id: "compute.one".into(),
            event_type: "instance.create.end".into(),
            priority: Priority::Info,
            payload: json!({"uuid": "u"}),
            at: Timestamp(1_795_181_680_123_456),
            request_id: "req-1".into(),
            project_id: Some("p".into()),
            user_id: None,
        };
        let envelope = notification.envelope();
        assert_eq!(envelope["oslo.version"], "2.0");
        let text = envelope["oslo.message"].as_str().unwrap();
        let message: Value = serde_json::from_str(text).unwrap();
        assert_eq!(message["priority"], "INFO");
        assert_eq!(message["timestamp"], "2026-11-20 13:34:40.123456");
        assert_eq!(message["_context_request_id"], "req-1");
        assert_eq!(message["payload"]["uuid"], "u");
        assert!(message.get("_context_user_id").is_none());
        assert!(message["message_id"].is_string() && message["_unique_id"].is_string());
    }
}
