//! The views of SQL Server 2000 that old clients still ask: `sysdatabases`, `sysobjects` and their like.

use milink_core::principal::LoginKind;
use milink_core::sql_type::SqlType;
use milink_core::store::{FileSize, Growth};
use milink_core::value::{Row, Value};

use super::column::{DATETIME, INT, NAME, SID, SMALLINT, TINYINT, character, col, nvarchar, req};
use super::databases::{data_file, database_files};
use super::objects::{ALL_TYPES, SYSNAME_ID, system_objects, type_facts, user_objects};
use super::{Scope, View, row};

/// The views of this family.
pub(super) const VIEWS: &[View] = &[
    SYSDATABASES,
    SYSOBJECTS,
    SYSCOLUMNS,
    SYSTYPES,
    SYSUSERS,
    SYSLOGINS,
    SYSPROCESSES,
    SYSFILES,
];

/// Whether a view is one of these, which can be named without a schema.
pub(super) fn contains(view: &View) -> bool {
    VIEWS.iter().any(|own| own.name == view.name)
}

const SYSDATABASES: View = View::sys(
    "sysdatabases",
    &[
        req("name", NAME),
        req("dbid", SMALLINT),
        col("sid", SID),
        req("mode", SMALLINT),
        req("status", INT),
        req("status2", INT),
        req("crdate", DATETIME),
        col("reserved", DATETIME),
        req("category", INT),
        req("cmptlevel", TINYINT),
        col("filename", nvarchar(260)),
        col("version", SMALLINT),
    ],
    |scope| {
        let databases = scope.instance.databases.values();
        databases
            .map(|database| {
                let data = data_file(scope.instance, database);
                row![
                    &database.name,
                    database.id,
                    [1_u8].as_slice(),
                    0,
                    65_536,
                    1_090_519_040,
                    database.created,
                    Value::Null,
                    0,
                    database.compatibility_level,
                    data.path,
                    957,
                ]
            })
            .collect()
    },
);

const SYSOBJECTS: View = View::sys(
    "sysobjects",
    &[
        req("name", NAME),
        req("id", INT),
        req("xtype", character(2)),
        req("uid", SMALLINT),
        req("info", SMALLINT),
        req("status", INT),
        req("parent_obj", INT),
        req("crdate", DATETIME),
        req("type", character(2)),
        req("refdate", DATETIME),
        req("category", INT),
    ],
    |scope| {
        let mut objects = user_objects(&scope.content());
        objects.extend(system_objects(scope));
        let rows = objects.iter().map(|object| {
            let code = object.kind.code().0;
            // The old types: K for both keys.
            let old = match code {
                "PK" | "UQ" => "K ",
                code => code,
            };
            row![
                &object.name,
                object.id,
                code,
                object.schema_id,
                0,
                0,
                object.parent,
                object.created,
                old,
                object.created,
                if object.is_system { 2 } else { 0 },
            ]
        });
        rows.collect()
    },
);

const SYSCOLUMNS: View = View::sys(
    "syscolumns",
    &[
        col("name", NAME),
        req("id", INT),
        req("xtype", TINYINT),
        req("xusertype", SMALLINT),
        req("length", SMALLINT),
        req("colid", SMALLINT),
        req("colorder", SMALLINT),
        req("type", TINYINT),
        req("usertype", SMALLINT),
        col("prec", SMALLINT),
        col("scale", INT),
        req("iscomputed", INT),
        col("isnullable", INT),
        col("collation", NAME),
    ],
    syscolumns,
);

const SYSTYPES: View = View::sys(
    "systypes",
    &[
        req("name", NAME),
        req("xtype", TINYINT),
        req("status", TINYINT),
        req("xusertype", SMALLINT),
        req("length", SMALLINT),
        req("xprec", TINYINT),
        req("xscale", TINYINT),
        col("collation", NAME),
    ],
    |scope| {
        let row = |name: &str, sql: SqlType, user_type: i32| {
            let facts = type_facts(sql);
            let collation = sql.is_character().then_some(scope.database.collation);
            row![
                name,
                facts.id,
                0,
                user_type,
                facts.max_length,
                facts.precision,
                facts.scale,
                collation,
            ]
        };
        let types = ALL_TYPES.into_iter();
        let types = types.map(|sql| row(sql.name(), sql, type_facts(sql).id.into()));
        types
            .chain([row("sysname", SqlType::SYSNAME, SYSNAME_ID)])
            .collect()
    },
);

const SYSUSERS: View = View::sys(
    "sysusers",
    &[
        req("uid", SMALLINT),
        req("status", SMALLINT),
        req("name", NAME),
        col("sid", SID),
        req("createdate", DATETIME),
        req("islogin", INT),
        req("issqluser", INT),
        req("issqlrole", INT),
    ],
    |scope| {
        let content = scope.content();
        let users = content.users.values();
        users
            .map(|user| {
                let sid = match (&user.login, user.id.0) {
                    (_, 1) => Some(vec![1]),
                    (Some(login), _) => {
                        let login = scope.instance.login(login.as_str());
                        login.map(|login| login.sid.to_vec())
                    }
                    (None, _) => None,
                };
                let is_user = i32::from(!user.is_role);
                // Ids of fixed roles, as all ids, fit the old type.
                let id = i16::try_from(user.id.0).unwrap_or(i16::MAX);
                row![
                    id,
                    0,
                    &user.name,
                    sid,
                    user.created,
                    is_user,
                    is_user,
                    1 - is_user
                ]
            })
            .collect()
    },
);

