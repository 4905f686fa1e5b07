//! `sys.columns` and the views that add to it.

use std::sync::Arc;

use milink_core::ids::ObjectId;
use milink_core::sql_type::SqlType;
use milink_core::store::Column;
use milink_core::value::{Decimal, Row, Value};

use super::modules::columns_of;
use super::object::{default_id, view_id};
use super::type_facts::{SYSNAME_ID, type_facts};
use crate::catalog::cell::variant;
use crate::catalog::column::{
    BIT, DESC, INT, NAME, NVARCHAR_MAX, SMALLINT, TINYINT, VARIANT, ViewColumn, col, join,
    nvarchar, req,
};
use crate::catalog::{Cell, Scope, Since, View, views};

pub(super) const COLUMNS: View = View::sys("columns", &COMMON, of_users);

pub(super) const ALL_COLUMNS: View = View::sys("all_columns", &COMMON, |scope| {
    let mut rows = of_users(scope);
    rows.extend(of_views(scope));
    rows
});

pub(super) const SYSTEM_COLUMNS: View = View::sys("system_columns", &COMMON, of_views);

pub(super) const IDENTITY_COLUMNS: View = View::sys(
    "identity_columns",
    &join::<43, 4, 47>(
        COMMON,
        [
            col("seed_value", VARIANT),
            col("increment_value", VARIANT),
            col("last_value", VARIANT),
            col("is_not_for_replication", BIT),
        ],
    ),
    |scope| {
        of_tables(
            scope,
            |_, column| column.identity.is_some(),
            |table, column| {
                let number = |number: i64| identity_value(column.sql_type, number);
                let identity = column.identity;
                vec![
                    identity.map(|identity| number(identity.seed)).cell(),
                    identity.map(|identity| number(identity.increment)).cell(),
                    table.last_identity.map(number).cell(),
                    false.cell(),
                ]
            },
        )
    },
);

pub(super) const COMPUTED_COLUMNS: View = View::sys(
    "computed_columns",
    &join::<43, 3, 46>(
        COMMON,
        [
            col("definition", NVARCHAR_MAX),
            req("uses_database_collation", BIT),
            req("is_persisted", BIT),
        ],
    ),
    |scope| {
        of_tables(
            scope,
            |_, column| column.computed.is_some(),
            |_, column| vec![column.computed.as_ref().cell(), true.cell(), false.cell()],
        )
    },
);

const COMMON: [ViewColumn; 43] = [
    req("object_id", INT),
    col("name", NAME),
    req("column_id", INT),
    req("system_type_id", TINYINT),
    req("user_type_id", INT),
    req("max_length", SMALLINT),
    req("precision", TINYINT),
    req("scale", TINYINT),
    col("collation_name", NAME),
    col("is_nullable", BIT),
    req("is_ansi_padded", BIT),
    req("is_rowguidcol", BIT),
    req("is_identity", BIT),
    req("is_computed", BIT),
    req("is_filestream", BIT),
    col("is_replicated", BIT),
    col("is_non_sql_subscribed", BIT),
    col("is_merge_published", BIT),
    col("is_dts_replicated", BIT),
    req("is_xml_document", BIT),
    req("xml_collection_id", INT),
    req("default_object_id", INT),
    req("rule_object_id", INT),
    col("is_sparse", BIT),
    col("is_column_set", BIT),
    col("generated_always_type", TINYINT),
    col("generated_always_type_desc", DESC),
    col("encryption_type", INT),
    col("encryption_type_desc", nvarchar(64)),
    col("encryption_algorithm_name", NAME),
    col("column_encryption_key_id", INT),
    col("column_encryption_key_database_name", NAME),
    req("is_hidden", BIT),
    req("is_masked", BIT),
    col("graph_type", INT).since(Since::SQL_2017),
    col("graph_type_desc", DESC).since(Since::SQL_2017),
    col("is_data_deletion_filter_column", BIT).since(Since::SQL_2022),
    col("ledger_view_column_type", TINYINT).since(Since::SQL_2022),
    col("ledger_view_column_type_desc", DESC).since(Since::SQL_2022),
    col("is_dropped_ledger_column", BIT).since(Since::SQL_2022),
    col("vector_dimensions", INT).since(Since::SQL_2025),
    col("vector_base_type", TINYINT).since(Since::SQL_2025),
    col("vector_base_type_desc", nvarchar(10)).since(Since::SQL_2025),
];

