//! Mathematical functions.

use milink_core::sql_type::SqlType;
use milink_core::value::{Decimal, Value};

use super::ScalarFunction;
use super::arguments::{Arguments, Call};
use crate::error::SqlError;
use crate::types::decimal::{self, POW10, Rounding};
use crate::types::{ExprType, Family, family};

pub(super) const FUNCTIONS: &[ScalarFunction] = &[
    ScalarFunction::new("abs", 1, 1, number_type, abs),
    ScalarFunction::new("sign", 1, 1, strict_number_type, sign),
    ScalarFunction::new("ceiling", 1, 1, whole_type, |call| whole(call, true)),
    ScalarFunction::new("floor", 1, 1, whole_type, |call| whole(call, false)),
    ScalarFunction::new("round", 2, 3, round_type, round),
    ScalarFunction::new("power", 2, 2, power_type, power),
    ScalarFunction::new("sqrt", 1, 1, float_type, |call| float(call, f64::sqrt)),
    ScalarFunction::new("square", 1, 1, float_type, |call| float(call, |x| x * x)),
    ScalarFunction::new("exp", 1, 1, float_type, |call| float(call, f64::exp)),
    ScalarFunction::new("log", 1, 2, float_type, log),
    ScalarFunction::new("log10", 1, 1, float_type, log10),
    ScalarFunction::new(
        "pi",
        0,
        0,
        |_| Ok(ExprType::new(SqlType::Float).not_null()),
        |_| Ok(Value::Float(std::f64::consts::PI)),
    ),
    ScalarFunction::new("sin", 1, 1, float_type, |call| float(call, f64::sin)),
    ScalarFunction::new("cos", 1, 1, float_type, |call| float(call, f64::cos)),
    ScalarFunction::new("tan", 1, 1, float_type, |call| float(call, f64::tan)),
    ScalarFunction::new("cot", 1, 1, float_type, |call| {
        float(call, |x| 1.0 / x.tan())
    }),
    ScalarFunction::new("asin", 1, 1, float_type, |call| float(call, f64::asin)),
    ScalarFunction::new("acos", 1, 1, float_type, |call| float(call, f64::acos)),
    ScalarFunction::new("atan", 1, 1, float_type, |call| float(call, f64::atan)),
    ScalarFunction::new("atn2", 2, 2, float_type, |call| {
        let (y, x) = (call.float(0)?, call.float(1)?);
        finite(y.atan2(x))
    }),
    ScalarFunction::new("degrees", 1, 1, angle_type, |call| {
        angle(call, f64::to_degrees)
    }),
    ScalarFunction::new(
        "radians",
        1,
        1,
        |a| Ok(angle_type(a)?.with_nullable(a.any_nullable())),
        |call| angle(call, f64::to_radians),
    ),
    ScalarFunction::new("rand", 0, 1, rand_type, rand)
        .takes_null()
        .volatile(),
];

/// The type that a number keeps in a function: small integers are int, text is float.
fn kept(a: &Arguments<'_>) -> Result<SqlType, SqlError> {
    a.require(0, SqlType::Float)?;
    Ok(match a.ty(0).sql {
        SqlType::TinyInt | SqlType::SmallInt | SqlType::Int => SqlType::Int,
        SqlType::Bit => SqlType::Float,
        sql @ (SqlType::BigInt | SqlType::Decimal { .. } | SqlType::Money) => sql,
        SqlType::SmallMoney => SqlType::Money,
        SqlType::Real | SqlType::Float => SqlType::Float,
        _ if family(a.ty(0).sql) == Family::Text => SqlType::Float,
        _ => return Err(a.invalid(0)),
    })
}

/// ABS: nullable, as most results are.
fn number_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    let sql = kept(a)?;
    a.result(sql)
}

/// SIGN and ROUND: not nullable for arguments that are not.
fn strict_number_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    let sql = kept(a)?;
    a.strict_result(sql)
}

/// The first argument as the result type has it.
fn number(call: &Call<'_>) -> Result<Value, SqlError> {
    call.converted(0, call.result)
}

fn overflow(ty: &ExprType) -> SqlError {
    let name = match ty.sql {
        SqlType::Decimal { .. } => "numeric",
        other => other.name(),
    };
    SqlError::arithmetic_overflow("expression", name)
}

