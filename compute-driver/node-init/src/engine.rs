//! Process 1 of the engine's PID namespace.

use crate::cgroup::Cgroups;
use crate::config::Config;
use crate::error::{During, Result};
use crate::guests::Place;
use crate::supervise::{Signals, end_all_others};
use crate::telling::say;
use crate::{again, dockerd, filter, kubernetes, mounts, resolver, tail};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::process::ExitCode;

/// The word that makes this program the engine's process 1.
pub const WORD: &str = "engine";

/// In whose environment the plan is.
pub const PLAN: &str = "NODE_INIT_PLAN";

/// All that the engine's side has to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// As read.
    pub config: Config,
    /// As found.
    pub cgroups: Cgroups,
    /// Name servers that can be reached.
    pub resolvers: Vec<IpAddr>,
    /// Bytes of memory that the node may have, if it is bounded.
    pub memory: Option<u64>,
    /// Where the node is in the network of its cluster's guests.
    pub place: Option<Place>,
}

/// Brings up what the engine sees, then keeps the engine, and ends with its status.
pub fn run() -> Result<ExitCode> {
    let signals = Signals::hold()?;
    let plan: Plan = again::heard(PLAN)?;
    mounts::inside(&plan.cgroups)?;
    dockerd::prepare(&plan.config)?;
    resolver::replace(&plan.resolvers)?;
    let filter = filter::folder();
    if let Some(guests) = &plan.config.guests {
        filter::admit(filter, guests)?;
    }
    let members = kubernetes::begin(&plan, filter)?;
    say("the engine starts");

    let (log, ours) = std::io::pipe().during("making a pipe for the engine's log")?;
    let log = tail::follow(log)?;
    let engine = dockerd::command(ours, filter)?
        .spawn()
        .during("starting the engine")?;
    let status = signals.keep(&engine, None, members)?;
    end_all_others()?;
    let last = log.last_line().unwrap_or_else(|| "none".to_owned());
    if status == 0 {
        say("the engine has ended");
    } else {
        say(format_args!(
            "the engine ended with status {status}; its last words: {last}"
        ));
    }
    Ok(ExitCode::from(status))
}
