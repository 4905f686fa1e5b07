//! What a database holds: tables with rows, the operations that change them, and the log of those operations.
//!
//! Everything is kept in persistent collections, so a copy of a whole database costs a pointer.

mod content;
mod file;
mod key;
mod log;
mod module;
mod op;
mod table;
mod transaction;

pub use content::{Content, Schema};
pub use file::{DatabaseFile, FileSize, Growth};
pub use key::{KeyBytes, key_bytes};
pub use log::{Log, LogEntry, LogKind};
pub use module::{Module, ModuleKind};
pub use op::Op;
pub use table::{
    CheckConstraint, Column, ForeignKey, Identity, Index, Key, Table, TableDefinition, ViolatedKey,
};
pub use transaction::{LockKey, OpenTransaction};
