//! SELECT … INTO: a new table from a query.

use std::sync::Arc;

use milink_core::ids::RowId;
use milink_core::names::Name;
use milink_core::store::{Column, Identity, Op, TableDefinition};

use super::{Outcome, Work};
use crate::ast::{QueryBody, SelectStatement};
use crate::engine::bound::Place;
use crate::engine::ddl;
use crate::engine::same_name;
use crate::engine::stop::Stop;
use crate::error::{Abort, SqlError};

/// SELECT … INTO.
pub(crate) fn select_into(
    work: &mut Work<'_>,
    statement: &SelectStatement,
) -> Result<Outcome, Stop> {
    let QueryBody::Select(spec) = &statement.query.body else {
        return Err(SqlError::incorrect_syntax_keyword("INTO").into());
    };
    let Some(name) = &spec.into else {
        return Err(SqlError::incorrect_syntax_keyword("INTO").into());
    };
    let query = work.binder().select_statement(statement)?;
    let (place, schema, name) = ddl::new_name(work, name)?;
    let content = work.content(place);
    let mut columns: Vec<Column> = Vec::with_capacity(query.columns.len());
    for (at, column) in query.columns.iter().enumerate() {
        if column.name.is_empty() {
            return Err(SqlError::new(
                1038,
                15,
                "An object or column name is missing or empty. For SELECT INTO statements, verify each column has a name. For other statements, look for empty alias names. Aliases defined as \"\" or [] are not allowed. Change the alias to a valid name.",
            )
            .into());
        }
        if columns
            .iter()
            .any(|other| same_name(other.name.as_str(), &column.name))
        {
            return Err(SqlError::new(
                2705,
                16,
                format!("Column names in each table must be unique. Column name '{}' in table '{name}' is specified more than once.", column.name),
            )
            .aborting(Abort::Batch)
            .into());
        }
        columns.push(Column {
            id: at as i32 + 1,
            name: Name::new(&column.name),
            sql_type: column.ty.sql,
            nullable: column.ty.nullable,
            collation: column.ty.collation,
            identity: column.identity.then_some(Identity {
                seed: 1,
                increment: 1,
            }),
            default: None,
            computed: None,
        });
    }
    let object = content.next_object(0);
    let identity_column = columns.iter().position(|column| column.identity.is_some());
    let definition = TableDefinition {
        object,
        schema,
        name,
        max_column_id: columns.len() as i32,
        columns,
        keys: Vec::new(),
        indexes: Vec::new(),
        checks: Vec::new(),
        foreign_keys: Vec::new(),
        created: work.now,
        modified: work.now,
    };
    let rows = work.runtime().query(&query, None)?;
    let last = identity_column.and_then(|at| rows.iter().filter_map(|row| row[at].as_int()).max());
    let mut ops = Vec::with_capacity(rows.len() + 2);
    ops.push(Op::CreateTable(Arc::new(definition)));
    let count = rows.len() as u64;
    ops.extend(rows.into_iter().zip(1..).map(|(row, id)| Op::Insert {
        table: object,
        id: RowId(id),
        row,
    }));
    if last.is_some() {
        ops.push(Op::SetIdentity {
            table: object,
            last,
        });
    }
    let mut outcome = Outcome {
        rows: Some(count),
        ..Outcome::default()
    };
    if let Place::Variable = place {
        return Err(SqlError::incorrect_syntax("@").into());
    }
    outcome.changes.add(place, ops);
    Ok(outcome)
}
