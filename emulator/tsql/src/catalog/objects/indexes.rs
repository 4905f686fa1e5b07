//! `sys.indexes`, `sys.index_columns`, `sys.partitions` and how large they are.

use milink_core::names::Name;
use milink_core::store::{Table, TableDefinition};
use milink_core::value::{Row, Value};

use crate::catalog::column::{BIGINT, BIT, DESC, INT, NAME, NVARCHAR_MAX, TINYINT, col, req};
use crate::catalog::{Scope, Since, View, row};

pub(super) const INDEXES: View = View::sys(
    "indexes",
    &[
        req("object_id", INT),
        col("name", NAME),
        req("index_id", INT),
        req("type", TINYINT),
        col("type_desc", DESC),
        col("is_unique", BIT),
        col("data_space_id", INT),
        col("ignore_dup_key", BIT),
        col("is_primary_key", BIT),
        col("is_unique_constraint", BIT),
        req("fill_factor", TINYINT),
        col("is_padded", BIT),
        col("is_disabled", BIT),
        col("is_hypothetical", BIT),
        col("is_ignored_in_optimization", BIT),
        col("allow_row_locks", BIT),
        col("allow_page_locks", BIT),
        col("has_filter", BIT),
        col("filter_definition", NVARCHAR_MAX),
        col("compression_delay", INT),
        col("suppress_dup_key_messages", BIT).since(Since::SQL_2017),
        col("auto_created", BIT).since(Since::SQL_2017),
        col("optimize_for_sequential_key", BIT).since(Since::SQL_2019),
    ],
    indexes,
);

pub(super) const INDEX_COLUMNS: View = View::sys(
    "index_columns",
    &[
        req("object_id", INT),
        req("index_id", INT),
        req("index_column_id", INT),
        req("column_id", INT),
        req("key_ordinal", TINYINT),
        req("partition_ordinal", TINYINT),
        col("is_descending_key", BIT),
        col("is_included_column", BIT),
        req("column_store_order_ordinal", TINYINT).since(Since::SQL_2022),
    ],
    index_columns,
);

pub(super) const PARTITIONS: View = View::sys(
    "partitions",
    &[
        req("partition_id", BIGINT),
        req("object_id", INT),
        req("index_id", INT),
        req("partition_number", INT),
        req("hobt_id", BIGINT),
        col("rows", BIGINT),
        req("filestream_filegroup_id", INT),
        req("data_compression", TINYINT),
        col("data_compression_desc", DESC),
    ],
    |scope| {
        let row = |table: &Table, index: i32| {
            let definition = &table.definition;
            let id = partition_id(definition, index);
            row![
                id,
                definition.object,
                index,
                1,
                id,
                table.len(),
                0,
                0,
                "NONE"
            ]
        };
        per_index(scope, row)
    },
);

pub(super) const ALLOCATION_UNITS: View = View::sys(
    "allocation_units",
    &[
        req("allocation_unit_id", BIGINT),
        req("type", TINYINT),
        col("type_desc", DESC),
        req("container_id", BIGINT),
        col("data_space_id", INT),
        req("total_pages", BIGINT),
        req("used_pages", BIGINT),
        req("data_pages", BIGINT),
    ],
    |scope| {
        let row = |table: &Table, index: i32| {
            let id = partition_id(&table.definition, index);
            let pages = pages(table);
            row![id, 1, "IN_ROW_DATA", id, 1, pages, pages, pages]
        };
        per_index(scope, row)
    },
);

pub(super) const PARTITION_STATS: View = View::sys(
    "dm_db_partition_stats",
    &[
        col("partition_id", BIGINT),
        req("object_id", INT),
        req("index_id", INT),
        req("partition_number", INT),
        col("in_row_data_page_count", BIGINT),
        col("in_row_used_page_count", BIGINT),
        col("in_row_reserved_page_count", BIGINT),
        col("lob_used_page_count", BIGINT),
        col("lob_reserved_page_count", BIGINT),
        col("row_overflow_used_page_count", BIGINT),
        col("row_overflow_reserved_page_count", BIGINT),
        col("used_page_count", BIGINT),
        col("reserved_page_count", BIGINT),
        col("row_count", BIGINT),
    ],
    |scope| {
        let row = |table: &Table, index: i32| {
            let definition = &table.definition;
            let pages = pages(table);
            row![
                partition_id(definition, index),
                definition.object,
                index,
                1,
                pages,
                pages,
                pages,
                0,
                0,
                0,
                0,
                pages,
                pages,
                table.len(),
            ]
        };
        per_index(scope, row)
    },
);

