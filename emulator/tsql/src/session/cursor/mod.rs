//! Cursors, those of T-SQL and those that clients open by RPC: one engine for both.
//!
//! A static cursor keeps copies of its rows. The others keep the numbers of the tables' rows that each of theirs is
//! made of, and read the rows again when they are fetched: a keyset cursor those it found when it was opened, a dynamic
//! one those that the query finds now.

mod api;
mod change;
mod declare;
mod fetch;
mod open;
mod request;
mod scroll;

use std::collections::BTreeMap;
use std::sync::Arc;

use milink_core::ids::{DatabaseId, RowId};
use milink_core::store::{Content, KeyBytes};
use milink_core::time::Timestamp;
use milink_core::value::Row;

use super::event::{ResultColumn, Sources};
use super::state::Variables;
use crate::ast::{CursorRef, SelectStatement};
use crate::engine::bind::CursorQuery;
use crate::engine::same_name;
use crate::error::SqlError;

pub(super) use api::is_cursor_procedure;
pub(super) use change::Target;
pub(super) use request::Operation;
use scroll::At;

/// How many cursors a session may have.
const MAX_CURSORS: usize = 1_000;
/// How many rows the open cursors of a session may keep together, as copies or as numbers of rows.
const MAX_KEPT_ROWS: usize = 1_000_000;
/// The first number that a cursor gets; clients take any but 0 (guess: SQL Server's are like this one).
const FIRST_HANDLE: i32 = 180_150_003;

/// How a cursor finds its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    Static,
    Keyset,
    Dynamic,
    /// Dynamic, forward only and read only.
    FastForward,
}

/// How rows may be changed through a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Concurrency {
    ReadOnly,
    /// Changes succeed whatever others have done. No lock is taken when a row is fetched.
    ScrollLocks,
    /// Changes fail if the row has been changed since.
    Optimistic,
    /// The same, as clients ask for it with another number.
    OptimisticValues,
}

/// What was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) model: Model,
    pub(crate) scroll: bool,
    pub(crate) concurrency: Concurrency,
    /// FOR UPDATE; with OF, the columns.
    pub(crate) for_update: Option<Vec<String>>,
    /// The client is told if it gets another cursor.
    pub(crate) type_warning: bool,
    /// Opened by RPC, not by T-SQL.
    pub(crate) by_client: bool,
    /// It closes itself when its last row has been fetched.
    pub(crate) auto_close: bool,
}

/// A cursor.
#[derive(Clone, Debug)]
pub(crate) struct Cursor {
    pub(crate) name: String,
    pub(crate) global: bool,
    pub(crate) wish: Wish,
    pub(crate) created: Timestamp,
    pub(crate) fetch_status: i32,
    pub(crate) open: Option<Opened>,
    select: Arc<SelectStatement>,
    /// As they were when the cursor was declared.
    variables: Variables,
}

/// An open cursor.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) model: Model,
    pub(crate) concurrency: Concurrency,
    pub(crate) at: At,
    /// With ROWSTAT at the end.
    columns: Arc<[ResultColumn]>,
    sources: Arc<Sources>,
    query: Arc<CursorQuery>,
    rows: Rows,
    /// The rows of the last fetch.
    buffer: Vec<Held>,
    /// Which of them statements mean by the current row.
    current: usize,
    /// What the rows were found in, of a dynamic cursor: as long as that stays, so do they.
    seen: Vec<(Option<DatabaseId>, Content)>,
}

/// The rows of an open cursor.
#[derive(Clone, Debug)]
enum Rows {
    Copies(Arc<Vec<Row>>),
    Members(Arc<Vec<Member>>),
}

/// A row by the rows of tables that it is made of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Member {
    /// Of each table; none is the empty side of an outer join.
    rows: Box<[Option<RowId>]>,
    /// Their keys, of a keyset cursor: a row that changes its key is another one.
    keys: Box<[Option<KeyBytes>]>,
}

