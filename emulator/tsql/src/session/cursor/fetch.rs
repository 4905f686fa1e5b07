//! FETCH, and the fetching that clients do by RPC: moving, and reading the rows where the cursor lands.

use std::collections::BTreeMap;
use std::sync::Arc;

use milink_core::sql_type::SqlType;
use milink_core::store::Content;
use milink_core::value::{Row, Value};

use super::open::{check_kept, contents, members};
use super::scroll::{At, Move, follow, land};
use super::{Cursor, Held, Member, Model, Opened, Rows, not_open};
use crate::ast::{FetchOrientation, FetchStatement};
use crate::engine::bind::CursorQuery;
use crate::engine::exec::{Env, Runtime};
use crate::engine::stop::Stop;
use crate::error::SqlError;
use crate::session::event::{DoneCommand, Event, ResultColumn};
use crate::session::host::Host;
use crate::session::{Failure, Flow, Session, Wait};
use crate::types::{ExprType, convert_implicit};

/// ROWSTAT of a row that is there.
const SUCCEEDED: i64 = 1;
/// ROWSTAT of a row of a keyset cursor that is not there any more.
const MISSING: i64 = 2;

/// The rows of a fetch.
pub(super) struct Fetched {
    pub(super) rows: Vec<Row>,
    /// The first of them is not there any more.
    pub(super) missing: bool,
    /// The cursor would have gone before the first row, and stopped there.
    pub(super) adjusted: bool,
}

impl Session {
    pub(in crate::session) fn fetch(
        &mut self,
        fetch: &FetchStatement,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        let flow = self.fetch_one(fetch, host, out);
        if flow.is_err() {
            self.state.settings.fetch_status = -1;
        }
        flow
    }

    fn fetch_one(
        &mut self,
        fetch: &FetchStatement,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        let handle = self.state.cursors.find(&fetch.cursor, self.frames.len())?;
        let movement = match &fetch.orientation {
            FetchOrientation::Next => Move::Next,
            FetchOrientation::Prior => Move::Prior,
            FetchOrientation::First => Move::First,
            FetchOrientation::Last => Move::Last,
            FetchOrientation::Absolute(expr) => Move::Absolute(self.offset(expr, host)?),
            FetchOrientation::Relative(expr) => Move::Relative(self.offset(expr, host)?),
        };
        let Some(cursor) = self.state.cursors.get(handle) else {
            return Ok(Flow::Next);
        };
        let columns = check(cursor, movement)?;
        if !fetch.into.is_empty() && fetch.into.len() + 1 != columns.len() {
            return Err(SqlError::new(
                16924,
                16,
                "Cursorfetch: The number of variables declared in the INTO list must match that of selected columns.",
            )
            .into());
        }
        let fetched = match self.fetch_block(handle, movement, 1, host)? {
            Ok(fetched) => fetched,
            Err(wait) => return Ok(Flow::Again(wait)),
        };
        let status = match fetched.rows.len() {
            0 => -1,
            _ if fetched.missing => -2,
            _ => 0,
        };
        self.state.settings.fetch_status = status;
        if let Some(cursor) = self.state.cursors.get_mut(handle) {
            cursor.fetch_status = status;
        }
        self.state.row_count = fetched.rows.len() as i64;
        if fetch.into.is_empty() {
            self.send_fetched(handle, fetched.rows, out);
            return Ok(Flow::Next);
        }
        let Some(row) = fetched.rows.first().filter(|_| status == 0) else {
            return Ok(Flow::Next);
        };
        for ((name, column), value) in fetch.into.iter().zip(columns.iter()).zip(row.iter()) {
            let slot = self.slot(&name.value)?;
            let to = self.frame().local.variables.get(slot).ty;
            let value = convert_implicit(value, &column.ty, &to, &self.state.dates)?;
            self.frame().local.variables.set(slot, value);
        }
        Ok(Flow::Next)
    }

    fn offset(&mut self, expr: &crate::ast::Expr, host: &mut dyn Host) -> Result<i64, Failure> {
        let (value, ty) = self.evaluate(expr, host)?;
        let to = ExprType::new(SqlType::BigInt);
        let value = convert_implicit(&value, &ty, &to, &self.state.dates)?;
        Ok(value.as_int().unwrap_or(0))
    }