/// An index of a table, or the table itself as a heap.
pub(crate) struct IndexFacts<'a> {
    /// 0 is the heap, 1 the clustered index.
    pub(crate) id: i32,
    pub(crate) name: Option<&'a Name>,
    pub(crate) unique: bool,
    pub(crate) primary: bool,
    pub(crate) constraint: bool,
    /// Positions of the columns, and whether each is descending.
    pub(crate) columns: &'a [(usize, bool)],
    pub(crate) included: &'a [usize],
}

/// The heap or clustered index of a table first, then its other indexes.
pub(crate) fn indexes_of(definition: &TableDefinition) -> Vec<IndexFacts<'_>> {
    let keys = definition.keys.iter().map(|key| {
        let facts = IndexFacts {
            id: 1,
            name: Some(&key.name),
            unique: true,
            primary: key.primary,
            constraint: key.constraint,
            columns: &key.columns,
            included: &[],
        };
        (key.clustered, facts)
    });
    let plain = definition.indexes.iter().map(|index| {
        let facts = IndexFacts {
            id: 1,
            name: Some(&index.name),
            unique: false,
            primary: false,
            constraint: false,
            columns: &index.columns,
            included: &index.included,
        };
        (index.clustered, facts)
    });
    let (mut clustered, others): (Vec<_>, Vec<_>) = keys.chain(plain).partition(|index| index.0);
    if clustered.is_empty() {
        let heap = IndexFacts {
            id: 0,
            name: None,
            unique: false,
            primary: false,
            constraint: false,
            columns: &[],
            included: &[],
        };
        clustered.push((false, heap));
    }
    let numbered = others.into_iter().zip(2..);
    let others = numbered.map(|((_, facts), id)| IndexFacts { id, ..facts });
    clustered
        .into_iter()
        .take(1)
        .map(|index| index.1)
        .chain(others)
        .collect()
}

fn indexes(scope: &Scope<'_>) -> Vec<Row> {
    let content = scope.content();
    let mut rows = Vec::new();
    for table in content.tables.values() {
        for index in indexes_of(&table.definition) {
            let kind = match index.id {
                0 => (0, "HEAP"),
                1 => (1, "CLUSTERED"),
                _ => (2, "NONCLUSTERED"),
            };
            rows.push(row![
                table.definition.object,
                index.name,
                index.id,
                kind.0,
                kind.1,
                index.unique,
                1,
                false,
                index.primary,
                index.constraint && !index.primary,
                0,
                false,
                false,
                false,
                false,
                true,
                true,
                false,
                Value::Null,
                Value::Null,
                false,
                false,
                false,
            ]);
        }
    }
    rows
}

fn index_columns(scope: &Scope<'_>) -> Vec<Row> {
    let content = scope.content();
    let mut rows = Vec::new();
    for table in content.tables.values() {
        let definition = &table.definition;
        for index in indexes_of(definition) {
            let keys = index
                .columns
                .iter()
                .map(|&(at, descending)| (at, descending, false));
            let included = index.included.iter().map(|&at| (at, false, true));
            for ((at, descending, included), number) in keys.chain(included).zip(1..) {
                rows.push(row![
                    definition.object,
                    index.id,
                    number,
                    definition.columns.get(at).map(|column| column.id),
                    if included { 0 } else { number },
                    0,
                    descending,
                    included,
                    0,
                ]);
            }
        }
    }
    rows
}

fn per_index(scope: &Scope<'_>, row: impl Fn(&Table, i32) -> Row) -> Vec<Row> {
    let content = scope.content();
    let mut rows = Vec::new();
    for table in content.tables.values() {
        for index in indexes_of(&table.definition) {
            rows.push(row(table, index.id));
        }
    }
    rows
}

fn partition_id(definition: &TableDefinition, index: i32) -> i64 {
    72_057_594_037_927_936 + i64::from(definition.object.0) * 256 + i64::from(index)
}

/// Pages of 8 KiB: the model counts a hundred bytes a row.
pub(crate) fn pages(table: &Table) -> usize {
    (table.len() * 100).div_ceil(8096)
}
