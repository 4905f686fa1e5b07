//! INSERT, UPDATE, DELETE, MERGE, TRUNCATE.

use super::{
    AssignOp, ColumnRef, DataType, ExecuteStatement, Expr, Ident, ObjectName, OpenQuery, Query,
    QueryHint, SelectItem, TableHint, TableSource, Top, With,
};

/// What a DML statement changes.
#[derive(Debug, Clone, PartialEq)]
pub enum DmlTarget {
    /// A table, view, synonym, or (UPDATE, DELETE) an alias of the FROM clause.
    Object {
        /// Its name.
        name: ObjectName,
        /// WITH (TABLOCK, …).
        hints: Vec<TableHint>,
    },
    /// A table variable, with its `@`.
    Variable(Ident),
    /// `OPENQUERY(server, 'query')`: the table that the query reads.
    OpenQuery(Box<OpenQuery>),
}

/// INSERT.
#[derive(Debug, Clone, PartialEq)]
pub struct InsertStatement {
    /// CTEs.
    pub with: Option<With>,
    /// TOP.
    pub top: Option<Top>,
    /// The target.
    pub target: DmlTarget,
    /// The column list; empty when unsaid.
    pub columns: Vec<Ident>,
    /// OUTPUT.
    pub output: Option<OutputClause>,
    /// The rows.
    pub source: InsertSource,
    /// OPTION (…).
    pub hints: Vec<QueryHint>,
}

/// Where INSERT takes its rows.
#[derive(Debug, Clone, PartialEq)]
pub enum InsertSource {
    /// VALUES; a value may be [`super::ExprKind::Default`].
    Values(Vec<Vec<Expr>>),
    /// SELECT.
    Query(Box<Query>),
    /// EXEC.
    Execute(Box<ExecuteStatement>),
    /// DEFAULT VALUES.
    DefaultValues,
}

/// INSERT BULK: rows of these columns follow in a message of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct InsertBulkStatement {
    /// The table.
    pub target: DmlTarget,
    /// The columns of the rows; empty for all.
    pub columns: Vec<BulkColumn>,
    /// KEEP_NULLS.
    pub keep_nulls: bool,
    /// CHECK_CONSTRAINTS.
    pub check_constraints: bool,
}

/// A column that INSERT BULK announces.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkColumn {
    /// Its name.
    pub name: Ident,
    /// Its type; what counts is the type that the rows say.
    pub data_type: DataType,
}

/// UPDATE.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateStatement {
    /// CTEs.
    pub with: Option<With>,
    /// TOP.
    pub top: Option<Top>,
    /// The target.
    pub target: DmlTarget,
    /// The assignments.
    pub set: Vec<SetClause>,
    /// OUTPUT.
    pub output: Option<OutputClause>,
    /// FROM.
    pub from: Vec<TableSource>,
    /// WHERE.
    pub filter: Option<DmlFilter>,
    /// OPTION (…).
    pub hints: Vec<QueryHint>,
}

/// DELETE.
#[derive(Debug, Clone, PartialEq)]
pub struct DeleteStatement {
    /// CTEs.
    pub with: Option<With>,
    /// TOP.
    pub top: Option<Top>,
    /// The target.
    pub target: DmlTarget,
    /// OUTPUT.
    pub output: Option<OutputClause>,
    /// The second FROM.
    pub from: Vec<TableSource>,
    /// WHERE.
    pub filter: Option<DmlFilter>,
    /// OPTION (…).
    pub hints: Vec<QueryHint>,
}

/// WHERE of UPDATE and DELETE.
#[derive(Debug, Clone, PartialEq)]
pub enum DmlFilter {
    /// A condition.
    Condition(Expr),
    /// CURRENT OF cursor.
    CurrentOf(super::CursorRef),
}

/// One assignment of UPDATE or of MERGE … UPDATE.
#[derive(Debug, Clone, PartialEq)]
pub enum SetClause {
    /// `column = value`, `column += value`.
    Column {
        /// The column.
        column: ColumnRef,
        /// The operator.
        op: AssignOp,
        /// The value; may be [`super::ExprKind::Default`].
        value: Expr,
    },
    /// `@v = value`.
    Variable {
        /// The variable.
        variable: Ident,
        /// The operator.
        op: AssignOp,
        /// The value.
        value: Expr,
    },
    /// `@v = column = value`.
    VariableAndColumn {
        /// The variable.
        variable: Ident,
        /// The column.
        column: ColumnRef,
        /// The operator between column and value.
        op: AssignOp,
        /// The value.
        value: Expr,
    },
    /// `column.method(args)`: `.WRITE`, `.modify`.
    Method {
        /// The column.
        column: ColumnRef,
        /// The method.
        method: Ident,
        /// The arguments.
        args: Vec<Expr>,
    },
}

/// OUTPUT … [INTO target [(columns)]] [OUTPUT …].
#[derive(Debug, Clone, PartialEq)]
pub struct OutputClause {
    /// Rows for `into`, or for the client when there is no INTO.
    pub items: Vec<SelectItem>,
    /// INTO.
    pub into: Option<OutputInto>,
    /// The second OUTPUT list, for the client, after INTO.
    pub returned: Vec<SelectItem>,
}

/// INTO of OUTPUT.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputInto {
    /// The target.
    pub target: DmlTarget,
    /// Its columns; empty when unsaid.
    pub columns: Vec<Ident>,
}

/// MERGE.
#[derive(Debug, Clone, PartialEq)]
pub struct MergeStatement {
    /// CTEs.
    pub with: Option<With>,
    /// TOP.
    pub top: Option<Top>,
    /// The target.
    pub target: DmlTarget,
    /// The target's alias.
    pub alias: Option<Ident>,
    /// USING.
    pub source: TableSource,
    /// ON.
    pub on: Expr,
    /// The WHEN clauses in order.
    pub clauses: Vec<MergeClause>,
    /// OUTPUT.
    pub output: Option<OutputClause>,
    /// OPTION (…).
    pub hints: Vec<QueryHint>,
}

/// One WHEN clause.
#[derive(Debug, Clone, PartialEq)]
pub struct MergeClause {
    /// Which rows.
    pub when: MergeWhen,
    /// AND condition.
    pub condition: Option<Expr>,
    /// THEN.
    pub action: MergeAction,
}

/// Rows a WHEN clause is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeWhen {
    /// WHEN MATCHED
    Matched,
    /// WHEN NOT MATCHED [BY TARGET]
    NotMatchedByTarget,
    /// WHEN NOT MATCHED BY SOURCE
    NotMatchedBySource,
}

/// What a WHEN clause does.
#[derive(Debug, Clone, PartialEq)]
pub enum MergeAction {
    /// UPDATE SET
    Update(Vec<SetClause>),
    /// DELETE
    Delete,
    /// INSERT [(columns)] VALUES (…)
    Insert {
        /// The columns; empty when unsaid.
        columns: Vec<Ident>,
        /// The values.
        values: Vec<Expr>,
    },
    /// INSERT DEFAULT VALUES
    InsertDefaultValues,
}

/// TRUNCATE TABLE.
#[derive(Debug, Clone, PartialEq)]
pub struct TruncateStatement {
    /// The table.
    pub table: ObjectName,
}
