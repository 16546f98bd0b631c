//! Why an attempt did not succeed, and what that asks of the agent.

use compute_driver::DriverError;
use schemas::Error;
use schemas::host::Problem;

/// What stopped an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A newer order has come: this one no longer matters.
    Superseded,
    /// The engine does not answer at all; that says nothing about the workload.
    EngineDown(String),
    /// It went wrong.
    Failed {
        /// In words for the tenant.
        problem: Problem,
        /// Trying again soon may help.
        again: bool,
    },
}

impl From<DriverError> for Failure {
    fn from(error: DriverError) -> Failure {
        let again = match &error {
            DriverError::EngineDown { text } => return Failure::EngineDown(text.clone()),
            DriverError::Refused {
                permanent,
                host_fault,
                ..
            } => !permanent && !host_fault,
            DriverError::ImageData { permanent, .. } => !permanent,
            DriverError::Unsupported { .. } => false,
            DriverError::NotFound { .. }
            | DriverError::Conflict { .. }
            | DriverError::Timeout { .. }
            | DriverError::Engine { .. } => true,
        };
        let problem = Problem::from(&error);
        Failure::Failed { problem, again }
    }
}

impl From<Error> for Failure {
    /// Of the image service.
    fn from(error: Error) -> Failure {
        Failure::from(image_error(error))
    }
}

/// What the image service says, in the driver's terms.
pub(crate) fn image_error(error: Error) -> DriverError {
    match error {
        // The agent's own credentials are no matter of the tenant's image.
        Error::Unauthorized(text) | Error::Forbidden(text) => DriverError::host_fault(format!(
            "the host may not speak to the image service: {text}"
        )),
        Error::Internal(text) => {
            tracing::warn!(text, "the image service failed");
            DriverError::ImageData {
                text: "the image service failed".into(),
                permanent: false,
            }
        }
        error => DriverError::ImageData {
            permanent: !error.retryable(),
            text: error.to_string(),
        },
    }
}

/// What the host's own disk says.
pub(crate) fn disk_error(error: impl std::fmt::Display) -> DriverError {
    DriverError::host_fault(format!("the image cache of this host failed: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let again = |error: DriverError| match Failure::from(error) {
            Failure::Failed { again, .. } => Some(again),
            _ => None,
        };
        let text = String::new;
        assert_eq!(again(DriverError::permanent("bad")), Some(false));
        assert_eq!(again(DriverError::host_fault("bad")), Some(false));
        assert_eq!(again(DriverError::Engine { text: text() }), Some(true));
        assert_eq!(again(DriverError::EngineDown { text: text() }), None);
        assert_eq!(again(image_error(Error::NotFound(text()))), Some(false));
        assert_eq!(again(image_error(Error::Unavailable(text()))), Some(true));
    }
}
