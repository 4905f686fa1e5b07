//! Cursors: a copy of the rows when the cursor is opened, and a place in it. Every cursor is read-only and static,
//! whatever it was declared as; positioned updates are refused.

use milink_core::value::{Row, Value};

use super::event::{DoneCommand, Event};
use super::host::Host;
use super::{Failure, Flow, Session};
use crate::ast::{
    CursorDefinition, CursorRef, CursorScope, DeclareCursorStatement, FetchOrientation,
    FetchStatement, SelectStatement,
};
use crate::engine::bind::Binder;
use crate::engine::same_name;
use crate::error::SqlError;
use crate::session::event::ResultColumn;
use crate::types::convert_implicit;

/// How many cursors a session may have.
const MAX_CURSORS: usize = 1_000;

/// A cursor.
#[derive(Clone, Debug)]
pub(super) struct Cursor {
    name: String,
    select: SelectStatement,
    scroll: bool,
    /// The frame it is local to; none is global.
    frame: Option<usize>,
    open: Option<Opened>,
}

/// An open cursor.
#[derive(Clone, Debug)]
struct Opened {
    columns: Vec<ResultColumn>,
    rows: Vec<Row>,
    /// 0 is before the first row.
    at: usize,
}

impl Session {
    pub(super) fn declare_cursor(
        &mut self,
        declare: &DeclareCursorStatement,
    ) -> Result<Flow, Failure> {
        let name = &declare.name.value;
        let CursorDefinition {
            scope,
            scroll,
            model,
            select,
            for_update,
            ..
        } = &declare.definition;
        if matches!(for_update, Some(crate::ast::CursorForUpdate::Update(_))) {
            return Err(SqlError::unsupported("cursors FOR UPDATE").into());
        }
        let frame = (*scope == Some(CursorScope::Local)).then_some(self.frames.len());
        let taken = self
            .cursors
            .iter()
            .any(|cursor| same_name(&cursor.name, name) && cursor.frame == frame);
        if taken {
            return Err(SqlError::new(
                16915,
                16,
                format!("A cursor with the name '{name}' already exists."),
            )
            .into());
        }
        if self.cursors.len() >= MAX_CURSORS {
            return Err(SqlError::unsupported(format!("more than {MAX_CURSORS} cursors")).into());
        }
        self.cursors.push(Cursor {
            name: name.clone(),
            select: select.clone(),
            scroll: scroll.unwrap_or(model.is_some_and(|model| {
                use crate::ast::CursorModel as M;
                matches!(model, M::Static | M::Keyset | M::Dynamic | M::Insensitive)
            })),
            frame,
            open: None,
        });
        Ok(Flow::Next)
    }

    pub(super) fn open_cursor(
        &mut self,
        cursor: &CursorRef,
        host: &mut dyn Host,
    ) -> Result<Flow, Failure> {
        let at = self.find_cursor(cursor)?;
        if self.cursors[at].open.is_some() {
            return Err(SqlError::new(16905, 16, "The cursor is already open.").into());
        }
        let select = self.cursors[at].select.clone();
        let result = self.with_runtime(
            host,
            |instance, state, local| Binder::new(instance, state, local).select_statement(&select),
            |runtime, query| runtime.query(query, None),
        );
        let (rows, query) = match result {
            Ok(done) => done,
            Err(Ok(error)) => return Err(Failure::compile(error)),
            Err(Err(stop)) => return self.stopped(stop, host).map(Flow::Again),
        };
        self.state.settings.cursor_rows = i32::try_from(rows.len()).unwrap_or(i32::MAX);
        self.cursors[at].open = Some(Opened {
            columns: query.columns,
            rows,
            at: 0,
        });
        Ok(Flow::Next)
    }