    /// The result set of a fetch.
    pub(super) fn send_fetched(&mut self, handle: i32, rows: Vec<Row>, out: &mut Vec<Event>) {
        let open = self
            .state
            .cursors
            .get(handle)
            .and_then(|it| it.open.as_ref());
        if let Some(open) = open {
            out.push(Event::Columns(Arc::clone(&open.columns)));
            out.push(Event::Sources(Arc::clone(&open.sources)));
        }
        let count = rows.len() as u64;
        out.extend(rows.into_iter().map(Event::Row));
        self.done(DoneCommand::Select, Some(count), out);
    }

    /// Moves an open cursor and reads a block of rows; the inner error is a wait. A block of no rows only moves.
    pub(super) fn fetch_block(
        &mut self,
        handle: i32,
        movement: Move,
        block: usize,
        host: &mut dyn Host,
    ) -> Result<Result<Fetched, Wait>, Failure> {
        let Some(cursor) = self.state.cursors.get(handle) else {
            return Err(not_open(2).into());
        };
        let Some(mut open) = cursor.open.clone() else {
            return Err(not_open(2).into());
        };
        let variables = cursor.variables.clone();
        let kept = self.state.cursors.kept_rows() - open.rows.len();
        let result = self.over_cursor(
            &variables,
            host,
            |_| Ok(()),
            |runtime, ()| {
                refresh(runtime, &mut open, kept)?;
                let fetched = advance(runtime, &mut open, movement, block)?;
                Ok((open, fetched))
            },
        );
        match result {
            Ok((open, fetched)) => {
                if let Some(cursor) = self.state.cursors.get_mut(handle) {
                    cursor.open = Some(open);
                }
                Ok(Ok(fetched))
            }
            Err(Ok(error)) => Err(error.into()),
            Err(Err(stop)) => self.stopped(stop, host).map(Err),
        }
    }
}

/// Whether a cursor can move so; gives its columns (16911, 16917, 16925).
pub(super) fn check(cursor: &Cursor, movement: Move) -> Result<Arc<[ResultColumn]>, SqlError> {
    let open = cursor.open.as_ref().ok_or_else(|| not_open(2))?;
    if matches!(movement, Move::Absolute(_)) && open.model == Model::Dynamic {
        return Err(SqlError::new(
            16925,
            16,
            "The fetch type Absolute cannot be used with dynamic cursors.",
        ));
    }
    let name = match movement {
        Move::Next | Move::Refresh => return Ok(Arc::clone(&open.columns)),
        Move::First => "first",
        Move::Prior | Move::PriorNoAdjust => "prior",
        Move::Last => "last",
        Move::Absolute(_) => "absolute",
        Move::Relative(_) => "relative",
    };
    if !cursor.wish.scroll {
        return Err(SqlError::new(
            16911,
            16,
            format!("fetch: The fetch type {name} cannot be used with forward only cursors."),
        ));
    }
    Ok(Arc::clone(&open.columns))
}

/// Finds the rows of a dynamic cursor again if anything has changed.
fn refresh(runtime: &mut Runtime<'_>, open: &mut Opened, kept: usize) -> Result<(), Stop> {
    let Rows::Members(old) = &open.rows else {
        return Ok(());
    };
    if !matches!(open.model, Model::Dynamic | Model::FastForward) {
        return Ok(());
    }
    let seen = contents(runtime, &open.query);
    let same = seen
        .iter()
        .zip(&open.seen)
        .all(|(new, old)| new.0 == old.0 && new.1.tables.ptr_eq(&old.1.tables));
    if same && seen.len() == open.seen.len() {
        return Ok(());
    }
    let new = members(runtime, &open.query, open.model)?;
    check_kept(kept, new.len())?;
    let places: BTreeMap<&Member, usize> = new
        .iter()
        .enumerate()
        .map(|(at, member)| (member, at + 1))
        .collect();
    let find = |place: usize| places.get(old.get(place.checked_sub(1)?)?).copied();
    open.at = follow(open.at, old.len(), new.len(), find);
    open.rows = Rows::Members(Arc::new(new));
    open.seen = seen;
    Ok(())
}

