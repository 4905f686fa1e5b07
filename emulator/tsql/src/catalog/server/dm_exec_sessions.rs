//! `sys.dm_exec_sessions`: who is logged in. The columns are those that drivers and tools read.

use std::time::Duration;

use milink_core::session::Session;
use milink_core::value::{Row, Value};

use crate::catalog::column::{
    BIGINT, BIT, DATETIME, INT, NAME, SID, SMALLINT, ViewColumn, col, nvarchar, req, varbinary,
};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("dm_exec_sessions", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("session_id", SMALLINT),
    req("login_time", DATETIME),
    col("host_name", NAME),
    col("program_name", NAME),
    col("host_process_id", INT),
    col("client_version", INT),
    col("client_interface_name", nvarchar(32)),
    req("security_id", SID),
    req("login_name", NAME),
    col("nt_domain", NAME),
    col("nt_user_name", NAME),
    req("status", nvarchar(30)),
    col("context_info", varbinary(128)),
    req("cpu_time", INT),
    req("memory_usage", INT),
    req("total_scheduled_time", INT),
    req("total_elapsed_time", INT),
    req("endpoint_id", INT),
    req("last_request_start_time", DATETIME),
    col("last_request_end_time", DATETIME),
    req("reads", BIGINT),
    req("writes", BIGINT),
    req("logical_reads", BIGINT),
    req("text_size", INT),
    col("language", NAME),
    col("date_format", nvarchar(3)),
    req("date_first", SMALLINT),
    req("quoted_identifier", BIT),
    req("arithabort", BIT),
    req("ansi_null_dflt_on", BIT),
    req("ansi_defaults", BIT),
    req("ansi_warnings", BIT),
    req("ansi_padding", BIT),
    req("ansi_nulls", BIT),
    req("concat_null_yields_null", BIT),
    req("transaction_isolation_level", SMALLINT),
    req("lock_timeout", INT),
    req("deadlock_priority", INT),
    req("row_count", BIGINT),
    req("prev_error", INT),
    req("database_id", SMALLINT),
    req("is_user_process", BIT),
    col("original_security_id", SID),
    req("original_login_name", NAME),
    req("open_transaction_count", INT),
    col("authenticating_database_id", INT),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let sessions = scope.instance.live_sessions();
    sessions.map(|session| make_row(scope, session)).collect()
}

fn make_row(scope: &Scope<'_>, session: &Session) -> Row {
    // The SET state of other sessions is theirs alone: they show what a login starts with.
    let own = session.id == scope.session;
    let initial = crate::catalog::Settings::default();
    let settings = if own { scope.settings } else { &initial };
    let sid = scope.instance.logins.get(&session.login);
    let sid = sid.map_or_else(|| vec![1], |login| login.sid.to_vec());
    let transactions = open_transactions(scope, session);
    let elapsed = scope.now.since(session.last_request).to_std();
    row![
        session.id,
        session.login_time,
        session.host_name.as_str(),
        session.program_name.as_str(),
        Value::Null,
        7,
        session
            .client_interface
            .chars()
            .take(32)
            .collect::<String>(),
        sid.clone(),
        &session.login_name,
        Value::Null,
        Value::Null,
        if session.running {
            "running"
        } else {
            "sleeping"
        },
        settings.context_info.as_ref(),
        0,
        4,
        milliseconds(elapsed),
        milliseconds(elapsed),
        4,
        session.last_request,
        session.last_request,
        0,
        0,
        0,
        settings.text_size,
        &settings.language,
        &settings.date_format,
        settings.date_first,
        settings.quoted_identifier,
        settings.arithabort,
        settings.ansi_null_dflt_on,
        false,
        settings.ansi_warnings,
        settings.ansi_padding,
        settings.ansi_nulls,
        settings.concat_null_yields_null,
        settings.isolation,
        settings.lock_timeout,
        0,
        settings.row_count,
        0,
        session.database,
        true,
        sid,
        &session.login_name,
        transactions,
        1,
    ]
}

fn open_transactions(scope: &Scope<'_>, session: &Session) -> usize {
    let databases = scope.instance.databases.values();
    let open = databases.flat_map(|database| database.transactions.values());
    let own: std::collections::BTreeSet<_> = open
        .filter(|transaction| transaction.session == session.id)
        .map(|transaction| transaction.id)
        .collect();
    own.len().max(usize::from(
        session.id == scope.session && scope.transaction.is_some(),
    ))
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis())
        .unwrap_or(i64::MAX)
        .min(i32::MAX.into())
}
