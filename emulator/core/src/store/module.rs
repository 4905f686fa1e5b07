//! Modules: objects that are kept as the text that made them.

use std::sync::Arc;

use crate::ids::ObjectId;
use crate::names::Name;
use crate::time::Timestamp;

/// A procedure or view.
#[derive(Clone, Debug, PartialEq)]
pub struct Module {
    /// The id in `sys.objects`.
    pub object: ObjectId,
    /// The schema it is in.
    pub schema: Name,
    /// Its name.
    pub name: Name,
    /// What it is.
    pub kind: ModuleKind,
    /// The batch that created or last altered it.
    pub text: Arc<str>,
    /// `SET QUOTED_IDENTIFIER` as it was then.
    pub quoted_identifier: bool,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last altered.
    pub modified: Timestamp,
}

/// The kinds of module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleKind {
    /// CREATE PROCEDURE
    Procedure,
    /// CREATE VIEW
    View,
}
