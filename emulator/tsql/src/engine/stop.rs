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
    /// It takes longer than a thread that others share may be held; to be tried again on one of its own.
    Heavy,
}

impl Stop {
    /// Whether the statement begins again from the start, and must have left nothing behind.
    pub(crate) fn is_tried_again(&self) -> bool {
        matches!(self, Self::Blocked(_) | Self::Heavy)
    }
}

impl From<SqlError> for Stop {
    fn from(error: SqlError) -> Self {
        Self::Error(Box::new(error))
    }
}
