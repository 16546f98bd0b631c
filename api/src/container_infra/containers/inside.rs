//! What a container printed, and commands inside it: asked of its node, at most once, within the time
//! and the size that answers of hosts have.

use super::create::words;
use super::{Ident, NAMED, find};
use crate::compute::agent::{Answer, ask, unexpected};
use crate::container_infra::{bay, rules};
use crate::ctx::{Caller, Ctx};
use crate::extract::{Path, Query};
use crate::reply::{self, Reply};
use crate::route::{Route, get, put};
use schemas::host::Op;
use schemas::{Error, Result};
use serde_json::json;
use store::compute::servers::Server;

const COMMAND: &str = "command";

/// The routes of what is inside.
pub(super) fn routes() -> Vec<Route> {
    let commanded: &[&str] = &[bay::PARAMETER, COMMAND];
    vec![
        get("/containers/{ident}/logs", logs).takes(NAMED),
        get("/containers/logs/{ident}", logs).takes(NAMED),
        put("/containers/{ident}/execute", execute).takes(commanded),
        put("/containers/execute/{ident}", execute).takes(commanded),
    ]
}

async fn logs(ctx: Ctx<rules::ContainerLogs>, Path(ident): Path<Ident>, query: Query) -> Reply {
    let server = find(&ctx, ident, &query).await?;
    let op = Op::Logs {
        tail: None,
        timestamps: false,
        container: None,
    };
    output(&ctx, &server, op).await
}

async fn execute(
    ctx: Ctx<rules::ContainerExecute>,
    Path(ident): Path<Ident>,
    query: Query,
) -> Reply {
    let needed = || {
        Error::BadRequest(
            "The parameter command is needed: what is to be run in the container.".into(),
        )
    };
    let command = words(COMMAND, Some(query.get(COMMAND).ok_or_else(needed)?))?;
    let command = command.ok_or_else(needed)?;
    let server = find(&ctx, ident, &query).await?;
    if server.vm_state != "active" {
        return Err(Error::BadRequest(format!(
            "Container {} does not run; start it first.",
            server.id
        )));
    }
    let op = Op::Exec {
        command,
        container: None,
    };
    output(&ctx, &server, op).await
}

async fn output(caller: &Caller, server: &Server, op: Op) -> Reply {
    let answer: Result<Answer> = ask(caller, server, op).await;
    match answer {
        Ok(Answer::Text(text)) => reply::ok(&json!({ "output": text })),
        Ok(Answer::Json(_)) => Err(unexpected()),
        // What the state forbids is a 400 here (contract `magnum-v1.md` §4.6).
        Err(Error::Conflict(told)) => Err(Error::BadRequest(told)),
        Err(other) => Err(other),
    }
}
