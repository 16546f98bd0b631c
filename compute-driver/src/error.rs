//! Why a driver could not do as asked. Texts are for the tenant: the engine's own words are
//! translated where they are understood, and logged where not.

use schemas::host::Problem;
use std::time::Duration;

/// Shorthand of this crate.
pub type Result<T, E = DriverError> = std::result::Result<T, E>;

/// What went wrong, by what the caller can do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DriverError {
    /// The container, image or network is not on this engine.
    #[error("{what} is not on this host")]
    NotFound {
        /// "container 0199…".
        what: String,
    },
    /// Its present state forbids it; another call has to come first.
    #[error("{text}")]
    Conflict {
        /// Words for the tenant.
        text: String,
    },
    /// The engine will not do it.
    #[error("{text}")]
    Refused {
        /// Words for the tenant: cause and, where there is one, remedy.
        text: String,
        /// The same order will fail again, here and elsewhere.
        permanent: bool,
        /// The host is at fault: the same order may succeed on another.
        host_fault: bool,
    },
    /// What the image source delivered is not what it announced, or could not be read.
    #[error("the image's data could not be used: {text}")]
    ImageData {
        /// What is wrong with it.
        text: String,
        /// Will stay so until the image is made anew.
        permanent: bool,
    },
    /// Nobody answers at the engine's address.
    #[error("the container engine of this host does not answer: {text}")]
    EngineDown {
        /// The engine client's words.
        text: String,
    },
    /// The engine took the order and did not finish it in time.
    #[error("the container engine did not finish '{op}' within {after:?}")]
    Timeout {
        /// Which call.
        op: &'static str,
        /// Its deadline.
        after: Duration,
    },
    /// The driver has no such thing.
    #[error("the {driver} driver does not offer '{op}'")]
    Unsupported {
        /// `docker`, `sim`.
        driver: &'static str,
        /// Which call.
        op: &'static str,
    },
    /// The engine failed, or answered what the driver does not understand.
    #[error("the container engine failed: {text}")]
    Engine {
        /// The engine's words.
        text: String,
    },
}

impl DriverError {
    /// A refusal that will not go away: the order itself is wrong.
    pub fn permanent(text: impl Into<String>) -> Self {
        Self::Refused {
            text: text.into(),
            permanent: true,
            host_fault: false,
        }
    }

    /// A refusal that another host may not share.
    pub fn host_fault(text: impl Into<String>) -> Self {
        Self::Refused {
            text: text.into(),
            permanent: false,
            host_fault: true,
        }
    }

    /// No such container.
    pub fn no_container(id: impl std::fmt::Display) -> Self {
        Self::NotFound {
            what: format!("container {id}"),
        }
    }

    /// Its state forbids it.
    pub fn conflict(text: impl Into<String>) -> Self {
        Self::Conflict { text: text.into() }
    }

    /// Code of `schemas::host::Reply::Failed`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::Conflict { .. } | Self::Refused { .. } => "conflict",
            Self::Timeout { .. } => "timeout",
            Self::Unsupported { .. } => "unsupported",
            Self::ImageData { .. } | Self::EngineDown { .. } | Self::Engine { .. } => "internal",
        }
    }
}

impl From<&DriverError> for Problem {
    fn from(error: &DriverError) -> Problem {
        let (permanent, host_fault) = match error {
            DriverError::Refused {
                permanent,
                host_fault,
                ..
            } => (*permanent, *host_fault),
            DriverError::ImageData { permanent, .. } => (*permanent, false),
            DriverError::Unsupported { .. } => (true, true),
            DriverError::EngineDown { .. }
            | DriverError::Timeout { .. }
            | DriverError::Engine { .. } => (false, true),
            DriverError::NotFound { .. } | DriverError::Conflict { .. } => (false, false),
        };
        Problem {
            text: error.to_string(),
            permanent,
            host_fault,
        }
    }
}
