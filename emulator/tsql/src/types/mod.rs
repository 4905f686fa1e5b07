//! The types of T-SQL: which wins, what an operator yields, how values convert, compare and print.
//!
//! Knows nothing of tables, sessions or syntax.

pub mod calendar;
mod compare;
mod convert;
mod date_parse;
mod date_text;
pub mod decimal;
mod expr_type;
mod like;
mod literal;
#[cfg(test)]
mod matrix;
mod number_text;
mod operator;
mod precedence;
mod result_type;
#[cfg(test)]
pub(crate) mod testing;
pub mod text;
mod wide;

pub use calendar::{DateOrder, DateSettings};
pub use compare::{compare, key_bytes};
pub use convert::{Target, assign_column, convert, convert_implicit, to_display, try_convert};
pub(crate) use date_text::offset_text;
pub use expr_type::{Coercibility, ExprType, Literal, declared_length, is_large, is_national};
pub use like::LikePattern;
pub use literal::{binary_literal, number_literal, string_literal};
pub(crate) use number_text::{grouped, is_currency, parse_float, parse_money, seventeen_digits};
pub use operator::{BinaryOp, BoundBinary, BoundComparison, BoundUnary, CompareOp, UnaryOp};
pub use precedence::{
    Convertibility, Family, check_explicit, check_implicit, convertibility, family, rank,
};
pub use result_type::{case_type, coalesce_type, common_type, isnull_type};