fn abs(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let too_large = overflow(call.result);
    Ok(match number(call)? {
        Value::Int(n) => {
            let most = if call.result.sql == SqlType::Int {
                i64::from(i32::MAX)
            } else {
                i64::MAX
            };
            let n = n.checked_abs().filter(|n| *n <= most).ok_or(too_large)?;
            Value::Int(n)
        }
        Value::Money(n) => Value::Money(n.checked_abs().ok_or(too_large)?),
        Value::Decimal(n) => Value::Decimal(Decimal {
            units: n.units.abs(),
            ..n
        }),
        Value::Float(n) => Value::Float(n.abs()),
        other => other,
    })
}

fn sign(call: &mut Call<'_>) -> Result<Value, SqlError> {
    Ok(match number(call)? {
        Value::Int(n) => Value::Int(n.signum()),
        Value::Money(n) => Value::Money(n.signum() * 10_000),
        Value::Decimal(n) => {
            let one = POW10[usize::from(n.scale)] as i128;
            Value::Decimal(Decimal {
                units: n.units.signum() * one,
                ..n
            })
        }
        Value::Float(n) => Value::Float(if n == 0.0 { 0.0 } else { n.signum() }),
        other => other,
    })
}

/// CEILING and FLOOR of a decimal have no scale.
fn whole_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    let sql = match kept(a)? {
        SqlType::Decimal {
            precision, numeric, ..
        } => SqlType::Decimal {
            precision,
            scale: 0,
            numeric,
        },
        other => other,
    };
    a.strict_result(sql)
}

fn whole(call: &mut Call<'_>, up: bool) -> Result<Value, SqlError> {
    let towards = |units: i128, unit: i128| {
        let (quotient, remainder) = (units.div_euclid(unit), units.rem_euclid(unit));
        quotient + i128::from(up && remainder != 0)
    };
    Ok(match call.value(0) {
        Value::Decimal(n) => Value::Decimal(Decimal {
            units: towards(n.units, POW10[usize::from(n.scale)] as i128),
            scale: 0,
        }),
        Value::Money(n) => {
            let units = towards((*n).into(), 10_000) * 10_000;
            Value::Money(i64::try_from(units).map_err(|_| overflow(call.result))?)
        }
        _ => match number(call)? {
            Value::Float(n) => Value::Float(if up { n.ceil() } else { n.floor() }),
            other => other,
        },
    })
}

fn round_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    for at in 1..a.types.len() {
        a.require(at, SqlType::Int)?;
    }
    strict_number_type(a)
}

/// Rounds to places behind the point, before it if negative; a third argument other than 0 cuts instead.
fn round(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let places = call.int(1)?;
    let cut = call.count() > 2 && call.int(2)? != 0;
    let too_large = || overflow(call.result);
    let exact = |units: i128, scale: u8, precision: u8| {
        rounded(Decimal { units, scale }, places, cut, precision)
    };
    Ok(match number(call)? {
        Value::Int(n) => {
            let most = if call.result.sql == SqlType::Int {
                10
            } else {
                19
            };
            let n = exact(n.into(), 0, most)
                .and_then(|n| i64::try_from(n.units).ok())
                .filter(|n| call.result.sql != SqlType::Int || i32::try_from(*n).is_ok());
            Value::Int(n.ok_or_else(too_large)?)
        }
        Value::Money(n) => {
            let n = exact(n.into(), 4, 19).and_then(|n| i64::try_from(n.units).ok());
            Value::Money(n.ok_or_else(too_large)?)
        }
        Value::Decimal(n) => {
            let precision = match call.result.sql {
                SqlType::Decimal { precision, .. } => precision,
                _ => 38,
            };
            Value::Decimal(exact(n.units, n.scale, precision).ok_or_else(too_large)?)
        }
        Value::Float(n) => Value::Float(round_float(n, places, cut)),
        other => other,
    })
}

/// Zeros below the place, with the scale kept.
fn rounded(number: Decimal, places: i64, cut: bool, precision: u8) -> Option<Decimal> {
    let drop = i64::from(number.scale) - places;
    if drop <= 0 {
        return Some(number);
    }
    if drop > 38 {
        return Some(Decimal { units: 0, ..number });
    }
    let unit = POW10[drop as usize];
    let magnitude = number.units.unsigned_abs();
    let mut steps = magnitude / unit;
    if !cut && magnitude % unit >= unit.div_ceil(2) {
        steps += 1;
    }
    let magnitude = steps
        .checked_mul(unit)
        .filter(|n| *n < POW10[usize::from(precision)])?;
    let units = magnitude as i128;
    Some(Decimal {
        units: if number.units < 0 { -units } else { units },
        ..number
    })
}

