//! Cursors of the session that asks: CURSOR_STATUS and sys.dm_exec_cursors.

use milink_core::value::{Row, Value};

use super::argument::{number, text};
use super::{MetadataFunction, function};
use crate::catalog::column::{
    BIGINT, BIT, DATETIME, INT, SMALLINT, TINYINT, ViewColumn, col, nvarchar, req, varbinary,
};
use crate::catalog::{Cell, Scope, row};
use crate::error::SqlError;
use crate::session::cursor::{Concurrency, Cursor, Model, Sort};

pub(super) const FUNCTIONS: &[MetadataFunction] = &[function(
    "cursor_status",
    (2, 2),
    SMALLINT,
    |scope, args| Ok(status(scope, args).cell()),
)];

pub(super) const COLUMNS: &[ViewColumn] = &[
    req("session_id", INT),
    req("cursor_id", INT),
    col("name", nvarchar(256)),
    req("properties", nvarchar(256)),
    col("sql_handle", varbinary(64)),
    req("statement_start_offset", INT),
    req("statement_end_offset", INT),
    req("plan_generation_num", BIGINT),
    req("creation_time", DATETIME),
    req("is_open", BIT),
    req("is_async_population", BIT),
    req("is_close_on_commit", BIT),
    req("fetch_status", INT),
    req("fetch_buffer_size", INT),
    req("fetch_buffer_start", INT),
    req("ansi_position", TINYINT),
    req("worker_time", BIGINT),
    req("reads", BIGINT),
    req("writes", BIGINT),
    req("dormant_duration", BIGINT),
];

/// The cursors of a session, or of all with 0. Those of other sessions are not known here.
pub(super) fn cursors(scope: &Scope<'_>, args: &[Value]) -> Result<Vec<Row>, SqlError> {
    let session = number(args, 0)?;
    let own = i64::from(scope.session.0);
    if session.is_none_or(|session| session != 0 && session != own) {
        return Ok(Vec::new());
    }
    let close_on_commit = scope.settings.cursor_close_on_commit;
    let rows = scope.cursors.iter().map(|(handle, cursor)| {
        let dormant = scope.now.since(cursor.created);
        let buffer = cursor.open.as_ref().map_or(0, |open| open.buffer_size());
        row![
            own,
            handle,
            cursor.name.as_str(),
            properties(cursor),
            None::<&str>,
            0,
            -1,
            1,
            cursor.created,
            cursor.open.is_some(),
            false,
            close_on_commit,
            cursor.fetch_status,
            buffer as i64,
            0,
            u8::from(cursor.open.is_some()),
            0,
            0,
            0,
            dormant.as_milliseconds(),
        ]
    });
    Ok(rows.collect())
}

/// 1 open, 0 open without rows, -1 closed, -2 a variable without a cursor, -3 no such cursor.
fn status(scope: &Scope<'_>, args: &[Value]) -> Option<i64> {
    let sort = text(args, 0)?.to_lowercase();
    let sort = match sort.as_str() {
        "local" => Sort::Local,
        "global" => Sort::Global,
        "variable" => Sort::Variable,
        _ => return None,
    };
    let name = text(args, 1)?;
    // Frames are counted from 1, levels of nesting from 0.
    let frame = usize::try_from(scope.settings.nest_level + 1).unwrap_or(1);
    Some(match scope.cursors.named(sort, &name, frame) {
        None => -3,
        Some(None) => -2,
        Some(Some(cursor)) => match &cursor.open {
            None => -1,
            Some(open) if open.row_count() == 0 => 0,
            Some(_) => 1,
        },
    })
}

/// As `API | Keyset | Optimistic | Global (0)`.
fn properties(cursor: &Cursor) -> String {
    let by = match cursor.wish.by_client {
        true => "API",
        false => "TSQL",
    };
    let open = cursor.open.as_ref();
    let model = match open.map_or(cursor.wish.model, |open| open.model) {
        Model::Static => "Snapshot",
        Model::Keyset => "Keyset",
        Model::Dynamic => "Dynamic",
        Model::FastForward => "Fast_Forward",
    };
    let concurrency = match open.map_or(cursor.wish.concurrency, |open| open.concurrency) {
        Concurrency::ReadOnly => "Read Only",
        Concurrency::ScrollLocks => "Scroll Locks",
        Concurrency::Optimistic | Concurrency::OptimisticValues => "Optimistic",
    };
    let scope = match cursor.global {
        true => "Global (0)",
        false => "Local (0)",
    };
    format!("{by} | {model} | {concurrency} | {scope}")
}
