//! Changing rows through a cursor: WHERE CURRENT OF, and `sp_cursor`.

use std::sync::Arc;

use milink_core::ids::RowId;
use milink_core::store::Op;
use milink_core::value::{Row, Value};

use super::api::{Arguments, display};
use super::request::Operation;
use super::{Concurrency, Cursors, Held, Member, Opened, Rows, not_open};
use crate::ast::DmlFilter;
use crate::catalog::functions::split_name;
use crate::engine::bound::Place;
use crate::engine::dml::{self, Outcome, Position, PositionedTable};
use crate::error::SqlError;
use crate::session::execute::CallArgument;
use crate::session::frame::{Frame, ReturnTo};
use crate::session::host::Host;
use crate::session::{Failure, Session};

const UPDATE: i64 = 1;
const DELETE: i64 = 2;
const INSERT: i64 = 4;
const REFRESH: i64 = 8;
const LOCK: i64 = 16;
const SET_POSITION: i64 = 32;
const ABSOLUTE: i64 = 64;

/// The rows that a statement of a client is about.
#[derive(Clone, Copy, Debug)]
pub(in crate::session) struct Target {
    handle: i32,
    /// Places in the last fetch, from 0; none is all of them.
    row: Option<usize>,
}

/// Where a positioned statement is, and which cursor says so.
pub(in crate::session) struct Placed {
    handle: i32,
    pub(in crate::session) position: Position,
}

impl Session {
    /// The rows that WHERE CURRENT OF means; none for other statements (16929, 16931).
    pub(in crate::session) fn placed(
        &mut self,
        filter: Option<&DmlFilter>,
    ) -> Result<Option<Placed>, Failure> {
        let Some(DmlFilter::CurrentOf(cursor)) = filter else {
            return Ok(None);
        };
        let frame = self.frames.len();
        let target = self.frame().target;
        let cursors = &self.state.cursors;
        let handle = match target {
            Some(target) => target.handle,
            None => cursors.find(cursor, frame)?,
        };
        let found = cursors
            .get(handle)
            .and_then(|cursor| Some((cursor, cursor.open.as_ref()?)));
        let (cursor, open) = found.ok_or_else(|| not_open(1))?;
        if open.concurrency == Concurrency::ReadOnly {
            return Err(SqlError::new(16929, 16, "The cursor is READ ONLY.").into());
        }
        let rows = match target {
            Some(Target { row: None, .. }) => 0..open.buffer.len(),
            Some(Target { row: Some(at), .. }) => at..at + 1,
            None => open.current..open.current + 1,
        };
        let held = open.buffer.get(rows).filter(|rows| !rows.is_empty());
        let held = held.ok_or_else(nothing_fetched)?;
        let tables = open.query.tables.iter().enumerate();
        let tables = tables.map(|(at, table)| PositionedTable {
            place: table.place,
            object: table.definition.object,
            rows: held.iter().map(|held| held.of(at)).collect(),
        });
        let columns = cursor.wish.for_update.clone();
        Ok(Some(Placed {
            handle,
            position: Position {
                tables: tables.collect(),
                columns: columns.filter(|list| !list.is_empty()),
                optimistic: open.concurrency != Concurrency::ScrollLocks,
            },
        }))
    }

    /// Takes down what a statement has changed in the rows that its cursor holds, or why it failed.
    pub(in crate::session) fn after_placed<F>(
        &mut self,
        placed: Option<Placed>,
        result: Result<F, Failure>,
    ) -> Result<F, Failure> {
        let Some(placed) = placed else {
            return result;
        };
        match result {
            Ok(flow) => {
                self.state.cursors.take_down(placed.handle);
                Ok(flow)
            }
            Err(failure) => {
                let failure = match failure.error.number {
                    dml::CONFLICT => Failure {
                        preceding: vec![failure.error],
                        ..dml::nothing_changed().into()
                    },
                    _ => failure,
                };
                let frame = self.frame();
                if frame.target.is_some() {
                    frame.status = failure.error.number;
                }
                Err(failure)
            }
        }
    }

