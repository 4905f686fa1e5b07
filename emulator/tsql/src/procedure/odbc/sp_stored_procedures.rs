//! `sp_stored_procedures`: procedures (`SQLProcedures`).

use milink_core::sql_type::SqlType;
use milink_core::store::ModuleKind;
use milink_core::value::Value;

use super::{Procedure, Wanted, name};
use crate::catalog::column::{INT, NAME, SMALLINT, ViewColumn, col, nvarchar, req, varchar};
use crate::catalog::row;
use crate::error::SqlError;
use crate::procedure::{Body, Call, Parameter, all, defaulting, optional, result_set};

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_stored_procedures",
    parameters: PARAMETERS,
    body: Body::Native(run),
};

const PARAMETERS: &[Parameter] = &[
    name("@sp_name"),
    name("@sp_owner"),
    optional("@sp_qualifier", SqlType::SYSNAME),
    defaulting("@fUsePattern", SqlType::Bit, Value::Bit(true)),
];

const COLUMNS: &[ViewColumn] = &[
    col("PROCEDURE_QUALIFIER", NAME),
    col("PROCEDURE_OWNER", NAME),
    req("PROCEDURE_NAME", nvarchar(134)),
    req("NUM_INPUT_PARAMS", INT),
    req("NUM_OUTPUT_PARAMS", INT),
    req("NUM_RESULT_SETS", INT),
    col("REMARKS", varchar(254)),
    req("PROCEDURE_TYPE", SMALLINT),
];

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let rows = call.read(|scope, call| {
        super::check_qualifier(scope, call.text(2))?;
        let patterns = call.number(3) != Some(0);
        let names = Wanted::of(call.text(0), patterns)?;
        let owners = Wanted::of(call.text(1), patterns)?;
        let content = scope.content();
        let own = content
            .modules
            .values()
            .filter(|module| module.kind == ModuleKind::Procedure);
        let own = own.map(|module| (module.schema.as_str(), module.name.as_str()));
        let system = all().map(|name| ("sys", name));
        let mut found: Vec<(&str, &str)> = own
            .chain(system)
            .filter(|(owner, name)| owners.has(owner) && names.has(name))
            .collect();
        found.sort_unstable();
        // The numbers are unknown by design; ;1 is the number of the procedure in its group.
        let row = |(owner, name): (&str, &str)| {
            let database = &scope.database.name;
            row![
                database,
                owner,
                format!("{name};1"),
                -1,
                -1,
                -1,
                Value::Null,
                2
            ]
        };
        Ok(found.into_iter().map(row).collect())
    })?;
    result_set::send(call.context, COLUMNS, rows);
    Ok(0)
}
