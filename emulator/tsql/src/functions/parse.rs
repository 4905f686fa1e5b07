//! PARSE and TRY_PARSE: text as a person writes it in us_english, into numbers and dates.

use milink_core::sql_type::{Length, SqlType};
use milink_core::value::Value;

use crate::error::SqlError;
use crate::types::calendar::WEEKDAYS;
use crate::types::{DateSettings, ExprType, Family, convert, family};

/// Refuses a target that PARSE does not have (10761) and a culture that milink does not have.
pub fn check_parse(to: &ExprType, culture: Option<&str>) -> Result<(), SqlError> {
    match family(to.sql) {
        Family::Integer | Family::Decimal | Family::Money | Family::Float
            if to.sql != SqlType::Bit => {}
        Family::OldDateTime | Family::NewDateTime => {}
        _ => {
            return Err(SqlError::new(
                10761,
                16,
                format!("Invalid data type {} in function PARSE.", to.sql.name()),
            ));
        }
    }
    match culture {
        None => Ok(()),
        Some(name) if name.eq_ignore_ascii_case("en-us") => Ok(()),
        Some(other) => Err(SqlError::unsupported(format!(
            "PARSE with the culture '{other}'"
        ))),
    }
}

/// The value that a text spells: numbers with separators, signs and currency, dates with names of days and months
/// (9819 if it spells none).
pub fn parse_text(
    text: &str,
    to: &ExprType,
    culture: Option<&str>,
    dates: &DateSettings,
) -> Result<Value, SqlError> {
    let plain = match family(to.sql) {
        Family::OldDateTime | Family::NewDateTime => without_weekday(text),
        _ => plain_number(text, family(to.sql)),
    };
    let from = ExprType::new(SqlType::NVarChar(Length::Max));
    plain
        .and_then(|plain| convert(&Value::str(plain), &from, to, None, dates).ok())
        .ok_or_else(|| {
            SqlError::new(
                9819,
                16,
                format!(
                    "Error converting string value '{text}' into data type {} using culture '{}'.",
                    to.sql.name(),
                    culture.unwrap_or_default()
                ),
            )
        })
}

/// `Monday, 13 December 2010` without its day.
fn without_weekday(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    for day in WEEKDAYS {
        for name in [day, &day[..3]] {
            if let Some(start) = text.get(..name.len())
                && start.eq_ignore_ascii_case(name)
                && let Some(rest) = text[name.len()..].strip_prefix([',', ' '])
            {
                return Some(rest.trim_start().to_owned());
            }
        }
    }
    Some(text.to_owned())
}

/// Digits with at most a sign, a point and an exponent; parentheses mean negative.
fn plain_number(text: &str, family: Family) -> Option<String> {
    let text = text.trim();
    let (negative, inner) = match text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
        Some(inner) => (true, inner.trim()),
        None => (false, text),
    };
    let currency = matches!(family, Family::Decimal | Family::Money);
    let digits: String = inner
        .chars()
        .filter(|c| *c != ',' && !(currency && *c == '$'))
        .collect();
    if digits.is_empty() || (negative && digits.starts_with(['-', '+'])) {
        return None;
    }
    Some(if negative {
        format!("-{digits}")
    } else {
        digits
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::testing::{named, shown};

    #[test]
    fn text_is_read_as_people_write_it() {
        let cases = [
            ("Monday, 13 December 2010", "date", "2010-12-13"),
            ("12/13/2010", "date", "2010-12-13"),
            ("1,234.50", "decimal(10,2)", "1234.50"),
            ("($12.50)", "money", "-12.5000"),
            ("1,234", "int", "1234"),
            (
                "1.5",
                "int",
                "9819 Error converting string value '1.5' into data type int using culture ''.",
            ),
            (
                "",
                "int",
                "9819 Error converting string value '' into data type int using culture ''.",
            ),
            (
                "",
                "date",
                "9819 Error converting string value '' into data type date using culture ''.",
            ),
            (
                "$1",
                "int",
                "9819 Error converting string value '$1' into data type int using culture ''.",
            ),
        ];
        for (text, to, expected) in cases {
            let to = ExprType::new(named(to));
            check_parse(&to, None).unwrap();
            let actual = parse_text(text, &to, None, &DateSettings::default());
            assert_eq!(shown(&actual, &to), expected, "{text}");
        }
        let refusals = [
            ("varchar", None, 10761),
            ("bit", None, 10761),
            ("int", Some("de-DE"), 50990),
        ];
        for (to, culture, number) in refusals {
            let to = ExprType::new(named(to));
            assert_eq!(check_parse(&to, culture).map_err(|e| e.number), Err(number));
        }
    }
}
