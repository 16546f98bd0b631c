//! Questions of users, answered while they wait: each in a task of its own, none longer than its
//! asker waits, no answer longer than is sensible.

use crate::host::Host;
use crate::tasks::Tasks;
use crate::terminal::Terminals;
use bus::{Calls, Responder};
use compute_driver::{DriverError, ExecOrder};
use schemas::host::{Call, Op, Reply};
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument, debug, info_span};

/// Calls at once; more are refused, so that a flood of them costs the host little.
const AT_ONCE: usize = 64;
/// Bytes of text in one answer.
const LONGEST: usize = 1 << 20;

/// Answers calls until the agent ends.
pub(crate) async fn answer(
    mut calls: Calls,
    host: Arc<Host>,
    tasks: Arc<Tasks>,
    terminals: Arc<Terminals>,
) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let (call, responder) = calls.next().await;
        let Ok(place) = places.clone().try_acquire_owned() else {
            let text = "The host has too many requests of this kind; try again.";
            tasks.spawn(reply(responder, failed("conflict", text)));
            continue;
        };
        let span = info_span!("call", id = %call.id, request_id = %call.request_id);
        let (host, terminals) = (host.clone(), terminals.clone());
        tasks.spawn(serve(host, terminals, call, responder, place).instrument(span));
    }
}

async fn serve(
    host: Arc<Host>,
    terminals: Arc<Terminals>,
    call: Call,
    responder: Responder,
    _place: OwnedSemaphorePermit,
) {
    let deadline = responder.deadline();
    let answer = match timeout_at(deadline, carry_out(&host, &terminals, call, deadline)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => failed(error.code(), &error.to_string()),
        // Nobody waits any more; the bus has told the asker.
        Err(_) => return,
    };
    reply(responder, answer).await;
}

async fn reply(responder: Responder, answer: Reply) {
    if let Err(error) = responder.reply(&answer).await {
        debug!(%error, "an answer is lost");
    }
}

async fn carry_out(
    host: &Host,
    terminals: &Terminals,
    call: Call,
    deadline: Instant,
) -> Result<Reply, DriverError> {
    let driver = host.driver.as_ref();
    let container = match &call.op {
        Op::Logs { container, .. } | Op::Exec { container, .. } => container.as_deref(),
        _ => None,
    };
    let id = host.ledger.container(call.id, container);
    let id = id.ok_or_else(|| DriverError::NotFound {
        what: format!("container '{}'", container.unwrap_or_default()),
    })?;
    match call.op {
        Op::Ping => Ok(text("pong".into(), None)),
        Op::Logs {
            tail, timestamps, ..
        } => {
            let logs = driver.logs(id, tail, timestamps).await?;
            Ok(text(last(logs), None))
        }
        Op::Exec { command, .. } => {
            let order = ExecOrder {
                command,
                stdin: None,
                deadline: deadline.saturating_duration_since(Instant::now()),
            };
            let output = driver.exec(id, order).await?;
            Ok(text(first(output.text), Some(output.exit_code)))
        }
        Op::Top => json(&driver.top(id).await?),
        Op::Stats => json(&driver.stats(id).await?),
        Op::Terminal { command } => {
            let url = terminals.open(driver, id, command).await?;
            json(&serde_json::json!({ "url": url }))
        }
    }
}

fn json(value: &impl Serialize) -> Result<Reply, DriverError> {
    let value = serde_json::to_value(value);
    let value = value.map_err(|error| DriverError::Engine {
        text: error.to_string(),
    })?;
    Ok(Reply::Json { value })
}

fn text(text: String, exit_code: Option<i64>) -> Reply {
    Reply::Text { text, exit_code }
}

fn failed(code: &str, text: &str) -> Reply {
    Reply::Failed {
        text: text.to_owned(),
        code: code.to_owned(),
    }
}

/// The end of a long text, from a line's beginning where there is one.
fn last(mut text: String) -> String {
    if text.len() > LONGEST {
        let from = text.len() - LONGEST;
        let line = text.as_bytes()[from..]
            .iter()
            .position(|byte| *byte == b'\n');
        let mut from = line.map_or(from, |line| from + line + 1);
        while !text.is_char_boundary(from) {
            from += 1;
        }
        text.drain(..from);
    }
    text
}

/// The beginning of a long text, with a word that it is not all.
fn first(mut text: String) -> String {
    if text.len() > LONGEST {
        let mut to = LONGEST;
        while !text.is_char_boundary(to) {
            to -= 1;
        }
        text.truncate(to);
        text.push_str("\n[output cut at 1 MiB]\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_answers_are_cut_between_characters() {
        let long = "é".repeat(LONGEST);
        assert!(last(long.clone()).len() <= LONGEST);
        assert!(first(long).starts_with('é'));
        let lines = "line\n".repeat(LONGEST);
        let end = last(lines);
        assert!(end.len() <= LONGEST && end.starts_with("line\n"));
        assert_eq!(last("short".into()), "short");
        assert_eq!(first("short".into()), "short");
    }
}
