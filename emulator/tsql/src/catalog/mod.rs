//! System views: tables to the engine, computed from the world whenever they are read.
//!
//! One file per view; each has its typed columns and a function that makes its rows.

use milink_core::World;
use milink_core::database::Database;
use milink_core::ids::SessionId;
use milink_core::instance::Instance;
use milink_core::sql_type::SqlType;
use milink_core::time::Timestamp;
use milink_core::value::Row;

/// A system view.
pub struct View {
    /// The database it is in; none is every database (`sys` and `INFORMATION_SCHEMA`).
    pub database: Option<&'static str>,
    /// Its schema.
    pub schema: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its columns, in order.
    pub columns: &'static [ViewColumn],
    /// Its rows, now.
    pub rows: fn(&Scope<'_>) -> Vec<Row>,
}

/// A column of a system view.
pub struct ViewColumn {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub sql_type: SqlType,
    /// Whether it can be NULL.
    pub nullable: bool,
}

/// What a system view, a metadata function or a global variable is computed from.
pub struct Scope<'a> {
    /// The world.
    pub world: &'a World,
    /// The instance that is asked.
    pub instance: &'a Instance,
    /// The database whose view it is: the current one, or the one a three-part name gives.
    pub database: &'a Database,
    /// The session that asks.
    pub session: SessionId,
    /// The world's time.
    pub now: Timestamp,
}
