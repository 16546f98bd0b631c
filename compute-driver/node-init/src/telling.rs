//! What a node says: one line for each step, on standard output, which the outer engine keeps.

use std::fmt::Display;
use std::io::Write;

/// Says one line. A log that takes no more is no reason for a node to end.
pub fn say(words: impl Display) {
    let mut log = std::io::stdout().lock();
    _ = writeln!(log, "node-init: {words}").and_then(|()| log.flush());
}
