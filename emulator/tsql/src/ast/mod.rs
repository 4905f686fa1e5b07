//! The abstract syntax tree of a T-SQL batch: what the text says, nothing about what it means.
//! It knows no catalog, no types and no values; literals keep their text exactly as written.
//!
//! Heights are bounded by the parser (error 191), so recursive visitors and `Drop` are safe on any tree it returns.

pub mod backup;
pub mod control;
pub mod cursor;
pub mod database;
pub mod ddl;
pub mod dml;
pub mod expr;
pub mod ha;
pub mod name;
pub mod option;
pub mod query;
pub mod routine;
pub mod security;
pub mod session;
pub mod statement;

pub use backup::*;
pub use control::*;
pub use cursor::*;
pub use database::*;
pub use ddl::*;
pub use dml::*;
pub use expr::*;
pub use ha::*;
pub use name::*;
pub use option::*;
pub use query::*;
pub use routine::*;
pub use security::*;
pub use session::*;
pub use statement::*;
