//! DROP of tables, schemas and objects that there can be none of.

use milink_core::names::Name;
use milink_core::store::{ModuleKind, Op};

use super::module::drop_module;
use crate::ast::{DropKind, DropStatement, ObjectName};
use crate::engine::bound::Place;
use crate::engine::dml::{Outcome, Work};
use crate::engine::stop::Stop;
use crate::error::SqlError;

/// DROP TABLE, SCHEMA, VIEW and so on.
pub(crate) fn drop_objects(work: &mut Work<'_>, drop: &DropStatement) -> Result<Outcome, Stop> {
    let mut outcome = Outcome::default();
    for name in &drop.names {
        match drop.kind {
            DropKind::Table => table(work, name, drop.if_exists, &mut outcome)?,
            DropKind::Schema => schema(work, name, drop.if_exists, &mut outcome)?,
            DropKind::Procedure | DropKind::View => {
                let kind = if drop.kind == DropKind::View {
                    ModuleKind::View
                } else {
                    ModuleKind::Procedure
                };
                let found = drop_module(work, name, kind, &mut outcome);
                if !found && !drop.if_exists {
                    return Err(cannot_drop(word(drop.kind), name).into());
                }
            }
            other if !drop.if_exists => {
                return Err(cannot_drop(word(other), name).into());
            }
            _ => {}
        }
    }
    Ok(outcome)
}

fn table(
    work: &Work<'_>,
    name: &ObjectName,
    if_exists: bool,
    outcome: &mut Outcome,
) -> Result<(), SqlError> {
    let table = match work.binder().user_table(name) {
        Ok(table) => table,
        Err(error) if error.number == 208 && if_exists => return Ok(()),
        Err(error) if error.number == 208 => return Err(cannot_drop("table", name)),
        Err(error) => return Err(error),
    };
    let object = table.definition().object;
    let content = work.content(table.place);
    let is_referenced = content.tables.values().any(|other| {
        let mut keys = other.definition.foreign_keys.iter();
        other.definition.object != object && keys.any(|key| key.references == object)
    });
    if is_referenced {
        return Err(SqlError::new(
            3726,
            16,
            format!(
                "Could not drop object '{name}' because it is referenced by a FOREIGN KEY constraint."
            ),
        ));
    }
    outcome
        .changes
        .add(table.place, [Op::DropTable { table: object }]);
    Ok(())
}

fn schema(
    work: &Work<'_>,
    name: &ObjectName,
    if_exists: bool,
    outcome: &mut Outcome,
) -> Result<(), SqlError> {
    let place = Place::Database(work.state.database);
    let content = work.content(place);
    let schema = Name::new(&name.object.value);
    let Some(found) = content.schemas.get(&schema) else {
        if if_exists {
            return Ok(());
        }
        return Err(SqlError::new(
            15151,
            16,
            format!(
                "Cannot drop the schema '{schema}', because it does not exist or you do not have permission."
            ),
        ));
    };
    if found.id <= 4 {
        return Err(SqlError::new(
            15150,
            16,
            format!("Cannot drop the schema '{schema}'."),
        ));
    }
    let tables = content.tables.values().map(|table| &table.definition);
    let tables = tables.map(|definition| (&definition.schema, &definition.name));
    let modules = content.modules.values();
    let modules = modules.map(|module| (&module.schema, &module.name));
    if let Some((_, user)) = tables.chain(modules).find(|(own, _)| **own == schema) {
        return Err(SqlError::new(
            3729,
            16,
            format!(
                "Cannot drop schema '{schema}' because it is being referenced by object '{user}'."
            ),
        ));
    }
    outcome
        .changes
        .add(place, [Op::DropSchema { name: schema }]);
    Ok(())
}

/// 3701.
fn cannot_drop(what: &str, name: &ObjectName) -> SqlError {
    SqlError::new(
        3701,
        11,
        format!("Cannot drop the {what} '{name}', because it does not exist or you do not have permission."),
    )
    .with_state(5)
}

fn word(kind: DropKind) -> &'static str {
    match kind {
        DropKind::View => "view",
        DropKind::Procedure => "procedure",
        DropKind::Function => "function",
        DropKind::Trigger => "trigger",
        DropKind::Type => "type",
        DropKind::Sequence => "sequence object",
        DropKind::Synonym => "synonym",
        _ => "object",
    }
}
