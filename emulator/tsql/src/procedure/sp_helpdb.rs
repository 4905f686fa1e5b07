//! `sp_helpdb`, `sp_helpfile` and `sp_databases`: databases and their files.

use milink_core::availability_group::Role;
use milink_core::database::Database;
use milink_core::sql_type::SqlType;
use milink_core::store::{FileSize, Growth};
use milink_core::value::{Row, Value};

use super::{Body, Call, Procedure, optional, result_set};
use crate::catalog::column::{
    INT, NAME, SMALLINT, TINYINT, ViewColumn, col, nvarchar, req, varchar,
};
use crate::catalog::databases::{ShownFile, database_files, state_code};
use crate::catalog::{Scope, row};
use crate::error::SqlError;

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_helpdb",
    parameters: &[optional("@dbname", SqlType::SYSNAME)],
    body: Body::Native(run),
};

pub(super) const HELP_FILE: Procedure = Procedure {
    name: "sp_helpfile",
    parameters: &[optional("@filename", SqlType::SYSNAME)],
    body: Body::Native(help_file),
};

pub(super) const DATABASES: Procedure = Procedure {
    name: "sp_databases",
    parameters: &[],
    body: Body::Native(databases),
};

const COLUMNS: &[ViewColumn] = &[
    req("name", NAME),
    col("db_size", nvarchar(13)),
    col("owner", NAME),
    req("dbid", SMALLINT),
    col("created", nvarchar(11)),
    col("status", nvarchar(600)),
    req("compatibility_level", TINYINT),
];

const FILE_COLUMNS: &[ViewColumn] = &[
    req("name", NAME),
    req("fileid", SMALLINT),
    req("filename", nvarchar(260)),
    col("filegroup", NAME),
    req("size", nvarchar(18)),
    req("maxsize", nvarchar(18)),
    req("growth", nvarchar(18)),
    req("usage", varchar(9)),
];

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let name = call.text(0).map(str::to_owned);
    let (rows, files) = call.read(|scope, _| {
        let mut shown: Vec<_> = scope.instance.databases.values().collect();
        if let Some(name) = &name {
            shown.retain(|database| database.name.is(name));
            if shown.is_empty() {
                return Err(SqlError::new(
                    15010,
                    16,
                    format!("The database '{name}' does not exist. Supply a valid database name. To see available databases, use sys.databases."),
                ));
            }
        }
        let files = shown.iter().flat_map(|database| database_files(scope.instance, database));
        let files = files.map(|file| file_row(&file)).collect();
        let rows = shown.iter().map(|database| database_row(scope, database)).collect();
        Ok((rows, files))
    })?;
    result_set::send(call.context, COLUMNS, rows);
    if name.is_some() {
        result_set::send(call.context, FILE_COLUMNS, files);
    }
    Ok(0)
}

fn help_file(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let rows = call.read(|scope, call| {
        let files = database_files(scope.instance, scope.database);
        let wanted = call.text(0);
        let files = files
            .iter()
            .filter(|file| wanted.is_none_or(|name| file.name.eq_ignore_ascii_case(name)));
        Ok(files.map(file_row).collect())
    })?;
    result_set::send(call.context, FILE_COLUMNS, rows);
    Ok(0)
}

fn databases(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    const COLUMNS: &[ViewColumn] = &[
        req("DATABASE_NAME", NAME),
        col("DATABASE_SIZE", INT),
        col("REMARKS", varchar(254)),
    ];
    let rows = call.read(|scope, _| {
        let mut shown: Vec<_> = scope.instance.databases.values().collect();
        shown.sort_by(|a, b| a.name.cmp(&b.name));
        let row =
            |database: &Database| row![&database.name, kilobytes(scope, database), Value::Null];
        Ok(shown.into_iter().map(|database| row(database)).collect())
    })?;
    result_set::send(call.context, COLUMNS, rows);
    Ok(0)
}

fn kilobytes(scope: &Scope<'_>, database: &Database) -> u64 {
    let files = database_files(scope.instance, database);
    files.iter().map(|file| file.pages * 8).sum()
}

fn database_row(scope: &Scope<'_>, database: &Database) -> Row {
    let megabytes = kilobytes(scope, database) as f64 / 1024.0;
    let created = database.created.to_jiff().strftime("%b %e %Y").to_string();
    let status = format!(
        "Status={}, Updateability={}, UserAccess={}, Recovery={}, Version=957, Collation={}, SQLSortOrder=52, IsAutoCreateStatistics, IsAutoUpdateStatistics, IsFullTextEnabled",
        state_code(database.state).1,
        if database.read_only || scope.instance.role_of(database) == Some(Role::Secondary) {
            "READ_ONLY"
        } else {
            "READ_WRITE"
        },
        match database.user_access {
            milink_core::database::UserAccess::MultiUser => "MULTI_USER",
            milink_core::database::UserAccess::SingleUser => "SINGLE_USER",
            milink_core::database::UserAccess::RestrictedUser => "RESTRICTED_USER",
        },
        database.recovery_model.desc(),
        database.collation,
    );
    row![
        &database.name,
        format!("{megabytes:>10.2} MB"),
        "sa",
        database.id,
        created,
        status,
        database.compatibility_level,
    ]
}

fn kilobytes_of(pages: u32) -> String {
    format!("{} KB", u64::from(pages) * 8)
}

fn file_row(file: &ShownFile) -> Row {
    row![
        file.name.as_str(),
        file.id,
        file.path.as_str(),
        (!file.is_log).then_some("PRIMARY"),
        format!("{} KB", file.pages * 8),
        match file.size.most_pages {
            FileSize::MOST_PAGES if !file.is_log => "Unlimited".to_owned(),
            pages => kilobytes_of(pages),
        },
        match file.size.growth {
            Growth::Pages(pages) => kilobytes_of(pages),
            Growth::Percent(percent) => format!("{percent}%"),
        },
        if file.is_log { "log only" } else { "data only" },
    ]
}
