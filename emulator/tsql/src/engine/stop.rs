//! Why execution stops before its end.

use milink_core::ids::TransactionId;

use crate::error::SqlError;

/// Why a statement did not come to its end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stop {
    /// An error.
    Error(Box<SqlError>),
    /// Somebody else's transaction holds what is needed; to be tried again when it is over.
    Blocked(TransactionId),
    /// The client wants no more.
    Cancelled,
}

impl From<SqlError> for Stop {
    fn from(error: SqlError) -> Self {
        Self::Error(Box::new(error))
    }
}
