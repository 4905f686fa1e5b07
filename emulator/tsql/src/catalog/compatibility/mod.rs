//! The views of SQL Server 2000 that old clients still ask: `sysdatabases`, `sysobjects` and their like.

use super::View;

/// The views of this family.
pub(super) const VIEWS: &[View] = &[];

/// Whether a view is one of these, which can be named without a schema.
pub(super) fn contains(view: &View) -> bool {
    VIEWS.iter().any(|own| own.name == view.name)
}
