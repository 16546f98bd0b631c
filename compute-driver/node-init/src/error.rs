//! Why a node does not come up: what was being done, and the cause.

use std::io;

/// A result with this program's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel refused.
    #[error("{doing}: {source}")]
    System {
        /// What was being done.
        doing: String,
        /// What the kernel said.
        source: io::Error,
    },
    /// The kernel's network side refused.
    #[error("{doing}: {source}")]
    Network {
        /// What was being done.
        doing: String,
        /// What the kernel said.
        source: rtnetlink::Error,
    },
    /// Something is not as it must be; the text says what to change.
    #[error("{0}")]
    Refused(String),
    /// Another of the node's processes failed and has said why.
    #[error("another process of the node failed")]
    Told,
}

impl Error {
    /// See [`Error::Refused`].
    pub fn refused(text: impl Into<String>) -> Self {
        Self::Refused(text.into())
    }
}

/// Says what was being done when something failed.
pub trait During<T> {
    /// Words for the act, as in "mounting /proc".
    fn during(self, doing: impl Into<String>) -> Result<T>;
}

impl<T> During<T> for io::Result<T> {
    fn during(self, doing: impl Into<String>) -> Result<T> {
        self.map_err(|source| Error::System {
            doing: doing.into(),
            source,
        })
    }
}

impl<T> During<T> for nix::Result<T> {
    fn during(self, doing: impl Into<String>) -> Result<T> {
        self.map_err(io::Error::from).during(doing)
    }
}

impl<T> During<T> for std::result::Result<T, rtnetlink::Error> {
    fn during(self, doing: impl Into<String>) -> Result<T> {
        self.map_err(|source| Error::Network {
            doing: doing.into(),
            source,
        })
    }
}
