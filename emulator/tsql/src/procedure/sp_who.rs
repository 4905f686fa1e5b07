//! `sp_who`, `sp_who2` and `sp_lock`: who is connected, and what is held.

use milink_core::session::Session;
use milink_core::sql_type::SqlType;
use milink_core::store::LockKey;
use milink_core::value::Row;

use super::{Body, Call, Procedure, optional, result_set};
use crate::catalog::column::{
    INT, NAME, SMALLINT, ViewColumn, character, col, nvarchar, req, varchar,
};
use crate::catalog::{Scope, row};
use crate::error::SqlError;

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_who",
    parameters: &[optional("@loginame", SqlType::SYSNAME)],
    body: Body::Native(who),
};

pub(super) const WHO2: Procedure = Procedure {
    name: "sp_who2",
    parameters: &[optional("@loginame", SqlType::SYSNAME)],
    body: Body::Native(who2),
};

pub(super) const LOCK: Procedure = Procedure {
    name: "sp_lock",
    parameters: &[
        optional("@spid1", SqlType::Int),
        optional("@spid2", SqlType::Int),
    ],
    body: Body::Native(lock),
};

fn who(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    const COLUMNS: &[ViewColumn] = &[
        req("spid", SMALLINT),
        req("ecid", SMALLINT),
        req("status", SqlType::NChar(30)),
        col("loginame", NAME),
        req("hostname", SqlType::NChar(128)),
        col("blk", character(5)),
        col("dbname", NAME),
        req("cmd", SqlType::NChar(26)),
        req("request_id", INT),
    ];
    let rows = sessions(call, |scope, session| {
        row![
            session.id,
            0,
            format!("{:<30}", status(session)),
            &session.login_name,
            padded(&session.host_name, 128),
            "0    ",
            database_name(scope, session),
            format!("{:<26}", command(session)),
            0,
        ]
    })?;
    result_set::send(call.context, COLUMNS, rows);
    Ok(0)
}

fn who2(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    const COLUMNS: &[ViewColumn] = &[
        req("SPID", character(5)),
        req("Status", nvarchar(30)),
        req("Login", NAME),
        req("HostName", NAME),
        req("BlkBy", character(5)),
        col("DBName", NAME),
        req("Command", nvarchar(26)),
        req("CPUTime", varchar(10)),
        req("DiskIO", varchar(10)),
        req("LastBatch", varchar(20)),
        req("ProgramName", NAME),
        req("SPID", character(5)),
        req("REQUESTID", character(5)),
    ];
    let rows = sessions(call, |scope, session| {
        let id = format!("{:<5}", session.id.0);
        let last = session
            .last_request
            .to_jiff()
            .strftime("%m/%d %H:%M:%S")
            .to_string();
        row![
            id.as_str(),
            status(session).to_uppercase(),
            &session.login_name,
            session.host_name.as_str(),
            "  .  ",
            database_name(scope, session),
            command(session),
            "0",
            "0",
            last,
            session.program_name.as_str(),
            id.as_str(),
            "0    ",
        ]
    })?;
    result_set::send(call.context, COLUMNS, rows);
    Ok(0)
}

fn lock(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    const COLUMNS: &[ViewColumn] = &[
        req("spid", SMALLINT),
        req("dbid", SMALLINT),
        req("ObjId", INT),
        req("IndId", SMALLINT),
        req("Type", SqlType::NChar(4)),
        req("Resource", SqlType::NChar(32)),
        req("Mode", nvarchar(8)),
        req("Status", nvarchar(5)),
    ];
    let rows = call.read(|scope, call| {
        let wanted = [call.number(0), call.number(1)];
        let mut rows = Vec::new();
        let mut add = |session: i16,
                       database: i32,
                       object: i32,
                       index: usize,
                       kind: &str,
                       resource: String,
                       mode: &str| {
            let any = wanted == [None, None];
            if any || wanted.contains(&Some(session.into())) {
                rows.push(row![
                    session,
                    database,
                    object,
                    index,
                    format!("{kind:<4}"),
                    padded(&resource, 32),
                    mode,
                    "GRANT",
                ]);
            }
        };
        for session in scope.instance.live_sessions() {
            add(
                session.id.0,
                session.database.0,
                0,
                0,
                "DB",
                String::new(),
                "S",
            );
        }
        for database in scope.instance.databases.values() {
            for (key, holder) in &database.locks {
                let session = database
                    .transactions
                    .get(holder)
                    .map_or(0, |open| open.session.0);
                let id = database.id.0;
                match key {
                    LockKey::Object(table) => {
                        add(session, id, table.0, 0, "TAB", String::new(), "X");
                    }
                    LockKey::Row(table, row) => {
                        add(session, id, table.0, 0, "RID", format!("1:{row}:0"), "X");
                    }
                    LockKey::Key(table, index, _) => {
                        add(session, id, table.0, index + 1, "KEY", String::new(), "X");
                    }
                }
            }
        }
        Ok(rows)
    })?;
    result_set::send(call.context, COLUMNS, rows);
    Ok(0)
}

/// The sessions of one login, of one id, or all; `active` leaves those out that wait.
fn sessions(
    call: &mut Call<'_, '_>,
    row: impl Fn(&Scope<'_>, &Session) -> Row,
) -> Result<Vec<Row>, SqlError> {
    call.read(|scope, call| {
        let wanted = call.text(0).filter(|text| !text.is_empty());
        let number = wanted.and_then(|text| text.trim().parse::<i16>().ok());
        let active = wanted.is_some_and(|text| text.eq_ignore_ascii_case("active"));
        if let Some(name) = wanted
            && number.is_none()
            && !active
            && scope.instance.login(name).is_none()
        {
            return Err(SqlError::new(
                15007,
                16,
                format!("'{name}' is not a valid login or you do not have permission."),
            ));
        }
        let sessions = scope.instance.live_sessions();
        let shown = sessions.filter(|session| match (number, active, wanted) {
            (Some(number), ..) => session.id.0 == number,
            (None, true, _) => session.running,
            (None, false, Some(name)) => session.login_name.is(name),
            (None, false, None) => true,
        });
        Ok(shown.map(|session| row(scope, session)).collect())
    })
}

fn status(session: &Session) -> &'static str {
    if session.running {
        "runnable"
    } else {
        "sleeping"
    }
}

fn command(session: &Session) -> &'static str {
    if session.running {
        "SELECT"
    } else {
        "AWAITING COMMAND"
    }
}

fn database_name(scope: &Scope<'_>, session: &Session) -> Option<std::sync::Arc<str>> {
    let database = scope.instance.databases.get(&session.database);
    database.map(|database| database.name.shared())
}

/// Text as wide as a column of fixed length.
fn padded(text: &str, width: usize) -> String {
    let cut: String = text.chars().take(width).collect();
    format!("{cut:<width$}")
}
