//! Asking the agent of a server's host; and of the node that a container of a cluster is on.

use crate::compute::call::settings;
use crate::ctx::Caller;
use schemas::host::{Call, Op, Reply};
use schemas::ids::{ServerId, WorkloadId};
use schemas::{Error, Result};
use serde_json::Value;
use store::compute::servers::Server;

/// What an agent answers.
pub enum Answer {
    /// Output.
    Text(String),
    /// Structured output.
    Json(Value),
}

/// Asks, within the deadline of the settings.
///
/// # Errors
/// `Conflict` when the server is on no host, `Unavailable` when the host does not answer, and what
/// the host says.
pub async fn ask(caller: &Caller, server: &Server, op: Op) -> Result<Answer> {
    let not_ready = || {
        let what = match server.guest_of {
            None => "Instance",
            Some(_) => "Container",
        };
        Error::Conflict(format!(
            "{what} {} is not ready: it is on no host yet.",
            server.id
        ))
    };
    let host = server.host().ok_or_else(not_ready)?;
    let id = ServerId::parse(&server.id).ok_or_else(not_ready)?;
    let call = Call {
        id: WorkloadId::from(id),
        request_id: caller.request_id().to_string(),
        op,
    };
    let bus = &caller.state().bus;
    match bus.call(host, &call, settings(caller).call()).await? {
        Reply::Text { text, .. } => Ok(Answer::Text(text)),
        Reply::Json { value } => Ok(Answer::Json(value)),
        Reply::Failed { text, code } => Err(match code.as_str() {
            "not_found" => Error::NotFound(text),
            "conflict" => Error::Conflict(text),
            "timeout" => Error::Unavailable(text),
            "unsupported" => Error::NotImplemented(text),
            // A node's engine is its users' own: they may know how it fails.
            _ if server.guest_of.is_some() => Error::Failed(text),
            _ => Error::internal(format_args!("host {host} failed a call: {text}")),
        }),
    }
}

/// Something else was answered than what was asked for.
pub fn unexpected() -> Error {
    Error::internal("an agent answered a call with the wrong kind of reply")
}
