//! The relational engine: binds queries to definitions and types, then runs them over rows.
//!
//! Knows tables, views and values; sessions, control flow and the wire are others' business.

pub(crate) mod bind;
pub(crate) mod bound;
pub(crate) mod ddl;
pub(crate) mod dml;
pub(crate) mod exec;
mod format;
mod pushdown;
pub(crate) mod remote;
pub(crate) mod session_function;
pub(crate) mod stop;
mod table_function;
pub(crate) mod walk;

pub(crate) use bind::scope::same_name;
pub(crate) use stop::Stop;
