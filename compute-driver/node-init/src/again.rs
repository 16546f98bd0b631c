//! This program again, as another of the node's processes.

use std::os::unix::process::CommandExt;
use std::process::Command;

/// Starts it with a word that says what it is to be; listed as `node-init WORD`.
pub fn as_(word: &str) -> Command {
    // Found however the file system looks where it is started.
    let mut command = Command::new("/proc/self/exe");
    command.arg0("node-init").arg(word);
    command
}
