//! `sp_help`, `sp_helpindex` and `sp_spaceused`: an object in a few result sets.

use milink_core::ids::ObjectId;
use milink_core::sql_type::SqlType;
use milink_core::store::{Table, TableDefinition};
use milink_core::value::{Row, Value};

use super::{Body, Call, Procedure, optional, required, result_set};
use crate::catalog::column::{DATETIME, INT, NAME, ViewColumn, col, nvarchar, req, varchar};
use crate::catalog::databases::database_files;
use crate::catalog::functions::find_object;
use crate::catalog::objects::{
    Kind, Object, indexes_of, pages, system_objects, type_facts, user_objects,
};
use crate::catalog::{Scope, row};
use crate::error::SqlError;

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_help",
    parameters: &[optional("@objname", SqlType::nvarchar(776))],
    body: Body::Native(run),
};

pub(super) const HELP_INDEX: Procedure = Procedure {
    name: "sp_helpindex",
    parameters: &[required("@objname", SqlType::nvarchar(776))],
    body: Body::Native(help_index),
};

pub(super) const SPACE_USED: Procedure = Procedure {
    name: "sp_spaceused",
    parameters: &[
        optional("@objname", SqlType::nvarchar(776)),
        optional("@updateusage", SqlType::varchar(5)),
    ],
    body: Body::Native(space_used),
};

const LIST: &[ViewColumn] = &[
    req("Name", NAME),
    req("Owner", NAME),
    req("Object_type", nvarchar(31)),
];
const OBJECT: &[ViewColumn] = &[
    req("Name", NAME),
    req("Owner", NAME),
    req("Type", nvarchar(31)),
    req("Created_datetime", DATETIME),
];
const TABLE_COLUMNS: &[ViewColumn] = &[
    req("Column_name", NAME),
    req("Type", NAME),
    req("Computed", varchar(35)),
    req("Length", INT),
    req("Prec", varchar(5)),
    req("Scale", varchar(5)),
    req("Nullable", varchar(35)),
    req("TrimTrailingBlanks", varchar(35)),
    req("FixedLenNullInSource", varchar(35)),
    col("Collation", NAME),
];
const IDENTITY: &[ViewColumn] = &[
    req("Identity", NAME),
    col("Seed", SqlType::numeric(38, 0)),
    col("Increment", SqlType::numeric(38, 0)),
    col("Not For Replication", INT),
];
const INDEXES: &[ViewColumn] = &[
    req("index_name", NAME),
    req("index_description", varchar(210)),
    req("index_keys", nvarchar(2126)),
];

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let Some(name) = call.text(0).map(str::to_owned) else {
        let rows = call.read(|scope, _| {
            let mut objects = user_objects(&scope.content());
            objects.extend(system_objects(scope));
            objects.sort_by(|a, b| (a.is_system, &a.name).cmp(&(b.is_system, &b.name)));
            let row = |object: &Object| row![&object.name, &object.schema, words(object.kind)];
            Ok(objects.iter().map(row).collect())
        })?;
        result_set::send(call.context, LIST, rows);
        return Ok(0);
    };
    let (object, table) = call.read(|scope, _| {
        let object = find_object(scope, &name).ok_or_else(|| missing(scope, &name))?;
        let table = scope.content().tables.get(&ObjectId(object.id)).cloned();
        Ok((object, table))
    })?;
    let first = row![
        &object.name,
        &object.schema,
        words(object.kind),
        object.created
    ];
    result_set::send(call.context, OBJECT, vec![first]);
    if let Some(table) = table {
        let definition = &table.definition;
        result_set::send(call.context, TABLE_COLUMNS, columns(definition));
        result_set::send(call.context, IDENTITY, vec![identity(definition)]);
        let indexes = indexes(definition);
        if !indexes.is_empty() {
            result_set::send(call.context, INDEXES, indexes);
        }
    }
    Ok(0)
}

fn help_index(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let rows = call.read(|scope, call| {
        let table = user_table(scope, call.text(0).unwrap_or_default())?;
        Ok(indexes(&table.definition))
    })?;
    result_set::send(call.context, INDEXES, rows);
    Ok(0)
}

