//! The clock, and arithmetic with dates: GETDATE, DATEADD, DATEDIFF, DATEPART, EOMONTH, DATETRUNC and their kind.

use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::ScalarFunction;
use super::arguments::{Arguments, Call};
use super::datepart::{Datepart, day_of_week};
use crate::error::SqlError;
use crate::types::calendar::{
    DAYS_TO_1900, Moment, TICKS_PER_DAY, TICKS_PER_SECOND, day_number, days_in_month, weekday,
};
use crate::types::{ExprType, Family, convert, family};

pub(super) const FUNCTIONS: &[ScalarFunction] = &[
    ScalarFunction::new("getdate", 0, 0, |_| now_type(SqlType::DateTime), now).volatile(),
    ScalarFunction::new(
        "current_timestamp",
        0,
        0,
        |_| now_type(SqlType::DateTime),
        now,
    )
    .volatile(),
    ScalarFunction::new(
        "sysdatetime",
        0,
        0,
        |_| now_type(SqlType::DateTime2(7)),
        now,
    )
    .volatile(),
    ScalarFunction::new("getutcdate", 0, 0, |_| now_type(SqlType::DateTime), utc_now).volatile(),
    ScalarFunction::new(
        "sysutcdatetime",
        0,
        0,
        |_| now_type(SqlType::DateTime2(7)),
        utc_now,
    )
    .volatile(),
    ScalarFunction::new(
        "sysdatetimeoffset",
        0,
        0,
        |_| now_type(SqlType::DateTimeOffset(7)),
        now,
    )
    .volatile(),
    ScalarFunction::new(
        "current_timezone",
        0,
        0,
        |_| Ok(ExprType::new(SqlType::varchar(64)).not_null()),
        current_timezone,
    )
    .volatile(),
    ScalarFunction::new("dateadd", 3, 3, dateadd_type, dateadd).with_datepart(),
    ScalarFunction::new(
        "datediff",
        3,
        3,
        |a| datediff_type(a, SqlType::Int),
        datediff,
    )
    .with_datepart(),
    ScalarFunction::new(
        "datediff_big",
        3,
        3,
        |a| datediff_type(a, SqlType::BigInt),
        datediff,
    )
    .with_datepart(),
    ScalarFunction::new(
        "datepart",
        2,
        2,
        |a| datepart_type(a, SqlType::Int),
        datepart,
    )
    .with_datepart(),
    ScalarFunction::new(
        "datename",
        2,
        2,
        |a| datepart_type(a, SqlType::nvarchar(30)),
        datename,
    )
    .with_datepart(),
    ScalarFunction::new("year", 1, 1, ymd_type, |call| ymd(call, Datepart::Year)),
    ScalarFunction::new("month", 1, 1, ymd_type, |call| ymd(call, Datepart::Month)),
    ScalarFunction::new("day", 1, 1, ymd_type, |call| ymd(call, Datepart::Day)),
    ScalarFunction::new("eomonth", 1, 2, eomonth_type, eomonth),
    ScalarFunction::new("datetrunc", 2, 2, datetrunc_type, datetrunc).with_datepart(),
    ScalarFunction::new("date_bucket", 3, 4, date_bucket_type, date_bucket).with_datepart(),
    ScalarFunction::new("isdate", 1, 1, isdate_type, isdate)
        .takes_null()
        .volatile(),
];

fn now_type(sql: SqlType) -> Result<ExprType, SqlError> {
    Ok(ExprType::new(sql).not_null())
}

fn now(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let moment = Moment::at(call.context.now, call.context.utc_offset_minutes);
    in_type(moment, call.result)
}

fn utc_now(call: &mut Call<'_>) -> Result<Value, SqlError> {
    in_type(Moment::at(call.context.now, 0), call.result)
}

fn current_timezone(call: &mut Call<'_>) -> Result<Value, SqlError> {
    Ok(Value::str(match call.context.utc_offset_minutes {
        0 => "(UTC) Coordinated Universal Time".to_owned(),
        offset => format!("(UTC{})", crate::types::offset_text(offset)),
    }))
}

fn in_type(moment: Moment, ty: &ExprType) -> Result<Value, SqlError> {
    moment
        .into_value(ty.sql)
        .ok_or_else(|| SqlError::date_add_overflow(ty.sql.name()))
}

/// The datepart of a call, when it is bound (155).
fn part(a: &Arguments<'_>) -> Result<Datepart, SqlError> {
    let word = a.constant(0).and_then(Value::as_str).unwrap_or_default();
    Datepart::named(word).ok_or_else(|| SqlError::unrecognized_option(word, a.name))
}

fn part_of(call: &Call<'_>) -> Result<Datepart, SqlError> {
    let word = call.value(0).as_str().unwrap_or_default();
    Datepart::named(word).ok_or_else(|| SqlError::unrecognized_option(word, call.name))
}

