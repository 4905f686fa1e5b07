//! `sp_sproc_columns`: the parameters of procedures (`SQLProcedureColumns`).

use milink_core::sql_type::SqlType;
use milink_core::store::ModuleKind;
use milink_core::value::{Row, Value};

use super::odbc_type::odbc_type;
use super::{Procedure, Wanted, name};
use crate::catalog::column::{
    INT, NAME, SMALLINT, TINYINT, ViewColumn, col, nvarchar, req, varchar,
};
use crate::catalog::objects::{ModuleParameter, parameters_of};
use crate::catalog::{Scope, row};
use crate::error::SqlError;
use crate::procedure::{Body, Call, Parameter, defaulting, optional, procedures, result_set};

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_sproc_columns",
    parameters: PARAMETERS,
    body: Body::Native(run),
};

pub(super) const PROCEDURE_100: Procedure = Procedure {
    name: "sp_sproc_columns_100",
    ..PROCEDURE
};

const PARAMETERS: &[Parameter] = &[
    name("@procedure_name"),
    name("@procedure_owner"),
    optional("@procedure_qualifier", SqlType::SYSNAME),
    name("@column_name"),
    defaulting("@ODBCVer", SqlType::Int, Value::Int(2)),
    defaulting("@fUsePattern", SqlType::Bit, Value::Bit(true)),
];

const COLUMNS: &[ViewColumn] = &[
    col("PROCEDURE_QUALIFIER", NAME),
    col("PROCEDURE_OWNER", NAME),
    req("PROCEDURE_NAME", nvarchar(134)),
    req("COLUMN_NAME", NAME),
    req("COLUMN_TYPE", SMALLINT),
    req("DATA_TYPE", SMALLINT),
    req("TYPE_NAME", NAME),
    col("PRECISION", INT),
    col("LENGTH", INT),
    col("SCALE", SMALLINT),
    col("RADIX", SMALLINT),
    req("NULLABLE", SMALLINT),
    col("REMARKS", varchar(254)),
    col("COLUMN_DEF", nvarchar(4000)),
    req("SQL_DATA_TYPE", SMALLINT),
    col("SQL_DATETIME_SUB", SMALLINT),
    col("CHAR_OCTET_LENGTH", INT),
    req("ORDINAL_POSITION", INT),
    req("IS_NULLABLE", varchar(254)),
    req("SS_DATA_TYPE", TINYINT),
];

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let rows = call.read(rows)?;
    result_set::send(call.context, COLUMNS, rows);
    Ok(0)
}

fn rows(scope: &Scope<'_>, call: &Call<'_, '_>) -> Result<Vec<Row>, SqlError> {
    super::check_qualifier(scope, call.text(2))?;
    let patterns = call.number(5) != Some(0);
    let names = Wanted::of(call.text(0), patterns)?;
    let owners = Wanted::of(call.text(1), patterns)?;
    let parameters = Wanted::of(call.text(3), patterns)?;
    let odbc3 = call.number(4) >= Some(3);
    let mut rows = Vec::new();
    for procedure in found(scope, &names, &owners) {
        // The return value comes first: column type 5.
        let mut all = vec![("@RETURN_VALUE".to_owned(), SqlType::Int, 5, false)];
        all.extend(procedure.parameters.into_iter().map(|parameter| {
            let kind = if parameter.output { 2 } else { 1 };
            (parameter.name, parameter.sql_type, kind, true)
        }));
        for ((name, sql, kind, nullable), position) in all.into_iter().zip(0..) {
            if !parameters.has(&name) {
                continue;
            }
            let ty = odbc_type(sql, odbc3);
            rows.push(row![
                &scope.database.name,
                procedure.owner.as_str(),
                format!("{};1", procedure.name),
                name,
                kind,
                ty.code,
                sql.name(),
                ty.precision,
                ty.length,
                ty.scale,
                ty.radix,
                i32::from(nullable),
                Value::Null,
                Value::Null,
                ty.verbose.map_or(ty.code, |verbose| verbose.0),
                ty.verbose.map(|verbose| verbose.1),
                ty.octets,
                position,
                if nullable { "YES" } else { "NO" },
                ty.wire(nullable),
            ]);
        }
    }
    Ok(rows)
}

/// A procedure of the system or of a user.
struct Found {
    owner: String,
    name: String,
    parameters: Vec<ModuleParameter>,
}

fn found(scope: &Scope<'_>, names: &Wanted, owners: &Wanted) -> Vec<Found> {
    let content = scope.content();
    let own = content
        .modules
        .values()
        .filter(|module| module.kind == ModuleKind::Procedure);
    let own =
        own.filter(|module| names.has(module.name.as_str()) && owners.has(module.schema.as_str()));
    let own = own.map(|module| Found {
        owner: module.schema.to_string(),
        name: module.name.to_string(),
        parameters: parameters_of(module),
    });
    let system = procedures().filter(|procedure| names.has(procedure.name) && owners.has("sys"));
    let system = system.map(|procedure| Found {
        owner: "sys".to_owned(),
        name: procedure.name.to_owned(),
        parameters: procedure
            .parameters
            .iter()
            .map(|parameter| ModuleParameter {
                name: parameter.name.to_owned(),
                sql_type: parameter.sql_type,
                output: parameter.output,
            })
            .collect(),
    });
    own.chain(system).collect()
}
