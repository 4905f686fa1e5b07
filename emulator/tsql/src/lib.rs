//! T-SQL batches over the world model.

pub mod ast;
