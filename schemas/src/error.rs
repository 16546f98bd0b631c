//! The one error of the plane. Its variants answer "what can the caller do about it"; only the API
//! turns them into HTTP codes and envelopes, in one place.

use std::fmt::Display;

/// Shorthand used by every crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request or a step failed. Texts are for the user: cause and remedy, nothing internal;
/// what is internal goes to `Internal` and is logged, never shown.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// The request is wrong and will stay wrong (400).
    #[error("{0}")]
    BadRequest(String),
    /// No valid token or wrong credentials (401).
    #[error("{0}")]
    Unauthorized(String),
    /// Known caller, not allowed (403).
    #[error("{0}")]
    Forbidden(String),
    /// A quota is used up (compute: 403 `forbidden`; others 413 or 409, the envelope decides).
    #[error("{0}")]
    OverQuota(String),
    /// Not there, or not the caller's to see (404).
    #[error("{0}")]
    NotFound(String),
    /// The path is there, the method is not (405).
    #[error("{0}")]
    MethodNotAllowed(String),
    /// The microversion asked for is not offered (406).
    #[error("{0}")]
    NotAcceptable(String),
    /// The object's state forbids it now (409).
    #[error("{0}")]
    Conflict(String),
    /// The thing is gone for good (410).
    #[error("{0}")]
    Gone(String),
    /// Too many bytes (413).
    #[error("{0}")]
    TooLarge(String),
    /// A body of a type that is not understood (415).
    #[error("{0}")]
    UnsupportedMediaType(String),
    /// A byte range that the data does not have (416).
    #[error("{0}")]
    RangeNotSatisfiable(String),
    /// Too many requests of this kind from this caller (429).
    #[error("{0}")]
    TooManyRequests(String),
    /// Part of the API that is not built (501).
    #[error("{0}")]
    NotImplemented(String),
    /// What was asked for was tried, and an engine or a host could not do it; in words (500).
    #[error("{0}")]
    Failed(String),
    /// A part we need did not answer in time; the same request may work later (503).
    #[error("{0}")]
    Unavailable(String),
    /// Another system that a user brought with him refused, with a code of its own, which is passed on.
    #[error("{told}")]
    Theirs {
        /// Its code, 400 to 599.
        status: u16,
        /// What it said.
        told: String,
    },
    /// Our fault (500). The text is for the log.
    #[error("internal: {0}")]
    Internal(String),
}

impl Error {
    /// Wraps a fault the caller cannot help; the text is logged, the caller sees a request id.
    pub fn internal(cause: impl Display) -> Self {
        Error::Internal(cause.to_string())
    }

    /// A thing of this kind and name is not there, or not the caller's.
    pub fn not_found(what: &str, ident: impl Display) -> Self {
        Error::NotFound(format!("{what} {ident} could not be found."))
    }

    /// May the very same call succeed later without anybody changing anything?
    pub fn retryable(&self) -> bool {
        matches!(
            self,
            Error::Unavailable(_) | Error::TooManyRequests(_) | Error::Internal(_)
        )
    }
}
