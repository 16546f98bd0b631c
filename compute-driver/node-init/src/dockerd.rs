//! The engine itself: its settings, and how it gets its socket.

use crate::config::Config;
use crate::error::{During, Error, Result};
use crate::files::{DATA, TLS};
use crate::{again, engine};
use nix::sys::signal::SigSet;
use nix::unistd::dup;
use serde_json::{Value, json};
use std::fs;
use std::io::{PipeWriter, stdin};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};

/// The word that makes this program the engine.
pub const WORD: &str = "dockerd";

/// Port of the engine's API.
pub const PORT: u16 = 2376;

const FOLDER: &str = "/run/jeroboam";
const SETTINGS: &str = "/run/jeroboam/daemon.json";

/// Where the node's programs are.
pub const PROGRAMS: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What a container inside gets to end, in seconds, when the node ends.
const SHUTDOWN_S: u32 = 15;

/// Where a program that is given sockets finds the first.
const FIRST_SOCKET: i32 = 3;

/// Writes the engine's settings.
pub fn prepare(config: &Config) -> Result<()> {
    fs::create_dir_all(FOLDER).during(format!("making {FOLDER}"))?;
    fs::write(SETTINGS, settings(config).to_string()).during(format!("writing {SETTINGS}"))
}

fn settings(config: &Config) -> Value {
    let labels = config.labels.iter();
    let labels: Vec<String> = labels
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    json!({
        // `fd` is the socket that was made for it.
        "hosts": ["fd://", format!("tcp://0.0.0.0:{PORT}")],
        "tlsverify": true,
        "tlscacert": TLS.ca,
        "tlscert": TLS.cert,
        "tlskey": TLS.key,
        "bip": config.bip,
        "default-address-pools": [{ "base": config.address_pool, "size": config.address_pool_size }],
        "data-root": DATA,
        "storage-driver": "overlay2",
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        // A container that talks without end does not fill the node.
        "log-driver": "json-file",
        "log-opts": { "max-size": "10m", "max-file": "3" },
        "labels": labels,
        "shutdown-timeout": SHUTDOWN_S,
    })
}

/// Starts the engine with the socket that is this process's standard input.
/// It finds one kind of the packet filter's program.
pub fn command(log: PipeWriter, filter: &str) -> Result<Command> {
    let path = format!("{filter}:{PROGRAMS}");
    let other = log
        .try_clone()
        .during("copying the pipe for the engine's log")?;
    let mut command = again::as_(WORD);
    command.env("PATH", path).env_remove(engine::PLAN);
    command.stdout(log).stderr(other);
    Ok(command)
}

/// Becomes the engine, as systemd would start it: with its socket as the first descriptor after
/// standard error, and its own process id to show for it.
pub fn run() -> Result<ExitCode> {
    let socket = dup(stdin()).during("taking the engine's socket")?;
    if socket.as_raw_fd() != FIRST_SOCKET {
        return Err(Error::refused(format!(
            "the engine's socket is descriptor {}, not {FIRST_SOCKET}: something is left open",
            socket.as_raw_fd()
        )));
    }
    // Stays open, and open in the program that this one becomes.
    _ = socket.into_raw_fd();
    // What this process holds back every container of the engine would be without: their timers
    // (SIGALRM), for one.
    let none = SigSet::empty();
    none.thread_set_mask().during("letting signals through")?;
    let error = Command::new("dockerd")
        .arg(format!("--config-file={SETTINGS}"))
        .env("LISTEN_PID", std::process::id().to_string())
        .env("LISTEN_FDS", "1")
        .stdin(Stdio::null())
        .exec();
    Err(error).during("starting dockerd")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::sample;

    #[test]
    fn the_engine_is_told_its_networks_and_never_to_speak_in_the_clear() {
        let settings = settings(&sample());
        assert_eq!(settings["hosts"], json!(["fd://", "tcp://0.0.0.0:2376"]));
        assert_eq!(settings["tlsverify"], true);
        assert_eq!(settings["bip"], "172.31.0.1/24");
        let pools = json!([{ "base": "172.30.0.0/16", "size": 24 }]);
        assert_eq!(settings["default-address-pools"], pools);
        assert_eq!(settings["labels"], json!(["a=b"]));
    }
}
