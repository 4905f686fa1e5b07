//! Dates made from parts, and moved between offsets.

use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::ScalarFunction;
use super::arguments::{Arguments, Call};
use crate::error::SqlError;
use crate::types::calendar::{Moment, TICKS_PER_SECOND, day_number};
use crate::types::{ExprType, Family, family};

pub(super) const FUNCTIONS: &[ScalarFunction] = &[
    ScalarFunction::new(
        "datefromparts",
        3,
        3,
        |a| parts_type(a, SqlType::Date),
        from_parts,
    ),
    ScalarFunction::new(
        "datetimefromparts",
        7,
        7,
        |a| parts_type(a, SqlType::DateTime),
        from_parts,
    ),
    ScalarFunction::new(
        "smalldatetimefromparts",
        5,
        5,
        |a| parts_type(a, SqlType::SmallDateTime),
        from_parts,
    ),
    ScalarFunction::new(
        "timefromparts",
        5,
        5,
        |a| scaled_type(a, SqlType::Time),
        from_parts,
    ),
    ScalarFunction::new(
        "datetime2fromparts",
        8,
        8,
        |a| scaled_type(a, SqlType::DateTime2),
        from_parts,
    ),
    ScalarFunction::new(
        "datetimeoffsetfromparts",
        10,
        10,
        |a| scaled_type(a, SqlType::DateTimeOffset),
        from_parts,
    ),
    ScalarFunction::new("switchoffset", 2, 2, switchoffset_type, switchoffset),
    ScalarFunction::new(
        "todatetimeoffset",
        2,
        2,
        todatetimeoffset_type,
        todatetimeoffset,
    ),
];

fn parts_type(a: &Arguments<'_>, sql: SqlType) -> Result<ExprType, SqlError> {
    a.require_all(0, SqlType::Int)?;
    a.strict_result(sql)
}

/// The last argument is the precision, which has to be a constant.
fn scaled_type(a: &Arguments<'_>, sql: fn(u8) -> SqlType) -> Result<ExprType, SqlError> {
    let precision = a
        .constant(a.types.len() - 1)
        .and_then(Value::as_int)
        .filter(|precision| (0..=7).contains(precision))
        .ok_or_else(|| {
            SqlError::new(
                10760,
                16,
                format!(
                    "Scale argument is not valid. Valid expressions for data type {} scale argument are integer constants and integer constant expressions.",
                    sql(7).name()
                ),
            )
        })?;
    parts_type(a, sql(precision as u8))
}

fn from_parts(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let sql = call.result.sql;
    let numbers = (0..call.count())
        .map(|at| call.int(at))
        .collect::<Result<Vec<_>, _>>()?;
    let number = |at: usize| numbers.get(at).copied().unwrap_or(0);
    let invalid = || SqlError::cannot_construct(sql.name());
    // Where the time starts among the arguments, and where its fraction is.
    let time_at = if matches!(sql, SqlType::Time(_)) {
        0
    } else {
        3
    };
    let mut moment = Moment::EPOCH;
    if time_at == 3 {
        let small = |n: i64| u32::try_from(n).unwrap_or(0);
        let year = i32::try_from(number(0)).map_err(|_| invalid())?;
        moment.days = day_number(year, small(number(1)), small(number(2))).ok_or_else(invalid)?;
    }
    if sql != SqlType::Date {
        let (hour, minute, second) = match sql {
            SqlType::SmallDateTime => (number(3), number(4), 0),
            _ => (number(time_at), number(time_at + 1), number(time_at + 2)),
        };
        let in_range =
            (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
        let fraction = match sql {
            SqlType::SmallDateTime => 0,
            SqlType::DateTime => number(6).checked_mul(10_000).unwrap_or(-1),
            SqlType::Time(digits)
            | SqlType::DateTime2(digits)
            | SqlType::DateTimeOffset(digits) => {
                let unit = 10_i64.pow(7 - u32::from(digits.min(7)));
                number(time_at + 3).checked_mul(unit).unwrap_or(-1)
            }
            _ => 0,
        };
        if !in_range || !(0..TICKS_PER_SECOND).contains(&fraction) {
            return Err(invalid());
        }
        moment.ticks = (hour * 3600 + minute * 60 + second) * TICKS_PER_SECOND + fraction;
    }
    if matches!(sql, SqlType::DateTimeOffset(_)) {
        let (hours, minutes) = (number(7), number(8));
        let same_sign = hours == 0 || minutes == 0 || (hours < 0) == (minutes < 0);
        let total = hours * 60 + minutes;
        if !same_sign || minutes.abs() > 59 || total.abs() > 840 {
            return Err(invalid());
        }
        moment.offset = total as i16;
    }
    moment.into_value(sql).ok_or_else(invalid)
}

/// An offset as minutes, or as `+hh:mm`.
fn offset(call: &Call<'_>, at: usize) -> Result<i16, SqlError> {
    let invalid = || SqlError::invalid_time_zone(call.name);
    let minutes = match call.value(at) {
        Value::Str(text) => offset_of_text(text).ok_or_else(invalid)?,
        _ => call.int(at)?,
    };
    i16::try_from(minutes)
        .ok()
        .filter(|minutes| minutes.abs() <= 840)
        .ok_or_else(invalid)
}

fn offset_of_text(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let number = |digits: &str| -> Option<i64> {
        let plain = (1..=2).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if plain { digits.parse().ok() } else { None }
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (minutes < 60).then_some(sign * (hours * 60 + minutes))
}

fn offset_type(a: &Arguments<'_>, text: SqlType) -> Result<ExprType, SqlError> {
    if !matches!(
        family(a.ty(1).sql),
        Family::Text | Family::Integer | Family::Decimal
    ) {
        return Err(a.invalid(1));
    }
    let digits = match a.ty(0).sql {
        SqlType::DateTimeOffset(n) | SqlType::DateTime2(n) | SqlType::Time(n) => n,
        SqlType::DateTime => 3,
        SqlType::SmallDateTime | SqlType::Date => 0,
        _ => {
            a.require(0, text)?;
            7
        }
    };
    a.result(SqlType::DateTimeOffset(digits))
}

fn switchoffset_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    offset_type(a, SqlType::DateTimeOffset(7))
}

/// The same instant at another offset.
fn switchoffset(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let offset = offset(call, 1)?;
    let at = call.moment(0, SqlType::DateTimeOffset(7))?;
    let overflow = || SqlError::date_out_of_range(call.ty(0).sql.name(), "datetimeoffset");
    let shift = i64::from(offset - at.offset) * 60 * TICKS_PER_SECOND;
    let local = at.plus_ticks(shift).ok_or_else(overflow)?;
    Moment { offset, ..local }
        .into_value(call.result.sql)
        .ok_or_else(overflow)
}

fn todatetimeoffset_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    offset_type(a, SqlType::DateTime2(7))
}

/// The same local time, said to be at an offset.
fn todatetimeoffset(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let offset = offset(call, 1)?;
    let at = call.moment(0, SqlType::DateTime2(7))?;
    Moment { offset, ..at }
        .into_value(call.result.sql)
        .ok_or_else(|| SqlError::date_out_of_range(call.ty(0).sql.name(), "datetimeoffset"))
}
