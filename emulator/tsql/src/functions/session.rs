//! The ERROR_ functions of a CATCH block.

use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::ScalarFunction;
use super::arguments::{Arguments, Call};
use crate::error::SqlError;
use crate::types::ExprType;

pub(super) const FUNCTIONS: &[ScalarFunction] = &[
    ScalarFunction::new("error_number", 0, 0, int, |call| {
        of_error(call, |error| Value::Int(error.number.into()))
    })
    .volatile(),
    ScalarFunction::new("error_severity", 0, 0, int, |call| {
        of_error(call, |error| Value::Int(error.severity.into()))
    })
    .volatile(),
    ScalarFunction::new("error_state", 0, 0, int, |call| {
        of_error(call, |error| Value::Int(error.state.into()))
    })
    .volatile(),
    ScalarFunction::new("error_line", 0, 0, int, |call| {
        of_error(call, |error| Value::Int(error.line.into()))
    })
    .volatile(),
    ScalarFunction::new(
        "error_message",
        0,
        0,
        |_| Ok(ExprType::new(SqlType::nvarchar(4000))),
        |call| of_error(call, |error| Value::str(&*error.message)),
    )
    .volatile(),
    ScalarFunction::new(
        "error_procedure",
        0,
        0,
        |_| Ok(ExprType::new(SqlType::SYSNAME)),
        |call| of_error(call, |error| Value::str_or_null(error.procedure.as_deref())),
    )
    .volatile(),
];

fn int(_: &Arguments<'_>) -> Result<ExprType, SqlError> {
    Ok(ExprType::new(SqlType::Int))
}

/// A fact of the error that CATCH handles; NULL outside of CATCH.
fn of_error(call: &mut Call<'_>, fact: fn(&SqlError) -> Value) -> Result<Value, SqlError> {
    Ok(call.context.error.as_ref().map_or(Value::Null, fact))
}
