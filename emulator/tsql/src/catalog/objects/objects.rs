//! `sys.objects`, `sys.tables`, `sys.views` and the views of constraints.

use milink_core::ids::ObjectId;
use milink_core::store::{Content, Table};
use milink_core::value::{Row, Value};

use super::indexes::indexes_of;
use super::object::{Kind, Object, default_id, system_objects, user_objects};
use crate::catalog::column::{
    BIT, DATETIME, DESC, INT, NAME, NVARCHAR_MAX, TINYINT, ViewColumn, character, col, join, req,
};
use crate::catalog::{Cell, Scope, Since, View, row};

/// The columns that all views of objects begin with.
pub(super) const COMMON: [ViewColumn; 12] = [
    req("name", NAME),
    req("object_id", INT),
    col("principal_id", INT),
    req("schema_id", INT),
    req("parent_object_id", INT),
    col("type", character(2)),
    col("type_desc", DESC),
    req("create_date", DATETIME),
    req("modify_date", DATETIME),
    req("is_ms_shipped", BIT),
    req("is_published", BIT),
    req("is_schema_published", BIT),
];

pub(super) const OBJECTS: View = View::sys("objects", &COMMON, |scope| {
    let objects = user_objects(&scope.content());
    objects.iter().map(|object| common(object).into()).collect()
});

pub(super) const ALL_OBJECTS: View = View::sys("all_objects", &COMMON, |scope| {
    let mut objects = user_objects(&scope.content());
    objects.extend(system_objects(scope));
    objects.iter().map(|object| common(object).into()).collect()
});

pub(super) const SYSTEM_OBJECTS: View = View::sys("system_objects", &COMMON, |scope| {
    let objects = system_objects(scope);
    objects.iter().map(|object| common(object).into()).collect()
});

const TABLE_COLUMNS: [ViewColumn; 36] = [
    req("lob_data_space_id", INT),
    col("filestream_data_space_id", INT),
    req("max_column_id_used", INT),
    req("lock_on_bulk_load", BIT),
    col("uses_ansi_nulls", BIT),
    col("is_replicated", BIT),
    col("has_replication_filter", BIT),
    col("is_merge_published", BIT),
    col("is_sync_tran_subscribed", BIT),
    req("has_unchecked_assembly_data", BIT),
    col("text_in_row_limit", INT),
    col("large_value_types_out_of_row", BIT),
    col("is_tracked_by_cdc", BIT),
    col("lock_escalation", TINYINT),
    col("lock_escalation_desc", DESC),
    col("is_filetable", BIT),
    col("is_memory_optimized", BIT),
    col("durability", TINYINT),
    col("durability_desc", DESC),
    col("temporal_type", TINYINT),
    col("temporal_type_desc", DESC),
    col("history_table_id", INT),
    col("is_remote_data_archive_enabled", BIT),
    req("is_external", BIT),
    col("history_retention_period", INT).since(Since::SQL_2017),
    col("history_retention_period_unit", INT).since(Since::SQL_2017),
    col(
        "history_retention_period_unit_desc",
        crate::catalog::column::nvarchar(10),
    )
    .since(Since::SQL_2017),
    col("is_node", BIT).since(Since::SQL_2017),
    col("is_edge", BIT).since(Since::SQL_2017),
    col("data_retention_period", INT).since(Since::SQL_2022),
    col("data_retention_period_unit", INT).since(Since::SQL_2022),
    col(
        "data_retention_period_unit_desc",
        crate::catalog::column::nvarchar(10),
    )
    .since(Since::SQL_2022),
    col("ledger_type", TINYINT).since(Since::SQL_2022),
    col("ledger_type_desc", DESC).since(Since::SQL_2022),
    col("ledger_view_id", INT).since(Since::SQL_2022),
    col("is_dropped_ledger_table", BIT).since(Since::SQL_2022),
];

pub(super) const TABLES: View = View::sys(
    "tables",
    &join::<12, 36, 48>(COMMON, TABLE_COLUMNS),
    |scope| {
        let content = scope.content();
        of_kind(&content, Kind::Table, |object, table| {
            let definition = &table.definition;
            debug_assert_eq!(definition.object.0, object.id);
            vec![
                0.cell(),
                Value::Null,
                definition.max_column_id.cell(),
                false.cell(),
                true.cell(),
                false.cell(),
                false.cell(),
                false.cell(),
                false.cell(),
                false.cell(),
                0.cell(),
                false.cell(),
                false.cell(),
                0.cell(),
                "TABLE".cell(),
                false.cell(),
                false.cell(),
                0.cell(),
                "SCHEMA_AND_DATA".cell(),
                0.cell(),
                "NON_TEMPORAL_TABLE".cell(),
                Value::Null,
                false.cell(),
                false.cell(),
                Value::Null,
                Value::Null,
                Value::Null,
                false.cell(),
                false.cell(),
                Value::Null,
                Value::Null,
                Value::Null,
                0.cell(),
                "NON_LEDGER_TABLE".cell(),
                Value::Null,
                false.cell(),
            ]
        })
    },
);

