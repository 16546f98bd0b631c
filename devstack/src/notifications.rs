//! Notifications to the outside of what was committed, in OpenStack's words. They may be lost; the
//! events table has them all.

use bus::{Bus, Notification, Priority};
use schemas::{Kind, Timestamp};
use serde_json::json;
use store::Store;
use store::events::Event;
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// Sends notifications of this store's events until the store is gone.
pub async fn forward(store: &Store, bus: &Bus) {
    let host = nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok());
    let host = host.unwrap_or_else(|| "localhost".into());
    let mut events = store.events();
    while let Some(event) = next(&mut events).await {
        if let Err(error) = bus.notify(&notification(event, &host)).await {
            tracing::debug!(%error, "a notification is dropped");
        }
    }
}

async fn next<T: Clone>(from: &mut Receiver<T>) -> Option<T> {
    loop {
        match from.recv().await {
            Ok(item) => return Some(item),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return None,
        }
    }
}

/// In the words of OpenStack's unversioned notifications: `compute.instance.create.start`.
fn notification(event: Event, host: &str) -> Notification {
    let (service, object, id) = match Kind::parse(&event.kind) {
        Some(Kind::Server) => ("compute", "compute.instance", "instance_id"),
        Some(Kind::Host) => ("compute", "compute.host", "host_id"),
        _ => ("image", "image", "id"),
    };
    let phase = match (event.phase.as_str(), event.result.as_str()) {
        ("request", _) => "start",
        (_, "Error") => "error",
        ("converge" | "delete", _) => "end",
        (step, _) => step,
    };
    let priority = if phase == "error" {
        Priority::Error
    } else {
        Priority::Info
    };
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Notification {
        publisher_id: format!("{service}.{host}"),
        event_type: format!("{object}.{}.{phase}", event.action),
        priority,
        payload: json!({
            id: event.object_id,
            "tenant_id": event.project_id,
            "user_id": given(&event.user_id),
            "message": event.message,
        }),
        at: Timestamp(event.at),
        request_id: event.request_id,
        project_id: given(&event.project_id),
        user_id: given(&event.user_id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(phase: &str, result: &str) -> Event {
        Event {
            id: "e".into(),
            at: 0,
            kind: "server".into(),
            object_id: "s".into(),
            project_id: "p".into(),
            user_id: String::new(),
            request_id: "req-1".into(),
            action: "create".into(),
            phase: phase.into(),
            result: result.into(),
            message: "because".into(),
        }
    }

    #[test]
    fn an_action_is_told_as_start_end_and_error() {
        for (phase, result, told) in [
            ("request", "", "compute.instance.create.start"),
            ("schedule", "Success", "compute.instance.create.schedule"),
            ("converge", "Success", "compute.instance.create.end"),
            ("converge", "Error", "compute.instance.create.error"),
        ] {
            let told_of = notification(event(phase, result), "h");
            assert_eq!(told_of.event_type, told);
            assert_eq!(told_of.payload["instance_id"], "s");
        }
    }
}
