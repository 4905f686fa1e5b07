//! Stub.
use super::MetadataFunction;
pub(super) const FUNCTIONS: &[MetadataFunction] = &[];
