//! Makes the engine's namespaces, in step with process 1, and stays outside of the last one: a process
//! cannot enter a new PID namespace itself, its children are born there.

use crate::engine::{self, Plan};
use crate::error::{During, Result};
use crate::supervise::Signals;
use crate::wire::Wire;
use crate::{again, identity, socket};
use nix::sched::{CloneFlags, unshare};
use serde::{Deserialize, Serialize};
use std::io::stdin;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{ExitCode, Stdio};

/// The word that makes this program the holder.
pub const WORD: &str = "holder";

/// What the holder has done, as process 1 hears it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Holding {
    /// It is nobody in a new user namespace; network, IPC and UTS belong to that.
    Namespaces,
    /// It is root there; its cgroup namespace begins at its group.
    Inside,
}

/// Process 1 has nothing left to do.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Go;

/// Holds the namespaces until the engine has ended, and ends with its status.
pub fn run() -> Result<ExitCode> {
    let signals = Signals::hold()?;
    let wire = stdin().as_fd().try_clone_to_owned();
    let mut wire = Wire::of(UnixStream::from(wire.during("taking the wire")?))?;
    // While still root of the machine.
    let listener = socket::listen(Path::new(socket::FOLDER), socket::ENGINE)?;

    unshare(
        CloneFlags::CLONE_NEWUSER
            | CloneFlags::CLONE_NEWNET
            | CloneFlags::CLONE_NEWIPC
            | CloneFlags::CLONE_NEWUTS,
    )
    .during("making user, network, IPC and UTS namespaces")?;
    wire.send(&Holding::Namespaces)?;
    let plan: Plan = wire.receive()?;
    identity::become_root()?;
    unshare(CloneFlags::CLONE_NEWCGROUP | CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID)
        .during("making cgroup, mount and PID namespaces")?;
    wire.send(&Holding::Inside)?;
    let Go = wire.receive()?;

    let mut engine = again::as_(engine::WORD);
    // The socket travels as standard input: that is what one process can give another safely.
    engine
        .env(engine::PLAN, again::told(&plan)?)
        .stdin(Stdio::from(listener));
    let engine = engine.spawn().during("starting the engine's process 1")?;
    Ok(ExitCode::from(signals.keep(&engine, None, Vec::new())?))
}
