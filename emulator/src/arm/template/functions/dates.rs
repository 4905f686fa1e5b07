//! Moments: read from ISO 8601, moved by its durations, and written in .NET's formats.

use jiff::civil::DateTime;
use jiff::{Span, Timestamp, tz::TimeZone};
use serde_json::Value;

use super::{Call, Function};
use crate::arm::template::error::{Stop, wrong};

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("datetimeadd", |_, call| {
        call.count(2, 3)?;
        let moment = read(call, call.text(0)?)?;
        let text = call.text(1)?;
        let moved = text
            .parse::<Span>()
            .ok()
            .and_then(|span| moment.checked_add(span).ok());
        let Some(moved) = moved else {
            return wrong(format!(
                "The template language function 'dateTimeAdd' expects a duration of ISO 8601 that leads to a moment, and not '{text}'. Please see https://aka.ms/arm-functions for usage details."
            ));
        };
        let format = call.arguments.get(2).map(|_| call.text(2)).transpose()?;
        shown(moved, format)
    }),
    ("datetimetoepoch", |_, call| {
        call.count(1, 1)?;
        let moment = read(call, call.text(0)?)?;
        let moment = moment
            .to_zoned(TimeZone::UTC)
            .map(|zoned| zoned.timestamp().as_second());
        moment
            .map(Value::from)
            .map_err(|error| Stop::Wrong(error.to_string()))
    }),
    ("datetimefromepoch", |_, call| {
        call.count(1, 1)?;
        match Timestamp::from_second(call.number(0)?) {
            Ok(moment) => {
                let text = moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
                Ok(Value::String(text))
            }
            Err(error) => wrong(format!(
                "The template language function 'dateTimeFromEpoch' expects the seconds of a moment: {error}."
            )),
        }
    }),
];

/// Reads a moment, in UTC.
pub(super) fn read(call: &Call<'_>, text: &str) -> Result<DateTime, Stop> {
    let zoned = text
        .parse::<Timestamp>()
        .map(|found| found.to_zoned(TimeZone::UTC).datetime());
    let plain = zoned.or_else(|_| text.trim_end_matches('Z').parse::<DateTime>());
    plain.map_err(|_| {
        Stop::Wrong(format!(
            "The template language function '{}' expects a moment of ISO 8601, and not '{text}'. Please see https://aka.ms/arm-functions for usage details.",
            call.name
        ))
    })
}

/// Writes a moment: `yyyyMMddTHHmmssZ` where nothing else is asked for.
pub(super) fn shown(moment: DateTime, format: Option<&str>) -> Result<Value, Stop> {
    let Some(format) = format else {
        return Ok(Value::String(moment.strftime("%Y%m%dT%H%M%SZ").to_string()));
    };
    let standard = match format {
        "d" => "%m/%d/%Y",
        "D" => "%A, %d %B %Y",
        "t" => "%H:%M",
        "T" => "%H:%M:%S",
        "g" => "%m/%d/%Y %H:%M",
        "G" => "%m/%d/%Y %H:%M:%S",
        "u" => "%Y-%m-%d %H:%M:%SZ",
        "s" => "%Y-%m-%dT%H:%M:%S",
        "o" | "O" => "%Y-%m-%dT%H:%M:%S.%7fZ",
        "r" | "R" => "%a, %d %b %Y %H:%M:%S GMT",
        "Y" | "y" => "%Y %B",
        "M" | "m" => "%B %d",
        _ => return custom(moment, format),
    };
    Ok(Value::String(moment.strftime(standard).to_string()))
}

/// A format made of .NET's letters.
fn custom(moment: DateTime, format: &str) -> Result<Value, Stop> {
    let mut text = String::new();
    let mut rest = format.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\'' {
            text.extend(rest.by_ref().take_while(|c| *c != '\''));
            continue;
        }
        if c == '\\' {
            text.extend(rest.next());
            continue;
        }
        let mut count = 1;
        while c.is_ascii_alphabetic() && rest.peek() == Some(&c) {
            rest.next();
            count += 1;
        }
        let part = match (c, count) {
            ('y', 4..) => "%Y",
            ('y', 2) => "%y",
            ('M', 1) => "%-m",
            ('M', 2) => "%m",
            ('M', 3) => "%b",
            ('M', 4..) => "%B",
            ('d', 1) => "%-d",
            ('d', 2) => "%d",
            ('d', 3) => "%a",
            ('d', 4..) => "%A",
            ('H', 1) => "%-H",
            ('H', _) => "%H",
            ('h', 1) => "%-I",
            ('h', _) => "%I",
            ('m', 1) => "%-M",
            ('m', _) => "%M",
            ('s', 1) => "%-S",
            ('s', _) => "%S",
            ('f', 1) => "%1f",
            ('f', 2) => "%2f",
            ('f', 3) => "%3f",
            ('f', 4..=7) => "%7f",
            ('t', 2..) => "%p",
            ('T' | 'Z', _) | ('z', 1) => {
                text.extend(std::iter::repeat_n(if c == 'z' { '0' } else { c }, count));
                continue;
            }
            (c, _) if c.is_ascii_alphabetic() => {
                return Err(Stop::Unsupported(format!(
                    "The format '{format}' of a moment in a template"
                )));
            }
            (c, _) => {
                text.push(c);
                continue;
            }
        };
        text += &moment.strftime(part).to_string();
    }
    Ok(Value::String(text))
}
