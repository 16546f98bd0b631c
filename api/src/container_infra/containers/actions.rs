//! `PUT /containers/{ident}/start` and its like, the verb also before the container.
//!
//! What is so already is well, as the engines say: starting what runs, stopping what does not. Whatever is
//! under way is waited for before.

use super::{Ident, find, missing, refused, wait};
use crate::compute;
use crate::container_infra::call::own;
use crate::container_infra::rules;
use crate::ctx::Ctx;
use crate::extract::{Path, Query};
use crate::policy::Rule;
use crate::reply::{self, Reply};
use crate::route::{Route, put};
use schemas::Error;
use schemas::workload::Power;
use serde_json::Value;
use store::compute::action::Action;
use store::compute::change::{self, Asked, Changing, Then};
use store::compute::guests::{self, Kind};
use store::compute::servers::Server;
use store::{Result, Tx};

/// An action stands behind the container, or before it.
macro_rules! actions {
    ($($verb:literal $handler:ident $rule:ident $what:expr;)+) => {
        /// The routes of actions.
        pub(super) fn routes() -> Vec<Route> {
            let routes = vec![$(
                put(concat!("/containers/{ident}/", $verb), $handler),
                put(concat!("/containers/", $verb, "/{ident}"), $handler),
            )+];
            routes.into_iter().map(|route| route.takes(super::NAMED)).collect()
        }

        $(
            async fn $handler(ctx: Ctx<rules::$rule>, Path(ident): Path<Ident>, query: Query) -> Reply {
                act(ctx, ident, query, $what).await
            }
        )+
    };
}

actions! {
    "start" start ContainerStart Verb::Start;
    "stop" stop ContainerStop Verb::Stop;
    "reboot" reboot ContainerReboot Verb::Reboot;
    "pause" pause ContainerPause Verb::Pause;
    "unpause" unpause ContainerUnpause Verb::Unpause;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Start,
    Stop,
    Reboot,
    Pause,
    Unpause,
}

/// What a verb comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Order {
    action: Action,
    power: Power,
    task: &'static str,
}

impl Verb {
    /// It is so already.
    fn holds(self, vm_state: &str) -> bool {
        matches!(
            (self, vm_state),
            (Verb::Start, "active") | (Verb::Stop, "stopped")
        )
    }

    /// What it comes to in this state.
    fn order(self, vm_state: &str) -> Order {
        let order = |action, power, task| Order {
            action,
            power,
            task,
        };
        match (self, vm_state) {
            (Verb::Start, _) | (Verb::Reboot, "stopped") => {
                order(Action::Start, Power::Running, "powering-on")
            }
            (Verb::Stop, _) => order(Action::Stop, Power::Stopped, "powering-off"),
            (Verb::Reboot, _) => order(Action::Reboot, Power::Running, "rebooting"),
            (Verb::Pause, _) => order(Action::Pause, Power::Paused, "pausing"),
            (Verb::Unpause, _) => order(Action::Unpause, Power::Running, "unpausing"),
        }
    }
}

async fn act<R: Rule>(ctx: Ctx<R>, ident: Ident, query: Query, verb: Verb) -> Reply {
    let patience = wait::patience(&ctx);
    let id = find(&ctx, ident, &query).await?.id;
    wait::idle(&ctx, &id, patience).await?;
    let asked = Asked {
        scope: own(&ctx)?,
        ..compute::asked(&ctx)
    };
    let target = id.clone();
    let begun = ctx
        .store()
        .write(move |tx| begin(tx, &asked, &target, verb))
        .await?;
    if begun {
        wait::done(&ctx, &id, patience).await?;
    }
    reply::ok(&Value::Null)
}

/// Writes the wish down. False when there is nothing to do.
fn begin(tx: &mut Tx<'_>, asked: &Asked, id: &str, verb: Verb) -> Result<bool> {
    let found = guests::get(tx, &asked.scope, Kind::Container, id)?;
    let server = found.ok_or_else(|| missing(id))?;
    let busy = server.task_state.is_some() || server.deleting != 0;
    if !busy && verb.holds(&server.vm_state) {
        return Ok(false);
    }
    let (order, why) = (verb.order(&server.vm_state), reason(&server)?);
    let done = change::row(tx, asked, server, order.action, |_, at| order.write(at));
    done.map(|_| true).map_err(|fail| refused(fail, &why))
}

impl Order {
    fn write(self, at: &mut Changing) -> Result<Then> {
        if at.server.host_id.is_none() {
            let id = &at.server.id;
            let told = format!("Container {id} is on no node; delete it and make another");
            return Err(Error::Conflict(told).into());
        }
        at.spec.power = self.power;
        at.spec.reboot = match self.action {
            Action::Reboot => at.reboot(false),
            _ => None,
        };
        Ok(Then::Told(self.task))
    }
}

/// What went wrong with it, to be told beside a refusal: nothing else of its view would.
fn reason(server: &Server) -> Result<String> {
    let fault = server.fault()?;
    Ok(fault.map_or(".".to_owned(), |fault| {
        format!(". It failed before: {}", fault.message)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_so_already_is_well_and_the_rest_is_in_the_table_of_actions() {
        assert!(Verb::Start.holds("active") && Verb::Stop.holds("stopped"));
        for verb in [Verb::Reboot, Verb::Pause, Verb::Unpause] {
            for state in ["active", "stopped", "paused", "error"] {
                assert!(!verb.holds(state), "{verb:?} {state}");
            }
        }
        let action = |verb: Verb, state| verb.order(state).action;
        assert_eq!(action(Verb::Start, "paused"), Action::Start);
        assert_eq!(action(Verb::Reboot, "stopped"), Action::Start);
        assert_eq!(action(Verb::Reboot, "active"), Action::Reboot);
        assert_eq!(action(Verb::Pause, "paused"), Action::Pause);
        assert_eq!(action(Verb::Unpause, "active"), Action::Unpause);
    }
}
