//! Refusals that only ARM causes: no statement leads to them.

use milink_core::refusal::Refusal;

use crate::error::SqlError;

/// Told in domain words, under a number of our own.
pub(super) fn error(refusal: &Refusal) -> SqlError {
    SqlError::unsupported(refusal)
}
