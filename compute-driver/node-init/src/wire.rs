//! How process 1 and the holder keep step: lines of JSON over a pair of sockets.

use crate::error::{During, Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

/// One end.
pub struct Wire {
    reader: BufReader<UnixStream>,
    writer: UnixStream,
}

impl Wire {
    /// Two ends; the second is to be given to another process.
    pub fn pair() -> Result<(Self, OwnedFd)> {
        let (here, there) = UnixStream::pair().during("making a pair of sockets")?;
        Ok((Self::of(here)?, there.into()))
    }

    /// The end that was given to this process.
    pub fn of(stream: UnixStream) -> Result<Self> {
        let writer = stream.try_clone().during("copying a socket")?;
        let reader = BufReader::new(stream);
        Ok(Self { reader, writer })
    }

    /// Says that this side is ready, or what the other needs.
    pub fn send(&mut self, message: &impl Serialize) -> Result<()> {
        let line = serde_json::to_string(message).map_err(std::io::Error::from);
        let line = line.during("writing to the node's other process")? + "\n";
        // A process that ended has said why.
        let sent = self.writer.write_all(line.as_bytes());
        sent.map_err(|_| Error::Told)
    }

    /// Waits for the other side.
    ///
    /// # Errors
    /// [`Error::Told`] when it has ended: it has said why.
    pub fn receive<T: DeserializeOwned>(&mut self) -> Result<T> {
        let mut line = String::new();
        let read = self.reader.read_line(&mut line);
        if read.during("reading from the node's other process")? == 0 {
            return Err(Error::Told);
        }
        serde_json::from_str(&line)
            .map_err(std::io::Error::from)
            .during("reading from the node's other process")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_arrives_and_an_end_is_noticed() {
        let (mut here, there) = Wire::pair().unwrap();
        let mut there = Wire::of(there.into()).unwrap();
        here.send(&"made").unwrap();
        there.send(&7_u32).unwrap();
        assert_eq!(there.receive::<String>().unwrap(), "made");
        assert_eq!(here.receive::<u32>().unwrap(), 7);
        drop(there);
        assert!(matches!(here.receive::<u32>(), Err(Error::Told)));
        assert!(matches!(here.send(&"on"), Err(Error::Told)));
    }
}
