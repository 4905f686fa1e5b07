//! Control of flow, variables, EXECUTE, errors and transactions.

use super::{
    AssignOp, CursorDefinition, DataType, Expr, Ident, ObjectName, Statement, TableElement, Text,
};

/// DECLARE of variables and table variables. (`DECLARE c CURSOR` is [`super::DeclareCursorStatement`].)
#[derive(Debug, Clone, PartialEq)]
pub struct DeclareStatement {
    /// What is declared.
    pub items: Vec<DeclareItem>,
}

/// One declaration.
#[derive(Debug, Clone, PartialEq)]
pub enum DeclareItem {
    /// `@v type [= value]`; a cursor variable has the type name `cursor`.
    Variable {
        /// The name, with its `@`.
        name: Ident,
        /// The type.
        data_type: DataType,
        /// The initial value.
        value: Option<Expr>,
    },
    /// `@t TABLE (…)`.
    Table {
        /// The name, with its `@`.
        name: Ident,
        /// Columns and constraints.
        elements: Vec<TableElement>,
    },
}

/// `SET @v = value`.
#[derive(Debug, Clone, PartialEq)]
pub struct SetVariableStatement {
    /// The variable, with its `@`.
    pub variable: Ident,
    /// The value.
    pub value: SetVariableValue,
}

/// What SET gives a variable.
#[derive(Debug, Clone, PartialEq)]
pub enum SetVariableValue {
    /// `= expr`, `+= expr` …
    Expr {
        /// The operator.
        op: AssignOp,
        /// The value.
        value: Expr,
    },
    /// `= CURSOR … FOR select`.
    Cursor(Box<CursorDefinition>),
    /// `.method(args)`: xml `.modify`.
    Method {
        /// The method.
        method: Ident,
        /// The arguments.
        args: Vec<Expr>,
    },
}

/// IF.
#[derive(Debug, Clone, PartialEq)]
pub struct IfStatement {
    /// The condition.
    pub condition: Expr,
    /// The statement (a block is one statement).
    pub then: Statement,
    /// ELSE.
    pub otherwise: Option<Statement>,
}

/// WHILE.
#[derive(Debug, Clone, PartialEq)]
pub struct WhileStatement {
    /// The condition.
    pub condition: Expr,
    /// The statement.
    pub body: Statement,
}

/// BEGIN TRY … END TRY BEGIN CATCH … END CATCH.
#[derive(Debug, Clone, PartialEq)]
pub struct TryCatchStatement {
    /// TRY.
    pub try_block: Vec<Statement>,
    /// CATCH.
    pub catch_block: Vec<Statement>,
}

/// THROW; no arguments re-raises.
#[derive(Debug, Clone, PartialEq)]
pub struct ThrowStatement {
    /// Number, message, state: literals or variables.
    pub args: Option<ThrowArguments>,
}

/// The arguments of THROW.
#[derive(Debug, Clone, PartialEq)]
pub struct ThrowArguments {
    /// Error number.
    pub number: Expr,
    /// Message text.
    pub message: Expr,
    /// State.
    pub state: Expr,
}

/// RAISERROR.
#[derive(Debug, Clone, PartialEq)]
pub struct RaiserrorStatement {
    /// Message number, text or variable.
    pub message: Expr,
    /// Severity.
    pub severity: Expr,
    /// State.
    pub state: Expr,
    /// Substitution arguments.
    pub args: Vec<Expr>,
    /// WITH LOG.
    pub log: bool,
    /// WITH NOWAIT.
    pub nowait: bool,
    /// WITH SETERROR.
    pub seterror: bool,
}

/// WAITFOR.
#[derive(Debug, Clone, PartialEq)]
pub struct WaitforStatement {
    /// DELAY or TIME.
    pub kind: WaitforKind,
    /// A string or a variable.
    pub value: Expr,
}

/// WAITFOR DELAY, WAITFOR TIME.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitforKind {
    /// DELAY
    Delay,
    /// TIME
    Time,
}

/// EXECUTE, or a procedure's name at the start of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct ExecuteStatement {
    /// `EXEC @rc = …`.
    pub return_variable: Option<Ident>,
    /// What is run.
    pub target: ExecuteTarget,
    /// WITH RECOMPILE.
    pub recompile: bool,
    /// WITH RESULT SETS.
    pub result_sets: Option<ResultSets>,
}

/// What EXECUTE runs.
#[derive(Debug, Clone, PartialEq)]
pub enum ExecuteTarget {
    /// `EXEC name args`.
    Procedure {
        /// The procedure.
        name: ObjectName,
        /// `;n`.
        number: Option<u32>,
        /// Its arguments.
        args: Vec<ExecuteArgument>,
    },
    /// `EXEC @name args`.
    Variable {
        /// The variable that holds the procedure's name.
        name: Ident,
        /// Its arguments.
        args: Vec<ExecuteArgument>,
    },
    /// `EXEC ('text' + @x, args) [AS LOGIN|USER = 'n'] [AT server]`.
    Text {
        /// The text to run.
        text: Expr,
        /// Pass-through arguments, only with AT.
        args: Vec<ExecuteArgument>,
        /// AS LOGIN = / AS USER =.
        execute_as: Option<(PrincipalKind, Text)>,
        /// AT linked server.
        at: Option<Ident>,
    },
}

/// LOGIN or USER in AS clauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalKind {
    /// LOGIN
    Login,
    /// USER
    User,
}

/// One argument of EXECUTE.
#[derive(Debug, Clone, PartialEq)]
pub struct ExecuteArgument {
    /// `@name =`.
    pub name: Option<Ident>,
    /// A literal (bare words become strings, as T-SQL reads them), a variable, or [`super::ExprKind::Default`].
    pub value: Expr,
    /// OUTPUT.
    pub output: bool,
}

/// WITH RESULT SETS.
#[derive(Debug, Clone, PartialEq)]
pub enum ResultSets {
    /// UNDEFINED
    Undefined,
    /// NONE
    None,
    /// ((columns), (columns)).
    Defined(Vec<Vec<ResultSetColumn>>),
}

/// One column of WITH RESULT SETS.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultSetColumn {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub data_type: DataType,
    /// NULL / NOT NULL if written.
    pub nullable: Option<bool>,
}

/// BEGIN TRANSACTION.
#[derive(Debug, Clone, PartialEq)]
pub struct BeginTransactionStatement {
    /// BEGIN DISTRIBUTED TRANSACTION.
    pub distributed: bool,
    /// Its name.
    pub name: Option<super::NameOrVariable>,
    /// WITH MARK: the inner value is the description.
    pub mark: Option<Option<Text>>,
}

/// COMMIT.
#[derive(Debug, Clone, PartialEq)]
pub struct CommitStatement {
    /// The name, which the server ignores.
    pub name: Option<super::NameOrVariable>,
    /// WITH (DELAYED_DURABILITY = ON | OFF).
    pub delayed_durability: Option<bool>,
}

/// ROLLBACK.
#[derive(Debug, Clone, PartialEq)]
pub struct RollbackStatement {
    /// Transaction or savepoint.
    pub name: Option<super::NameOrVariable>,
}

/// SAVE TRANSACTION.
#[derive(Debug, Clone, PartialEq)]
pub struct SaveTransactionStatement {
    /// The savepoint.
    pub name: super::NameOrVariable,
}