/// A fetched row: those of the tables, unless it is missing.
#[derive(Clone, Debug)]
struct Held {
    rows: Option<Vec<Option<(RowId, Row)>>>,
}

/// The cursors of a session, and the names they go by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cursors {
    all: BTreeMap<i32, Cursor>,
    names: Vec<Reference>,
    opened: i32,
    /// What the running positioned statement has made of the rows it changes.
    changed: Vec<(RowId, Option<Row>)>,
}

/// A name of a cursor, or a cursor variable.
#[derive(Clone, Debug)]
struct Reference {
    /// Variables begin with `@`.
    name: String,
    /// The frame that it belongs to; none is global.
    frame: Option<usize>,
    /// None is a variable without a cursor.
    cursor: Option<i32>,
}

/// Where CURSOR_STATUS looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Local,
    Global,
    Variable,
}

impl Cursors {
    /// Every cursor with its number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i32, &Cursor)> {
        self.all.iter().map(|(handle, cursor)| (*handle, cursor))
    }

    /// The cursor that a name of some sort stands for in a frame: no name, a name without a cursor, or a cursor.
    pub(crate) fn named(&self, sort: Sort, name: &str, frame: usize) -> Option<Option<&Cursor>> {
        let frame = (sort != Sort::Global).then_some(frame);
        let known = self.names.iter().find(|known| {
            known.frame == frame
                && known.name.starts_with('@') == (sort == Sort::Variable)
                && same_name(&known.name, name)
        })?;
        Some(known.cursor.and_then(|handle| self.all.get(&handle)))
    }

    /// The number of the cursor that a statement in a frame means (16916, 16950).
    fn find(&self, cursor: &CursorRef, frame: usize) -> Result<i32, SqlError> {
        let name = &cursor.name.value;
        let among = |frame: Option<usize>| {
            let mut names = self.names.iter();
            names.find(|known| known.frame == frame && same_name(&known.name, name))
        };
        let local = (!cursor.global).then(|| among(Some(frame))).flatten();
        match local.or_else(|| among(None)) {
            Some(Reference {
                cursor: Some(handle),
                ..
            }) => Ok(*handle),
            Some(_) => Err(unallocated(name)),
            None if name.starts_with('@') => Err(not_a_variable(name)),
            None => Err(no_such_cursor(name)),
        }
    }

    /// Keeps a new cursor.
    fn add(&mut self, cursor: Cursor) -> Result<i32, SqlError> {
        if self.all.len() >= MAX_CURSORS {
            return Err(SqlError::unsupported(format!(
                "more than {MAX_CURSORS} cursors in a session"
            )));
        }
        let handle = FIRST_HANDLE.wrapping_add(self.opened.wrapping_mul(2));
        self.opened = self.opened.wrapping_add(1);
        self.all.insert(handle, cursor);
        Ok(handle)
    }

    /// Makes a name stand for a cursor.
    fn name(&mut self, name: &str, frame: Option<usize>, cursor: Option<i32>) {
        self.names.push(Reference {
            name: name.to_owned(),
            frame,
            cursor,
        });
    }

    /// Makes a variable stand for another cursor, or for none; false if there is no such variable.
    fn assign(&mut self, variable: &str, frame: usize, cursor: Option<i32>) -> bool {
        let mut names = self.names.iter_mut();
        let found =
            names.find(|known| known.frame == Some(frame) && same_name(&known.name, variable));
        let Some(found) = found else {
            return false;
        };
        found.cursor = cursor;
        self.drop_unnamed();
        true
    }

    /// Takes a name away from its cursor.
    fn release(&mut self, cursor: &CursorRef, frame: usize) -> Result<(), SqlError> {
        let handle = self.find(cursor, frame)?;
        let name = &cursor.name.value;
        let is_it = |known: &Reference| {
            known.cursor == Some(handle)
                && same_name(&known.name, name)
                && known.frame.is_none_or(|own| own == frame && !cursor.global)
        };
        match name.starts_with('@') {
            true => {
                let mut names = self.names.iter_mut();
                if let Some(variable) = names.find(|known| is_it(known)) {
                    variable.cursor = None;
                }
            }
            false => {
                let at = self.names.iter().position(is_it);
                at.map(|at| self.names.remove(at));
            }
        }
        self.drop_unnamed();
        Ok(())
    }

    /// Forgets the names that belong to frames that are over.
    pub(super) fn end_frames(&mut self, depth: usize) {
        if self.names.is_empty() {
            return;
        }
        let before = self.names.len();
        self.names
            .retain(|known| known.frame.is_none_or(|frame| frame <= depth));
        if self.names.len() != before {
            self.drop_unnamed();
        }
    }

    /// Closes the cursors that the end of a transaction closes. A rollback leaves those alone that have all their rows
    /// (documentation: "SET CURSOR_CLOSE_ON_COMMIT"; a keyset cursor observed with SQL Server 2025).
    pub(super) fn end_transaction(&mut self, close_all: bool, rolled_back: bool) {
        for cursor in self.all.values_mut() {
            let has_all = cursor
                .open
                .as_ref()
                .is_some_and(|open| matches!(open.model, Model::Static | Model::Keyset));
            if close_all || (rolled_back && !has_all) {
                cursor.open = None;
            }
        }
    }

    /// How many rows open cursors keep.
    fn kept_rows(&self) -> usize {
        let open = self.all.values().filter_map(|cursor| cursor.open.as_ref());
        open.map(|open| open.rows.len()).sum()
    }

    /// A cursor that no name stands for any more is over; one of a client ends when it is closed.
    fn drop_unnamed(&mut self) {
        let names = &self.names;
        self.all.retain(|handle, cursor| {
            cursor.wish.by_client || names.iter().any(|known| known.cursor == Some(*handle))
        });
    }

    fn get(&self, handle: i32) -> Option<&Cursor> {
        self.all.get(&handle)
    }

    fn get_mut(&mut self, handle: i32) -> Option<&mut Cursor> {
        self.all.get_mut(&handle)
    }

    fn remove(&mut self, handle: i32) -> Option<Cursor> {
        self.names.retain(|known| known.cursor != Some(handle));
        self.all.remove(&handle)
    }
}

