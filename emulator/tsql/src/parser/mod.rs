//! Tokens to syntax tree, by recursive descent; expressions by precedence climbing. Knows the grammar and SQL Server's
//! syntax errors; resolves no name and types no expression.
//!
//! A statement ends where the next token cannot continue it, so semicolons are optional and a reserved word is never
//! an implicit alias. Nesting is bounded: deeper text is refused with error 191 before any stack is in danger.

mod availability_group;
mod backup;
mod bulk;
mod certificate;
mod control;
mod cursor;
mod database;
mod dml;
mod endpoint;
mod error;
mod execute;
mod expr;
mod function;
mod index;
mod ladder;
mod name;
mod object;
mod option;
mod permission;
mod predicate;
mod principal;
mod query;
mod query_end;
mod routine;
mod session;
mod set;
mod statement;
mod table;
mod table_source;
mod tokens;
mod transaction;

pub use error::SyntaxError;

use crate::ast::{Batch, Expr, Parameter};
use crate::lexer::{Token, tokenize};

/// Budget of nested constructs; Keeps the parser's own stack under a megabyte even without optimisation.
const DEPTH_MAX: u32 = 120;
/// What a function call, CASE and NOT cost; parentheses cost 1.
const CALL_COST: u32 = 2;
/// What a subquery costs: SQL Server allows 32 levels of them.
const SUBQUERY_COST: u32 = 4;
/// Height of an expression tree, counted over all operators of a chain. Keeps every later walk's stack small.
const HEIGHT_MAX: u32 = 256;

/// Settings that change how text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseOptions {
    /// SET QUOTED_IDENTIFIER: `"x"` is a name (ON) or a string (OFF).
    pub quoted_identifier: bool,
}

impl Default for ParseOptions {
    fn default() -> Self {
        Self {
            quoted_identifier: true,
        }
    }
}

/// Parses one batch (what a client sends at once; GO lines are the client's, see [`crate::lexer::split_batches`]).
///
/// # Errors
/// The first syntax error, with SQL Server's number, text and line.
pub fn parse_batch(text: &str, options: ParseOptions) -> Result<Batch, SyntaxError> {
    let mut parser = Parser::new(text, options)?;
    let statements = parser.batch()?;
    Ok(Batch { statements })
}

/// Parses a lone expression, such as the stored text of a default or computed column.
///
/// # Errors
/// As [`parse_batch`].
pub fn parse_expression(text: &str, options: ParseOptions) -> Result<Expr, SyntaxError> {
    let mut parser = Parser::new(text, options)?;
    let expr = parser.expression()?;
    parser.expect_end()?;
    Ok(expr)
}

/// Parses a lone search condition, such as the stored text of a check constraint.
///
/// # Errors
/// As [`parse_batch`].
pub fn parse_condition(text: &str, options: ParseOptions) -> Result<Expr, SyntaxError> {
    let mut parser = Parser::new(text, options)?;
    let condition = parser.condition()?;
    parser.expect_end()?;
    Ok(condition)
}

/// Parses the parameter list that `sp_executesql` and `sp_prepare` take as text: `@a int, @b nvarchar(10) OUTPUT`, or
/// nothing.
///
/// # Errors
/// As [`parse_batch`].
pub fn parse_parameters(text: &str, options: ParseOptions) -> Result<Vec<Parameter>, SyntaxError> {
    let mut parser = Parser::new(text, options)?;
    let parameters = parser.parameters()?;
    parser.expect_end()?;
    Ok(parameters)
}

type Parsed<T> = Result<T, SyntaxError>;

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    pos: usize,
    /// Nested constructs open now; see [`DEPTH_MAX`].
    depth: u32,
    /// Height of the tallest expression in the current scope; see [`HEIGHT_MAX`].
    height: u32,
    /// No statement of the batch is complete yet.
    first_statement: bool,
    /// Inside CREATE SCHEMA, where modules need no batch of their own.
    in_schema: bool,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, options: ParseOptions) -> Parsed<Self> {
        if u32::try_from(text.len()).is_err() {
            return Err(SyntaxError::too_deep(1));
        }
        let tokens = tokenize(text, options.quoted_identifier)
            .map_err(|error| SyntaxError::from_lexer(error, text))?;
        Ok(Self {
            text,
            tokens,
            pos: 0,
            depth: 0,
            height: 0,
            first_statement: true,
            in_schema: false,
        })
    }

    /// Runs `parse` one construct deeper.
    fn nested<T>(&mut self, cost: u32, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.deeper(cost)?;
        let result = parse(self);
        self.depth -= cost;
        result
    }

    /// Enters a construct; whoever leaves it without an error gives the cost back.
    fn deeper(&mut self, cost: u32) -> Parsed<()> {
        self.depth += cost;
        if self.depth > DEPTH_MAX {
            return Err(SyntaxError::too_deep(self.line()));
        }
        Ok(())
    }

    /// Runs `parse` with a height of its own, which the surroundings then know as their tallest part.
    fn scoped<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let outer = std::mem::replace(&mut self.height, 0);
        let result = parse(self);
        self.height = self.height.max(outer);
        result
    }

    /// One more node above everything in the current scope.
    fn grow(&mut self) -> Parsed<()> {
        self.height += 1;
        if self.height > HEIGHT_MAX {
            return Err(SyntaxError::too_deep(self.line()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