/// Moves, and reads the rows there.
fn advance(
    runtime: &mut Runtime<'_>,
    open: &mut Opened,
    movement: Move,
    block: usize,
) -> Result<Fetched, Stop> {
    let count = open.rows.len();
    let mut fetched = Fetched {
        rows: Vec::new(),
        missing: false,
        adjusted: false,
    };
    if block == 0 {
        open.at = match movement {
            Move::Last => At::After,
            _ => At::Before,
        };
        open.buffer.clear();
        return Ok(fetched);
    }
    let landing = land(open.at, movement, block, count);
    fetched.adjusted = landing.adjusted;
    let mut buffer = Vec::new();
    if let At::Rows { first, last } = landing.at {
        let contents: Vec<Content> = open
            .query
            .tables
            .iter()
            .map(|table| runtime.seen_content(table.place, table.locking))
            .collect();
        for place in first..=last {
            runtime.tick()?;
            let (row, held) = match &open.rows {
                Rows::Copies(rows) => {
                    let status = [Value::Int(SUCCEEDED)];
                    let row = rows[place - 1].iter().cloned().chain(status).collect();
                    (row, Held { rows: None })
                }
                Rows::Members(members) => {
                    read(runtime, &open.query, &members[place - 1], &contents)?
                }
            };
            fetched.rows.push(row);
            buffer.push(held);
        }
        let is_member = matches!(open.rows, Rows::Members(_));
        fetched.missing = is_member && buffer.first().is_some_and(|held| held.rows.is_none());
    }
    open.at = landing.at;
    open.buffer = buffer;
    open.current = 0;
    Ok(fetched)
}

/// Makes a row again of the rows of tables it consists of.
fn read(
    runtime: &mut Runtime<'_>,
    query: &CursorQuery,
    member: &Member,
    contents: &[Content],
) -> Result<(Row, Held), Stop> {
    let mut joined: Vec<Value> = Vec::new();
    let mut rows = Vec::with_capacity(query.tables.len());
    for (at, ((table, content), id)) in query
        .tables
        .iter()
        .zip(contents)
        .zip(&member.rows)
        .enumerate()
    {
        let width = table.definition.columns.len();
        let Some(id) = *id else {
            joined.extend(std::iter::repeat_n(Value::Null, width + 1));
            rows.push(None);
            continue;
        };
        runtime.wait_for_row(table.place, table.definition.object, id, table.locking)?;
        let found = content.tables.get(&table.definition.object);
        let found = found
            .filter(|found| {
                Arc::ptr_eq(&found.definition, &table.definition)
                    || found.definition.columns == table.definition.columns
            })
            .ok_or_else(schema_changed)?;
        let same_key = |row: &&Row| match member.keys.get(at) {
            Some(Some(key)) if !found.definition.keys.is_empty() => found.key_of(0, row) == *key,
            _ => true,
        };
        let Some(row) = found.row(id).filter(same_key) else {
            let types = query.query.columns.iter().map(|column| column.ty);
            let blanks = types.map(|ty| blank(runtime, ty));
            let row = blanks.chain([Value::Int(MISSING)]).collect();
            return Ok((row, Held { rows: None }));
        };
        joined.extend(row.iter().cloned());
        joined.push(Value::Int(i64::try_from(id.0).unwrap_or(i64::MAX)));
        rows.push(Some((id, Arc::clone(row))));
    }
    let mut values = runtime.eval_all(query.items(), &Env::of(&joined, None))?;
    values.push(Value::Int(SUCCEEDED));
    Ok((values.into(), Held { rows: Some(rows) }))
}

/// What stands in a row that is missing (documentation of sp_cursorfetch).
fn blank(runtime: &Runtime<'_>, ty: ExprType) -> Value {
    if ty.nullable {
        return Value::Null;
    }
    let from_text = |text: &str| {
        let from = ExprType::new(SqlType::VarChar(milink_core::sql_type::Length::Max));
        let dates = &runtime.functions.dates;
        convert_implicit(&Value::str(text), &from, &ty, dates).unwrap_or(Value::Null)
    };
    match ty.sql {
        SqlType::Bit => Value::Bit(false),
        SqlType::Binary(length) => Value::bytes(vec![0; usize::from(length)].as_slice()),
        SqlType::RowVersion => Value::bytes([0; 8].as_slice()),
        SqlType::VarBinary(_) | SqlType::Image => Value::bytes([].as_slice()),
        SqlType::UniqueIdentifier => Value::Guid(uuid::Uuid::nil()),
        SqlType::SqlVariant => Value::Variant(Box::new((SqlType::Int, Value::Int(0)))),
        SqlType::TinyInt
        | SqlType::SmallInt
        | SqlType::Int
        | SqlType::BigInt
        | SqlType::Decimal { .. }
        | SqlType::Money
        | SqlType::SmallMoney
        | SqlType::Real
        | SqlType::Float => from_text("0"),
        _ => from_text(""),
    }
}

/// 16943.
fn schema_changed() -> SqlError {
    SqlError::new(
        16943,
        16,
        "Could not complete cursor operation because the table schema changed after the cursor was declared.",
    )
}
