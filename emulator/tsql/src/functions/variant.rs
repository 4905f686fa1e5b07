//! SQL_VARIANT_PROPERTY: what a variant knows of its base type.

use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::ScalarFunction;
use super::arguments::{Arguments, Call};
use super::text::byte_length;
use crate::error::SqlError;
use crate::types::text::Units;
use crate::types::{ExprType, declared_length, is_large};

pub(super) const FUNCTIONS: &[ScalarFunction] = &[ScalarFunction::new(
    "sql_variant_property",
    2,
    2,
    property_type,
    property,
)];

fn property_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    if is_large(a.ty(0).sql) {
        return Err(a.invalid(0));
    }
    a.text(1)?;
    Ok(ExprType::new(SqlType::SqlVariant))
}

/// A property of the base type; NULL for a property nobody knows.
fn property(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (base, value) = match call.value(0) {
        Value::Variant(inner) => (ExprType::new(inner.0), &inner.1),
        value => (*call.ty(0), value),
    };
    let variant = |sql: SqlType, value: Value| Value::Variant(Box::new((sql, value)));
    let number = |number: usize| variant(SqlType::Int, Value::Int(number as i64));
    let name = |name: &str| variant(SqlType::SYSNAME, Value::str(name));
    let property = call.text(1)?;
    Ok(match property.to_ascii_lowercase().as_str() {
        "basetype" => name(base.sql.name()),
        "precision" => number(precision(base.sql)),
        "scale" => number(scale(base.sql)),
        "totalbytes" => number(byte_length(value, &base) + overhead(base.sql)),
        "maxlength" => number(max_length(&base)),
        "collation" => match base.collation {
            Some(collation) => name(collation.name()),
            None => Value::Null,
        },
        _ => Value::Null,
    })
}

fn precision(sql: SqlType) -> usize {
    match sql {
        SqlType::Bit => 1,
        SqlType::TinyInt => 3,
        SqlType::SmallInt => 5,
        SqlType::Int | SqlType::SmallMoney | SqlType::Date => 10,
        SqlType::BigInt | SqlType::Money => 19,
        SqlType::Decimal { precision, .. } => precision.into(),
        SqlType::Real => 24,
        SqlType::Float => 53,
        SqlType::DateTime => 23,
        SqlType::SmallDateTime => 16,
        SqlType::Time(n) => with_point(8, n),
        SqlType::DateTime2(n) => with_point(19, n),
        SqlType::DateTimeOffset(n) => with_point(26, n),
        _ => 0,
    }
}

fn with_point(whole: usize, digits: u8) -> usize {
    whole
        + if digits == 0 {
            0
        } else {
            usize::from(digits) + 1
        }
}

fn scale(sql: SqlType) -> usize {
    match sql {
        SqlType::Decimal { scale, .. } => scale.into(),
        SqlType::Money | SqlType::SmallMoney => 4,
        SqlType::DateTime => 3,
        SqlType::Time(n) | SqlType::DateTime2(n) | SqlType::DateTimeOffset(n) => n.into(),
        _ => 0,
    }
}

/// Bytes of metadata beside the value (documentation: sql_variant, "TotalBytes"; guess for the rarer types).
fn overhead(sql: SqlType) -> usize {
    match sql {
        SqlType::Decimal { .. } | SqlType::Binary(_) | SqlType::VarBinary(_) => 4,
        SqlType::Time(_) | SqlType::DateTime2(_) | SqlType::DateTimeOffset(_) => 3,
        sql if sql.is_character() => 8,
        _ => 2,
    }
}

fn max_length(ty: &ExprType) -> usize {
    match declared_length(ty.sql) {
        Some(length) => match Units::of(ty) {
            Units::Utf16 => length * 2,
            _ => length,
        },
        None => byte_length(&Value::Null, ty),
    }
}
