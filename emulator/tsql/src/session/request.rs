//! What a client asks of a session, and what the session waits for.

use milink_core::ids::{DatabaseId, InstanceId, SessionId};
use milink_core::names::Name;
use milink_core::time::Timestamp;
use milink_core::value::{Row, Value};

use crate::ast::IsolationLevel;
use crate::types::ExprType;

/// Facts that a session begins with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The instance it is on.
    pub instance: InstanceId,
    /// Its id there.
    pub session: SessionId,
    /// The name that logged in.
    pub login: Name,
    /// The database it starts in.
    pub database: DatabaseId,
    /// Makes its random numbers differ from another session's.
    pub seed: u64,
}

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// A batch of statements.
    Batch {
        /// Its text.
        text: String,
    },
    /// A call of a procedure, by its name: `sp_executesql`, `sys.sp_tables`.
    Procedure {
        /// Its name, qualified or not.
        name: String,
        /// Its arguments.
        arguments: Vec<Argument>,
    },
    /// The rows that INSERT BULK has announced.
    Rows {
        /// The types of their values.
        types: Vec<ExprType>,
        /// The rows.
        rows: Vec<Row>,
    },
    /// Begins a transaction.
    Begin(Begin),
    /// Commits the transaction.
    Commit {
        /// The transaction's name, which means nothing.
        name: String,
        /// Begins the next one at once.
        begin_next: Option<Begin>,
    },
    /// Rolls the transaction back.
    Rollback {
        /// The transaction's or a savepoint's name; empty for the whole transaction.
        name: String,
        /// Begins the next one at once.
        begin_next: Option<Begin>,
    },
    /// Sets a savepoint.
    Save {
        /// Its name.
        name: String,
    },
}

/// How a transaction begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Begin {
    /// The isolation level from now on, unless it stays as it is.
    pub isolation: Option<IsolationLevel>,
    /// Its name; may be empty.
    pub name: String,
}

/// An argument of a procedure call.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// The parameter, with its `@`; empty goes by position.
    pub name: String,
    /// The value's type.
    pub ty: ExprType,
    /// The value.
    pub value: Value,
    /// Whether the caller wants the parameter's value back.
    pub output: bool,
    /// Whether the parameter's default is asked for.
    pub default: bool,
}

/// What a session does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It has more to do: step again.
    Continue,
    /// It waits; step again then.
    Wait(Wait),
    /// The request is over.
    Finished,
}

/// What a session waits for. Stepping early does no harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// A moment.
    Until(Timestamp),
    /// A change of the world, or a moment, whichever is first.
    Change {
        /// The moment.
        until: Option<Timestamp>,
    },
    /// A thread of its own: the next step takes its time.
    Thread,
}
