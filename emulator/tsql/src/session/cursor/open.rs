//! Opening: which kind of cursor a query allows, and the rows it begins with.

use std::cell::RefCell;
use std::sync::Arc;

use milink_core::ids::DatabaseId;
use milink_core::sql_type::SqlType;
use milink_core::store::Content;
use milink_core::value::Row;

use super::scroll::At;
use super::{Concurrency, MAX_KEPT_ROWS, Member, Model, Opened, Rows, Wish};
use crate::engine::bind::{Binder, CursorQuery, Origin};
use crate::engine::bound::Place;
use crate::engine::exec::{Runtime, SHARED_FUEL, UNLIMITED};
use crate::engine::stop::Stop;
use crate::error::SqlError;
use crate::session::dispatch::over_snapshot;
use crate::session::event::{ResultColumn, SourceColumn, Sources};
use crate::session::host::Host;
use crate::session::state::{Local, Variables};
use crate::session::{Failure, Session, Wait};
use crate::types::ExprType;

/// The column behind those of the query that says whether the row is there.
const ROW_STATUS: &str = "ROWSTAT";

impl Session {
    /// Opens a cursor, unless something has to be waited for first.
    pub(super) fn open_by_handle(
        &mut self,
        handle: i32,
        host: &mut dyn Host,
    ) -> Result<Option<Wait>, Failure> {
        let Some(cursor) = self.state.cursors.get(handle) else {
            return Ok(None);
        };
        let (select, wish) = (Arc::clone(&cursor.select), cursor.wish.clone());
        let variables = cursor.variables.clone();
        let kept = self.state.cursors.kept_rows();
        let opened = self.over_cursor(
            &variables,
            host,
            |binder| binder.cursor_statement(&select),
            |runtime, query| populate(runtime, query, &wish, kept),
        );
        let opened = match opened {
            Ok(opened) => opened,
            Err(Ok(error)) => return Err(Failure::compile(error)),
            Err(Err(stop)) => return self.stopped(stop, host).map(Some),
        };
        if wish.for_update.is_some() && opened.concurrency == Concurrency::ReadOnly {
            return Err(SqlError::new(
                16957,
                16,
                "FOR UPDATE cannot be specified on a READ ONLY cursor.",
            )
            .into());
        }
        if let Some(cursor) = self.state.cursors.get_mut(handle) {
            cursor.open = Some(opened);
        }
        Ok(None)
    }