const VIEW_COLUMNS: [ViewColumn; 8] = [
    col("is_replicated", BIT),
    col("has_replication_filter", BIT),
    req("has_opaque_metadata", BIT),
    req("has_unchecked_assembly_data", BIT),
    req("with_check_option", BIT),
    req("is_date_correlation_view", BIT),
    col("is_tracked_by_cdc", BIT),
    col("has_snapshot", BIT).since(Since::SQL_2022),
];

pub(super) const VIEWS: View =
    View::sys("views", &join::<12, 8, 20>(COMMON, VIEW_COLUMNS), |scope| {
        user_modules(scope, Kind::View, 8)
    });

pub(super) const SYSTEM_VIEWS: View = View::sys(
    "system_views",
    &join::<12, 8, 20>(COMMON, VIEW_COLUMNS),
    system_views,
);

pub(super) const ALL_VIEWS: View = View::sys(
    "all_views",
    &join::<12, 8, 20>(COMMON, VIEW_COLUMNS),
    system_views,
);

pub(super) const PROCEDURES: View = View::sys(
    "procedures",
    &join::<12, 4, 16>(COMMON, PROCEDURE_COLUMNS),
    |scope| user_modules(scope, Kind::Procedure, 4),
);

const PROCEDURE_COLUMNS: [ViewColumn; 4] = [
    req("is_auto_executed", BIT),
    col("is_execution_replicated", BIT),
    col("is_repl_serializable_only", BIT),
    col("skips_repl_constraints", BIT),
];

pub(super) const KEY_CONSTRAINTS: View = View::sys(
    "key_constraints",
    &join::<12, 3, 15>(
        COMMON,
        [
            col("unique_index_id", INT),
            req("is_system_named", BIT),
            req("is_enforced", BIT),
        ],
    ),
    |scope| {
        let content = scope.content();
        let more = |object: &Object, table: &Table| {
            let indexes = indexes_of(&table.definition);
            let index = indexes.iter().find(|index| {
                index
                    .name
                    .is_some_and(|name| *name.as_str() == *object.name)
            });
            vec![
                index.map(|index| index.id).cell(),
                is_system_named(&object.name).cell(),
                true.cell(),
            ]
        };
        let mut rows = of_kind(&content, Kind::PrimaryKey, more);
        rows.extend(of_kind(&content, Kind::Unique, more));
        rows
    },
);

pub(super) const CHECK_CONSTRAINTS: View = View::sys(
    "check_constraints",
    &join::<12, 7, 19>(
        COMMON,
        [
            req("is_disabled", BIT),
            req("is_not_for_replication", BIT),
            req("is_not_trusted", BIT),
            req("parent_column_id", INT),
            col("definition", NVARCHAR_MAX),
            col("uses_database_collation", BIT),
            req("is_system_named", BIT),
        ],
    ),
    |scope| {
        of_kind(&scope.content(), Kind::Check, |object, table| {
            let mut checks = table.definition.checks.iter();
            let check = checks.find(|check| check.object.0 == object.id);
            vec![
                false.cell(),
                false.cell(),
                false.cell(),
                0.cell(),
                check.map(|check| &check.text).cell(),
                true.cell(),
                is_system_named(&object.name).cell(),
            ]
        })
    },
);

pub(super) const DEFAULT_CONSTRAINTS: View = View::sys(
    "default_constraints",
    &join::<12, 3, 15>(
        COMMON,
        [
            req("parent_column_id", INT),
            col("definition", NVARCHAR_MAX),
            req("is_system_named", BIT),
        ],
    ),
    |scope| {
        of_kind(&scope.content(), Kind::Default, |object, table| {
            let definition = &table.definition;
            let mut columns = definition.columns.iter();
            let column = columns.find(|c| default_id(definition.object, c.id) == object.id);
            let text = column.and_then(|column| column.default.as_ref());
            vec![
                column.map(|column| column.id).cell(),
                text.map(|(_, text)| text).cell(),
                is_system_named(&object.name).cell(),
            ]
        })
    },
);