fn round_float(number: f64, places: i64, cut: bool) -> f64 {
    if places > 300 || !number.is_finite() {
        return number;
    }
    if places < -308 {
        return 0.0;
    }
    // Through decimal text where it fits, so that 2.675 rounds as it reads.
    let scale = places.clamp(0, 38) as u8;
    if number.abs() < 1e15 && (0..=20).contains(&places) {
        let exact = decimal::from_f64_shortest(number, 38, 22).and_then(|exact| {
            let how = if cut {
                Rounding::Truncate
            } else {
                Rounding::Nearest
            };
            decimal::rescale(exact, 38, scale, how)
        });
        if let Some(exact) = exact {
            return decimal::to_f64(exact);
        }
    }
    let factor = 10_f64.powi(places as i32);
    let scaled = number * factor;
    if !scaled.is_finite() {
        return number;
    }
    (if cut { scaled.trunc() } else { scaled.round() }) / factor
}

fn power_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    a.require(1, SqlType::Float)?;
    let sql = match kept(a)? {
        SqlType::Decimal { scale, numeric, .. } => SqlType::Decimal {
            precision: 38,
            scale,
            numeric,
        },
        other => other,
    };
    a.result(sql)
}

/// Computed as floats (whole powers of integers exactly), then brought to the type of the first argument.
fn power(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let too_large = || overflow(call.result);
    if let (Value::Int(base), Value::Int(exponent)) = (number(call)?, call.value(1))
        && let Ok(exponent) = u32::try_from(*exponent)
        && let Some(exact) = base.checked_pow(exponent)
        && (call.result.sql != SqlType::Int || i32::try_from(exact).is_ok())
    {
        return Ok(Value::Int(exact));
    }
    let (base, exponent) = (call.float(0)?, call.float(1)?);
    let result = base.powf(exponent);
    if result.is_nan() || (base == 0.0 && exponent < 0.0) {
        return Err(SqlError::invalid_float_operation());
    }
    // Each type overflows with words of its own (observed).
    if !result.is_finite() {
        return Err(SqlError::arithmetic_overflow("expression", "float"));
    }
    match call.result.sql {
        SqlType::Int if result.abs() >= 2_147_483_648.0 => {
            Err(SqlError::float_overflow("int", result))
        }
        SqlType::Float => Ok(Value::Float(result)),
        _ => crate::types::convert(
            &Value::Float(result),
            &ExprType::new(SqlType::Float),
            call.result,
            None,
            &call.context.dates,
        )
        .map_err(|_| too_large()),
    }
}

fn float_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    a.require_all(0, SqlType::Float)?;
    a.result(SqlType::Float)
}

fn float(call: &mut Call<'_>, function: fn(f64) -> f64) -> Result<Value, SqlError> {
    finite(function(call.float(0)?))
}

fn finite(result: f64) -> Result<Value, SqlError> {
    if result.is_nan() {
        Err(SqlError::invalid_float_operation())
    } else if result.is_infinite() {
        Err(SqlError::arithmetic_overflow("expression", "float"))
    } else {
        Ok(Value::Float(result))
    }
}

fn log(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let number = call.float(0)?;
    if number <= 0.0 {
        return Err(SqlError::invalid_float_operation());
    }
    if call.count() < 2 {
        return finite(number.ln());
    }
    let base = call.float(1)?;
    if base <= 0.0 || base == 1.0 {
        return Err(SqlError::invalid_float_operation());
    }
    finite(number.ln() / base.ln())
}

fn log10(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let number = call.float(0)?;
    if number <= 0.0 {
        return Err(SqlError::invalid_float_operation());
    }
    finite(number.log10())
}

/// DEGREES and RADIANS keep the type, with 18 decimals for a decimal.
fn angle_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    let sql = match kept(a)? {
        SqlType::Decimal { numeric, .. } => SqlType::Decimal {
            precision: 38,
            scale: 18,
            numeric,
        },
        other => other,
    };
    a.result(sql)
}

fn angle(call: &mut Call<'_>, function: fn(f64) -> f64) -> Result<Value, SqlError> {
    let result = Value::Float(function(call.float(0)?));
    let float = ExprType::new(SqlType::Float);
    crate::types::convert(&result, &float, call.result, None, &call.context.dates)
}

fn rand_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    a.require_all(0, SqlType::Int)?;
    a.result(SqlType::Float)
}

fn rand(call: &mut Call<'_>) -> Result<Value, SqlError> {
    if call.count() > 0 {
        if call.is_null(0) {
            return Ok(Value::Null);
        }
        let seed = call.int(0)?;
        call.context.random.seed(seed);
    }
    Ok(Value::Float(call.context.random.next_float()))
}
