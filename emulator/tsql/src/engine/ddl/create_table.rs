//! CREATE TABLE and table variables.

use std::sync::Arc;

use milink_core::ids::ObjectId;
use milink_core::names::Name;
use milink_core::store::{Content, Op, TableDefinition};
use milink_core::time::Timestamp;

use super::definition::Builder;
use super::new_name;
use crate::ast::{CreateTableStatement, TableElement};
use crate::engine::bind::Binder;
use crate::engine::bound::Place;
use crate::engine::dml::{Outcome, Work};
use crate::engine::stop::Stop;
use crate::error::SqlError;
use crate::statement::replicated::Feature;

/// CREATE TABLE.
pub(crate) fn create_table(
    work: &mut Work<'_>,
    create: &CreateTableStatement,
) -> Result<Outcome, Stop> {
    for option in &create.options {
        if matches!(
            option.name.as_str(),
            "SYSTEM_VERSIONING" | "MEMORY_OPTIMIZED" | "LEDGER"
        ) {
            if option.name == "MEMORY_OPTIMIZED"
                && let Ok((Place::Database(database), ..)) = new_name(work, &create.name)
            {
                Feature::MemoryOptimizedTable.check(work.world, work.instance.id, database)?;
            }
            return Err(
                SqlError::unsupported(format!("CREATE TABLE … WITH ({})", option.name)).into(),
            );
        }
    }
    let (place, schema, name) = new_name(work, &create.name)?;
    let content = work.content(place);
    let mut binder = work.binder();
    let object = content.next_object(0);
    let mut builder = Builder {
        definition: empty(object, schema, name, work.now),
        text: work.text,
        content,
        objects: 0,
        declared_null: Vec::new(),
        binder: &mut binder,
    };
    builder.add(&create.elements)?;
    let definition = builder.definition;
    if definition.columns.is_empty() {
        return Err(SqlError::new(
            1715,
            15,
            format!(
                "CREATE TABLE failed because table '{}' has no columns.",
                definition.name
            ),
        )
        .into());
    }
    drop(binder);
    let mut outcome = Outcome::default();
    outcome
        .changes
        .add(place, [Op::CreateTable(Arc::new(definition))]);
    Ok(outcome)
}

/// The definition of `DECLARE @t TABLE (…)`.
pub(crate) fn table_variable(
    mut binder: Binder<'_>,
    text: &str,
    name: &str,
    elements: &[TableElement],
    now: Timestamp,
) -> Result<TableDefinition, SqlError> {
    let content: Content = binder.local.tables.clone();
    let object = content.next_object(0);
    let mut builder = Builder {
        definition: empty(object, Name::new("dbo"), Name::new(name), now),
        text,
        content,
        objects: 0,
        declared_null: Vec::new(),
        binder: &mut binder,
    };
    builder.add(elements)?;
    Ok(builder.definition)
}

fn empty(object: ObjectId, schema: Name, name: Name, now: Timestamp) -> TableDefinition {
    TableDefinition {
        object,
        schema,
        name,
        columns: Vec::new(),
        max_column_id: 0,
        keys: Vec::new(),
        indexes: Vec::new(),
        checks: Vec::new(),
        foreign_keys: Vec::new(),
        created: now,
        modified: now,
    }
}
