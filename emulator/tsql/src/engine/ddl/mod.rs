//! Definitions of tables, indexes and schemas: each statement becomes operations that replicate.

mod alter_table;
mod constraint;
mod create_index;
mod create_table;
mod definition;
mod drop_objects;
mod index;
mod module;
mod schema;

use milink_core::names::Name;

use super::bound::Place;
use super::dml::Work;
use crate::ast::ObjectName;
use crate::error::SqlError;

pub(crate) use alter_table::alter_table;
pub(crate) use create_index::{alter_index, create_index, drop_index};
pub(crate) use create_table::{create_table, table_variable};
pub(crate) use drop_objects::drop_objects;
pub(crate) use module::{create_procedure, create_view};
pub(crate) use schema::create_schema;

/// Where a new object goes, its schema and its name; refused if it exists (2714), or its schema does not (2760).
pub(crate) fn new_name(
    work: &Work<'_>,
    name: &ObjectName,
) -> Result<(Place, Name, Name), SqlError> {
    let object = Name::new(&name.object.value);
    let exists = || {
        SqlError::new(
            2714,
            16,
            format!("There is already an object named '{object}' in the database."),
        )
        .with_state(6)
    };
    if name.server.is_some() {
        return Err(SqlError::unsupported("objects on linked servers"));
    }
    if object.as_str().starts_with("##") {
        return Err(SqlError::unsupported("global temporary tables"));
    }
    if object.as_str().starts_with('#') {
        let dbo = Name::new("dbo");
        if work.state.temporary.table(&dbo, &object).is_some() {
            return Err(exists());
        }
        return Ok((Place::Temporary, dbo, object));
    }
    let binder = work.binder();
    let database = binder
        .database_named(name.database.as_ref())
        .ok_or_else(|| SqlError::database_not_found(&name.to_string()))?;
    let place = Place::Database(database.id);
    let content = work.content(place);
    let written = name.schema.as_ref().map_or("dbo", |schema| &schema.value);
    let schema = Name::new(written);
    let known = content
        .schemas
        .get_key_value(&schema)
        .map(|(name, _)| name.clone());
    let Some(schema) = known.filter(|_| !matches!(schema.folded(), "sys" | "information_schema"))
    else {
        return Err(SqlError::new(
            2760,
            16,
            format!(
                "The specified schema name \"{written}\" either does not exist or you do not have permission to use it."
            ),
        ));
    };
    if content.table(&schema, &object).is_some() || content.module(&schema, &object).is_some() {
        return Err(exists());
    }
    Ok((place, schema, object))
}
