//! The agent of the seeded host, as far as the API asks it: it answers calls, and has no engine.

use bus::Bus;
use schemas::host::{Op, Reply};
use schemas::ids::HostId;
use serde_json::json;
use tokio_util::task::AbortOnDropHandle;

/// Answers calls to this host until what is given is dropped.
pub(super) async fn answer(bus: &Bus, host: HostId) -> AbortOnDropHandle<()> {
    let mut calls = bus.calls(host).await;
    AbortOnDropHandle::new(tokio::spawn(async move {
        loop {
            let (call, responder) = calls.next().await;
            let reply = match call.op {
                Op::Logs { .. } => Reply::Text {
                    text: "hello\n".into(),
                    exit_code: None,
                },
                Op::Stats => Reply::Json {
                    value: json!({ "memory_bytes": 1 << 20, "interfaces": 1 }),
                },
                Op::Exec { command, .. } => Reply::Text {
                    text: format!("{}\n", command.join(" ")),
                    exit_code: Some(0),
                },
                _ => Reply::Failed {
                    text: "This host has no engine.".into(),
                    code: "unsupported".into(),
                },
            };
            // Whoever asked may have gone.
            let _ = responder.reply(&reply).await;
        }
    }))
}