    /// `sp_cursor`: what it asks for as a statement with parameters, about rows of the last fetch.
    pub(super) fn change_call(
        &mut self,
        mut arguments: Arguments,
        to: ReturnTo,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        let handle = arguments.handle()?;
        let kind = arguments.integer("optype")?;
        let number = arguments.integer("rownum")?;
        let table = arguments.next().map_or_else(String::new, |it| display(&it));
        let values: Vec<CallArgument> = arguments.rest.by_ref().collect();
        let handle = self.handle_of("sp_cursor", handle)?;
        let what = kind & (UPDATE | DELETE | INSERT | REFRESH | LOCK);
        let row = usize::try_from(number).map_err(|_| arguments.invalid("rownum"))?;
        if kind & ABSOLUTE != 0 && !matches!(what, UPDATE | DELETE) {
            let text = "sp_cursor: optype: You can only specify ABSOLUTE in conjunction with DELETE or UPDATE.";
            return Err(SqlError::new(16904, 16, text).into());
        }
        if what == 0 && kind & SET_POSITION != 0 {
            let operation = Operation::SetPosition { handle, row };
            return self.push_operation("sp_cursor", operation, Vec::new(), to, host);
        }
        let open = self.state.cursors.get(handle);
        let open = open
            .and_then(|cursor| cursor.open.as_ref())
            .ok_or_else(|| not_open(1))?;
        if open.concurrency == Concurrency::ReadOnly {
            return Err(SqlError::new(16929, 16, "The cursor is READ ONLY.").into());
        }
        let row = match kind & ABSOLUTE {
            0 => row,
            _ => open.in_buffer(row),
        };
        if what != INSERT {
            if open.buffer.is_empty() {
                return Err(nothing_fetched().into());
            }
            if row > open.buffer.len() {
                let text = "The requested row is not in the fetch buffer.";
                return Err(SqlError::new(16930, 16, text).into());
            }
        }
        let text = match what {
            UPDATE | DELETE | INSERT => statement(open, what, &table, &values)?,
            LOCK => return Err(SqlError::unsupported("LOCK of sp_cursor").into()),
            REFRESH => return Err(SqlError::unsupported("REFRESH of sp_cursor").into()),
            _ => return Err(arguments.invalid("optype")),
        };
        let names: Vec<String> = (0..values.len()).map(parameter).collect();
        let program = self.compile_called(&text, &names)?;
        let mut frame = Frame::batch(program);
        frame.procedure = Some("sp_cursor".to_owned());
        frame.return_to = Some(to);
        frame.target = Some(Target {
            handle,
            row: row.checked_sub(1),
        });
        for (at, value) in values.into_iter().enumerate() {
            let slot = frame.local.variables.declare(&parameter(at), value.ty);
            frame.local.variables.set(slot, value.value);
        }
        if kind & SET_POSITION != 0
            && let Some(cursor) = self.state.cursors.get_mut(handle)
            && let Some(open) = &mut cursor.open
        {
            open.current = row.saturating_sub(1);
        }
        self.push_called(frame, host)
    }

    /// Remembers what a statement has done to a cursor's rows, until it is known to have succeeded.
    pub(in crate::session) fn note_outcome(&mut self, outcome: &mut Outcome) {
        if !outcome.positioned.is_empty() {
            self.state.cursors.changed = std::mem::take(&mut outcome.positioned);
        }
        let Some(Target { handle, .. }) = self.frames.last().and_then(|frame| frame.target) else {
            return;
        };
        let in_databases = outcome.changes.database.iter();
        let ops = in_databases
            .map(|(id, ops)| (Place::Database(*id), ops))
            .chain([(Place::Temporary, &outcome.changes.temporary)]);
        let mut inserted = Vec::new();
        for (place, ops) in ops {
            inserted.extend(ops.iter().filter_map(|op| match op {
                Op::Insert { table, id, row } => Some((place, *table, *id, Arc::clone(row))),
                _ => None,
            }));
        }
        let Some(open) = self.state.cursors.get_mut(handle) else {
            return;
        };
        let Some(open) = &mut open.open else {
            return;
        };
        // What is inserted through a keyset cursor is its last row.
        let [table] = open.query.tables.as_slice() else {
            return;
        };
        if let Rows::Members(members) = &mut open.rows
            && open.model == super::Model::Keyset
        {
            for (place, object, id, _) in inserted {
                if place == table.place && object == table.definition.object {
                    Arc::make_mut(members).push(Member {
                        rows: Box::new([Some(id)]),
                        keys: Box::new([None]),
                    });
                }
            }
        }
    }
}

impl Cursors {
    /// Puts what was changed into the rows that a cursor holds, so that it can change them again.
    fn take_down(&mut self, handle: i32) {
        let changed = std::mem::take(&mut self.changed);
        let open = self.get_mut(handle).and_then(|cursor| cursor.open.as_mut());
        let Some(open) = open else {
            return;
        };
        for held in &mut open.buffer {
            held.change(&changed);
        }
    }
}

