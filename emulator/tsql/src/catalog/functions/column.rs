//! COL_NAME, COL_LENGTH, COLUMNPROPERTY, INDEXPROPERTY and the functions of identity columns.

use std::sync::Arc;

use milink_core::ids::ObjectId;
use milink_core::sql_type::SqlType;
use milink_core::store::{Column, Table};
use milink_core::value::{Decimal, Value};

use super::argument::{number, text};
use super::object::find_object;
use super::{MetadataFunction, function};
use crate::catalog::column::{INT, NAME, SMALLINT};
use crate::catalog::objects::{indexes_of, type_facts};
use crate::catalog::{Cell, Scope, views};
use crate::error::SqlError;

const NUMBER: SqlType = SqlType::numeric(38, 0);

pub(super) const FUNCTIONS: &[MetadataFunction] = &[
    function("col_name", (2, 2), NAME, col_name),
    function("col_length", (2, 2), SMALLINT, col_length),
    function("columnproperty", (3, 3), INT, columnproperty),
    function("index_col", (3, 3), NAME, index_col),
    function("indexproperty", (3, 3), INT, indexproperty),
    function("ident_current", (1, 1), NUMBER, |scope, args| {
        identity(scope, args, |table, column| {
            let identity = column.identity?;
            let first = table.first_identity(identity);
            Some(table.last_identity.unwrap_or(first))
        })
    }),
    function("ident_seed", (1, 1), NUMBER, |scope, args| {
        identity(scope, args, |_, column| Some(column.identity?.seed))
    }),
    function("ident_incr", (1, 1), NUMBER, |scope, args| {
        identity(scope, args, |_, column| Some(column.identity?.increment))
    }),
];

/// The user table of an id.
fn table(scope: &Scope<'_>, id: Option<i64>) -> Option<Arc<Table>> {
    let id = ObjectId(i32::try_from(id?).ok()?);
    scope.content().tables.get(&id).cloned()
}

/// The user table of a name, which may be in another database.
fn table_named(scope: &Scope<'_>, name: &str) -> Option<Arc<Table>> {
    let id = find_object(scope, name)?.id;
    let mut parts = super::object::split_name(name)?;
    let database = parts.len().checked_sub(3).map(|at| parts.swap_remove(at));
    let Some(database) = database.filter(|name| !name.is_empty()) else {
        return table(scope, Some(id.into()));
    };
    let database = scope.instance.database(&database)?;
    database.content.tables.get(&ObjectId(id)).cloned()
}

fn col_name(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    let (object, column) = (number(args, 0)?, number(args, 1)?);
    if let Some(table) = table(scope, object) {
        let mut columns = table.definition.columns.iter();
        let found = columns.find(|found| Some(i64::from(found.id)) == column);
        return Ok(found.map(|found| found.name.shared()).cell());
    }
    let at = column.and_then(|column| usize::try_from(column - 1).ok());
    let view = views(scope.instance)
        .find(|view| object == Some(crate::catalog::objects::view_id(view).into()));
    let columns = view.map(|view| view.columns(scope.instance));
    let found = columns.and_then(|columns| Some(columns.get(at?)?.name));
    Ok(found.cell())
}

fn column_named(table: &Table, name: &str) -> Option<(usize, Column)> {
    let columns = table.definition.columns.iter().enumerate();
    let mut found = columns.filter(|(_, column)| column.name.is(name));
    found.next().map(|(at, column)| (at, column.clone()))
}

fn col_length(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    let (Some(object), Some(column)) = (text(args, 0), text(args, 1)) else {
        return Ok(Value::Null);
    };
    if let Some(table) = table_named(scope, &object) {
        let found = column_named(&table, &column);
        return Ok(found
            .map(|(_, column)| type_facts(column.sql_type).max_length)
            .cell());
    }
    let Some(object) = find_object(scope, &object) else {
        return Ok(Value::Null);
    };
    let view =
        views(scope.instance).find(|view| crate::catalog::objects::view_id(view) == object.id);
    let columns = view
        .map(|view| view.columns(scope.instance))
        .unwrap_or_default();
    let mut columns = columns.into_iter();
    let found = columns.find(|found| found.name.eq_ignore_ascii_case(&column));
    Ok(found
        .map(|found| type_facts(found.sql_type).max_length)
        .cell())
}

