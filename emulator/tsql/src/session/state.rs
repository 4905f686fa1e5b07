//! What a session keeps between statements, and what one frame of it keeps.

use std::collections::BTreeMap;
use std::sync::Arc;

use milink_core::ids::{DatabaseId, InstanceId, ObjectId, SessionId, TransactionId};
use milink_core::names::Name;
use milink_core::store::Content;
use milink_core::value::Value;

use super::cursor::Cursors;
use crate::catalog::Settings;
use crate::engine::remote::{Rowset, Wanted};
use crate::error::SqlError;
use crate::functions::Random;
use crate::types::{DateSettings, ExprType};

/// A session's state that outlives its statements.
pub(crate) struct State {
    pub(crate) instance: InstanceId,
    pub(crate) session: SessionId,
    pub(crate) login: Name,
    pub(crate) database: DatabaseId,
    pub(crate) settings: Settings,
    pub(crate) dates: DateSettings,
    pub(crate) transaction: Option<Transaction>,
    pub(crate) row_count: i64,
    pub(crate) error: i32,
    pub(crate) identity: Option<i64>,
    /// `#` tables.
    pub(crate) temporary: Content,
    /// SESSION_CONTEXT, by key in lower case; and whether it is read-only.
    pub(crate) context: BTreeMap<String, (Value, bool)>,
    /// The table that SET IDENTITY_INSERT is on for.
    pub(crate) identity_insert: Option<IdentityInsert>,
    /// The identity values that the statement which runs has got last.
    pub(crate) used_up: BTreeMap<(DatabaseId, ObjectId), i64>,
    pub(crate) dry: Dry,
    /// ApplicationIntent=ReadOnly.
    pub(crate) read_only_intent: bool,
    /// Rows that INSERT … EXEC has collected, innermost last.
    pub(crate) collecting: Vec<Vec<milink_core::value::Row>>,
    /// Where RAND and NEWID come from.
    pub(crate) random: Random,
    /// The errors that the session met last, the newest at the end; what TRY caught is among them.
    pub(crate) errors: Vec<SqlError>,
    /// A view of how replicas stand was read while something waits for polls.
    pub(crate) looked: bool,
    /// What its statements' rows take.
    pub(crate) share: crate::memory::Share,
    /// How much was done, in row pairs looked at.
    pub(crate) work: u64,
    pub(crate) cursors: Cursors,
}

/// How statements are looked at without being run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Dry {
    /// SET NOEXEC.
    pub(crate) no_exec: bool,
    /// SET FMTONLY.
    pub(crate) format_only: bool,
    /// SET PARSEONLY.
    pub(crate) parse_only: bool,
}

/// Where SET IDENTITY_INSERT is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IdentityInsert {
    /// None is a temporary table.
    pub(crate) database: Option<DatabaseId>,
    pub(crate) table: ObjectId,
    pub(crate) shown: String,
}

/// An open transaction.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    pub(crate) id: TransactionId,
    /// `@@TRANCOUNT`.
    pub(crate) count: u32,
    /// It can only be rolled back (`XACT_STATE()` is -1).
    pub(crate) doomed: bool,
    pub(crate) name: Option<String>,
    /// Temporary tables as they were when it began.
    pub(crate) temporary: Content,
    /// Savepoints, with the temporary tables as they were.
    pub(crate) savepoints: Vec<(Name, Content)>,
    /// The unit of work that it is a part of, if it spans instances.
    pub(crate) unit: Option<uuid::Uuid>,
}

/// What belongs to a batch, procedure or dynamic batch while it runs.
pub(crate) struct Local {
    pub(crate) variables: Variables,
    /// `@t` tables.
    pub(crate) tables: Content,
    /// The error that the innermost CATCH block handles.
    pub(crate) caught: Option<SqlError>,
    pub(crate) scope_identity: Option<i64>,
    /// Rows that linked servers have sent for the current statement.
    pub(crate) remote: BTreeMap<Wanted, Arc<Rowset>>,
    /// The statement comes from another instance, which calls this one so.
    pub(crate) sent_to: Option<Arc<str>>,
}

impl Local {
    pub(crate) fn new() -> Self {
        Self {
            variables: Variables::default(),
            tables: empty_content(),
            caught: None,
            scope_identity: None,
            remote: BTreeMap::new(),
            sent_to: None,
        }
    }
}

/// Content without tables; made once, as a copy costs nothing.
pub(crate) fn empty_content() -> Content {
    static EMPTY: std::sync::LazyLock<Content> = std::sync::LazyLock::new(Content::default);
    EMPTY.clone()
}

/// The variables of a frame.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables {
    slots: Vec<Variable>,
}

/// A variable.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    /// With its `@`.
    pub(crate) name: Arc<str>,
    pub(crate) ty: ExprType,
    pub(crate) value: Value,
}

impl Variables {
    /// Adds a variable that is NULL.
    pub(crate) fn declare(&mut self, name: &str, ty: ExprType) -> usize {
        self.slots.push(Variable {
            name: name.into(),
            ty: ty.with_nullable(true),
            value: Value::Null,
        });
        self.slots.len() - 1
    }

    /// The slot of a name.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.slots
            .iter()
            .position(|variable| crate::engine::same_name(&variable.name, name))
    }

    pub(crate) fn get(&self, slot: usize) -> &Variable {
        &self.slots[slot]
    }

    pub(crate) fn set(&mut self, slot: usize, value: Value) {
        self.slots[slot].value = value;
    }
}

impl State {
    /// The id of the open transaction.
    pub(crate) fn transaction_id(&self) -> Option<TransactionId> {
        self.transaction.as_ref().map(|open| open.id)
    }
}
