//! The types of T-SQL: which wins, what an operator yields, how values convert, compare and print.
//!
//! Knows nothing of tables, sessions or syntax.

pub mod decimal;
mod expr_type;
mod precedence;
mod wide;

pub use expr_type::{Coercibility, ExprType, Literal, declared_length, is_large, is_national};
pub use precedence::{
    Convertibility, Family, check_explicit, check_implicit, convertibility, family, rank,
};
