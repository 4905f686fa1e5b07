//! T-SQL batches over the world model.

pub mod ast;
pub mod compat;

pub mod error;
pub mod functions;
pub mod lexer;
pub mod parser;
pub mod types;