    /// Binds and runs something with a cursor's own variables; the outer `Ok` of an error was found while binding.
    pub(super) fn over_cursor<B, R>(
        &mut self,
        variables: &Variables,
        host: &mut dyn Host,
        bind: impl FnOnce(&mut Binder<'_>) -> Result<B, SqlError>,
        run: impl FnOnce(&mut Runtime<'_>, B) -> Result<R, Stop>,
    ) -> Result<R, Result<SqlError, Stop>> {
        let mut local = Local::new();
        local.variables = variables.clone();
        if let Some(frame) = self.frames.last_mut() {
            local.tables = frame.local.tables.clone();
            local.remote = std::mem::take(&mut frame.local.remote);
        }
        let fuel = match host.has_own_thread() {
            true => UNLIMITED,
            false => SHARED_FUEL,
        };
        let result = over_snapshot(
            host,
            &mut self.state,
            &mut local,
            fuel,
            |instance, state, local| {
                let bound = bind(&mut Binder::new(instance, state, local))?;
                Ok(RefCell::new(Some(bound)))
            },
            |runtime, bound| match bound.take() {
                Some(bound) => run(runtime, bound),
                None => Err(crate::session::instance_gone().into()),
            },
        );
        if let Some(frame) = self.frames.last_mut() {
            frame.local.remote = local.remote;
        }
        result.map(|(result, _)| result)
    }
}

/// The rows of a cursor that is being opened.
fn populate(
    runtime: &mut Runtime<'_>,
    bound: CursorQuery,
    wish: &Wish,
    kept: usize,
) -> Result<Opened, Stop> {
    let (model, copies) = model(wish, &bound);
    let concurrency = match model {
        Model::Static | Model::FastForward => Concurrency::ReadOnly,
        Model::Keyset | Model::Dynamic => wish.concurrency,
    };
    let seen = contents(runtime, &bound);
    let rows = if copies {
        let width = bound.query.columns.len();
        let mut rows = runtime.query(&bound.query, None)?;
        if !bound.tables.is_empty() {
            for row in &mut rows {
                *row = row[..width].into();
            }
        }
        Rows::Copies(Arc::new(rows))
    } else {
        Rows::Members(Arc::new(members(runtime, &bound, model)?))
    };
    check_kept(kept, rows.len())?;
    Ok(Opened {
        model,
        concurrency,
        at: At::Before,
        columns: columns(&bound, concurrency),
        sources: Arc::new(sources(runtime, &bound, model)),
        query: Arc::new(bound),
        rows,
        buffer: Vec::new(),
        current: 0,
        seen,
    })
}

/// The kind of cursor that a query allows, and whether it has to keep copies (documentation: "Using implicit cursor
/// conversions"; observed with SQL Server 2025).
fn model(wish: &Wish, query: &CursorQuery) -> (Model, bool) {
    let keyset = || {
        // Only cursors of T-SQL need a key.
        match wish.by_client || query.has_keys() {
            true => (Model::Keyset, false),
            false => (Model::Static, true),
        }
    };
    let moves = !query.has_limit() && query.order_is_indexed();
    match wish.model {
        Model::FastForward if query.tables.is_empty() || !moves => match wish.by_client {
            true if query.tables.is_empty() => (Model::Static, true),
            _ => (Model::FastForward, true),
        },
        Model::FastForward => (Model::FastForward, false),
        _ if query.tables.is_empty() => (Model::Static, true),
        Model::Static => (Model::Static, true),
        Model::Keyset => keyset(),
        Model::Dynamic if moves => (Model::Dynamic, false),
        Model::Dynamic => keyset(),
    }
}

/// The rows that a query finds now, by the rows of tables they are made of.
pub(super) fn members(
    runtime: &mut Runtime<'_>,
    query: &CursorQuery,
    model: Model,
) -> Result<Vec<Member>, Stop> {
    let width = query.query.columns.len();
    let rows = runtime.query(&query.query, None)?;
    let contents: Vec<Content> = query
        .tables
        .iter()
        .map(|table| runtime.seen_content(table.place, table.locking))
        .collect();
    let member = |row: &Row| {
        let numbers = row[width..].iter();
        let rows: Box<[_]> = numbers
            .map(|number| {
                let number = u64::try_from(number.as_int()?).ok()?;
                Some(milink_core::ids::RowId(number))
            })
            .collect();
        let keys = match model {
            Model::Keyset => {
                let parts = query.tables.iter().zip(&contents).zip(&rows);
                parts
                    .map(|((table, content), id)| {
                        let table = content.tables.get(&table.definition.object)?;
                        table.definition.keys.first()?;
                        Some(table.key_of(0, table.row((*id)?)?))
                    })
                    .collect()
            }
            _ => Box::default(),
        };
        Member { rows, keys }
    };
    Ok(rows.iter().map(member).collect())
}

/// What the rows of a cursor's tables are found in.
pub(super) fn contents(
    runtime: &mut Runtime<'_>,
    query: &CursorQuery,
) -> Vec<(Option<DatabaseId>, Content)> {
    let mut contents: Vec<(Option<DatabaseId>, Content)> = Vec::new();
    for table in &query.tables {
        let place = match table.place {
            Place::Database(id) => Some(id),
            Place::Temporary | Place::Variable => None,
        };
        if !contents.iter().any(|(known, _)| *known == place) {
            contents.push((place, runtime.seen_content(table.place, table.locking)));
        }
    }
    contents
}

/// Refuses a cursor that would keep too much.
pub(super) fn check_kept(kept: usize, more: usize) -> Result<(), SqlError> {
    if kept.saturating_add(more) > MAX_KEPT_ROWS {
        return Err(SqlError::unsupported(format!(
            "more than {MAX_KEPT_ROWS} rows in the open cursors of a session"
        )));
    }
    Ok(())
}

fn columns(query: &CursorQuery, concurrency: Concurrency) -> Arc<[ResultColumn]> {
    let mut columns = query.query.columns.clone();
    for column in &mut columns {
        column.updatable &= concurrency != Concurrency::ReadOnly;
    }
    columns.push(ResultColumn {
        name: ROW_STATUS.into(),
        ty: ExprType::new(SqlType::Int).with_nullable(false),
        identity: false,
        updatable: false,
        computed: false,
    });
    columns.into()
}

/// Where the columns come from, as clients are told (observed with SQL Server 2025).
fn sources(runtime: &Runtime<'_>, query: &CursorQuery, model: Model) -> Sources {
    let current = runtime.database(runtime.state.database).name.clone();
    let tables = query.tables.iter().map(|table| {
        let mut name = vec![
            table.definition.schema.to_string(),
            table.definition.name.to_string(),
        ];
        if matches!(table.place, Place::Database(_)) && !current.is(&table.database) {
            name.insert(0, table.database.clone());
        }
        name
    });
    let shows_keys = matches!(model, Model::Keyset | Model::Dynamic);
    let mut columns: Vec<SourceColumn> = Vec::with_capacity(query.query.columns.len() + 1);
    for (column, origin) in query.query.columns.iter().zip(&query.origins) {
        columns.push(source_column(query, column, *origin, shows_keys));
    }
    // A query that is no single SELECT has none.
    columns.resize(query.query.columns.len(), SourceColumn::EXPRESSION);
    columns.push(SourceColumn {
        hidden: true,
        ..SourceColumn::EXPRESSION
    });
    Sources {
        tables: tables.collect(),
        columns,
    }
}

fn source_column(
    query: &CursorQuery,
    column: &ResultColumn,
    origin: Option<Origin>,
    shows_keys: bool,
) -> SourceColumn {
    let found = origin.and_then(|origin| {
        let definition = &query.tables.get(origin.table)?.definition;
        let number = u8::try_from(origin.table + 1).ok()?;
        Some((
            origin,
            definition,
            number,
            definition.columns.get(origin.column)?,
        ))
    });
    let Some((origin, definition, number, own)) = found else {
        return SourceColumn::EXPRESSION;
    };
    let key = definition.keys.first();
    let is_key = key.is_some_and(|key| key.columns.iter().any(|part| part.0 == origin.column));
    SourceColumn {
        table: number,
        key: shows_keys && is_key,
        expression: false,
        hidden: false,
        base_name: (*column.name != *own.name.as_str()).then(|| own.name.shared()),
    }
}
