//! Passes the engine's log on and remembers its last line, which says why it ended.

use crate::error::{During, Result};
use std::io::{PipeReader, Read, Write};
use std::thread::JoinHandle;

/// As much of the last line as is kept.
const KEPT: usize = 1024;

/// A log that is being passed on.
pub struct Tail(JoinHandle<Line>);

/// Passes on what comes, until nobody can write any more.
pub fn follow(mut log: PipeReader) -> Result<Tail> {
    let copy = move || {
        let mut line = Line::default();
        let mut chunk = [0; 8192];
        while let Ok(read @ 1..) = log.read(&mut chunk) {
            let bytes = &chunk[..read];
            line.take(bytes);
            let mut here = std::io::stdout().lock();
            // An engine must not stand still because its log goes nowhere.
            _ = here.write_all(bytes).and_then(|()| here.flush());
        }
        line
    };
    let thread = std::thread::Builder::new().spawn(copy);
    Ok(Tail(
        thread.during("starting a thread for the engine's log")?,
    ))
}

impl Tail {
    /// The last line that was not empty. Waits for the log's end.
    pub fn last_line(self) -> Option<String> {
        self.0.join().ok().and_then(Line::text)
    }
}

/// The last line of a stream of bytes, bounded.
#[derive(Default)]
struct Line {
    bytes: Vec<u8>,
    ended: bool,
}

impl Line {
    fn take(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if byte == b'\n' {
                self.ended = true;
            } else if !byte.is_ascii_whitespace() || !self.bytes.is_empty() {
                if std::mem::take(&mut self.ended) {
                    self.bytes.clear();
                }
                if self.bytes.len() < KEPT {
                    self.bytes.push(byte);
                }
            }
        }
    }

    fn text(self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.bytes).trim().to_owned();
        (!text.is_empty()).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(chunks: &[&str]) -> Option<String> {
        let mut line = Line::default();
        for chunk in chunks {
            line.take(chunk.as_bytes());
        }
        line.text()
    }

    #[test]
    fn the_last_line_is_known_however_it_comes_in() {
        assert_eq!(last(&["one\ntwo\n"]).as_deref(), Some("two"));
        assert_eq!(last(&["one\nt", "wo", "\n\n"]).as_deref(), Some("two"));
        assert_eq!(last(&["one\n", "  tw", "o"]).as_deref(), Some("two"));
        assert_eq!(last(&["\n", "\n"]), None);
    }

    #[test]
    fn a_line_without_end_costs_no_more_than_what_is_kept() {
        let long = "x".repeat(10 * KEPT);
        assert_eq!(last(&[&long]).map(|it| it.len()), Some(KEPT));
    }
}