/// What one row of the common columns says.
struct Facts {
    object: i32,
    name: Arc<str>,
    id: i32,
    sql: SqlType,
    collation: Option<&'static str>,
    nullable: bool,
    identity: bool,
    computed: bool,
    default: i32,
}

/// The columns of users' tables and views.
fn of_users(scope: &Scope<'_>) -> Vec<Row> {
    let mut rows = of_tables(scope, |_, _| true, |_, _| Vec::new());
    for module in scope.content().modules.values() {
        let columns = columns_of(scope, module);
        let facts = columns
            .iter()
            .map(|column| of_column(module.object, column));
        rows.extend(facts.map(|facts| Row::from(common(&facts))));
    }
    rows
}

fn of_tables(
    scope: &Scope<'_>,
    wanted: impl Fn(&milink_core::store::Table, &Column) -> bool,
    more: impl Fn(&milink_core::store::Table, &Column) -> Vec<Value>,
) -> Vec<Row> {
    let content = scope.content();
    let mut rows = Vec::new();
    for table in content.tables.values() {
        for column in table.definition.columns.iter().filter(|c| wanted(table, c)) {
            let mut row = common(&of_column(table.definition.object, column));
            row.extend(more(table, column));
            rows.push(row.into());
        }
    }
    rows
}

fn of_column(object: ObjectId, column: &Column) -> Facts {
    let default = column.default.as_ref();
    Facts {
        object: object.0,
        name: column.name.shared(),
        id: column.id,
        sql: column.sql_type,
        collation: column.collation.map(|collation| collation.name()),
        nullable: column.nullable,
        identity: column.identity.is_some(),
        computed: column.computed.is_some(),
        default: default.map_or(0, |_| default_id(object, column.id)),
    }
}

fn of_views(scope: &Scope<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    let collation = scope.database.collation.name();
    for view in views(scope.instance) {
        let here = view
            .database
            .is_none_or(|only| scope.database.name.is(only));
        if !here {
            continue;
        }
        let object = view_id(view);
        for (column, id) in view.columns(scope.instance).into_iter().zip(1..) {
            rows.push(
                common(&Facts {
                    object,
                    name: column.name.into(),
                    id,
                    sql: column.sql_type,
                    collation: column.sql_type.is_character().then_some(collation),
                    nullable: column.nullable,
                    identity: false,
                    computed: false,
                    default: 0,
                })
                .into(),
            );
        }
    }
    rows
}

fn common(facts: &Facts) -> Vec<Value> {
    let numbers = type_facts(facts.sql);
    let sysname = facts.object < 0 && facts.sql == SqlType::SYSNAME;
    let user_type = if sysname {
        SYSNAME_ID
    } else {
        numbers.id.into()
    };
    vec![
        facts.object.cell(),
        (&facts.name).cell(),
        facts.id.cell(),
        numbers.id.cell(),
        user_type.cell(),
        numbers.max_length.cell(),
        numbers.precision.cell(),
        numbers.scale.cell(),
        facts.collation.cell(),
        facts.nullable.cell(),
        facts.sql.is_character().cell(),
        false.cell(),
        facts.identity.cell(),
        facts.computed.cell(),
        false.cell(),
        false.cell(),
        false.cell(),
        false.cell(),
        false.cell(),
        false.cell(),
        0.cell(),
        facts.default.cell(),
        0.cell(),
        false.cell(),
        false.cell(),
        0.cell(),
        "NOT_APPLICABLE".cell(),
        Value::Null,
        Value::Null,
        Value::Null,
        Value::Null,
        Value::Null,
        false.cell(),
        false.cell(),
        Value::Null,
        Value::Null,
        false.cell(),
        Value::Null,
        Value::Null,
        false.cell(),
        Value::Null,
        Value::Null,
        Value::Null,
    ]
}

/// An identity value as a variant of the column's type.
fn identity_value(sql: SqlType, number: i64) -> Value {
    match sql {
        SqlType::Decimal { .. } => variant(
            sql,
            Value::Decimal(Decimal {
                units: number.into(),
                scale: 0,
            }),
        ),
        _ => variant(sql, number),
    }
}