fn space_used(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    const SIZE: SqlType = varchar(18);
    if let Some(name) = call.text(0).map(str::to_owned) {
        const COLUMNS: &[ViewColumn] = &[
            req("name", NAME),
            req("rows", SqlType::Char(20)),
            col("reserved", SIZE),
            col("data", SIZE),
            col("index_size", SIZE),
            col("unused", SIZE),
        ];
        let row = call.read(|scope, _| {
            let table = user_table(scope, &name)?;
            let size = kilobytes(pages(&table) as u64);
            Ok(row![
                &table.definition.name,
                format!("{:<20}", table.len()),
                size.as_str(),
                size.as_str(),
                kilobytes(0),
                kilobytes(0),
            ])
        })?;
        result_set::send(call.context, COLUMNS, vec![row]);
        return Ok(0);
    }
    const DATABASE: &[ViewColumn] = &[
        req("database_name", NAME),
        req("database_size", SIZE),
        req("unallocated space", SIZE),
    ];
    const SPACE: &[ViewColumn] = &[
        req("reserved", SIZE),
        req("data", SIZE),
        req("index_size", SIZE),
        req("unused", SIZE),
    ];
    let (database, space) = call.read(|scope, _| {
        let files = database_files(scope.instance, scope.database);
        let total: u64 = files.iter().map(|file| file.pages).sum();
        let content = scope.content();
        let used: u64 = content
            .tables
            .values()
            .map(|table| pages(table) as u64)
            .sum();
        let free = files[0].pages.saturating_sub(used);
        let megabytes = |pages: u64| format!("{:.2} MB", pages as f64 / 128.0);
        let database = row![&scope.database.name, megabytes(total), megabytes(free)];
        let space = row![kilobytes(used), kilobytes(used), kilobytes(0), kilobytes(0)];
        Ok((database, space))
    })?;
    result_set::send(call.context, DATABASE, vec![database]);
    result_set::send(call.context, SPACE, vec![space]);
    Ok(0)
}

fn user_table(scope: &Scope<'_>, name: &str) -> Result<std::sync::Arc<Table>, SqlError> {
    let object = find_object(scope, name).ok_or_else(|| missing(scope, name))?;
    let table = scope.content().tables.get(&ObjectId(object.id)).cloned();
    table.ok_or_else(|| missing(scope, name))
}

fn missing(scope: &Scope<'_>, name: &str) -> SqlError {
    SqlError::new(
        15009,
        16,
        format!(
            "The object '{name}' does not exist in database '{}' or is invalid for this operation.",
            scope.database.name
        ),
    )
}

fn columns(definition: &TableDefinition) -> Vec<Row> {
    let yes = |yes: bool| if yes { "yes" } else { "no" };
    let rows = definition.columns.iter().map(|column| {
        let facts = type_facts(column.sql_type);
        let number = |value: u8| {
            if column.sql_type.is_character() || facts.precision == 0 {
                "     ".to_owned()
            } else {
                format!("{value:<5}")
            }
        };
        let trims = if column.sql_type.is_character() {
            "no"
        } else {
            "(n/a)"
        };
        row![
            &column.name,
            column.sql_type.name(),
            yes(column.computed.is_some()),
            i32::from(facts.max_length),
            number(facts.precision),
            number(facts.scale),
            yes(column.nullable),
            trims,
            trims,
            column.collation,
        ]
    });
    rows.collect()
}

fn identity(definition: &TableDefinition) -> Row {
    let mut columns = definition.columns.iter();
    let found = columns.find_map(|column| Some((&column.name, column.identity?)));
    let decimal = |number: i64| {
        Value::Decimal(milink_core::value::Decimal {
            units: number.into(),
            scale: 0,
        })
    };
    match found {
        Some((name, identity)) => {
            row![name, decimal(identity.seed), decimal(identity.increment), 0]
        }
        None => row![
            "No identity column defined.",
            Value::Null,
            Value::Null,
            Value::Null
        ],
    }
}

fn indexes(definition: &TableDefinition) -> Vec<Row> {
    let indexes = indexes_of(definition);
    let mut rows = Vec::new();
    for index in &indexes {
        let Some(name) = index.name else { continue };
        let mut description = if index.id == 1 {
            "clustered".to_owned()
        } else {
            "nonclustered".to_owned()
        };
        if index.unique {
            description.push_str(", unique");
        }
        if index.primary {
            description.push_str(", primary key");
        } else if index.constraint {
            description.push_str(", unique key");
        }
        description.push_str(" located on PRIMARY");
        let keys: Vec<String> = index
            .columns
            .iter()
            .filter_map(|&(at, descending)| {
                let name = &definition.columns.get(at)?.name;
                Some(format!("{name}{}", if descending { "(-)" } else { "" }))
            })
            .collect();
        rows.push(row![name, description, keys.join(", ")]);
    }
    rows
}

fn kilobytes(pages: u64) -> String {
    format!("{} KB", pages * 8)
}

const fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::Table => "user table",
        Kind::PrimaryKey => "primary key cns",
        Kind::Unique => "unique key cns",
        Kind::Check => "check cns",
        Kind::Default => "default (maybe cns)",
        Kind::ForeignKey => "foreign key cns",
        Kind::View => "view",
        Kind::Procedure => "stored procedure",
        Kind::TableFunction => "inline function",
    }
}
