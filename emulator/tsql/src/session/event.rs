//! What a running request tells its client, in order.

use std::sync::Arc;

use milink_core::collation::Collation;
use milink_core::value::{Row, Value};

use crate::error::SqlError;
use crate::types::ExprType;

/// One thing a request says. The wire's tokens follow these one by one.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A result set begins.
    Columns(Arc<[ResultColumn]>),
    /// Where the columns of a cursor's result set come from; follows them.
    Sources(Arc<Sources>),
    /// A row of it.
    Row(Row),
    /// A statement is over.
    Done(Done),
    /// A message of severity 10 or less: PRINT, RAISERROR, "Changed database context …".
    Info(SqlError),
    /// An error.
    Error(SqlError),
    /// The session's environment changed.
    Environment(Environment),
    /// A procedure's return status.
    ReturnStatus(i32),
    /// The value of an output parameter of a procedure call.
    Output(OutputParameter),
}

/// A column of a result.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultColumn {
    /// Its name; empty if the expression has none.
    pub name: Arc<str>,
    /// Its type.
    pub ty: ExprType,
    /// Whether it is an identity column of a table.
    pub identity: bool,
    /// Whether it comes straight from a table's column and can be written there.
    pub updatable: bool,
    /// Whether it is computed by an expression.
    pub computed: bool,
}

/// The tables and columns that a cursor's result set shows: TABNAME and COLINFO on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    /// The tables, each by the parts of its name.
    pub tables: Vec<Vec<String>>,
    /// One for each column of the result.
    pub columns: Vec<SourceColumn>,
}

/// Where a column comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceColumn {
    /// The table, from 1; 0 is none.
    pub table: u8,
    /// Whether it is part of the key by which the row is found again.
    pub key: bool,
    /// Whether it is an expression.
    pub expression: bool,
    /// Whether the server has added it.
    pub hidden: bool,
    /// The column's name in the table, where the result shows another one.
    pub base_name: Option<Arc<str>>,
}

impl SourceColumn {
    /// An expression.
    pub const EXPRESSION: Self = Self {
        table: 0,
        key: false,
        expression: true,
        hidden: false,
        base_name: None,
    };
}

/// The end of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// What it was: decides the wire's `curcmd`.
    pub command: DoneCommand,
    /// The row count, unless it has none or NOCOUNT hides it.
    pub rows: Option<u64>,
    /// Whether it ended with an error.
    pub failed: bool,
    /// Whether a transaction is open afterwards.
    pub in_transaction: bool,
}

/// The statement kinds that the wire tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the statements' names")]
pub enum DoneCommand {
    None,
    Select,
    Insert,
    BulkInsert,
    Update,
    Delete,
    Merge,
    BeginTransaction,
    CommitTransaction,
    RollbackTransaction,
    Other,
}

/// A change of the session's environment that the client is told of.
#[derive(Clone, Debug, PartialEq)]
pub enum Environment {
    /// The current database.
    Database {
        /// Its name.
        new: Arc<str>,
        /// The one before.
        old: Arc<str>,
    },
    /// The current database's collation.
    Collation(Collation),
    /// The language.
    Language {
        /// Its name.
        new: Arc<str>,
        /// The one before.
        old: Arc<str>,
    },
    /// A transaction began; the descriptor is its number.
    TransactionBegun(u64),
    /// The transaction with this descriptor was committed.
    TransactionCommitted(u64),
    /// The transaction with this descriptor was rolled back.
    TransactionRolledBack(u64),
    /// The session was reset, as the request's reset bit asked.
    Reset,
}

/// An output parameter's value.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputParameter {
    /// Its position in the call, from 0.
    pub ordinal: u16,
    /// Its name, with the `@`, or empty.
    pub name: Arc<str>,
    /// Its type.
    pub ty: ExprType,
    /// Its value.
    pub value: Value,
}