/// The date type of an argument: its own, or `text` for strings; numbers count as datetime.
fn date_type(a: &Arguments<'_>, at: usize, text: SqlType) -> Result<SqlType, SqlError> {
    let ty = a.ty(at);
    match family(ty.sql) {
        _ if ty.is_null_literal() => Ok(SqlType::DateTime),
        Family::OldDateTime | Family::NewDateTime => Ok(ty.sql),
        Family::Text => Ok(text),
        Family::Integer | Family::Decimal | Family::Money | Family::Float => Ok(SqlType::DateTime),
        _ => Err(a.invalid(at)),
    }
}

/// The newer functions take no number for a date.
fn no_number(a: &Arguments<'_>, at: usize) -> Result<(), SqlError> {
    match family(a.ty(at).sql) {
        Family::Integer | Family::Decimal | Family::Money | Family::Float
            if !a.ty(at).is_null_literal() =>
        {
            Err(a.invalid(at))
        }
        _ => Ok(()),
    }
}

/// What strings are read as where the finest type is wanted.
const FINEST: SqlType = SqlType::DateTimeOffset(7);

fn dateadd_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    let part = part(a)?;
    if family(a.ty(1).sql) == Family::NewDateTime || family(a.ty(1).sql) == Family::OldDateTime {
        return Err(a.invalid(1));
    }
    a.require(1, SqlType::BigInt)?;
    let ty = ExprType::new(date_type(a, 2, SqlType::DateTime)?);
    let fine = matches!(part, Datepart::Microsecond | Datepart::Nanosecond);
    let old = family(ty.sql) == Family::OldDateTime;
    if matches!(part, Datepart::TzOffset | Datepart::IsoWeek) || (fine && old) {
        return Err(SqlError::datepart_not_supported(
            part.word(),
            a.name,
            ty.sql.name(),
        ));
    }
    part.check(a.name, &ty)?;
    Ok(ty.with_nullable(true))
}

fn dateadd(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let part = part_of(call)?;
    let count = call.bigint(1)?;
    let at = call.moment(2, call.result.sql)?;
    let result = add(at, part, count, matches!(call.result.sql, SqlType::Time(_)));
    let overflow = || SqlError::date_add_overflow(call.result.sql.name());
    result
        .ok_or_else(overflow)?
        .into_value(call.result.sql)
        .ok_or_else(overflow)
}

fn add(at: Moment, part: Datepart, count: i64, wraps: bool) -> Option<Moment> {
    let ticks = |unit: i64| {
        let ticks = count.checked_mul(unit)?;
        if wraps {
            // A time of day starts over at midnight.
            let ticks = (i128::from(at.ticks) + i128::from(ticks)).rem_euclid(TICKS_PER_DAY.into());
            return Some(Moment {
                ticks: ticks as i64,
                ..at
            });
        }
        at.plus_ticks(ticks)
    };
    match part {
        Datepart::Year => at.plus_months(count.checked_mul(12)?),
        Datepart::Quarter => at.plus_months(count.checked_mul(3)?),
        Datepart::Month => at.plus_months(count),
        Datepart::Week => at.plus_days(count.checked_mul(7)?),
        Datepart::Day | Datepart::DayOfYear | Datepart::Weekday => at.plus_days(count),
        Datepart::Hour => ticks(3600 * TICKS_PER_SECOND),
        Datepart::Minute => ticks(60 * TICKS_PER_SECOND),
        Datepart::Second => ticks(TICKS_PER_SECOND),
        Datepart::Millisecond => ticks(10_000),
        Datepart::Microsecond => ticks(10),
        Datepart::Nanosecond => {
            // Rounded to the 100 ns that are kept.
            let half = if count < 0 { -50 } else { 50 };
            let hundreds = count.checked_add(half)? / 100;
            at.plus_ticks(hundreds)
        }
        Datepart::TzOffset | Datepart::IsoWeek => None,
    }
}

fn datediff_type(a: &Arguments<'_>, sql: SqlType) -> Result<ExprType, SqlError> {
    let part = part(a)?;
    if matches!(part, Datepart::TzOffset | Datepart::IsoWeek) {
        return Err(SqlError::datepart_not_supported_at_all(part.word(), a.name));
    }
    for at in [1, 2] {
        let ty = ExprType::new(date_type(a, at, FINEST)?);
        // A date counts from midnight, so its times may be asked for.
        if matches!(ty.sql, SqlType::Time(_)) {
            part.check(a.name, &ty)?;
        }
    }
    a.result(sql)
}

