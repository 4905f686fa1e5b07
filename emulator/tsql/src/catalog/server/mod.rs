//! Stub.
use super::View;
pub(super) const VIEWS: &[View] = &[];
