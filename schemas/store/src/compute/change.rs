//! The one way a user's wish changes a server, or a guest of a cluster: legality, the row, its event
//! and its work entry in one transaction.
//!
//! *Guarantees.* What the agent is told changes only with a higher generation; whoever waits for
//! the change finds its deadline, its request and its event in the same commit.

use super::action::{self, Action, State};
use super::guests;
use super::servers::{self, Server, Sight};
use super::spec::Spec;
use crate::{Fail, Result, Scope, Tx, events};
use schemas::host::Seen;
use schemas::workload::Reboot;
use schemas::{Error, Kind};
use std::time::Duration;

/// Who asks, and how patient he is.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Whose servers he may touch.
    pub scope: Scope,
    /// Who.
    pub user_id: String,
    /// A lock does not hold him.
    pub admin: bool,
    /// The request.
    pub request_id: String,
    /// How long a build may take.
    pub build: Duration,
    /// How long another change may take.
    pub change: Duration,
}

/// A server on its way through a change.
pub struct Changing {
    /// The row.
    pub server: Server,
    /// What it should be.
    pub spec: Spec,
    /// What was last seen.
    pub sight: Sight,
}

impl Changing {
    /// The life that a reboot has to end; without one, running is all that is asked.
    pub fn reboot(&self, hard: bool) -> Option<Reboot> {
        match &self.sight.state {
            Some(Seen::Container(seen)) if !seen.boot.is_empty() => Some(Reboot {
                boot: seen.boot.clone(),
                hard,
            }),
            _ => None,
        }
    }
}

/// What becomes of the row beside what the closure changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// Nothing changed: no event, nothing is due.
    Nothing,
    /// The row alone changed: what the agent is told stays.
    Kept,
    /// The agent is told anew, and this task waits for its answer.
    Told(&'static str),
    /// This task is the conductor's to begin.
    Begun(&'static str),
    /// Another object's reconciler works for it meanwhile, and ends this task.
    Busy(&'static str),
}

/// Reads the server, checks that the action is legal, lets `how` change it, writes it down.
///
/// # Errors
/// `NotFound` for what the caller may not see, `Conflict` for what its state forbids, and what
/// `how` says.
pub fn server(
    tx: &mut Tx<'_>,
    asked: &Asked,
    id: &str,
    action: Action,
    how: impl FnOnce(&mut Tx<'_>, &mut Changing) -> Result<Then>,
) -> Result<Server> {
    let server = servers::get(tx, &asked.scope, id)?.ok_or_else(|| missing(id))?;
    row(tx, asked, server, action, how)
}

/// The same for a row that was read in this transaction, and that the caller may see: a server's or a
/// guest's.
///
/// # Errors
/// `Conflict` for what its state forbids, and what `how` says.
pub fn row(
    tx: &mut Tx<'_>,
    asked: &Asked,
    server: Server,
    action: Action,
    how: impl FnOnce(&mut Tx<'_>, &mut Changing) -> Result<Then>,
) -> Result<Server> {
    let id = server.id.clone();
    let state = State {
        what: guests::kind(&server).map_or("instance", guests::Kind::as_str),
        vm_state: &server.vm_state,
        task_state: server.task_state.as_deref(),
        locked: server.locked != 0,
        deleting: server.deleting != 0,
        node_of: server.node_of.as_deref(),
    };
    action::legal(action, &id, state, asked.admin)?;
    let mut at = Changing {
        spec: server.spec()?,
        sight: server.sight()?,
        server,
    };
    let called = (at.server.name.clone(), at.server.hostname.clone());
    let then = how(tx, &mut at)?;
    if then == Then::Nothing {
        return Ok(at.server);
    }
    if (&at.server.name, &at.server.hostname) != (&called.0, &called.1) {
        servers::rename(tx, &at.server)?;
    }
    if let Then::Told(task) | Then::Begun(task) = then {
        let patience = match task {
            "rebuilding" => asked.build,
            _ => asked.change,
        };
        at.server.task_state = Some(task.into());
        at.server.deadline = Some((tx.now() + patience).0);
        at.server.request_id = asked.request_id.clone();
        at.sight.step = None;
        at.spec.held_in_error = false;
    }
    match then {
        Then::Told(_) => at.server.generation += 1,
        Then::Busy(task) => at.server.task_state = Some(task.into()),
        _ => {}
    }
    at.server.set_spec(&at.spec)?;
    at.server.set_sight(&at.sight)?;
    record(tx, asked, &at.server, action, &then)?;
    servers::update(tx, &mut at.server)?;
    if matches!(then, Then::Told(_) | Then::Begun(_)) {
        tx.due(Kind::Server, &id)?;
    }
    Ok(at.server)
}

fn record(
    tx: &mut Tx<'_>,
    asked: &Asked,
    server: &Server,
    action: Action,
    then: &Then,
) -> Result<()> {
    // What the row alone shows has no instance action in Nova, but for locks and resizes.
    let silent = matches!(
        action,
        Action::Update | Action::Metadata | Action::Tags | Action::Console | Action::Diagnostics
    );
    if silent {
        return Ok(());
    }
    tx.event(events::New {
        kind: Kind::Server,
        object_id: &server.id,
        project_id: &server.project_id,
        user_id: &asked.user_id,
        request_id: &asked.request_id,
        action: action.name(),
        phase: "request",
        result: match then {
            Then::Kept => "Success",
            _ => "",
        },
        message: "",
    })
}

/// Asks for a server to go. From every state; a second time changes nothing.
///
/// # Errors
/// `NotFound`; `Conflict` when it is locked.
pub fn delete(tx: &mut Tx<'_>, asked: &Asked, id: &str) -> Result<()> {
    let server = servers::get(tx, &asked.scope, id)?.ok_or_else(|| missing(id))?;
    delete_row(tx, asked, server)
}

/// The same for a row that was read in this transaction: a server's or a guest's.
///
/// # Errors
/// `Conflict` when it is locked.
pub fn delete_row(tx: &mut Tx<'_>, asked: &Asked, server: Server) -> Result<()> {
    row(tx, asked, server, Action::Delete, |_, at| {
        if at.server.deleting != 0 {
            return Ok(Then::Nothing);
        }
        at.server.deleting = 1;
        Ok(Then::Told("deleting"))
    })
    .map(|_| ())
}

/// The server is not there, in Nova's words.
pub fn missing(id: &str) -> Fail {
    Error::NotFound(format!("Instance {id} could not be found.")).into()
}