/// How many boundaries of the part lie between two moments.
fn datediff(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let part = part_of(call)?;
    let instant = |at: usize| -> Result<Moment, SqlError> {
        let local = call.moment(at, FINEST)?;
        // Offsets do not count: the boundaries are those of UTC.
        let utc = local.plus_ticks(-i64::from(local.offset) * 60 * TICKS_PER_SECOND);
        Ok(utc.unwrap_or(local))
    };
    let (from, to) = (instant(1)?, instant(2)?);
    let count = boundaries(part, to) - boundaries(part, from);
    let fits = call.result.sql == SqlType::BigInt || i32::try_from(count).is_ok();
    match i64::try_from(count) {
        Ok(count) if fits => Ok(Value::Int(count)),
        _ => Err(SqlError::datediff_overflow(call.name)),
    }
}

/// The boundaries of a part since the beginning of time.
fn boundaries(part: Datepart, at: Moment) -> i128 {
    let (year, month, _) = at.civil();
    let days = i128::from(at.days);
    let ticks = days * i128::from(TICKS_PER_DAY) + i128::from(at.ticks);
    match part {
        Datepart::Year => year.into(),
        Datepart::Quarter => i128::from(year) * 4 + i128::from((month - 1) / 3),
        Datepart::Month => i128::from(year) * 12 + i128::from(month),
        Datepart::Day | Datepart::DayOfYear | Datepart::Weekday => days,
        // Weeks always begin on Sunday here, whatever DATEFIRST says.
        Datepart::Week => (days + 1).div_euclid(7),
        Datepart::Hour => ticks / (3600 * i128::from(TICKS_PER_SECOND)),
        Datepart::Minute => ticks / (60 * i128::from(TICKS_PER_SECOND)),
        Datepart::Second => ticks / i128::from(TICKS_PER_SECOND),
        Datepart::Millisecond => ticks / 10_000,
        Datepart::Microsecond => ticks / 10,
        Datepart::Nanosecond => ticks * 100,
        Datepart::TzOffset | Datepart::IsoWeek => 0,
    }
}

fn datepart_type(a: &Arguments<'_>, sql: SqlType) -> Result<ExprType, SqlError> {
    let part = part(a)?;
    let ty = ExprType::new(date_type(a, 1, FINEST)?);
    part.check(a.name, &ty)?;
    a.result(sql)
}

fn datepart(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let part = part_of(call)?;
    let at = call.moment(1, FINEST)?;
    Ok(Value::Int(part.of(at, &call.context.dates)))
}

fn datename(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let part = part_of(call)?;
    let at = call.moment(1, FINEST)?;
    Ok(Value::str(part.name_of(at, &call.context.dates)))
}

fn ymd_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    let sql = date_type(a, 0, FINEST)?;
    if matches!(sql, SqlType::Time(_)) {
        return Err(a.invalid(0));
    }
    a.result(SqlType::Int)
}

fn ymd(call: &mut Call<'_>, part: Datepart) -> Result<Value, SqlError> {
    let numeric = !matches!(family(call.ty(0).sql), Family::Text);
    let at = call.moment(0, if numeric { SqlType::DateTime } else { FINEST })?;
    Ok(Value::Int(part.of(at, &call.context.dates)))
}

fn eomonth_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    date_type(a, 0, FINEST)?;
    if a.types.len() > 1 {
        a.require(1, SqlType::Int)?;
    }
    Ok(ExprType::new(SqlType::Date))
}

fn eomonth(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let at = call.moment(0, FINEST)?;
    let months = if call.count() > 1 { call.int(1)? } else { 0 };
    let overflow = || SqlError::date_add_overflow("date");
    let (year, month, _) = at.plus_months(months).ok_or_else(overflow)?.civil();
    let days = day_number(year, month, days_in_month(year, month)).ok_or_else(overflow)?;
    in_type(
        Moment {
            days,
            ..Moment::EPOCH
        },
        call.result,
    )
}

fn datetrunc_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    let part = part(a)?;
    no_number(a, 1)?;
    let ty = ExprType::new(date_type(a, 1, SqlType::DateTime2(7))?);
    if matches!(
        part,
        Datepart::Weekday | Datepart::TzOffset | Datepart::Nanosecond
    ) {
        return Err(SqlError::datepart_not_supported(
            part.word(),
            a.name,
            ty.sql.name(),
        ));
    }
    part.check(a.name, &ty)?;
    Ok(ty.with_nullable(true))
}