fn columnproperty(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    let table = table(scope, number(args, 0)?);
    let (Some(table), Some(column), Some(property)) = (table, text(args, 1), text(args, 2)) else {
        return Ok(Value::Null);
    };
    let Some((at, column)) = column_named(&table, &column) else {
        return Ok(Value::Null);
    };
    let facts = type_facts(column.sql_type);
    let flag = |on: bool| i32::from(on).cell();
    Ok(match property.to_lowercase().as_str() {
        "allowsnull" => flag(column.nullable),
        "charmaxlen" => match column.sql_type {
            SqlType::NChar(_) | SqlType::NVarChar(_) if facts.max_length > 0 => {
                (facts.max_length / 2).cell()
            }
            _ => facts.max_length.cell(),
        },
        "columnid" => column.id.cell(),
        "generatedalwaystype" => 0.cell(),
        "iscomputed" => flag(column.computed.is_some()),
        "isidentity" => flag(column.identity.is_some()),
        "isindexable" => flag(!crate::types::is_large(column.sql_type)),
        "isprimarykey" => flag(
            table
                .definition
                .keys
                .iter()
                .any(|key| key.primary && key.columns.iter().any(|part| part.0 == at)),
        ),
        "isansinullpadded" | "usesansitrim" => flag(column.sql_type.is_character()),
        "iscursortype" | "isdeterministic" | "isfulltextindexed" | "ishidden"
        | "isidnotforrepl" | "isoutparam" | "isprecise" | "isrowguidcol" | "issparse"
        | "iscolumnset" | "issystemverified" | "isxmlindexable" | "systemdataaccess"
        | "userdataaccess" => 0.cell(),
        "ordinal" => (at + 1).cell(),
        "precision" => match column.sql_type {
            SqlType::NChar(_) | SqlType::NVarChar(_) if facts.max_length > 0 => {
                (facts.max_length / 2).cell()
            }
            _ if facts.precision == 0 => facts.max_length.cell(),
            _ => facts.precision.cell(),
        },
        "scale" => match column.sql_type {
            _ if facts.precision == 0 => Value::Null,
            _ => facts.scale.cell(),
        },
        _ => Value::Null,
    })
}

fn index_col(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    let table = text(args, 0).and_then(|name| table_named(scope, &name));
    let (Some(table), index, key) = (table, number(args, 1)?, number(args, 2)?) else {
        return Ok(Value::Null);
    };
    let indexes = indexes_of(&table.definition);
    let found = indexes
        .iter()
        .find(|found| Some(i64::from(found.id)) == index);
    let position = key.and_then(|key| usize::try_from(key - 1).ok());
    let column = found.and_then(|found| found.columns.get(position?));
    let column = column.and_then(|column| table.definition.columns.get(column.0));
    Ok(column.map(|column| column.name.shared()).cell())
}

fn indexproperty(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    let table = table(scope, number(args, 0)?);
    let (Some(table), Some(index), Some(property)) = (table, text(args, 1), text(args, 2)) else {
        return Ok(Value::Null);
    };
    let indexes = indexes_of(&table.definition);
    let found = indexes
        .iter()
        .find(|found| found.name.is_some_and(|name| name.is(&index)));
    let Some(found) = found else {
        return Ok(Value::Null);
    };
    let flag = |on: bool| i32::from(on).cell();
    Ok(match property.to_lowercase().as_str() {
        "indexdepth" => 1.cell(),
        "indexfillfactor" => 0.cell(),
        "indexid" => found.id.cell(),
        "isclustered" => flag(found.id == 1),
        "isunique" => flag(found.unique),
        "isautostatistics"
        | "isdisabled"
        | "isfulltextkey"
        | "ishypothetical"
        | "ispadindex"
        | "ispagelockdisallowed"
        | "isrowlockdisallowed"
        | "isstatistics"
        | "iscolumnstore"
        | "isoptimizedforsequentialkey" => 0.cell(),
        _ => Value::Null,
    })
}

fn identity(
    scope: &Scope<'_>,
    args: &[Value],
    of: impl Fn(&Table, &Column) -> Option<i64>,
) -> Result<Value, SqlError> {
    let table = text(args, 0).and_then(|name| table_named(scope, &name));
    let value = table.and_then(|table| {
        let mut columns = table.definition.columns.iter();
        let column = columns.find(|column| column.identity.is_some())?;
        of(&table, column)
    });
    let decimal = value.map(|value| {
        Value::Decimal(Decimal {
            units: value.into(),
            scale: 0,
        })
    });
    Ok(decimal.cell())
}
