//! This program again, as another of the node's processes.

use crate::error::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Starts it with a word that says what it is to be; listed as `node-init WORD`.
pub fn as_(word: &str) -> Command {
    // Found however the file system looks where it is started.
    let mut command = Command::new("/proc/self/exe");
    command.arg0("node-init").arg(word);
    command
}

/// What another process has to know, as text for its environment.
pub fn told(plan: &impl Serialize) -> Result<String> {
    serde_json::to_string(plan)
        .map_err(|error| Error::refused(format!("the plan cannot be told: {error}")))
}

/// What this process was told in a variable of its environment.
pub fn heard<T: DeserializeOwned>(variable: &str) -> Result<T> {
    let plan = std::env::var(variable).unwrap_or_default();
    serde_json::from_str(&plan)
        .map_err(|error| Error::refused(format!("the plan is not understood: {error}")))
}
