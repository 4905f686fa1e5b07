//! AT TIME ZONE, under the Windows names of time zones.
//!
//! The rules of today are applied to every year: a world has no tables of past rules, which the server reads from
//! its registry.

use jiff::civil;
use jiff::tz::{Disambiguation, TimeZone};
use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::ScalarFunction;
use super::arguments::{Arguments, Call};
use crate::error::SqlError;
use crate::types::ExprType;
use crate::types::calendar::Moment;

/// The binder calls it for the operator.
pub(super) const FUNCTIONS: &[ScalarFunction] =
    &[ScalarFunction::new("at_time_zone", 2, 2, zoned_type, zoned)];

/// Names as `sys.time_zone_info` has them, with the rules of POSIX.
const ZONES: [(&str, &str); 52] = [
    ("UTC", "UTC0"),
    ("Coordinated Universal Time", "UTC0"),
    ("Greenwich Standard Time", "GMT0"),
    ("GMT Standard Time", "GMT0BST,M3.5.0/1,M10.5.0"),
    ("W. Europe Standard Time", "CET-1CEST,M3.5.0,M10.5.0/3"),
    ("Central Europe Standard Time", "CET-1CEST,M3.5.0,M10.5.0/3"),
    (
        "Central European Standard Time",
        "CET-1CEST,M3.5.0,M10.5.0/3",
    ),
    ("Romance Standard Time", "CET-1CEST,M3.5.0,M10.5.0/3"),
    ("W. Central Africa Standard Time", "WAT-1"),
    ("FLE Standard Time", "EET-2EEST,M3.5.0/3,M10.5.0/4"),
    ("GTB Standard Time", "EET-2EEST,M3.5.0/3,M10.5.0/4"),
    ("E. Europe Standard Time", "EET-2EEST,M3.5.0,M10.5.0/3"),
    ("South Africa Standard Time", "SAST-2"),
    ("Israel Standard Time", "IST-2IDT,M3.4.4/26,M10.5.0"),
    ("Turkey Standard Time", "<+03>-3"),
    ("Arab Standard Time", "<+03>-3"),
    ("E. Africa Standard Time", "EAT-3"),
    ("Russian Standard Time", "MSK-3"),
    ("Iran Standard Time", "<+0330>-3:30"),
    ("Arabian Standard Time", "<+04>-4"),
    ("Pakistan Standard Time", "PKT-5"),
    ("India Standard Time", "IST-5:30"),
    ("Nepal Standard Time", "<+0545>-5:45"),
    ("Bangladesh Standard Time", "<+06>-6"),
    ("SE Asia Standard Time", "<+07>-7"),
    ("China Standard Time", "CST-8"),
    ("Singapore Standard Time", "<+08>-8"),
    ("Taipei Standard Time", "CST-8"),
    ("W. Australia Standard Time", "AWST-8"),
    ("Tokyo Standard Time", "JST-9"),
    ("Korea Standard Time", "KST-9"),
    ("AUS Central Standard Time", "ACST-9:30"),
    (
        "Cen. Australia Standard Time",
        "ACST-9:30ACDT,M10.1.0,M4.1.0/3",
    ),
    ("E. Australia Standard Time", "AEST-10"),
    ("AUS Eastern Standard Time", "AEST-10AEDT,M10.1.0,M4.1.0/3"),
    ("New Zealand Standard Time", "NZST-12NZDT,M9.5.0,M4.1.0/3"),
    ("Azores Standard Time", "<-01>1<+00>,M3.5.0/0,M10.5.0/1"),
    ("E. South America Standard Time", "<-03>3"),
    ("Argentina Standard Time", "<-03>3"),
    ("Newfoundland Standard Time", "NST3:30NDT,M3.2.0,M11.1.0"),
    ("Atlantic Standard Time", "AST4ADT,M3.2.0,M11.1.0"),
    ("SA Western Standard Time", "<-04>4"),
    ("Eastern Standard Time", "EST5EDT,M3.2.0,M11.1.0"),
    ("SA Pacific Standard Time", "<-05>5"),
    ("Central Standard Time", "CST6CDT,M3.2.0,M11.1.0"),
    ("Central America Standard Time", "CST6"),
    ("Canada Central Standard Time", "CST6"),
    ("Mountain Standard Time", "MST7MDT,M3.2.0,M11.1.0"),
    ("US Mountain Standard Time", "MST7"),
    ("Pacific Standard Time", "PST8PDT,M3.2.0,M11.1.0"),
    ("Alaskan Standard Time", "AKST9AKDT,M3.2.0,M11.1.0"),
    ("Hawaiian Standard Time", "HST10"),
];

fn zoned_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    a.text(1)?;
    let digits = match a.ty(0).sql {
        SqlType::DateTime2(n) | SqlType::DateTimeOffset(n) => n,
        SqlType::DateTime => 3,
        SqlType::SmallDateTime => 0,
        _ if a.ty(0).is_null_literal() => 7,
        _ => {
            return Err(SqlError::invalid_argument_type(
                a.ty(0).sql.name(),
                1,
                "AT TIME ZONE",
            ));
        }
    };
    a.result(SqlType::DateTimeOffset(digits))
}

/// A date with an offset is moved to the zone; one without is taken as local time there.
fn zoned(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let name = call.text(1)?;
    let zone = zone_named(&name).ok_or_else(|| {
        if name.ends_with("Standard Time") || name.starts_with("UTC") {
            // It may be one of those that are not in the list.
            return SqlError::unsupported(format!("the time zone '{name}'"));
        }
        SqlError::new(
            9820,
            16,
            format!("The time zone parameter '{name}' provided to AT TIME ZONE clause is invalid."),
        )
    })?;
    let at = call.moment(0, SqlType::DateTime2(7))?;
    let overflow = || {
        SqlError::new(
            9813,
            16,
            "The timezone provided to builtin function AT TIME ZONE would cause the datetimeoffset to overflow the range of valid date range in either UTC or local time.",
        )
    };
    let moment = if matches!(call.ty(0).sql, SqlType::DateTimeOffset(_)) {
        let now = at.timestamp();
        let offset = zone.to_offset(now.to_jiff());
        Moment::at(now, minutes(offset.seconds()))
    } else {
        let (year, month, day) = at.civil();
        let (hour, minute, second, ticks) = at.clock();
        let local = civil::date(year as i16, month as i8, day as i8).at(
            hour as i8,
            minute as i8,
            second as i8,
            (ticks * 100) as i32,
        );
        // A time that does not exist moves past the gap; one that exists twice is the earlier.
        let zoned = zone
            .to_ambiguous_zoned(local)
            .disambiguate(Disambiguation::Compatible)
            .map_err(|_| overflow())?;
        let now = milink_core::time::Timestamp::from_jiff(zoned.timestamp());
        Moment::at(now, minutes(zoned.offset().seconds()))
    };
    moment.into_value(call.result.sql).ok_or_else(overflow)
}

fn minutes(seconds: i32) -> i16 {
    (seconds / 60) as i16
}

fn zone_named(name: &str) -> Option<TimeZone> {
    let (_, rule) = ZONES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    TimeZone::posix(rule).ok()
}

/// The names of the time zones, for `sys.time_zone_info`.
pub fn time_zones() -> impl Iterator<Item = &'static str> {
    ZONES
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| *name != "Coordinated Universal Time")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_one() {
        for (name, rule) in ZONES {
            assert!(TimeZone::posix(rule).is_ok(), "{name} {rule}");
        }
        assert!(time_zones().count() > 50);
    }
}
