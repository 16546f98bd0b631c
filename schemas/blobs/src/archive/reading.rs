//! The one pass over an upload: files are stored as they come, all else is recorded.

use super::contents::Contents;
use super::recorder::{Recorder, Tape};
use super::{ArchiveError, Terms, names};
use crate::BlobStore;
use crate::store::Staged;
use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;

/// Reads until the buffer is full or the upload ends.
pub(super) fn fill(upload: &mut impl Read, buffer: &mut [u8]) -> Result<usize, ArchiveError> {
    let mut got = 0;
    while got < buffer.len() {
        match upload.read(&mut buffer[got..]) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(ArchiveError::from_io(e, ArchiveError::Upload)),
        }
    }
    Ok(got)
}

/// Keeps the upload as one blob-to-be.
pub(super) fn stage(
    mut upload: impl Read,
    store: &BlobStore,
    terms: &Terms,
) -> Result<Staged, ArchiveError> {
    let mut blob = store.writer(u64::MAX)?;
    let mut buffer = vec![0; 128 * 1024];
    let mut size = 0;
    loop {
        let n = fill(&mut upload, &mut buffer)?;
        size += n as u64;
        if size > terms.upload {
            return Err(ArchiveError::TooMuch {
                what: "bytes",
                limit: terms.upload,
            });
        }
        blob.append(&buffer[..n])?;
        if n < buffer.len() {
            return Ok(blob.seal()?);
        }
    }
}

/// Reads a tar to the end of the upload, storing files as they come.
pub(super) fn read_all(
    upload: impl Read,
    store: &BlobStore,
    limit: u64,
    terms: &Terms,
) -> Result<Contents, ArchiveError> {
    let tape = Tape::new(Contents::new(store)?, limit);
    let mut archive = tar::Archive::new(Recorder {
        inner: upload,
        tape: tape.clone(),
    });
    let mut count = 0;
    for entry in archive.entries().map_err(ArchiveError::scratch)? {
        let entry = entry.map_err(|e| tape.borrow_mut().why(e))?;
        count += 1;
        if count > terms.entries {
            return Err(ArchiveError::TooMuch {
                what: "entries",
                limit: terms.entries as u64,
            });
        }
        tape.borrow_mut().headers = 0;
        read_entry(entry, &tape, terms)?;
    }
    let mut recorder = archive.into_inner();
    recorder.drain()?;
    drop(recorder);
    let tape = Rc::into_inner(tape).map(RefCell::into_inner);
    let tape = tape.ok_or_else(|| ArchiveError::scratch(io::ErrorKind::Other.into()))?;
    tape.contents.check_links()?;
    Ok(tape.contents)
}

fn read_entry<R: Read>(
    mut entry: tar::Entry<'_, R>,
    tape: &Rc<RefCell<Tape>>,
    terms: &Terms,
) -> Result<(), ArchiveError> {
    let raw = entry.path_bytes().into_owned();
    let name = names::normal(&raw)?;
    let kind = entry.header().entry_type();
    match kind {
        tar::EntryType::Directory => return tape.borrow_mut().contents.directory(name),
        // Comments of git and others; for no file in particular.
        tar::EntryType::XGlobalHeader => return Ok(()),
        tar::EntryType::Symlink => {
            let to = entry.link_name_bytes().unwrap_or_default();
            let to = names::target(&name, &to)?;
            return tape.borrow_mut().contents.link(name, to);
        }
        tar::EntryType::Regular if !name.is_empty() => {}
        _ => return Err(ArchiveError::BadType(names::shown(&raw))),
    }
    let size = entry.size();
    let mut blob = {
        let mut tape = tape.borrow_mut();
        if size > tape.room() {
            return Err(ArchiveError::TooMuch {
                what: "bytes",
                limit: terms.upload,
            });
        }
        tape.in_content = true;
        tape.contents.begin(size, terms)?
    };
    let mut buffer = vec![0; 64 * 1024];
    let mut small = Vec::new();
    let mut got = 0;
    loop {
        let n = match entry.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(tape.borrow_mut().why(e)),
        };
        got += n as u64;
        match &mut blob {
            Some(blob) => blob.append(&buffer[..n])?,
            None => small.extend_from_slice(&buffer[..n]),
        }
    }
    if got != size {
        return Err(ArchiveError::Truncated);
    }
    let mut tape = tape.borrow_mut();
    tape.in_content = false;
    match blob {
        Some(blob) => tape.contents.large(name, blob),
        None => tape.contents.small(name, &small),
    }
}
