//! Between the upload and the tar parser: copies every byte that is not a file's content to the spool,
//! so that the recipe has the archive's own headers and padding, whatever tool wrote them.

use super::ArchiveError;
use super::contents::Contents;
use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;

/// Headers of one entry, long names and extensions included. The parser holds them in memory.
const HEADERS: u64 = 1 << 20;
/// Zeros that tar writers append to fill their blocking factor.
const END: u64 = 1 << 20;

/// What the recorder knows, shared with the one who drives the parser.
pub(super) struct Tape {
    pub(super) contents: Contents,
    /// The parser is reading a file's content: its reader stores it.
    pub(super) in_content: bool,
    /// Bytes of headers since the last entry.
    pub(super) headers: u64,
    zeros: u64,
    total: u64,
    limit: u64,
    at_eof: bool,
    refusal: Option<ArchiveError>,
}

impl Tape {
    pub(super) fn new(contents: Contents, limit: u64) -> Rc<RefCell<Tape>> {
        Rc::new(RefCell::new(Tape {
            contents,
            in_content: false,
            headers: 0,
            zeros: 0,
            total: 0,
            limit,
            at_eof: false,
            refusal: None,
        }))
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.total += bytes.len() as u64;
        if self.total > self.limit {
            return Err(ArchiveError::TooMuch {
                what: "bytes",
                limit: self.limit,
            });
        }
        if self.in_content {
            self.zeros = 0;
            return Ok(());
        }
        self.headers += bytes.len() as u64;
        if self.headers > HEADERS {
            return Err(ArchiveError::NotTar("a header of more than 1 MiB".into()));
        }
        match bytes.iter().rposition(|byte| *byte != 0) {
            None => self.zeros += bytes.len() as u64,
            Some(last) => self.zeros = (bytes.len() - 1 - last) as u64,
        }
        self.contents.literal(bytes)
    }

    /// Why the parser failed: what stopped the reading, or what the parser says.
    pub(super) fn why(&mut self, e: io::Error) -> ArchiveError {
        match self.refusal.take() {
            Some(refusal) => refusal,
            None if self.at_eof => ArchiveError::Truncated,
            None => ArchiveError::not_tar(&e.to_string()),
        }
    }

    /// Bytes that may still come.
    pub(super) fn room(&self) -> u64 {
        self.limit.saturating_sub(self.total)
    }
}

/// The upload as the tar parser reads it.
pub(super) struct Recorder<R> {
    pub(super) inner: R,
    pub(super) tape: Rc<RefCell<Tape>>,
}

impl<R: Read> Read for Recorder<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buf);
        let mut tape = self.tape.borrow_mut();
        let refusal = match read {
            Ok(n) => {
                tape.at_eof |= n == 0 && !buf.is_empty();
                match tape.take(&buf[..n]) {
                    Ok(()) => return Ok(n),
                    Err(refusal) => refusal,
                }
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => return Err(e),
            Err(e) => ArchiveError::from_io(e, ArchiveError::Upload),
        };
        tape.refusal = Some(refusal);
        Err(io::Error::other("refused"))
    }
}

impl<R: Read> Recorder<R> {
    /// Reads to the end of the upload. After tar's end marker only zeros may come.
    pub(super) fn drain(&mut self) -> Result<(), ArchiveError> {
        // Without its marker the archive may have lost entries.
        if self.tape.borrow().zeros < 512 {
            return Err(ArchiveError::Truncated);
        }
        self.tape.borrow_mut().headers = HEADERS - END;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = self.read(&mut buffer);
            match read {
                Ok(0) => return Ok(()),
                Ok(n) if buffer[..n].iter().any(|byte| *byte != 0) => {
                    return Err(ArchiveError::DataAfterEnd);
                }
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(self.tape.borrow_mut().why(e)),
            }
        }
    }
}
