//! `sp_tables`: tables and views, or the lists of databases, owners and table types (`SQLTables`).

use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};

use super::{Procedure, TABLE, Wanted, name};
use crate::catalog::column::{ViewColumn, col, join, varchar};
use crate::catalog::objects::{Kind, system_objects, user_objects};
use crate::catalog::{Scope, row};
use crate::error::SqlError;
use crate::procedure::{Body, Call, Parameter, defaulting, optional, result_set};

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_tables",
    parameters: PARAMETERS,
    body: Body::Native(run),
};

const PARAMETERS: &[Parameter] = &[
    name("@table_name"),
    name("@table_owner"),
    optional("@table_qualifier", SqlType::SYSNAME),
    optional("@table_type", SqlType::varchar(100)),
    defaulting("@fUsePattern", SqlType::Bit, Value::Bit(true)),
];

const COLUMNS: &[ViewColumn] = &join::<3, 2, 5>(
    NULLABLE_TABLE,
    [col("TABLE_TYPE", varchar(32)), col("REMARKS", varchar(254))],
);
/// The lists leave the name out.
const NULLABLE_TABLE: [ViewColumn; 3] = [TABLE[0], TABLE[1], col("TABLE_NAME", TABLE[2].sql_type)];

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let rows = call.read(rows)?;
    result_set::send(call.context, COLUMNS, rows);
    Ok(0)
}

fn rows(scope: &Scope<'_>, call: &Call<'_, '_>) -> Result<Vec<Row>, SqlError> {
    let arguments = [0, 1, 2, 3].map(|at| call.text(at));
    let database = &scope.database.name;
    match arguments {
        [Some(""), Some(""), Some("%"), _] => {
            let databases = scope.instance.databases.values();
            let row = |name| row![name, Value::Null, Value::Null, Value::Null, Value::Null];
            return Ok(databases.map(|database| row(&database.name)).collect());
        }
        [Some(""), Some("%"), Some(""), _] => {
            let content = scope.content();
            let row = |name| row![Value::Null, name, Value::Null, Value::Null, Value::Null];
            return Ok(content.schemas.keys().map(row).collect());
        }
        [Some(""), Some(""), Some(""), Some("%")] => {
            let row = |kind| row![Value::Null, Value::Null, Value::Null, kind, Value::Null];
            return Ok(["SYSTEM TABLE", "TABLE", "VIEW"].map(row).to_vec());
        }
        _ => {}
    }
    super::check_qualifier(scope, arguments[2].filter(|name| *name != "%"))?;
    let patterns = call.number(4) != Some(0);
    let names = Wanted::of(arguments[0], patterns)?;
    let owners = Wanted::of(arguments[1], patterns)?;
    // The types come as a list of quoted words.
    let types = arguments[3].map(str::to_uppercase);
    let is_wanted = |kind: &str| {
        types.as_ref().is_none_or(|types| {
            types == "%"
                || types
                    .split(',')
                    .any(|word| word.trim().trim_matches('\'') == kind)
        })
    };
    let mut found: Vec<(&str, _, _)> = Vec::new();
    let mut objects = user_objects(&scope.content());
    objects.extend(system_objects(scope));
    for object in objects {
        let kind = match object.kind {
            Kind::Table => "TABLE",
            Kind::View => "VIEW",
            _ => continue,
        };
        if is_wanted(kind) && names.has(&object.name) && owners.has(&object.schema) {
            found.push((kind, object.schema, object.name));
        }
    }
    found.sort();
    let rows = found.into_iter();
    Ok(rows
        .map(|(kind, owner, name)| row![database, owner, name, kind, Value::Null])
        .collect())
}