    pub(super) fn fetch(
        &mut self,
        fetch: &FetchStatement,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        let at = self.find_cursor(&fetch.cursor)?;
        let offset = match &fetch.orientation {
            FetchOrientation::Absolute(expr) | FetchOrientation::Relative(expr) => {
                let (value, ty) = self.evaluate(expr, host)?;
                let to = crate::types::ExprType::new(milink_core::sql_type::SqlType::BigInt);
                let value = convert_implicit(&value, &ty, &to, &self.state.dates)?;
                value.as_int().unwrap_or(0)
            }
            _ => 0,
        };
        let cursor = &mut self.cursors[at];
        if !cursor.scroll && fetch.orientation != FetchOrientation::Next {
            return Err(SqlError::new(
                16911,
                16,
                "fetch: The fetch type cannot be used with forward only cursors.",
            )
            .into());
        }
        let Some(open) = &mut cursor.open else {
            return Err(SqlError::new(16917, 16, "Cursor is not open.").into());
        };
        let count = open.rows.len() as i64;
        let here = open.at as i64;
        let wanted = match &fetch.orientation {
            FetchOrientation::Next => here + 1,
            FetchOrientation::Prior => here - 1,
            FetchOrientation::First => 1,
            FetchOrientation::Last => count,
            FetchOrientation::Absolute(_) if offset < 0 => count.saturating_add(offset + 1),
            FetchOrientation::Absolute(_) => offset,
            FetchOrientation::Relative(_) => here.saturating_add(offset),
        };
        open.at = usize::try_from(wanted.clamp(0, count + 1)).unwrap_or(0);
        let row = open
            .at
            .checked_sub(1)
            .and_then(|at| open.rows.get(at))
            .cloned();
        let columns = open.columns.clone();
        self.state.settings.fetch_status = if row.is_some() { 0 } else { -1 };
        self.state.row_count = i64::from(row.is_some());
        if fetch.into.is_empty() {
            out.push(Event::Columns(columns.into()));
            out.extend(row.map(Event::Row));
            self.done(DoneCommand::Select, Some(self.state.row_count as u64), out);
            return Ok(Flow::Next);
        }
        if fetch.into.len() != columns.len() {
            return Err(SqlError::new(
                16924,
                16,
                "Cursorfetch: The number of variables declared in the INTO list must match that of selected columns.",
            )
            .into());
        }
        let Some(row) = row else {
            return Ok(Flow::Next);
        };
        for ((name, column), value) in fetch.into.iter().zip(&columns).zip(row.iter()) {
            let slot = self.slot(&name.value)?;
            let to = self.frame().local.variables.get(slot).ty;
            let value: Value = convert_implicit(value, &column.ty, &to, &self.state.dates)?;
            self.frame().local.variables.set(slot, value);
        }
        Ok(Flow::Next)
    }

    pub(super) fn close_cursor(&mut self, cursor: &CursorRef) -> Result<Flow, Failure> {
        let at = self.find_cursor(cursor)?;
        if self.cursors[at].open.take().is_none() {
            return Err(SqlError::new(16917, 16, "Cursor is not open.").into());
        }
        Ok(Flow::Next)
    }

    pub(super) fn deallocate_cursor(&mut self, cursor: &CursorRef) -> Result<Flow, Failure> {
        let at = self.find_cursor(cursor)?;
        self.cursors.remove(at);
        Ok(Flow::Next)
    }

    /// Drops the cursors that are local to frames that are over.
    pub(super) fn drop_local_cursors(&mut self) {
        let depth = self.frames.len();
        self.cursors
            .retain(|cursor| cursor.frame.is_none_or(|frame| frame <= depth));
    }

    fn find_cursor(&self, cursor: &CursorRef) -> Result<usize, SqlError> {
        let name = &cursor.name.value;
        if name.starts_with('@') {
            return Err(SqlError::unsupported("cursor variables"));
        }
        self.cursors
            .iter()
            .rposition(|known| {
                same_name(&known.name, name) && (!cursor.global || known.frame.is_none())
            })
            .ok_or_else(|| {
                SqlError::new(
                    16916,
                    16,
                    format!("A cursor with the name '{name}' does not exist."),
                )
            })
    }
}
