//! Becoming another program. What process 1 holds back (signals) it would otherwise do without.

use crate::error::{During, Error, Result};
use crate::{again, engine};
use nix::sys::signal::SigSet;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};

/// The word that makes this program another one.
pub const WORD: &str = "program";

/// Starts a program of the node with these arguments.
pub fn command(program: &str, arguments: &[String]) -> Command {
    let mut command = again::as_(WORD);
    command.arg(program).args(arguments).stdin(Stdio::null());
    command.env_remove(engine::PLAN);
    command
}

/// Becomes it.
pub fn run(program: &str, arguments: &[&str]) -> Result<ExitCode> {
    let none = SigSet::empty();
    none.thread_set_mask().during("letting signals through")?;
    let error = Command::new(program).args(arguments).exec();
    Err::<ExitCode, _>(error)
        .during(format!("starting {program}"))
        .map_err(|error| match error {
            Error::System { doing, source } if source.kind() == std::io::ErrorKind::NotFound => {
                Error::refused(format!(
                    "{doing}: the node's image has no such program; it has to be made with \
                     Kubernetes in it (docs/kubernetes.md)"
                ))
            }
            other => other,
        })
}