const SYSLOGINS: View = View::sys(
    "syslogins",
    &[
        col("sid", SID),
        req("createdate", DATETIME),
        req("updatedate", DATETIME),
        req("name", NAME),
        col("dbname", NAME),
        col("language", NAME),
        req("denylogin", INT),
        req("hasaccess", INT),
        req("isntname", INT),
        req("sysadmin", INT),
        req("loginname", NAME),
    ],
    |scope| {
        let logins = scope.instance.logins.values();
        logins
            .filter(|login| login.kind != LoginKind::Role)
            .map(|login| {
                row![
                    &login.sid,
                    login.created,
                    login.modified,
                    &login.name,
                    &login.default_database,
                    "us_english",
                    0,
                    1,
                    0,
                    i32::from(login.sysadmin),
                    &login.name,
                ]
            })
            .collect()
    },
);

const SYSPROCESSES: View = View::sys(
    "sysprocesses",
    &[
        req("spid", SMALLINT),
        req("kpid", SMALLINT),
        req("blocked", SMALLINT),
        req("waittype", SqlType::Binary(2)),
        req("waittime", SqlType::BigInt),
        req("lastwaittype", SqlType::NChar(32)),
        req("waitresource", SqlType::NChar(256)),
        req("dbid", SMALLINT),
        req("uid", SMALLINT),
        req("cpu", INT),
        req("physical_io", SqlType::BigInt),
        req("memusage", INT),
        req("login_time", DATETIME),
        req("last_batch", DATETIME),
        req("ecid", SMALLINT),
        req("open_tran", SMALLINT),
        req("status", SqlType::NChar(30)),
        req("sid", SqlType::Binary(86)),
        req("hostname", SqlType::NChar(128)),
        req("program_name", SqlType::NChar(128)),
        req("hostprocess", SqlType::NChar(10)),
        req("cmd", SqlType::NChar(26)),
        req("loginame", SqlType::NChar(128)),
    ],
    sysprocesses,
);

const SYSFILES: View = View::sys(
    "sysfiles",
    &[
        req("fileid", SMALLINT),
        req("groupid", SMALLINT),
        req("size", INT),
        req("maxsize", INT),
        req("growth", INT),
        req("status", INT),
        req("perf", INT),
        req("name", NAME),
        req("filename", nvarchar(260)),
    ],
    |scope| {
        let files = database_files(scope.instance, scope.database);
        let row = |file: &super::databases::ShownFile| {
            row![
                file.id,
                i32::from(!file.is_log),
                file.pages.min(i32::MAX as u64),
                match file.size.most_pages {
                    FileSize::MOST_PAGES => -1,
                    pages => i64::from(pages),
                },
                match file.size.growth {
                    Growth::Pages(growth) | Growth::Percent(growth) => i64::from(growth),
                },
                if file.is_log { 66 } else { 2 },
                0,
                file.name.as_str(),
                file.path.as_str(),
            ]
        };
        files.iter().map(row).collect()
    },
);

fn syscolumns(scope: &Scope<'_>) -> Vec<Row> {
    let content = scope.content();
    let mut rows = Vec::new();
    for table in content.tables.values() {
        for (column, position) in table.definition.columns.iter().zip(1..) {
            let facts = type_facts(column.sql_type);
            let characters = match column.sql_type {
                SqlType::NChar(_) | SqlType::NVarChar(_) if facts.max_length > 0 => {
                    facts.max_length / 2
                }
                _ if facts.precision == 0 => facts.max_length,
                _ => facts.precision.into(),
            };
            rows.push(row![
                &column.name,
                table.definition.object,
                facts.id,
                i16::from(facts.id),
                facts.max_length,
                column.id.min(i16::MAX.into()),
                position,
                facts.id,
                i16::from(facts.id),
                characters,
                (facts.precision > 0).then_some(facts.scale),
                i32::from(column.computed.is_some()),
                i32::from(column.nullable),
                column.collation,
            ]);
        }
    }
    rows
}

fn sysprocesses(scope: &Scope<'_>) -> Vec<Row> {
    let wide = |text: &str, width: usize| {
        let cut: String = text.chars().take(width).collect();
        format!("{cut:<width$}")
    };
    let sessions = scope.instance.live_sessions();
    sessions
        .map(|session| {
            let login = scope.instance.logins.get(&session.login);
            let mut sid = login.map_or_else(Vec::new, |login| login.sid.to_vec());
            sid.resize(86, 0);
            let (status, command) = if session.running {
                ("runnable", "SELECT")
            } else {
                ("sleeping", "AWAITING COMMAND")
            };
            row![
                session.id,
                0,
                0,
                [0_u8; 2].as_slice(),
                0,
                wide("MISCELLANEOUS", 32),
                wide("", 256),
                session.database,
                1,
                0,
                0,
                0,
                session.login_time,
                session.last_request,
                0,
                0,
                wide(status, 30),
                sid,
                wide(&session.host_name, 128),
                wide(&session.program_name, 128),
                wide("", 10),
                wide(command, 26),
                wide(session.login_name.as_str(), 128),
            ]
        })
        .collect()
}
