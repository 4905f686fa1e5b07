//! TRUNCATE TABLE.

use milink_core::store::Op;

use super::{Outcome, Work};
use crate::ast::TruncateStatement;
use crate::engine::stop::Stop;
use crate::error::SqlError;

/// TRUNCATE TABLE.
pub(crate) fn truncate(work: &mut Work<'_>, truncate: &TruncateStatement) -> Result<Outcome, Stop> {
    let table = work.binder().user_table(&truncate.table).map_err(|error| {
        match error.number {
            208 => SqlError::new(
                4701,
                16,
                format!("Cannot find the object \"{}\" because it does not exist or you do not have permissions.", truncate.table),
            ),
            _ => error,
        }
    })?;
    let object = table.definition().object;
    let content = work.content(table.place);
    let is_referenced = content.tables.values().any(|other| {
        let mut keys = other.definition.foreign_keys.iter();
        other.definition.object != object && keys.any(|key| key.references == object)
    });
    if is_referenced {
        return Err(SqlError::new(
            4712,
            16,
            format!(
                "Cannot truncate table '{}' because it is being referenced by a FOREIGN KEY constraint.",
                table.definition().name
            ),
        )
        .into());
    }
    let mut outcome = Outcome::default();
    outcome
        .changes
        .add(table.place, [Op::Truncate { table: object }]);
    Ok(outcome)
}
