//! T-SQL batches over the world model.

pub mod ast;
pub mod catalog;
pub mod compat;
mod engine;
pub mod error;
pub mod functions;
pub mod jobs;
pub mod lexer;
pub mod memory;
pub mod parser;
pub mod procedure;
pub mod session;
pub mod statement;
pub mod types;
