//! `sp_multidb_milink`: whether links of this SQL Server have several databases each, or one (documentation: "Extend an
//! Always On availability group to Azure SQL Managed Instance").

use milink_core::link::SetMultiDatabaseLinks;
use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};
use milink_core::version::multi_database_supported;

use super::{Body, Call, Procedure, optional, result_set};
use crate::catalog::column::{INT, ViewColumn, req};
use crate::error::SqlError;

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_multidb_milink",
    parameters: &[optional("@enable", SqlType::Int)],
    body: Body::Native(run),
};

/// Called without an argument it "returns" the setting: as a row, with a name that is a guess.
const COLUMNS: &[ViewColumn] = &[req("is_enabled", INT)];

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    // A build or an edition that has no such links does not have the procedure (for the edition, that is a guess).
    let instance = call.context.instance()?;
    let enabled = instance
        .as_sql_server()
        .filter(|server| multi_database_supported(server.build, server.edition))
        .map(|server| server.multi_database_links)
        .ok_or_else(|| SqlError::procedure_not_found("sys.sp_multidb_milink"))?;
    let wanted = match call.number(0) {
        None => {
            let row = Row::from([Value::Int(i64::from(enabled))]);
            result_set::send(call.context, COLUMNS, vec![row]);
            return Ok(0);
        }
        Some(0) => false,
        Some(1) => true,
        // The number is the one of a procedure that is given a value it does not take.
        Some(other) => {
            return Err(SqlError::new(
                15_600,
                15,
                format!(
                    "An invalid parameter or option was specified for procedure 'sys.sp_multidb_milink': {other}."
                ),
            ));
        }
    };
    let instance = call.context.instance;
    call.context.apply(SetMultiDatabaseLinks {
        instance,
        several: wanted,
    })?;
    Ok(0)
}