pub(super) const FOREIGN_KEYS: View = View::sys(
    "foreign_keys",
    &join::<12, 10, 22>(
        COMMON,
        [
            col("referenced_object_id", INT),
            col("key_index_id", INT),
            req("is_disabled", BIT),
            req("is_not_for_replication", BIT),
            req("is_not_trusted", BIT),
            col("delete_referential_action", TINYINT),
            col("delete_referential_action_desc", DESC),
            col("update_referential_action", TINYINT),
            col("update_referential_action_desc", DESC),
            req("is_system_named", BIT),
        ],
    ),
    foreign_keys,
);

pub(super) const FOREIGN_KEY_COLUMNS: View = View::sys(
    "foreign_key_columns",
    &[
        req("constraint_object_id", INT),
        req("constraint_column_id", INT),
        req("parent_object_id", INT),
        req("parent_column_id", INT),
        req("referenced_object_id", INT),
        req("referenced_column_id", INT),
    ],
    |scope| {
        let content = scope.content();
        let mut rows = Vec::new();
        for table in content.tables.values() {
            let own = &table.definition;
            for key in &own.foreign_keys {
                let pairs = key.columns.iter().zip(&key.referenced);
                for ((from, to), number) in pairs.zip(1..) {
                    let other = content.tables.get(&key.references);
                    let other = other.map_or(own, |table| &table.definition);
                    rows.push(row![
                        key.object,
                        number,
                        own.object,
                        own.columns.get(*from).map(|column| column.id),
                        key.references,
                        other.columns.get(*to).map(|column| column.id),
                    ]);
                }
            }
        }
        rows
    },
);

fn foreign_keys(scope: &Scope<'_>) -> Vec<Row> {
    let content = scope.content();
    of_kind(&content, Kind::ForeignKey, |object, table| {
        let mut keys = table.definition.foreign_keys.iter();
        let key = keys.find(|key| key.object.0 == object.id);
        let cascades = key.is_some_and(|key| key.cascade_delete);
        vec![
            key.map(|key| key.references).cell(),
            key.and_then(|key| key_index(&content, key.references, &key.referenced))
                .cell(),
            false.cell(),
            false.cell(),
            false.cell(),
            i32::from(cascades).cell(),
            if cascades { "CASCADE" } else { "NO_ACTION" }.cell(),
            0.cell(),
            "NO_ACTION".cell(),
            is_system_named(&object.name).cell(),
        ]
    })
}

/// The unique index that a foreign key leans on.
fn key_index(content: &Content, table: ObjectId, columns: &[usize]) -> Option<i32> {
    let definition = &content.tables.get(&table)?.definition;
    let indexes = indexes_of(definition);
    let found = indexes.iter().find(|index| {
        index.unique
            && index
                .columns
                .iter()
                .map(|column| column.0)
                .eq(columns.iter().copied())
    });
    found.map(|index| index.id)
}

/// The procedures or views of users, with so many columns that say no.
fn user_modules(scope: &Scope<'_>, kind: Kind, flags: usize) -> Vec<Row> {
    let objects = user_objects(&scope.content());
    let own = objects.iter().filter(|object| object.kind == kind);
    own.map(|object| {
        let mut row = common(object);
        row.extend(std::iter::repeat_n(false.cell(), flags));
        row.into()
    })
    .collect()
}

fn system_views(scope: &Scope<'_>) -> Vec<Row> {
    let objects = system_objects(scope);
    let views = objects.iter().filter(|object| object.kind == Kind::View);
    views
        .map(|object| {
            let mut row = common(object);
            row.extend([false; 8].map(Cell::cell));
            row.into()
        })
        .collect()
}

/// The objects of one kind, each with the columns that its view adds.
fn of_kind(
    content: &Content,
    kind: Kind,
    more: impl Fn(&Object, &Table) -> Vec<Value>,
) -> Vec<Row> {
    let mut rows = Vec::new();
    for object in user_objects(content) {
        if object.kind != kind {
            continue;
        }
        let table = match object.parent {
            0 => object.id,
            parent => parent,
        };
        if let Some(table) = content.tables.get(&ObjectId(table)) {
            let mut row = common(&object);
            row.extend(more(&object, table));
            rows.push(row.into());
        }
    }
    rows
}

fn common(object: &Object) -> Vec<Value> {
    let kind = object.kind.code();
    vec![
        (&object.name).cell(),
        object.id.cell(),
        Value::Null,
        object.schema_id.cell(),
        object.parent.cell(),
        kind.0.cell(),
        kind.1.cell(),
        object.created.cell(),
        object.modified.cell(),
        object.is_system.cell(),
        false.cell(),
        false.cell(),
    ]
}

/// Names that the system makes up contain two underscores after their kind.
fn is_system_named(name: &str) -> bool {
    ["PK__", "UQ__", "CK__", "DF__", "FK__"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}
