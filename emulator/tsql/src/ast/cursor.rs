//! Cursors.

use super::{Expr, Ident, SelectStatement};

/// A cursor by name or variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorRef {
    /// GLOBAL was written.
    pub global: bool,
    /// The name, or the variable with its `@`.
    pub name: Ident,
}

/// `DECLARE name CURSOR …`.
#[derive(Debug, Clone, PartialEq)]
pub struct DeclareCursorStatement {
    /// Its name.
    pub name: Ident,
    /// The rest.
    pub definition: CursorDefinition,
}

/// What follows the word CURSOR.
#[derive(Debug, Clone, PartialEq)]
pub struct CursorDefinition {
    /// LOCAL / GLOBAL.
    pub scope: Option<CursorScope>,
    /// SCROLL (also the ISO form before CURSOR) or FORWARD_ONLY.
    pub scroll: Option<bool>,
    /// STATIC, KEYSET, DYNAMIC, FAST_FORWARD, or INSENSITIVE.
    pub model: Option<CursorModel>,
    /// READ_ONLY, SCROLL_LOCKS, OPTIMISTIC.
    pub concurrency: Option<CursorConcurrency>,
    /// TYPE_WARNING.
    pub type_warning: bool,
    /// The rows.
    pub select: SelectStatement,
    /// FOR READ ONLY / FOR UPDATE [OF …].
    pub for_update: Option<CursorForUpdate>,
}

/// LOCAL or GLOBAL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CursorScope {
    /// LOCAL
    Local,
    /// GLOBAL
    Global,
}

/// How the rows of a cursor are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CursorModel {
    /// INSENSITIVE
    Insensitive,
    /// STATIC
    Static,
    /// KEYSET
    Keyset,
    /// DYNAMIC
    Dynamic,
    /// FAST_FORWARD
    FastForward,
}

/// How a cursor's rows may be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CursorConcurrency {
    /// READ_ONLY
    ReadOnly,
    /// SCROLL_LOCKS
    ScrollLocks,
    /// OPTIMISTIC
    Optimistic,
}

/// The FOR clause at the end of a cursor's definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CursorForUpdate {
    /// FOR READ ONLY
    ReadOnly,
    /// FOR UPDATE [OF columns]
    Update(Vec<Ident>),
}

/// FETCH.
#[derive(Debug, Clone, PartialEq)]
pub struct FetchStatement {
    /// Which row.
    pub orientation: FetchOrientation,
    /// The cursor.
    pub cursor: CursorRef,
    /// INTO variables, with their `@`.
    pub into: Vec<Ident>,
}

/// Which row FETCH returns.
#[derive(Debug, Clone, PartialEq)]
pub enum FetchOrientation {
    /// NEXT, also when unsaid
    Next,
    /// PRIOR
    Prior,
    /// FIRST
    First,
    /// LAST
    Last,
    /// ABSOLUTE n
    Absolute(Expr),
    /// RELATIVE n
    Relative(Expr),
}
