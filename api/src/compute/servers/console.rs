//! What a server prints, and terminals in it.
//!
//! ```text
//!   remote-consoles ──► one-time token (its hash in a row) ──► ws://api/console?token=…
//!   the client opens it ──► the token is used up, the agent opens a terminal ──► both are joined
//! ```

mod stream;
mod terminals;

pub use terminals::Terminals;

use super::action::Seen;
use super::agent::{Answer, ask, unexpected};
use super::list::one;
use crate::compute::call::{must, settings};
use crate::compute::rules;
use crate::ctx::{Caller, Ctx};
use crate::extract::{Json, Path};
use crate::reply::{self, Reply};
use crate::route::{Route, get, post};
use rand::Rng;
use schemas::compute::server::{ConsoleOutput, RemoteConsoleBody};
use schemas::host::Op;
use schemas::{Error, Result};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::time::Duration;
use store::compute::action::{Action, State, legal};
use store::compute::consoles::{self, Console};
use store::compute::servers::Server;

/// The routes of consoles.
pub fn routes() -> Vec<Route> {
    vec![
        post("/servers/{id}/remote-consoles", remote).since(2, 6),
        get("/console", stream::open).at_root(),
    ]
}

/// `{"os-getConsoleOutput": …}`.
pub async fn output(ctx: Seen, id: String, wish: ConsoleOutput) -> Reply {
    must::<rules::ConsoleOutput>(&ctx)?;
    let tail = match wish.length {
        None => None,
        Some(length) if length.0 < 0 => None,
        Some(length) => Some(u32::try_from(length.0).unwrap_or(u32::MAX)),
    };
    let server = one(&ctx, id).await?;
    if tail == Some(0) {
        return reply::ok(&json!({ "output": "" }));
    }
    let op = Op::Logs {
        tail,
        timestamps: false,
        container: None,
    };
    match ask(&ctx, &server, op).await? {
        Answer::Text(text) => reply::ok(&json!({ "output": text })),
        Answer::Json(_) => Err(unexpected()),
    }
}

async fn remote(
    ctx: Ctx<rules::RemoteConsoles>,
    Path(id): Path<String>,
    Json(body): Json<RemoteConsoleBody>,
) -> Reply {
    let wish = body.remote_console;
    if wish.protocol != "serial" || wish.kind != "serial" {
        return Err(no_screen());
    }
    let url = ticket(&ctx, id).await?;
    reply::ok(&json!({ "remote_console": {
        "protocol": "serial", "type": "serial", "url": url,
    }}))
}

/// `{"os-getSerialConsole": …}`, until 2.5.
pub async fn serial(ctx: Seen, id: String) -> Reply {
    must::<rules::RemoteConsoles>(&ctx)?;
    let url = ticket(&ctx, id).await?;
    reply::ok(&json!({ "console": { "type": "serial", "url": url } }))
}

/// Why there is no graphical console.
pub fn no_screen() -> Error {
    Error::BadRequest(
        "A container has no screen: ask for the protocol \"serial\" and the type \"serial\"."
            .into(),
    )
}

/// The address of a console that is opened once.
async fn ticket(caller: &Caller, id: String) -> Result<String> {
    let server = one(caller, id).await?;
    ready(&server)?;
    let token: String = rand::rng()
        .sample_iter(rand::distr::Alphanumeric)
        .take(43)
        .map(char::from)
        .collect();
    let most = settings(caller).consoles;
    let lifetime = Duration::from_secs(settings(caller).console_lifetime_s);
    let console = Console {
        token_hash: hash(&token),
        server_id: server.id,
        kind: "serial".into(),
        expires_at: (caller.state().clock.now() + lifetime).0,
    };
    caller
        .state()
        .store
        .write(move |tx| consoles::insert(tx, &console, most))
        .await?;
    let base = caller.base().as_str();
    let rest = base.strip_prefix("http").unwrap_or(base);
    Ok(format!("ws{rest}/console?token={token}"))
}

fn ready(server: &Server) -> Result<()> {
    let state = State {
        what: "instance",
        vm_state: &server.vm_state,
        task_state: server.task_state.as_deref(),
        locked: false,
        deleting: server.deleting != 0,
        node_of: server.node_of.as_deref(),
    };
    legal(Action::Console, &server.id, state, false)
}

fn hash(token: &str) -> String {
    use std::fmt::Write;
    Sha256::digest(token.as_bytes())
        .iter()
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
