//! FORMAT: numbers and dates by .NET format strings, in us_english.
//!
//! Documentation: "FORMAT (Transact-SQL)" and .NET "Standard/Custom numeric/date and time format strings".

mod dates;
mod numbers;

use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::ScalarFunction;
use super::arguments::{Arguments, Call};
use crate::error::SqlError;
use crate::types::calendar::Moment;
use crate::types::{ExprType, Family, family};

pub(super) const FUNCTIONS: &[ScalarFunction] =
    &[ScalarFunction::new("format", 2, 3, format_type, format)];

/// A width past this is a mistake, and it bounds the result.
const MAX_WIDTH: usize = 99;

fn format_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    match family(a.ty(0).sql) {
        _ if a.ty(0).is_null_literal() || a.ty(0).sql == SqlType::Bit => return Err(a.invalid(0)),
        Family::Integer
        | Family::Decimal
        | Family::Money
        | Family::Float
        | Family::OldDateTime
        | Family::NewDateTime => {}
        _ => return Err(a.invalid(0)),
    }
    a.text(1)?;
    if a.types.len() > 2 {
        a.text(2)?;
    }
    Ok(ExprType::new(SqlType::nvarchar(4000)))
}

/// The formatted text; NULL for a format that is not valid.
fn format(call: &mut Call<'_>) -> Result<Value, SqlError> {
    if call.count() > 2 {
        let culture = call.text(2)?;
        if !matches!(culture.to_ascii_lowercase().as_str(), "en-us" | "en") {
            return Err(SqlError::unsupported(format!(
                "FORMAT with the culture '{culture}'"
            )));
        }
    }
    let pattern = call.text(1)?;
    let text = match call.value(0) {
        value if Moment::of(value).is_some() => {
            let at = call.moment(0, SqlType::DateTime2(7))?;
            match call.ty(0).sql {
                SqlType::Time(_) => dates::time_span(at, &pattern),
                SqlType::DateTimeOffset(_) => dates::date(at, true, &pattern),
                _ => dates::date(at, false, &pattern),
            }
        }
        value => numbers::number(value, &pattern),
    };
    match text {
        Some(text) => call.answer(text),
        None => Ok(Value::Null),
    }
}
