//! `sp_columns` and `sp_columns_100`: the columns of tables and views (`SQLColumns`).

use std::sync::Arc;

use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};

use super::odbc_type::{odbc_type, type_name};
use super::{Procedure, TABLE, Wanted, name};
use crate::catalog::column::{
    INT, NAME, SMALLINT, TINYINT, ViewColumn, col, join, nvarchar, req, varchar,
};
use crate::catalog::objects::columns_of;
use crate::catalog::{Cell, Scope, views};
use crate::error::SqlError;
use crate::procedure::{Body, Call, Parameter, defaulting, optional, result_set};

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_columns",
    parameters: PARAMETERS,
    body: Body::Native(|call| {
        let odbc3 = call.number(4) >= Some(3);
        run(call, odbc3, true, COLUMNS)
    }),
};

pub(super) const PROCEDURE_100: Procedure = Procedure {
    name: "sp_columns_100",
    parameters: PARAMETERS_100,
    body: Body::Native(|call| {
        let odbc3 = call.number(5) >= Some(3);
        let patterns = call.number(6) != Some(0);
        run(call, odbc3, patterns, COLUMNS_100)
    }),
};

const PARAMETERS: &[Parameter] = &[
    name("@table_name"),
    name("@table_owner"),
    optional("@table_qualifier", SqlType::SYSNAME),
    name("@column_name"),
    defaulting("@ODBCVer", SqlType::Int, Value::Int(2)),
];

const PARAMETERS_100: &[Parameter] = &[
    name("@table_name"),
    name("@table_owner"),
    optional("@table_qualifier", SqlType::SYSNAME),
    name("@column_name"),
    defaulting("@NameScope", SqlType::Int, Value::Int(0)),
    defaulting("@ODBCVer", SqlType::Int, Value::Int(2)),
    defaulting("@fUsePattern", SqlType::Bit, Value::Bit(true)),
];

const COMMON: [ViewColumn; 18] = join::<3, 15, 18>(
    TABLE,
    [
        req("COLUMN_NAME", NAME),
        req("DATA_TYPE", SMALLINT),
        req("TYPE_NAME", NAME),
        col("PRECISION", INT),
        col("LENGTH", INT),
        col("SCALE", SMALLINT),
        col("RADIX", SMALLINT),
        req("NULLABLE", SMALLINT),
        col("REMARKS", varchar(254)),
        col("COLUMN_DEF", nvarchar(4000)),
        req("SQL_DATA_TYPE", SMALLINT),
        col("SQL_DATETIME_SUB", SMALLINT),
        col("CHAR_OCTET_LENGTH", INT),
        req("ORDINAL_POSITION", INT),
        req("IS_NULLABLE", varchar(254)),
    ],
);
const COLUMNS: &[ViewColumn] = &join::<18, 1, 19>(COMMON, [req("SS_DATA_TYPE", TINYINT)]);
const COLUMNS_100: &[ViewColumn] = &join::<18, 11, 29>(
    COMMON,
    [
        col("SS_IS_SPARSE", SMALLINT),
        col("SS_IS_COLUMN_SET", SMALLINT),
        col("SS_IS_COMPUTED", SMALLINT),
        col("SS_IS_IDENTITY", SMALLINT),
        col("SS_UDT_CATALOG_NAME", NAME),
        col("SS_UDT_SCHEMA_NAME", NAME),
        col("SS_UDT_ASSEMBLY_TYPE_NAME", nvarchar(4000)),
        col("SS_XML_SCHEMACOLLECTION_CATALOG_NAME", NAME),
        col("SS_XML_SCHEMACOLLECTION_SCHEMA_NAME", NAME),
        col("SS_XML_SCHEMACOLLECTION_NAME", NAME),
        req("SS_DATA_TYPE", TINYINT),
    ],
);

/// A column of a table or of a system view.
struct Column {
    owner: Arc<str>,
    table: Arc<str>,
    name: Arc<str>,
    sql: SqlType,
    nullable: bool,
    identity: bool,
    computed: bool,
    default: Option<String>,
    position: usize,
}

