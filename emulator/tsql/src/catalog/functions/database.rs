//! DB_ID, DB_NAME and what is known of databases and files.

use milink_core::availability_group::Role;
use milink_core::database::{Database, DatabaseState, UserAccess};
use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::argument::{number, text};
use super::{MetadataFunction, function};
use crate::catalog::cell::variant;
use crate::catalog::column::{INT, NAME, VARIANT};
use crate::catalog::databases::{database_files, state_code};
use crate::catalog::{Cell, Scope};
use crate::error::SqlError;

pub(super) const FUNCTIONS: &[MetadataFunction] = &[
    function("db_id", (0, 1), INT, db_id),
    function("db_name", (0, 1), NAME, db_name),
    function("databasepropertyex", (2, 2), VARIANT, databasepropertyex),
    function("original_db_name", (0, 0), NAME, |scope, _| {
        Ok((&scope.database.name).cell())
    }),
    function("has_dbaccess", (1, 1), INT, has_dbaccess),
    function("file_id", (1, 1), SqlType::SmallInt, file_id),
    function("file_idex", (1, 1), INT, file_id),
    function("file_name", (1, 1), NAME, file_name),
    function("filegroup_id", (1, 1), INT, |_, args| {
        let primary = text(args, 0).is_some_and(|name| name.eq_ignore_ascii_case("primary"));
        Ok(primary.then_some(1).cell())
    }),
    function("filegroup_name", (1, 1), NAME, |_, args| {
        Ok((number(args, 0)? == Some(1)).then_some("PRIMARY").cell())
    }),
];

fn db_id(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    if args.is_empty() {
        return Ok(scope.database.id.cell());
    }
    let name = text(args, 0);
    let found = name.and_then(|name| scope.instance.database(&name));
    Ok(found.map(|database| database.id).cell())
}

fn db_name(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    if args.is_empty() {
        return Ok((&scope.database.name).cell());
    }
    let id = number(args, 0)?;
    // 0 means the current database (documentation: "DB_NAME").
    let found = match id {
        Some(0) => Some(&scope.database.name),
        id => {
            let mut databases = scope.instance.databases.values();
            databases
                .find(|database| Some(i64::from(database.id.0)) == id)
                .map(|database| &database.name)
        }
    };
    Ok(found.cell())
}

fn has_dbaccess(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    let name = text(args, 0);
    let found = name.and_then(|name| scope.instance.database(&name));
    let accessible = |database: &std::sync::Arc<Database>| database.state == DatabaseState::Online;
    Ok(found.map(|database| i32::from(accessible(database))).cell())
}

fn file_id(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    let name = text(args, 0).unwrap_or_default();
    let files = database_files(scope.instance, scope.database);
    let found = files
        .iter()
        .find(|file| file.name.eq_ignore_ascii_case(&name));
    Ok(found.map(|file| file.id).cell())
}

fn file_name(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    let id = number(args, 0)?;
    let files = database_files(scope.instance, scope.database);
    let found = files.iter().find(|file| Some(i64::from(file.id)) == id);
    Ok(found.map(|file| file.name.as_str()).cell())
}

fn databasepropertyex(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    let (Some(database), Some(property)) = (text(args, 0), text(args, 1)) else {
        return Ok(Value::Null);
    };
    let Some(database) = scope.instance.database(&database) else {
        return Ok(Value::Null);
    };
    Ok(property_of(scope, database, &property.to_lowercase()))
}

/// Unknown properties are NULL, as documented.
fn property_of(scope: &Scope<'_>, database: &Database, property: &str) -> Value {
    let options = &database.options;
    let text = |text: &str| variant(SqlType::nvarchar(128), text);
    let flag = |on: bool| variant(SqlType::Int, i32::from(on));
    let online = database.state == DatabaseState::Online;
    match property {
        "collation" => variant(SqlType::nvarchar(128), online.then_some(database.collation)),
        "comparisonstyle" => variant(SqlType::Int, 196_609),
        "edition" => Value::Null,
        "isansinulldefault" => flag(options.ansi_null_default),
        "isansinullsenabled" => flag(options.ansi_nulls),
        "isansipaddingenabled" => flag(options.ansi_padding),
        "isansiwarningsenabled" => flag(options.ansi_warnings),
        "isarithmeticabortenabled" => flag(options.arithabort),
        "isautoclose" => flag(options.auto_close),
        "isautocreatestatistics" => flag(!options.auto_create_stats_off),
        "isautocreatestatisticsincremental" => flag(false),
        "isautoshrink" => flag(options.auto_shrink),
        "isautoupdatestatistics" => flag(!options.auto_update_stats_off),
        "isclone" | "isinstandby" | "ismergepublished" | "ispublished" | "issubscribed"
        | "issyncwithbackup" | "isfulltextenabled" => flag(false),
        "isclosecursorsoncommitenabled" => flag(options.cursor_close_on_commit),
        "islocalcursorsdefault" => flag(options.local_cursor_default),
        "isnullconcat" => flag(options.concat_null_yields_null),
        "isnumericroundabortenabled" => flag(options.numeric_roundabort),
        "isparameterizationforced" => flag(options.parameterization_forced),
        "isquotedidentifiersenabled" => flag(options.quoted_identifier),
        "isrecursivetriggersenabled" => flag(options.recursive_triggers),
        "istornpagedetectionenabled" => flag(false),
        "isverifiedclone" => flag(false),
        "isxtpsupported" => flag(true),
        "lcid" => variant(SqlType::Int, 1033),
        "recovery" => text(database.recovery_model.desc()),
        "sqlsortorder" => variant(SqlType::TinyInt, 52),
        "status" => text(state_code(database.state).1),
        "updateability" => text(
            if database.read_only || scope.instance.role_of(database) == Some(Role::Secondary) {
                "READ_ONLY"
            } else {
                "READ_WRITE"
            },
        ),
        "useraccess" => text(match database.user_access {
            UserAccess::MultiUser => "MULTI_USER",
            UserAccess::SingleUser => "SINGLE_USER",
            UserAccess::RestrictedUser => "RESTRICTED_USER",
        }),
        "version" => variant(
            SqlType::Int,
            online.then_some(match database.compatibility_level {
                130 => 852,
                140 => 869,
                150 => 904,
                160 => 957,
                _ => 998,
            }),
        ),
        _ => Value::Null,
    }
}