impl Opened {
    /// `@@CURSOR_ROWS` and its like: -1 where rows come and go.
    pub(crate) fn row_count(&self) -> i32 {
        match self.model {
            Model::Static | Model::Keyset => i32::try_from(self.rows.len()).unwrap_or(i32::MAX),
            Model::Dynamic | Model::FastForward => -1,
        }
    }

    /// How many rows the last fetch asked for and got.
    pub(crate) fn buffer_size(&self) -> usize {
        self.buffer.len()
    }
}

impl Rows {
    fn len(&self) -> usize {
        match self {
            Self::Copies(rows) => rows.len(),
            Self::Members(members) => members.len(),
        }
    }
}

/// 16916.
fn no_such_cursor(name: &str) -> SqlError {
    SqlError::new(
        16916,
        16,
        format!("A cursor with the name '{name}' does not exist."),
    )
}

/// 16950.
fn unallocated(name: &str) -> SqlError {
    SqlError::new(
        16950,
        16,
        format!("The variable '{name}' does not currently have a cursor allocated to it."),
    )
    .with_state(2)
}

/// 16948.
fn not_a_variable(name: &str) -> SqlError {
    SqlError::new(
        16948,
        16,
        format!(
            "The variable '{name}' is not a cursor variable, but it is used in a place where a cursor variable is expected."
        ),
    )
}

/// 16917.
fn not_open(state: u8) -> SqlError {
    SqlError::new(16917, 16, "Cursor is not open.").with_state(state)
}
