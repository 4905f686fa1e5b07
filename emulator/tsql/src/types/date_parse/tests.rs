//! Date literals as tables and by properties.

use proptest::prelude::*;

use super::*;
use crate::types::calendar::{LAST_DAY, TICKS_PER_DAY};
use crate::types::date_text::date_text;

const NEW: SqlType = SqlType::DateTimeOffset(7);

fn read(text: &str, order: DateOrder, style: Option<i32>, sql: SqlType) -> String {
    match parse_date(text, order, style, sql) {
        Ok(moment) => date_text(moment, NEW, None).unwrap(),
        Err(DateError::Syntax) => "syntax".to_owned(),
        Err(DateError::Range) => "range".to_owned(),
        Err(DateError::Style) => "style".to_owned(),
    }
}

#[test]
fn literals_are_read_in_all_their_forms() {
    use DateOrder::{Dmy, Mdy, Ymd};
    let cases = [
        ("2025-03-30", Mdy, NEW, "2025-03-30 00:00:00"),
        ("20250330", Mdy, NEW, "2025-03-30 00:00:00"),
        ("250330", Mdy, NEW, "2025-03-30 00:00:00"),
        ("2025", Mdy, NEW, "2025-01-01 00:00:00"),
        ("03/30/2025", Mdy, NEW, "2025-03-30 00:00:00"),
        ("30/03/2025", Dmy, NEW, "2025-03-30 00:00:00"),
        ("30/03/2025", Mdy, NEW, "range"),
        ("3.5.25", Mdy, NEW, "2025-03-05 00:00:00"),
        ("3.5.25", Dmy, NEW, "2025-05-03 00:00:00"),
        ("25-3-5", Ymd, NEW, "2025-03-05 00:00:00"),
        ("1/1/50", Mdy, NEW, "1950-01-01 00:00:00"),
        ("2025-03-05", Dmy, SqlType::DateTime, "2025-05-03 00:00:00"),
        ("2025-03-05", Dmy, SqlType::Date, "2025-03-05 00:00:00"),
        (
            "2025-03-05T10:00:00",
            Dmy,
            SqlType::DateTime,
            "2025-03-05 10:00:00",
        ),
        ("Mar 30, 2025", Mdy, NEW, "2025-03-30 00:00:00"),
        ("30 March 2025", Mdy, NEW, "2025-03-30 00:00:00"),
        ("March 30 25", Mdy, NEW, "2025-03-30 00:00:00"),
        ("2025 Mar 30", Mdy, NEW, "2025-03-30 00:00:00"),
        ("30-Mar-2025", Mdy, NEW, "2025-03-30 00:00:00"),
        ("March 25", Mdy, NEW, "syntax"),
        ("2025-03-05t10:00:00", Mdy, NEW, "syntax"),
        ("1/2025/2", Dmy, SqlType::DateTime, "2025-02-01 00:00:00"),
        ("\t2025-03-05", Mdy, NEW, "2025-03-05 00:00:00"),
        ("\t2025-03-05", Mdy, SqlType::DateTime, "syntax"),
        ("March 2025", Mdy, NEW, "2025-03-01 00:00:00"),
        ("Mar  5 2025  3:04PM", Mdy, NEW, "2025-03-05 15:04:00"),
        ("", Mdy, NEW, "1900-01-01 00:00:00"),
        ("14:30", Mdy, NEW, "1900-01-01 14:30:00"),
        ("2pm", Mdy, NEW, "1900-01-01 14:00:00"),
        ("12 AM", Mdy, NEW, "1900-01-01 00:00:00"),
        ("12:30 pm", Mdy, NEW, "1900-01-01 12:30:00"),
        ("14:30:15.5", Mdy, NEW, "1900-01-01 14:30:15.5000000"),
        ("14:30:15:5", Mdy, NEW, "1900-01-01 14:30:15.0050000"),
        (
            "2025-03-30 14:30:15.1234567",
            Mdy,
            NEW,
            "2025-03-30 14:30:15.1234567",
        ),
        (
            "2025-03-30 14:30:15.12345678",
            Mdy,
            NEW,
            "2025-03-30 14:30:15.1234568",
        ),
        ("2025-03-30 14:30:15.1234", Mdy, SqlType::DateTime, "syntax"),
        ("2025-03-30T14:30:15Z", Mdy, NEW, "2025-03-30 14:30:15"),
        (
            "2025-03-30T14:30:15.123+02:30",
            Mdy,
            NEW,
            "2025-03-30 14:30:15.1230000 +02:30",
        ),
        (
            "2025-03-30 14:30:15 -08:00",
            Mdy,
            NEW,
            "2025-03-30 14:30:15.0000000 -08:00",
        ),
        (
            "2025-03-30 14:30:15 -08:00",
            Mdy,
            SqlType::DateTime,
            "syntax",
        ),
        ("2025-03-30 14:30 +15:00", Mdy, NEW, "range"),
        ("2025-02-29", Mdy, NEW, "range"),
        ("2025-03-30 24:00", Mdy, NEW, "range"),
        ("2025-03-30T", Mdy, NEW, "syntax"),
        ("2025-03-", Mdy, NEW, "syntax"),
        ("2025-03", Mdy, NEW, "syntax"),
        ("abc", Mdy, NEW, "syntax"),
        ("13 pm 2", Mdy, NEW, "syntax"),
        ("1234567", Mdy, NEW, "syntax"),
        ("２０２５", Mdy, NEW, "syntax"),
    ];
    for (text, order, sql, expected) in cases {
        let expected = match expected.len() {
            19 => format!("{expected}.0000000 +00:00"),
            27 => format!("{expected} +00:00"),
            _ => expected.to_owned(),
        };
        assert_eq!(
            read(text, order, None, sql),
            expected,
            "{text:?} {order:?} {sql}"
        );
    }
}

#[test]
fn a_style_fixes_the_order() {
    let cases = [
        ("05/03/2025", 103, "2025-03-05"),
        ("05/03/2025", 101, "2025-05-03"),
        ("2025.03.05", 102, "2025-03-05"),
        ("2025-03-05", 120, "2025-03-05"),
        ("20250305", 112, "2025-03-05"),
    ];
    for (text, style, expected) in cases {
        let actual = read(text, DateOrder::Dmy, Some(style), SqlType::DateTime);
        assert_eq!(&actual[..10], expected, "{text} {style}");
    }
}

proptest! {
    #[test]
    fn printed_moments_are_read_back(days in 0..=LAST_DAY, ticks in 0..TICKS_PER_DAY, offset in -840..=840_i16) {
        let moment = Moment { days, ticks, offset };
        for style in [None, Some(121), Some(126), Some(113)] {
            let text = date_text(moment, NEW, style).unwrap();
            prop_assert_eq!(parse_date(&text, DateOrder::Mdy, None, NEW), Ok(moment), "{}", text);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "[0-9TZ:/. +,apmJan-]{0,40}") {
        let _ = parse_date(&text, DateOrder::Mdy, None, NEW);
    }
}