fn datetrunc(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let part = part_of(call)?;
    let at = call.moment(1, SqlType::DateTime2(7))?;
    let (year, month, _) = at.civil();
    let day = |days: i32| Moment {
        days,
        ticks: 0,
        ..at
    };
    let whole = |unit: i64| Moment {
        ticks: at.ticks / unit * unit,
        ..at
    };
    let first = |month: u32| day(day_number(year, month, 1).unwrap_or(at.days));
    let cut = match part {
        Datepart::Year => first(1),
        Datepart::Quarter => first((month - 1) / 3 * 3 + 1),
        Datepart::Month => first(month),
        Datepart::Week => day(at.days - day_of_week(at.days, call.context.dates.first_day) as i32),
        Datepart::IsoWeek => day(at.days - weekday(at.days) as i32),
        Datepart::Hour => whole(3600 * TICKS_PER_SECOND),
        Datepart::Minute => whole(60 * TICKS_PER_SECOND),
        Datepart::Second => whole(TICKS_PER_SECOND),
        Datepart::Millisecond => whole(10_000),
        Datepart::Microsecond => whole(10),
        _ => day(at.days),
    };
    if cut.days < 0 {
        return Err(SqlError::date_add_overflow(call.result.sql.name()));
    }
    in_type(cut, call.result)
}

fn date_bucket_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    let part = part(a)?;
    a.require(1, SqlType::BigInt)?;
    no_number(a, 2)?;
    let ty = ExprType::new(date_type(a, 2, SqlType::DateTime2(7))?);
    let plain = matches!(
        part,
        Datepart::Year
            | Datepart::Quarter
            | Datepart::Month
            | Datepart::Week
            | Datepart::Day
            | Datepart::Hour
            | Datepart::Minute
            | Datepart::Second
            | Datepart::Millisecond
    );
    if !plain {
        return Err(SqlError::datepart_not_supported(
            part.word(),
            a.name,
            ty.sql.name(),
        ));
    }
    part.check(a.name, &ty)?;
    Ok(ty.with_nullable(true))
}

/// The start of the bucket that a moment is in; buckets count from 1900-01-01 or the origin.
fn date_bucket(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let part = part_of(call)?;
    let width = call.bigint(1)?;
    if width <= 0 {
        return Err(SqlError::new(
            9834,
            16,
            "Invalid bucket width value passed to date_bucket function. Only positive values are allowed.",
        ));
    }
    let at = call.moment(2, SqlType::DateTime2(7))?;
    let origin = if call.count() > 3 {
        call.moment(3, SqlType::DateTime2(7))?
    } else {
        Moment {
            days: DAYS_TO_1900,
            ticks: 0,
            offset: at.offset,
        }
    };
    let overflow = || SqlError::date_add_overflow(call.result.sql.name());
    let months = match part {
        Datepart::Year => Some(12),
        Datepart::Quarter => Some(3),
        Datepart::Month => Some(1),
        _ => None,
    };
    let since = |m: Moment| i128::from(m.days) * i128::from(TICKS_PER_DAY) + i128::from(m.ticks);
    let start = if let Some(unit) = months {
        let width = width.checked_mul(unit).ok_or_else(overflow)?;
        let index = |m: Moment| {
            let (year, month, _) = m.civil();
            i64::from(year) * 12 + i64::from(month)
        };
        let mut buckets = (index(at) - index(origin)).div_euclid(width);
        // The origin's day and time may put the moment in the bucket before.
        let begin = |buckets: i64| origin.plus_months(buckets.checked_mul(width)?);
        if begin(buckets).is_some_and(|begin| since(begin) > since(at)) {
            buckets -= 1;
        }
        begin(buckets).ok_or_else(overflow)?
    } else {
        let unit = match part {
            Datepart::Week => 7 * TICKS_PER_DAY,
            Datepart::Day => TICKS_PER_DAY,
            Datepart::Hour => 3600 * TICKS_PER_SECOND,
            Datepart::Minute => 60 * TICKS_PER_SECOND,
            Datepart::Second => TICKS_PER_SECOND,
            _ => 10_000,
        };
        let width = i128::from(width) * i128::from(unit);
        let distance = (since(at) - since(origin)).div_euclid(width) * width;
        let distance = i64::try_from(distance).map_err(|_| overflow())?;
        origin.plus_ticks(distance).ok_or_else(overflow)?
    };
    in_type(
        Moment {
            offset: at.offset,
            ..start
        },
        call.result,
    )
}

fn isdate_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    match family(a.ty(0).sql) {
        Family::NewDateTime | Family::Xml | Family::Image => Err(a.invalid(0)),
        _ => Ok(ExprType::new(SqlType::Int).not_null()),
    }
}

/// Whether the argument is text that datetime can read, or a datetime itself.
fn isdate(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let valid = match call.value(0) {
        Value::Null => false,
        Value::DateTime(_) | Value::SmallDateTime(_) => true,
        Value::Str(text) if text.trim().is_empty() => false,
        value @ Value::Str(_) => {
            let to = ExprType::new(SqlType::DateTime);
            convert(value, call.ty(0), &to, None, &call.context.dates).is_ok()
        }
        Value::Int(year) => (1753..=9999).contains(year),
        _ => false,
    };
    Ok(Value::Int(i64::from(valid)))
}
