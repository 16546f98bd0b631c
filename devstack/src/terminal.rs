//! Words to the person at the terminal: messages and progress on standard error, results alone on
//! standard output, so that they can be piped.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// A result, to standard output. A reader that has gone away (`| head`) is no error.
pub fn result(text: impl Display) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// A message, to standard error.
pub fn message(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A spinner with words where a person waits; nothing where nobody looks.
pub fn waiting(words: impl Into<String>) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(words.into());
    bar.set_draw_target(target());
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// A bar for bytes that are known in number.
pub fn bytes(words: impl Into<String>, length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length).with_message(words.into());
    bar.set_draw_target(target());
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {eta}")
    {
        bar.set_style(style);
    }
    bar
}

fn target() -> ProgressDrawTarget {
    if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    }
}
