//! The static binder: from the syntax tree to bound expressions and queries, every expression with its type.
//!
//! Reads definitions, never rows.

mod aggregate;
mod cursor;
mod data_type;
mod expr;
mod function;
mod grouping;
mod join;
mod locking;
mod predicate;
mod query;
pub(crate) mod scope;
mod select;
mod source;
mod table;
mod table_function;
mod values;
mod window;

use milink_core::collation::Collation;
use milink_core::database::Database;
use milink_core::instance::Instance;

use super::bound::Query;
use crate::ast;
use crate::error::SqlError;
use crate::session::state::{Local, State};
use crate::types::ExprType;

pub(crate) use cursor::{CursorQuery, Origin};
pub(crate) use data_type::{Unsized, sql_type};
pub(crate) use expr::binary;
pub(crate) use join::cross;
pub(crate) use query::check_order_by;
pub(crate) use scope::{Scope, ScopeColumn, ScopeSource};
pub(crate) use table::{Found, TableRef, check_access};

/// Binds the statements of one frame of a session.
pub(crate) struct Binder<'a> {
    pub(crate) instance: &'a Instance,
    pub(crate) database: &'a Database,
    pub(crate) state: &'a State,
    pub(crate) local: &'a Local,
    /// Common table expressions in sight, innermost last.
    ctes: Vec<Cte>,
    next_query: usize,
    /// The statement comes from another instance, which calls this one so: names without a server are that one's.
    sent_to: Option<std::sync::Arc<str>>,
    /// Views that the query is in.
    view_depth: u32,
    /// OPTION (MAXRECURSION n).
    max_recursion: u32,
    /// Rows of the target come with their numbers: the alias and name of an UPDATE's or DELETE's target.
    pub(crate) target: Option<Target>,
    /// Whether the tables being bound are those of a cursor's own query.
    cursor: cursor::Tables,
}

/// The table that a statement changes, as its FROM clause may name it.
pub(crate) struct Target {
    pub(crate) table: TableRef,
    /// The alias that stands for it, if it is named by one.
    pub(crate) alias: String,
}

/// A common table expression in sight.
#[derive(Clone)]
struct Cte {
    name: String,
    columns: Vec<ScopeColumn>,
    rows: CteRows,
}

#[derive(Clone)]
enum CteRows {
    Query(std::sync::Arc<Query>),
    Recursive(std::sync::Arc<super::bound::Recursive>),
    /// Inside of itself.
    WorkTable(usize),
}

impl<'a> Binder<'a> {
    /// A binder for statements in the session's current database.
    pub(crate) fn new(instance: &'a Instance, state: &'a State, local: &'a Local) -> Self {
        let database = instance
            .databases
            .get(&state.database)
            .map_or_else(|| instance.master(), AsRef::as_ref);
        Self {
            instance,
            database,
            state,
            local,
            ctes: Vec::new(),
            next_query: 0,
            sent_to: local.sent_to.clone(),
            view_depth: 0,
            max_recursion: 100,
            target: None,
            cursor: cursor::Tables::default(),
        }
    }

    /// The collation of literals and variables.
    pub(crate) fn collation(&self) -> Collation {
        self.database.collation
    }

    fn query_id(&mut self) -> usize {
        self.next_query += 1;
        self.next_query
    }

    /// Binds a SELECT statement.
    pub(crate) fn select_statement(
        &mut self,
        statement: &ast::SelectStatement,
    ) -> Result<Query, SqlError> {
        self.hints(&statement.hints)?;
        self.with(statement.with.as_ref())?;
        self.query(&statement.query, None)
    }

    /// Binds an expression outside of any query.
    pub(crate) fn lone_expr(&mut self, expr: &ast::Expr) -> Result<super::bound::Expr, SqlError> {
        self.expr(expr, &Scope::rows(&[], None))
    }

    /// Binds a condition outside of any query.
    pub(crate) fn lone_predicate(
        &mut self,
        expr: &ast::Expr,
    ) -> Result<super::bound::Predicate, SqlError> {
        self.predicate(expr, &Scope::rows(&[], None))
    }

    /// The type of a variable declared so, or of a parameter.
    pub(crate) fn variable_type(&self, data_type: &ast::DataType) -> Result<ExprType, SqlError> {
        Ok(ExprType::variable(
            sql_type(data_type, Unsized::One)?,
            self.collation(),
        ))
    }

    /// Takes what OPTION (…) says; hints about speed change nothing here.
    pub(crate) fn hints(&mut self, hints: &[ast::QueryHint]) -> Result<(), SqlError> {
        for hint in hints {
            match hint.name.as_str() {
                "MAXRECURSION" => {
                    if let Some(ast::ExprKind::Literal(ast::Literal::Integer(text))) =
                        hint.value.as_ref().map(|value| &value.kind)
                    {
                        let rounds = text.parse().ok().filter(|rounds| *rounds <= 32_767);
                        self.max_recursion = rounds.ok_or_else(|| {
                            SqlError::new(310, 15, format!("The value {text} specified for the MAXRECURSION option exceeds the allowed maximum of 32767."))
                        })?;
                    }
                }
                name if name.starts_with("FOR TIMESTAMP") => {
                    return Err(SqlError::unsupported(format!("OPTION ({name})")));
                }
                // The others choose a plan, and there is only one.
                _ => {}
            }
        }
        Ok(())
    }
}
