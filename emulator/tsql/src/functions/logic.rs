//! Functions that choose among values: ISNULL, NULLIF, CHOOSE, IIF, GREATEST, LEAST, and number tests.

use std::cmp::Ordering;

use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::ScalarFunction;
use super::arguments::{Arguments, Call};
use crate::error::SqlError;
use crate::types::{
    BoundComparison, CompareOp, ExprType, Family, Literal, coalesce_type, common_type, compare,
    convert_implicit, family, isnull_type,
};

pub(super) const FUNCTIONS: &[ScalarFunction] = &[
    ScalarFunction::new("isnull", 2, 2, |a| isnull_type(a.ty(0), a.ty(1)), isnull).takes_null(),
    ScalarFunction::new(
        "coalesce",
        2,
        usize::MAX,
        |a| coalesce_type(a.types),
        coalesce,
    )
    .takes_null(),
    ScalarFunction::new("nullif", 2, 2, nullif_type, nullif).takes_null(),
    ScalarFunction::new("choose", 2, usize::MAX, choose_type, choose).takes_null(),
    ScalarFunction::new("greatest", 1, 254, extreme_type, |call| {
        extreme(call, Ordering::Greater)
    })
    .takes_null(),
    ScalarFunction::new("least", 1, 254, extreme_type, |call| {
        extreme(call, Ordering::Less)
    })
    .takes_null(),
    ScalarFunction::new("isnumeric", 1, 1, isnumeric_type, isnumeric).takes_null(),
];

/// An argument as the result.
fn result(call: &Call<'_>, at: usize) -> Result<Value, SqlError> {
    convert_implicit(
        call.value(at),
        call.ty(at),
        call.result,
        &call.context.dates,
    )
}

fn isnull(call: &mut Call<'_>) -> Result<Value, SqlError> {
    result(call, usize::from(call.is_null(0)))
}

fn coalesce(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let first = (0..call.count()).find(|at| !call.is_null(*at));
    first.map_or(Ok(Value::Null), |at| result(call, at))
}

fn nullif_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    if a.ty(0).is_null_literal() {
        return Err(SqlError::nullif_of_null());
    }
    BoundComparison::bind(CompareOp::Eq, a.ty(0), a.ty(1))?;
    let mut ty = a.ty(0).with_nullable(true);
    ty.literal = Literal::No;
    Ok(ty)
}

fn nullif(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let equal = BoundComparison::bind(CompareOp::Eq, call.ty(0), call.ty(1))?;
    let dates = &call.context.dates;
    if equal.eval(call.value(0), call.value(1), dates)? == Some(true) {
        return Ok(Value::Null);
    }
    Ok(call.value(0).clone())
}

fn choose_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    a.require(0, SqlType::Int)?;
    Ok(common_type(&a.types[1..])?.with_nullable(true))
}

/// The value at a 1-based position; NULL outside.
fn choose(call: &mut Call<'_>) -> Result<Value, SqlError> {
    if call.is_null(0) {
        return Ok(Value::Null);
    }
    match usize::try_from(call.int(0)?) {
        Ok(at) if at >= 1 && at < call.count() => result(call, at),
        _ => Ok(Value::Null),
    }
}

fn extreme_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    let ty = common_type(a.types)?;
    if matches!(
        family(ty.sql),
        Family::LargeText | Family::Image | Family::Xml
    ) {
        return Err(a.invalid(0));
    }
    Ok(ty.with_nullable(a.types.iter().all(|ty| ty.nullable)))
}

/// The greatest or least of the arguments that are not NULL.
fn extreme(call: &mut Call<'_>, wanted: Ordering) -> Result<Value, SqlError> {
    let mut best = Value::Null;
    for at in 0..call.count() {
        let value = result(call, at)?;
        if !value.is_null() && (best.is_null() || compare(&value, &best, call.result) == wanted) {
            best = value;
        }
    }
    Ok(best)
}

fn isnumeric_type(_: &Arguments<'_>) -> Result<ExprType, SqlError> {
    Ok(ExprType::new(SqlType::Int).not_null())
}

/// Whether some numeric type can read the text; also for a lone sign, point, comma or currency symbol.
fn isnumeric(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let numeric = match call.value(0) {
        Value::Int(_) | Value::Decimal(_) | Value::Money(_) | Value::Float(_) => true,
        Value::Str(text) => is_number(text),
        _ => false,
    };
    Ok(Value::Int(i64::from(numeric)))
}

fn is_number(text: &str) -> bool {
    let text = text.trim();
    if text.is_empty() {
        return false;
    }
    let lone = |c: char| matches!(c, '+' | '-' | '.' | ',') || crate::types::is_currency(c);
    let mut chars = text.chars();
    if let (Some(c), None) = (chars.next(), chars.next())
        && lone(c)
    {
        return true;
    }
    crate::types::parse_float(text).is_some() || crate::types::parse_money(text).is_ok()
}
