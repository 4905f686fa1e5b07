//! SET options and other statements about the session or the server: USE, KILL, DBCC, EXECUTE AS.

use super::{Expr, Ident, ObjectName, OptionEntry, PrincipalKind, TextOrVariable};

/// SET of an option.
#[derive(Debug, Clone, PartialEq)]
pub enum SetOptionStatement {
    /// `SET a, b ON | OFF`.
    Switch {
        /// Which options, in order.
        options: Vec<SetSwitch>,
        /// ON.
        on: bool,
    },
    /// `SET STATISTICS IO, TIME ON | OFF`.
    Statistics {
        /// IO, PROFILE, TIME, XML, in upper case.
        kinds: Vec<String>,
        /// ON.
        on: bool,
    },
    /// `SET IDENTITY_INSERT t ON | OFF`.
    IdentityInsert {
        /// The table.
        table: ObjectName,
        /// ON.
        on: bool,
    },
    /// `SET TRANSACTION ISOLATION LEVEL …`.
    IsolationLevel(IsolationLevel),
    /// `SET LOCK_TIMEOUT n`, milliseconds; -1 waits for ever.
    LockTimeout(Expr),
    /// `SET TEXTSIZE n`.
    Textsize(Expr),
    /// `SET ROWCOUNT n`.
    Rowcount(Expr),
    /// `SET DATEFIRST n`.
    Datefirst(Expr),
    /// `SET DATEFORMAT dmy`; a bare word comes as a string literal.
    Dateformat(Expr),
    /// `SET LANGUAGE us_english`; a bare word comes as a string literal.
    Language(Expr),
    /// `SET DEADLOCK_PRIORITY LOW | NORMAL | HIGH | n | @v`; a bare word comes as a string literal.
    DeadlockPriority(Expr),
    /// `SET QUERY_GOVERNOR_COST_LIMIT n`.
    QueryGovernorCostLimit(Expr),
    /// `SET CONTEXT_INFO 0x…`.
    ContextInfo(Expr),
}

/// Options that are ON or OFF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(
    missing_docs,
    reason = "each variant is the option of that name in the SET reference"
)]
pub enum SetSwitch {
    AnsiDefaults,
    AnsiNullDfltOff,
    AnsiNullDfltOn,
    AnsiNulls,
    AnsiPadding,
    AnsiWarnings,
    Arithabort,
    Arithignore,
    ConcatNullYieldsNull,
    CursorCloseOnCommit,
    Fmtonly,
    Forceplan,
    ImplicitTransactions,
    Nocount,
    Noexec,
    NoBrowsetable,
    NumericRoundabort,
    Parseonly,
    QuotedIdentifier,
    RemoteProcTransactions,
    ShowplanAll,
    ShowplanText,
    ShowplanXml,
    XactAbort,
}

/// Isolation levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IsolationLevel {
    /// READ UNCOMMITTED
    ReadUncommitted,
    /// READ COMMITTED
    ReadCommitted,
    /// REPEATABLE READ
    RepeatableRead,
    /// SNAPSHOT
    Snapshot,
    /// SERIALIZABLE
    Serializable,
}

/// KILL.
#[derive(Debug, Clone, PartialEq)]
pub struct KillStatement {
    /// The session number (an integer, sign allowed) or a unit of work (string).
    pub target: Expr,
    /// WITH.
    pub option: Option<KillOption>,
}

/// What WITH of KILL says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KillOption {
    /// STATUSONLY: how far a rollback has come.
    StatusOnly,
    /// COMMIT: a unit of work that is in doubt.
    Commit,
    /// ROLLBACK: the same.
    Rollback,
}

/// DBCC.
#[derive(Debug, Clone, PartialEq)]
pub struct DbccStatement {
    /// The command in upper case.
    pub command: String,
    /// The arguments; a bare word comes as a string literal.
    pub args: Vec<Expr>,
    /// WITH options.
    pub options: Vec<OptionEntry>,
}

/// EXECUTE AS as a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct ExecuteAsStatement {
    /// LOGIN or USER and its name; none for CALLER.
    pub principal: Option<(PrincipalKind, TextOrVariable)>,
    /// WITH NO REVERT.
    pub no_revert: bool,
}

/// USE.
#[derive(Debug, Clone, PartialEq)]
pub struct UseStatement {
    /// The database.
    pub database: Ident,
}
