//! `sp_pkeys`: the primary key of a table (`SQLPrimaryKeys`).

use milink_core::sql_type::SqlType;

use super::{Procedure, TABLE, table};
use crate::catalog::column::{NAME, SMALLINT, ViewColumn, col, join, req};
use crate::catalog::row;
use crate::error::SqlError;
use crate::procedure::{Body, Call, optional, required, result_set};

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_pkeys",
    parameters: &[
        required("@table_name", SqlType::SYSNAME),
        optional("@table_owner", SqlType::SYSNAME),
        optional("@table_qualifier", SqlType::SYSNAME),
    ],
    body: Body::Native(run),
};

const COLUMNS: &[ViewColumn] = &join::<3, 3, 6>(
    TABLE,
    [
        req("COLUMN_NAME", NAME),
        req("KEY_SEQ", SMALLINT),
        col("PK_NAME", NAME),
    ],
);

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let rows = call.read(|scope, call| {
        super::check_qualifier(scope, call.text(2))?;
        let table = table(&scope.content(), call.text(0), call.text(1));
        let Some(table) = table else {
            return Ok(Vec::new());
        };
        let definition = &table.definition;
        let key = definition.keys.iter().find(|key| key.primary);
        let columns = key
            .iter()
            .flat_map(|key| key.columns.iter().zip(1..).map(move |c| (key, c)));
        let rows = columns.filter_map(|(key, ((at, _), number))| {
            Some(row![
                &scope.database.name,
                &definition.schema,
                &definition.name,
                &definition.columns.get(*at)?.name,
                number,
                &key.name,
            ])
        });
        Ok(rows.collect())
    })?;
    result_set::send(call.context, COLUMNS, rows);
    Ok(0)
}
