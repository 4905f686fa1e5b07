//! CREATE SCHEMA.

use milink_core::ids::PrincipalId;
use milink_core::names::Name;
use milink_core::store::Op;

use crate::ast::CreateSchemaStatement;
use crate::engine::bound::Place;
use crate::engine::dml::{Outcome, Work};
use crate::engine::stop::Stop;
use crate::error::SqlError;

/// CREATE SCHEMA.
pub(crate) fn create_schema(
    work: &mut Work<'_>,
    create: &CreateSchemaStatement,
) -> Result<Outcome, Stop> {
    if !create.elements.is_empty() {
        return Err(SqlError::unsupported("CREATE SCHEMA with statements inside").into());
    }
    let name = create.name.as_ref().or(create.owner.as_ref());
    let Some(name) = name else {
        return Err(SqlError::incorrect_syntax_keyword("SCHEMA").into());
    };
    let place = Place::Database(work.state.database);
    let content = work.content(place);
    let owner = match &create.owner {
        None => PrincipalId(1),
        Some(owner) => match content.user(&owner.value) {
            Some(user) => user.id,
            None => {
                return Err(SqlError::new(
                    15151,
                    16,
                    format!("Cannot find the user '{}', because it does not exist or you do not have permission.", owner.value),
                )
                .into());
            }
        },
    };
    let name = Name::new(&name.value);
    if content.schemas.contains_key(&name) {
        return Err(SqlError::new(
            2714,
            16,
            format!("There is already an object named '{name}' in the database."),
        )
        .with_state(6)
        .into());
    }
    let mut outcome = Outcome::default();
    outcome
        .changes
        .add(place, [Op::CreateSchema { name, owner }]);
    Ok(outcome)
}