impl Held {
    /// The row of one of the tables.
    fn of(&self, table: usize) -> Option<(RowId, Row)> {
        self.rows.as_ref()?.get(table)?.clone()
    }

    fn change(&mut self, changed: &[(RowId, Option<Row>)]) {
        let Some(rows) = &mut self.rows else {
            return;
        };
        for (id, row) in rows.iter_mut().flatten() {
            if let Some((_, Some(now))) = changed.iter().find(|(known, _)| known == id) {
                *row = Arc::clone(now);
            }
        }
    }
}

impl Opened {
    /// The place in the last fetch of a row of the result, from 1; one past its end if it is not there.
    fn in_buffer(&self, row: usize) -> usize {
        let super::scroll::At::Rows { first, .. } = self.at else {
            return self.buffer.len() + 1;
        };
        match row.checked_sub(first) {
            Some(at) if at < self.buffer.len() => at + 1,
            _ => self.buffer.len() + 1,
        }
    }
}

/// The statement that does what `sp_cursor` asks for.
fn statement(
    open: &Opened,
    what: i64,
    table: &str,
    values: &[CallArgument],
) -> Result<String, SqlError> {
    if let [only] = values
        && only.name.is_empty()
        && let Value::Str(text) = &only.value
    {
        let first = text.split_whitespace().next().unwrap_or_default();
        let words = ["INSERT", "UPDATE", "DELETE"];
        if words.iter().any(|word| first.eq_ignore_ascii_case(word)) {
            return Ok(match what {
                INSERT => text.to_string(),
                _ => format!("{text} WHERE CURRENT OF [cursor]"),
            });
        }
    }
    let parts = split_name(table).filter(|parts| parts.iter().any(|part| !part.is_empty()));
    let own = open.query.tables.iter().enumerate();
    let mut named = own.filter(|(_, known)| match parts.as_ref().and_then(|it| it.last()) {
        Some(name) => known.definition.name.is(name),
        None => true,
    });
    let (at, found) = named.next().ok_or_else(|| {
        SqlError::new(
            16933,
            16,
            "The cursor does not include the table being modified or the table is not updatable through the cursor.",
        )
    })?;
    let target = match found.place {
        Place::Database(_) => format!(
            "{}.{}.{}",
            quoted(&found.database),
            quoted(found.definition.schema.as_str()),
            quoted(found.definition.name.as_str())
        ),
        Place::Temporary | Place::Variable => quoted(found.definition.name.as_str()),
    };
    if what == DELETE {
        return Ok(format!("DELETE {target} WHERE CURRENT OF [cursor]"));
    }
    let origins = open.query.origins.iter().flatten();
    let mut unnamed = origins.filter(|origin| origin.table == at).map(|origin| {
        let columns = &found.definition.columns;
        columns
            .get(origin.column)
            .map(|column| column.name.to_string())
    });
    let mut columns = Vec::with_capacity(values.len());
    for value in values {
        let name = match value.name.strip_prefix('@').unwrap_or(&value.name) {
            "" => unnamed.next().flatten().ok_or_else(invalid_values)?,
            name => name.to_owned(),
        };
        columns.push(quoted(&name));
    }
    let given = |at: usize| match values[at].default {
        true => "DEFAULT".to_owned(),
        false => parameter(at),
    };
    if what == INSERT {
        if columns.is_empty() {
            return Ok(format!("INSERT {target} DEFAULT VALUES"));
        }
        let values: Vec<String> = (0..columns.len()).map(given).collect();
        let (columns, values) = (columns.join(", "), values.join(", "));
        return Ok(format!("INSERT {target} ({columns}) VALUES ({values})"));
    }
    if columns.is_empty() {
        let text = "No parameter values were specified for the sp_cursor-UPDATE statement.";
        return Err(SqlError::new(16935, 16, text));
    }
    let set: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(at, column)| format!("{column} = {}", given(at)))
        .collect();
    Ok(format!(
        "UPDATE {target} SET {} WHERE CURRENT OF [cursor]",
        set.join(", ")
    ))
}

/// The variable of a value.
fn parameter(at: usize) -> String {
    format!("@value{at}")
}

fn quoted(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

/// 16936.
fn invalid_values() -> SqlError {
    SqlError::new(
        16936,
        16,
        "sp_cursor: One or more values parameters were invalid.",
    )
}

/// 16931.
fn nothing_fetched() -> SqlError {
    SqlError::new(16931, 16, "There are no rows in the current fetch buffer.")
}