fn run(
    call: &mut Call<'_, '_>,
    odbc3: bool,
    patterns: bool,
    columns: &[ViewColumn],
) -> Result<i32, SqlError> {
    let wide = columns.len() > COLUMNS.len();
    let rows = call.read(|scope, call| {
        super::check_qualifier(scope, call.text(2))?;
        let tables = Wanted::of(call.text(0), patterns)?;
        let owners = Wanted::of(call.text(1), patterns)?;
        let names = Wanted::of(call.text(3), patterns)?;
        let is_wanted = |owner: &str, table: &str| owners.has(owner) && tables.has(table);
        let mut found = of_users(scope, is_wanted);
        found.extend(of_views(scope, is_wanted));
        found.retain(|column| names.has(&column.name));
        let rows = found
            .iter()
            .map(|column| make_row(scope, column, odbc3, wide));
        Ok(rows.collect())
    })?;
    result_set::send(call.context, columns, rows);
    Ok(0)
}

/// The columns of users' tables and views.
fn of_users(scope: &Scope<'_>, is_wanted: impl Fn(&str, &str) -> bool) -> Vec<Column> {
    let content = scope.content();
    let mut found = Vec::new();
    for table in content.tables.values() {
        let table = &table.definition;
        if !is_wanted(table.schema.as_str(), table.name.as_str()) {
            continue;
        }
        found.extend(table.columns.iter().zip(1..).map(|(column, position)| {
            Column {
                owner: table.schema.shared(),
                table: table.name.shared(),
                name: column.name.shared(),
                sql: column.sql_type,
                nullable: column.nullable,
                identity: column.identity.is_some(),
                computed: column.computed.is_some(),
                default: column
                    .default
                    .as_ref()
                    .map(|(_, text)| text.chars().take(4000).collect()),
                position,
            }
        }));
    }
    for view in content.modules.values() {
        if !is_wanted(view.schema.as_str(), view.name.as_str()) {
            continue;
        }
        let columns = columns_of(scope, view).into_iter().zip(1..);
        found.extend(columns.map(|(column, position)| Column {
            owner: view.schema.shared(),
            table: view.name.shared(),
            name: column.name.shared(),
            sql: column.sql_type,
            nullable: column.nullable,
            identity: false,
            computed: false,
            default: None,
            position,
        }));
    }
    found.sort_by(|a, b| (&a.owner, &a.table, a.position).cmp(&(&b.owner, &b.table, b.position)));
    found
}

fn of_views(scope: &Scope<'_>, is_wanted: impl Fn(&str, &str) -> bool) -> Vec<Column> {
    let mut found = Vec::new();
    for view in views(scope.instance) {
        let here = view
            .database
            .is_none_or(|only| scope.database.name.is(only));
        if !here || !is_wanted(view.schema, view.name) {
            continue;
        }
        let columns = view.columns(scope.instance).into_iter().zip(1..);
        found.extend(columns.map(|(column, position)| Column {
            owner: view.schema.into(),
            table: view.name.into(),
            name: column.name.into(),
            sql: column.sql_type,
            nullable: column.nullable,
            identity: false,
            computed: false,
            default: None,
            position,
        }));
    }
    found
}

fn make_row(scope: &Scope<'_>, column: &Column, odbc3: bool, wide: bool) -> Row {
    let ty = odbc_type(column.sql, odbc3);
    let mut row = vec![
        (&scope.database.name).cell(),
        (&column.owner).cell(),
        (&column.table).cell(),
        (&column.name).cell(),
        ty.code.cell(),
        type_name(column.sql, column.identity).cell(),
        ty.precision.cell(),
        ty.length.cell(),
        ty.scale.cell(),
        ty.radix.cell(),
        i32::from(column.nullable).cell(),
        Value::Null,
        column.default.as_ref().cell(),
        ty.verbose.map_or(ty.code, |verbose| verbose.0).cell(),
        ty.verbose.map(|verbose| verbose.1).cell(),
        ty.octets.cell(),
        column.position.cell(),
        if column.nullable { "YES" } else { "NO" }.cell(),
    ];
    if wide {
        row.extend([
            0.cell(),
            0.cell(),
            i32::from(column.computed).cell(),
            i32::from(column.identity).cell(),
        ]);
        row.extend(std::iter::repeat_n(Value::Null, 6));
    }
    row.push(ty.wire(column.nullable).cell());
    row.into()
}
