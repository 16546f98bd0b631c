//! The few programs that every simulated container has, so that `exec` can look inside.
//!
//! `echo`, `cat [file]`, `true`, `false`, `exit N`, `hostname`, `env`, `sleep N`, and
//! `nc -w N address port`, which connects to a container with `sim.listen`.

use super::engine::SimEngine;
use super::machine::Key;
use crate::terminal::ExecOutput;
use bytes::Bytes;
use std::time::Duration;

/// Runs one command; `None` when there is no such program.
pub(super) async fn run(
    engine: &SimEngine,
    key: Key,
    command: &[String],
    stdin: Option<Bytes>,
) -> Option<ExecOutput> {
    let home = engine.machine().home(key);
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    let program = words
        .first()
        .and_then(|path| path.rsplit('/').next())
        .unwrap_or_default();
    let arguments = words.get(1..).unwrap_or_default();
    let (exit_code, text) = match (program, arguments) {
        ("true", _) => (0, String::new()),
        ("false", _) => (1, String::new()),
        ("exit", [code]) => (code.parse().unwrap_or(2), String::new()),
        ("echo", _) => (0, arguments.join(" ") + "\n"),
        ("cat", []) => (
            0,
            String::from_utf8_lossy(&stdin.unwrap_or_default()).into_owned(),
        ),
        ("cat", [path]) => cat(engine, key, path),
        ("hostname", []) => (
            0,
            with(engine, home, |it| format!("{}\n", it.workload.hostname)),
        ),
        ("env", []) => (0, with(engine, key, environment)),
        ("sleep", [seconds]) => {
            let seconds = seconds.parse().unwrap_or(0);
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            (0, String::new())
        }
        ("nc", ["-w", patience, address, port]) => {
            let port = port.parse().unwrap_or(0);
            let reached = engine.machine().hears(key, address, port);
            match reached {
                Some(true) => (0, String::new()),
                // Refused at once when somebody is there, silence otherwise.
                Some(_) => (1, String::new()),
                None => {
                    let patience = patience.parse().unwrap_or(0);
                    tokio::time::sleep(Duration::from_secs(patience)).await;
                    (1, String::new())
                }
            }
        }
        _ => return None,
    };
    Some(ExecOutput {
        text,
        truncated: false,
        exit_code,
    })
}

fn with(
    engine: &SimEngine,
    key: Key,
    read: impl Fn(&super::container::Container) -> String,
) -> String {
    engine
        .machine()
        .container(key)
        .map(|it| read(it))
        .unwrap_or_default()
}

fn environment(container: &super::container::Container) -> String {
    container
        .workload
        .env
        .iter()
        .map(|(name, value)| format!("{name}={value}\n"))
        .collect()
}

fn cat(engine: &SimEngine, key: Key, path: &str) -> (i64, String) {
    match engine.machine().read(key, path) {
        Some(content) => (0, String::from_utf8_lossy(&content).into_owned()),
        None => (
            1,
            format!("cat: can't open '{path}': No such file or directory\n"),
        ),
    }
}
