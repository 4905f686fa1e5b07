//! Operators as tables.

use super::*;
use crate::types::convert::{convert, to_display};
use crate::types::literal::{number_literal, string_literal};
use milink_core::collation::Collation;

/// A literal, or `literal::type`.
fn operand(text: &str) -> (Value, ExprType) {
    let (literal, cast) = text.split_once("::").unwrap_or((text, ""));
    let (value, ty) = match literal.strip_prefix('\'') {
        Some(quoted) => string_literal(quoted.trim_end_matches('\''), false, Collation::DEFAULT),
        None => match literal.strip_prefix('-') {
            Some(positive) => {
                let (value, ty) = number_literal(positive).unwrap();
                let minus = BoundUnary::bind(UnaryOp::Minus, &ty).unwrap();
                (minus.eval(&value).unwrap(), minus.ty)
            }
            None => number_literal(literal).unwrap(),
        },
    };
    let sql = match cast {
        "" => return (value, ty),
        "int" => SqlType::Int,
        "bigint" => SqlType::BigInt,
        "tinyint" => SqlType::TinyInt,
        "float" => SqlType::Float,
        "real" => SqlType::Real,
        "dec" => SqlType::decimal(10, 2),
        "dec38" => SqlType::decimal(38, 0),
        "datetime" => SqlType::DateTime,
        "small" => SqlType::SmallDateTime,
        "bit" => SqlType::Bit,
        "char" => SqlType::Char(5),
        "date" => SqlType::Date,
        "dto" => SqlType::DateTimeOffset(0),
        "guid" => SqlType::UniqueIdentifier,
        other => panic!("no type {other}"),
    };
    let to = ExprType::new(sql);
    let value = convert(&value, &ty, &to, None, &DateSettings::default()).unwrap();
    (value, to)
}

#[test]
fn operators_compute_as_the_server_does() {
    use BinaryOp::{Add, BitAnd, BitOr, BitXor, Divide, Modulo, Multiply, Subtract};
    let cases = [
        (
            "-2147483648",
            Modulo,
            "-1",
            "8115 Arithmetic overflow error converting expression to data type int.",
        ),
        ("-2147483648", Add, "0", "-2147483648"),
        ("1", Divide, "2", "0"),
        ("-7", Divide, "2", "-3"),
        ("-7", Modulo, "3", "-1"),
        ("1", Divide, "2.0", "0.500000"),
        ("1::dec", Divide, "3", "0.333333"),
        ("2.0", Divide, "3", "0.666666"),
        ("1", Divide, "0", "8134 Divide by zero error encountered."),
        ("1", Divide, "0.0", "8134 Divide by zero error encountered."),
        ("1e0", Divide, "0", "8134 Divide by zero error encountered."),
        (
            "2147483647",
            Add,
            "1",
            "8115 Arithmetic overflow error converting expression to data type int.",
        ),
        (
            "255::tinyint",
            Add,
            "1::tinyint",
            "8115 Arithmetic overflow error converting expression to data type tinyint.",
        ),
        (
            "9223372036854775807::bigint",
            Add,
            "1",
            "8115 Arithmetic overflow error converting expression to data type bigint.",
        ),
        (
            "99999999999999999999999999999999999999::dec38",
            Add,
            "1",
            "8115 Arithmetic overflow error converting expression to data type numeric.",
        ),
        (
            "1e308",
            Multiply,
            "1e10",
            "8115 Arithmetic overflow error converting expression to data type float.",
        ),
        ("'1'", Add, "1", "2"),
        (
            "'a'",
            Add,
            "1",
            "245 Conversion failed when converting the varchar value 'a' to data type int.",
        ),
        ("'a'", Add, "'b'", "ab"),
        ("'a'::char", Add, "'b'", "a    b"),
        ("2.50", Multiply, "4", "10.00"),
        ("10.5", Modulo, "3", "1.5"),
        ("$2", Divide, "$3", "0.67"),
        ("$1.50", Multiply, "2", "3.00"),
        ("1.5e0", Add, "1", "2.5"),
        ("0.1e0::real", Add, "1", "1.1"),
        ("6", BitAnd, "3", "2"),
        ("6", BitOr, "3", "7"),
        ("6", BitXor, "3", "5"),
        ("1::bit", BitXor, "1::bit", "0"),
        ("'2025-03-30'::datetime", Add, "1", "Mar 31 2025 12:00AM"),
        ("'2025-03-30'::datetime", Add, "1.5", "Mar 31 2025 12:00PM"),
        (
            "'2025-03-30'::datetime",
            Subtract,
            "'2025-03-29'::datetime",
            "Jan  2 1900 12:00AM",
        ),
        ("'2025-03-30'::small", Add, "-1", "Mar 29 2025 12:00AM"),
        (
            "'2025-03-30'::datetime",
            Add,
            "'1900-01-02'",
            "Mar 31 2025 12:00AM",
        ),
        (
            "'9999-12-31'::datetime",
            Add,
            "1",
            "8115 Arithmetic overflow error converting expression to data type datetime.",
        ),
    ];
    for (left, op, right, expected) in cases {
        let ((l, lt), (r, rt)) = (operand(left), operand(right));
        let bound = BoundBinary::bind(op, &lt, &rt).unwrap();
        let actual = match bound.eval(&l, &r, &DateSettings::default()) {
            Ok(value) => to_display(&value, &bound.ty),
            Err(error) => format!("{} {}", error.number, error.message),
        };
        assert_eq!(actual, expected, "{left} {op:?} {right}");
        let null = bound.eval(&Value::Null, &r, &DateSettings::default());
        assert_eq!(null, Ok(Value::Null));
    }
}

