//! What a query closure may fail with.

use diesel::result::{DatabaseErrorKind, Error as Diesel};
use schemas::Error;

/// Result of a query.
pub type Result<T, E = Fail> = std::result::Result<T, E>;

/// Failure within a closure: the caller's own, or the database's.
#[derive(Debug, thiserror::Error)]
pub enum Fail {
    /// A decision of the closure, for the user.
    #[error(transparent)]
    Told(#[from] Error),
    /// The database's own word.
    #[error(transparent)]
    Database(#[from] Diesel),
    /// The transaction met another one: run it again.
    #[error("met a concurrent transaction")]
    Again,
}

impl Fail {
    /// A row with the same unique key is there already.
    pub fn is_duplicate(&self) -> bool {
        matches!(
            self,
            Fail::Database(Diesel::DatabaseError(DatabaseErrorKind::UniqueViolation, _))
        )
    }

    /// May the same transaction succeed when run again?
    pub(crate) fn is_race(&self) -> bool {
        match self {
            Fail::Again => true,
            Fail::Database(Diesel::DatabaseError(kind, info)) => {
                matches!(kind, DatabaseErrorKind::SerializationFailure)
                    || info.message().contains("deadlock detected")
                    || info.message().contains("database is locked")
            }
            _ => false,
        }
    }

    /// The connection itself is of no more use.
    pub(crate) fn is_disconnect(&self) -> bool {
        match self {
            Fail::Database(Diesel::DatabaseError(kind, info)) => {
                matches!(kind, DatabaseErrorKind::ClosedConnection)
                    || info.message().contains("server closed the connection")
                    || info.message().contains("terminating connection")
                    || info.message().contains("no connection to the server")
            }
            Fail::Database(Diesel::BrokenTransactionManager) => true,
            _ => false,
        }
    }

    pub(crate) fn into_error(self) -> Error {
        match self {
            Fail::Told(error) => error,
            Fail::Again => Error::Unavailable(
                "Too many others are changing the same objects; please repeat the request.".into(),
            ),
            disconnect if disconnect.is_disconnect() => Error::Unavailable(
                "The database does not answer; please repeat the request.".into(),
            ),
            duplicate if duplicate.is_duplicate() => {
                Error::Conflict("An object with the same key exists already.".into())
            }
            Fail::Database(Diesel::NotFound) => {
                Error::NotFound("The object could not be found.".into())
            }
            Fail::Database(error) => Error::internal(format_args!("database: {error}")),
        }
    }
}

impl From<serde_json::Error> for Fail {
    fn from(error: serde_json::Error) -> Self {
        Fail::Told(Error::internal(format_args!(
            "a JSON column does not parse: {error}"
        )))
    }
}
