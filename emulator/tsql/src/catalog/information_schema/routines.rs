//! `ROUTINES` and `PARAMETERS`: the procedures of users.

use milink_core::store::{Module, ModuleKind};
use milink_core::value::{Row, Value};

use super::{modules, shortened, view};
use crate::catalog::column::{DATETIME, INT, NAME, TINYINT, ViewColumn, col, nvarchar, req};
use crate::catalog::objects::{parameters_of, type_facts};
use crate::catalog::{Scope, View, row};

pub(super) const ROUTINES: View = view("ROUTINES", ROUTINE_COLUMNS, routines);

pub(super) const PARAMETERS: View = view("PARAMETERS", PARAMETER_COLUMNS, parameters);

const ROUTINE_COLUMNS: &[ViewColumn] = &[
    col("SPECIFIC_CATALOG", NAME),
    col("SPECIFIC_SCHEMA", NAME),
    req("SPECIFIC_NAME", NAME),
    col("ROUTINE_CATALOG", NAME),
    col("ROUTINE_SCHEMA", NAME),
    req("ROUTINE_NAME", NAME),
    col("ROUTINE_TYPE", nvarchar(20)),
    col("DATA_TYPE", NAME),
    col("CHARACTER_MAXIMUM_LENGTH", INT),
    col("ROUTINE_BODY", nvarchar(30)),
    col("ROUTINE_DEFINITION", nvarchar(4000)),
    req("CREATED", DATETIME),
    req("LAST_ALTERED", DATETIME),
];

const PARAMETER_COLUMNS: &[ViewColumn] = &[
    col("SPECIFIC_CATALOG", NAME),
    col("SPECIFIC_SCHEMA", NAME),
    req("SPECIFIC_NAME", NAME),
    req("ORDINAL_POSITION", INT),
    col("PARAMETER_MODE", nvarchar(10)),
    col("IS_RESULT", nvarchar(10)),
    col("PARAMETER_NAME", NAME),
    col("DATA_TYPE", NAME),
    col("CHARACTER_MAXIMUM_LENGTH", INT),
    col("NUMERIC_PRECISION", TINYINT),
    col("NUMERIC_SCALE", INT),
];

fn routines(scope: &Scope<'_>) -> Vec<Row> {
    let content = scope.content();
    let database = &scope.database.name;
    let row = |module: &Module| {
        row![
            database,
            &module.schema,
            &module.name,
            database,
            &module.schema,
            &module.name,
            "PROCEDURE",
            Value::Null,
            Value::Null,
            "SQL",
            shortened(&module.text),
            module.created,
            module.modified,
        ]
    };
    modules(&content, ModuleKind::Procedure).map(row).collect()
}

fn parameters(scope: &Scope<'_>) -> Vec<Row> {
    let content = scope.content();
    let mut rows = Vec::new();
    for module in modules(&content, ModuleKind::Procedure) {
        for (parameter, number) in parameters_of(module).into_iter().zip(1..) {
            let facts = type_facts(parameter.sql_type);
            let (characters, _) = super::columns::lengths(parameter.sql_type, facts.max_length);
            let numeric = super::columns::numeric(parameter.sql_type);
            rows.push(row![
                &scope.database.name,
                &module.schema,
                &module.name,
                number,
                if parameter.output { "INOUT" } else { "IN" },
                "NO",
                parameter.name,
                parameter.sql_type.name(),
                characters,
                numeric.map(|_| facts.precision),
                numeric.filter(|radix| *radix == 10).map(|_| facts.scale),
            ]);
        }
    }
    rows
}