#[test]
fn signs_and_complements() {
    let cases = [
        (UnaryOp::Minus, "5", "-5"),
        (UnaryOp::Minus, "5::tinyint", "-5"),
        (UnaryOp::Minus, "2.5", "-2.5"),
        (
            UnaryOp::Minus,
            "1::bit",
            "8117 Operand data type bit is invalid for minus operator.",
        ),
        (
            UnaryOp::Minus,
            "'5'",
            "8117 Operand data type varchar is invalid for minus operator.",
        ),
        (UnaryOp::Plus, "'5'", "5"),
        (UnaryOp::BitNot, "5", "-6"),
        (UnaryOp::BitNot, "5::tinyint", "250"),
        (UnaryOp::BitNot, "1::bit", "0"),
        (
            UnaryOp::BitNot,
            "1.5",
            "8117 Operand data type numeric is invalid for '~' operator.",
        ),
    ];
    for (op, text, expected) in cases {
        let (value, ty) = operand(text);
        let actual = match BoundUnary::bind(op, &ty)
            .and_then(|bound| Ok(to_display(&bound.eval(&value)?, &bound.ty)))
        {
            Ok(text) => text,
            Err(error) => format!("{} {}", error.number, error.message),
        };
        assert_eq!(actual, expected, "{op:?} {text}");
    }
}

#[test]
fn comparisons_convert_first() {
    let cases = [
        ("'ABC'", CompareOp::Eq, "'abc  '", Ok(Some(true))),
        ("'a'", CompareOp::Lt, "'B'", Ok(Some(true))),
        ("'01'", CompareOp::Eq, "1", Ok(Some(true))),
        ("'x'", CompareOp::Eq, "1", Err(245)),
        ("1", CompareOp::Eq, "1.0", Ok(Some(true))),
        ("1.5", CompareOp::Gt, "1", Ok(Some(true))),
        (
            "'2025-03-30'::datetime",
            CompareOp::Ge,
            "'20250330'",
            Ok(Some(true)),
        ),
        (
            "'2025-03-30 10:00 +02:00'::dto",
            CompareOp::Eq,
            "'2025-03-30 08:00 +00:00'::dto",
            Ok(Some(true)),
        ),
        (
            "'00000000-0000-0000-0000-000000000002'::guid",
            CompareOp::Gt,
            "'FFFFFFFF-FFFF-FFFF-FFFF-000000000001'::guid",
            Ok(Some(true)),
        ),
        ("'2025-03-30'::date", CompareOp::Eq, "1", Err(206)),
    ];
    for (left, op, right, expected) in cases {
        let ((l, lt), (r, rt)) = (operand(left), operand(right));
        let actual = BoundComparison::bind(op, &lt, &rt)
            .and_then(|bound| bound.eval(&l, &r, &DateSettings::default()))
            .map_err(|error| error.number);
        assert_eq!(actual, expected, "{left} {op:?} {right}");
        if let Ok(bound) = BoundComparison::bind(op, &lt, &rt) {
            assert_eq!(
                bound.eval(&l, &Value::Null, &DateSettings::default()),
                Ok(None)
            );
        }
    }
}
