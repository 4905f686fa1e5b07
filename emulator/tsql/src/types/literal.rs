//! Literals: their values and their exact types.

use milink_core::collation::Collation;
use milink_core::sql_type::{Length, SqlType};
use milink_core::value::{Decimal, Value};

use super::decimal::MAX_PRECISION;
use super::expr_type::{ExprType, Literal};
use super::number_text;
use super::text;
use crate::error::SqlError;

/// A number as it stands in a batch: `5` is int, beyond int `numeric(n,0)`, `2.50` is `numeric(3,2)`, `1e0` is
/// float, `$1.5` is money.
pub fn number_literal(source: &str) -> Result<(Value, ExprType), SqlError> {
    if source.starts_with(|c: char| !c.is_ascii_digit() && c != '.') {
        let money = number_text::parse_money(source)?;
        return Ok((
            Value::Money(money),
            ExprType::new(SqlType::Money).not_null(),
        ));
    }
    if source.contains(['e', 'E']) {
        let float = number_text::parse_float(source)
            .filter(|float| float.is_finite())
            .ok_or_else(|| SqlError::float_out_of_range(source))?;
        return Ok((
            Value::Float(float),
            ExprType::new(SqlType::Float).not_null(),
        ));
    }
    let (whole, fraction) = source.split_once('.').unwrap_or((source, ""));
    let whole = whole.trim_start_matches('0');
    let precision = whole.len() + fraction.len();
    if precision > usize::from(MAX_PRECISION) {
        return Err(SqlError::number_out_of_range(source));
    }
    let units = format!("0{whole}{fraction}")
        .parse::<i128>()
        .map_err(|_| SqlError::incorrect_syntax(source))?;
    if !source.contains('.')
        && let Ok(int) = i32::try_from(units)
    {
        let mut ty = ExprType::new(SqlType::Int).not_null();
        ty.literal = Literal::Integer {
            digits: precision.max(1) as u8,
        };
        return Ok((Value::Int(int.into()), ty));
    }
    let scale = fraction.len() as u8;
    let mut ty = ExprType::new(SqlType::numeric(precision.max(1) as u8, scale)).not_null();
    if units == i128::from(i32::MAX) + 1 && scale == 0 {
        // With a minus before it, this is an int after all.
        ty.literal = Literal::Integer { digits: 10 };
    }
    Ok((Value::Decimal(Decimal { units, scale }), ty))
}

/// A quoted string: `'x'` is `varchar`, `N'x'` is `nvarchar`, with the length of the text (at least 1).
pub fn string_literal(source: &str, national: bool, collation: Collation) -> (Value, ExprType) {
    let variable = |length: usize, cap: usize| {
        if length > cap {
            Length::Max
        } else {
            Length::Limited(length.max(1) as u16)
        }
    };
    let (value, sql) = if national {
        let length = text::utf16_length(source);
        (source.into(), SqlType::NVarChar(variable(length, 4000)))
    } else {
        let stored = text::to_code_page(source, collation);
        let length = text::code_page_length(&stored, collation);
        (
            stored.as_ref().into(),
            SqlType::VarChar(variable(length, 8000)),
        )
    };
    (
        Value::Str(value),
        ExprType::variable(sql, collation).not_null(),
    )
}

/// A `0x` literal, with or without digits; an odd number of digits has a leading zero.
pub fn binary_literal(source: &str) -> Result<(Value, ExprType), SqlError> {
    let digits = source
        .strip_prefix("0x")
        .or_else(|| source.strip_prefix("0X"))
        .unwrap_or(source);
    let bytes = text::from_hex(digits).ok_or_else(|| SqlError::incorrect_syntax(source))?;
    let length = if bytes.len() > 8000 {
        Length::Max
    } else {
        Length::Limited(bytes.len().max(1) as u16)
    };
    let ty = ExprType::new(SqlType::VarBinary(length)).not_null();
    Ok((Value::bytes(bytes), ty))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::to_display;

    #[test]
    fn literals_have_the_types_of_the_documentation() {
        let cases = [
            ("5", "int", "5"),
            ("0", "int", "0"),
            ("2147483647", "int", "2147483647"),
            ("2147483648", "numeric(10,0)", "2147483648"),
            ("2.50", "numeric(3,2)", "2.50"),
            (".5", "numeric(1,1)", "0.5"),
            ("0.50", "numeric(2,2)", "0.50"),
            ("5.", "numeric(1,0)", "5"),
            ("1e0", "float", "1"),
            ("1.5E3", "float", "1500"),
            ("$1.5", "money", "1.50"),
        ];
        for (source, ty, text) in cases {
            let (value, actual) = number_literal(source).unwrap();
            assert_eq!(actual.sql.to_string(), ty, "{source}");
            assert_eq!(to_display(&value, &actual), text, "{source}");
            assert!(!actual.nullable);
        }
        let long = "9".repeat(39);
        assert_eq!(number_literal(&long).unwrap_err().number, 1007);
        assert_eq!(number_literal("1e400").unwrap_err().number, 168);
    }

    #[test]
    fn strings_are_as_long_as_their_text() {
        let ci = Collation::DEFAULT;
        let utf8 = Collation::named("Latin1_General_100_CI_AS_SC_UTF8").unwrap();
        let cases = [
            ("", false, ci, "varchar(1)", ""),
            ("abc", false, ci, "varchar(3)", "abc"),
            ("é€", false, ci, "varchar(2)", "é€"),
            ("é€", false, utf8, "varchar(5)", "é€"),
            ("日", false, ci, "varchar(1)", "?"),
            ("日", true, ci, "nvarchar(1)", "日"),
            ("😀", true, ci, "nvarchar(2)", "😀"),
        ];
        for (source, national, collation, ty, text) in cases {
            let (value, actual) = string_literal(source, national, collation);
            assert_eq!(actual.sql.to_string(), ty, "{source}");
            assert_eq!(value.as_str(), Some(text));
        }
        let (_, ty) = string_literal(&"x".repeat(8001), false, ci);
        assert_eq!(ty.sql, SqlType::VarChar(Length::Max));
        let (value, ty) = binary_literal("0xABC").unwrap();
        assert_eq!(
            (value, ty.sql),
            (Value::bytes(vec![0x0A, 0xBC]), SqlType::varbinary(2))
        );
    }
}
