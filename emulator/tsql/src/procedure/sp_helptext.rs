//! `sp_helptext`: the text of a procedure or view, line by line.

use milink_core::ids::ObjectId;
use milink_core::sql_type::SqlType;

use super::{Body, Call, Procedure, optional, required, result_set};
use crate::catalog::column::{ViewColumn, col, nvarchar};
use crate::catalog::functions::find_object;
use crate::catalog::row;
use crate::error::SqlError;

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_helptext",
    parameters: &[
        required("@objname", SqlType::nvarchar(776)),
        optional("@columnname", SqlType::SYSNAME),
    ],
    body: Body::Native(run),
};

const COLUMNS: &[ViewColumn] = &[col("Text", nvarchar(255))];

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    if call.text(1).is_some() {
        return Err(SqlError::unsupported("sp_helptext of a computed column"));
    }
    let rows = call.read(|scope, call| {
        let name = call.text(0).unwrap_or_default();
        let Some(object) = find_object(scope, name) else {
            return Err(SqlError::new(
                15009,
                16,
                format!(
                    "The object '{name}' does not exist in database '{}' or is invalid for this operation.",
                    scope.database.name
                ),
            ));
        };
        let content = scope.content();
        let module = content.modules.get(&ObjectId(object.id));
        let module = module.ok_or_else(|| {
            SqlError::new(15197, 16, format!("There is no text for object '{name}'."))
        })?;
        let mut rows = Vec::new();
        for line in module.text.split_inclusive('\n') {
            // A row holds 255 characters; longer lines go on in the next one.
            let characters: Vec<char> = line.chars().collect();
            for part in characters.chunks(255) {
                rows.push(row![part.iter().collect::<String>()]);
            }
        }
        Ok(rows)
    })?;
    result_set::send(call.context, COLUMNS, rows);
    Ok(0)
}
