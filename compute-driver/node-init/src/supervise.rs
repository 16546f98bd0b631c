//! Keeping one child: what a process 1 owes the others (reaping orphans, passing "end" on), for each
//! of the node's processes the same. Beside it there may be companions, which are started again whenever
//! they end, and end with the child.

use crate::error::{During, Result};
use crate::telling::say;
use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, alarm};
use std::process::{Child, Command};

/// What a process that is asked to end gets, until it is killed.
const ENDINGS: [Signal; 3] = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT];

/// How long nothing is done about a companion that has ended, in seconds.
const PAUSE_S: u32 = 1;

/// A process beside the child.
pub struct Companion {
    name: String,
    command: Command,
    living: Option<Pid>,
    /// It ends well when there is nothing left to do.
    once: bool,
    done: bool,
}

impl Companion {
    /// One that is started by this command, whenever it has to be. The name is for the log.
    pub fn new(name: impl Into<String>, command: Command) -> Self {
        Self {
            name: name.into(),
            command,
            living: None,
            once: false,
            done: false,
        }
    }

    /// One that is started until it has ended well.
    pub fn once(name: impl Into<String>, command: Command) -> Self {
        Self {
            once: true,
            ..Self::new(name, command)
        }
    }

    fn missing(&self) -> bool {
        self.living.is_none() && !self.done
    }

    /// Starts it; where that fails, it is tried again after a pause.
    fn start(&mut self) {
        match self.command.spawn() {
            Ok(child) => self.living = Some(pid(&child)),
            Err(error) => {
                say(format_args!("{} cannot be started: {error}", self.name));
                alarm::set(PAUSE_S);
            }
        }
    }

    fn ended(&mut self, status: WaitStatus) {
        let status = status_of(status).unwrap_or_default();
        self.living = None;
        self.done = self.once && status == 0;
        if self.done {
            return;
        }
        say(format_args!(
            "{} ended with status {status}; it is started again",
            self.name
        ));
        alarm::set(PAUSE_S);
    }
}

/// The signals a process waits for. Held back from the start, so that none is lost in between. Whoever
/// becomes another program lets them through before.
pub struct Signals(SigSet);

impl Signals {
    /// To be called before any child or thread is made.
    pub fn hold() -> Result<Self> {
        let mut set = SigSet::empty();
        for signal in ENDINGS
            .into_iter()
            .chain([Signal::SIGCHLD, Signal::SIGALRM])
        {
            set.add(signal);
        }
        set.thread_block().during("holding signals back")?;
        Ok(Self(set))
    }

    /// Waits until the child has ended, passing on what asks for the end, and reaping whoever else
    /// ends. With `patience_s`, a child that was asked to end and does not is given up after that
    /// many seconds, with the status of a killed one. The companion, if any, is started first.
    ///
    /// Returns the child's status as a shell would say it: 128 and the signal's number for a killed
    /// one.
    pub fn keep(
        &self,
        child: &Child,
        patience_s: Option<u32>,
        mut companions: Vec<Companion>,
    ) -> Result<u8> {
        let child = pid(child);
        let mut ending = false;
        companions.iter_mut().for_each(Companion::start);
        loop {
            match self.0.wait().during("waiting for a signal")? {
                Signal::SIGCHLD => {
                    let beside = match ending {
                        true => &mut [],
                        false => companions.as_mut_slice(),
                    };
                    if let Some(status) = reap(child, beside)? {
                        return Ok(status);
                    }
                }
                Signal::SIGALRM if ending => {
                    let seconds = patience_s.unwrap_or_default();
                    say(format_args!(
                        "the engine did not end within {seconds} s; it is killed"
                    ));
                    return Ok(killed_by(Signal::SIGKILL));
                }
                Signal::SIGALRM => {
                    let missing = companions.iter_mut().filter(|it| it.missing());
                    missing.for_each(Companion::start);
                }
                signal => {
                    // It may have ended just now: then its SIGCHLD is next.
                    _ = kill(child, Signal::SIGTERM);
                    if let Some(seconds) = patience_s {
                        say(format_args!("{signal}: the engine is asked to end"));
                        alarm::set(seconds);
                        ending = true;
                    }
                }
            }
        }
    }
}

/// The child's process id.
pub fn pid(child: &Child) -> Pid {
    // Process ids are positive and far below the type's bound.
    Pid::from_raw(child.id().cast_signed())
}

/// Ends whatever else lives in this PID namespace, of which the caller is process 1, and waits until
/// it is gone.
pub fn end_all_others() -> Result<()> {
    match kill(Pid::from_raw(-1), Signal::SIGKILL) {
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(error) => Err(error).during("ending what the engine left")?,
    }
    loop {
        match waitpid(None, None) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(Errno::ECHILD) => return Ok(()),
            Err(error) => Err(error).during("waiting for what the engine left")?,
        }
    }
}

/// Takes note of all that have ended; the child's status if it is among them.
fn reap(child: Pid, companions: &mut [Companion]) -> Result<Option<u8>> {
    let mut end = None;
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return Ok(end),
            Ok(status) if status.pid() == Some(child) => end = end.or(status_of(status)),
            Ok(status) => {
                let mut living = companions.iter_mut().filter(|it| it.living.is_some());
                if let Some(companion) = living.find(|it| it.living == status.pid()) {
                    companion.ended(status);
                }
            }
            Err(Errno::EINTR) => {}
            Err(error) => Err(error).during("waiting for processes")?,
        }
    }
}

fn status_of(status: WaitStatus) -> Option<u8> {
    match status {
        WaitStatus::Exited(_, code) => Some(u8::try_from(code & 0xff).unwrap_or(u8::MAX)),
        WaitStatus::Signaled(_, signal, _) => Some(killed_by(signal)),
        _ => None,
    }
}

fn killed_by(signal: Signal) -> u8 {
    u8::try_from(128 + signal as i32).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_as_a_shell_tells_it() {
        let pid = Pid::from_raw(7);
        assert_eq!(status_of(WaitStatus::Exited(pid, 3)), Some(3));
        let killed = WaitStatus::Signaled(pid, Signal::SIGKILL, false);
        assert_eq!(status_of(killed), Some(137));
        assert_eq!(status_of(WaitStatus::Stopped(pid, Signal::SIGSTOP)), None);
    }
}
