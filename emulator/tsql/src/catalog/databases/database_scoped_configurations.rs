//! `sys.database_scoped_configurations`: the options that tools read, at their defaults.

use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};

use crate::catalog::cell::variant;
use crate::catalog::column::{BIT, DESC, INT, VARIANT, ViewColumn, col, req};
use crate::catalog::{Scope, Since, View, row};

pub(super) const VIEW: View = View::sys("database_scoped_configurations", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("configuration_id", INT),
    req("name", DESC),
    col("value", VARIANT),
    col("value_for_secondary", VARIANT),
    col("is_value_default", BIT).since(Since::SQL_2017),
];

fn rows(_: &Scope<'_>) -> Vec<Row> {
    const OPTIONS: [(i32, &str, i64); 6] = [
        (1, "MAXDOP", 0),
        (2, "LEGACY_CARDINALITY_ESTIMATION", 0),
        (3, "PARAMETER_SNIFFING", 1),
        (4, "QUERY_OPTIMIZER_HOTFIXES", 0),
        (6, "IDENTITY_CACHE", 1),
        (13, "OPTIMIZE_FOR_AD_HOC_WORKLOADS", 0),
    ];
    let row = |(id, name, value): (i32, &str, i64)| {
        row![id, name, variant(SqlType::Int, value), Value::Null, true]
    };
    OPTIONS.into_iter().map(row).collect()
}
