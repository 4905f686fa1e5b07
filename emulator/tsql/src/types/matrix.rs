//! Every value with every type, style and operator: nothing panics, and what comes out belongs to its type.

use milink_core::sql_type::{Length, SqlType};
use milink_core::value::Value;

use super::testing::source;
use super::*;

const VALUES: [&str; 44] = [
    "null",
    "0",
    "-1",
    "255",
    "2147483647",
    "9223372036854775807::bigint",
    "1::bit",
    "1.5",
    "-0.0001",
    "99999999999999999999999999999999999999",
    "0.00000000000000000000000000000000000001",
    "1e0",
    "-1.7e308",
    "5e-324",
    "1e38",
    "$0.0001",
    "922337203685477",
    "$922337203685477.5807",
    "''",
    "' '",
    "'abc'",
    "'-12'",
    "'1e400'",
    "N'😀é\u{FFFD}'",
    "'2025-03-30T10:20:30.123'",
    "'0x4142'",
    "'x'::varcharmax",
    "'abc'::char(5)",
    "0x",
    "0xFF",
    "0xFFFFFFFFFFFFFFFFFFFF",
    "0x260000019999999999999999999999999999FFFF",
    "'0001-01-01'::date",
    "'9999-12-31'::date",
    "'23:59:59.9999999'::time(7)",
    "'1753-01-01'::datetime",
    "'9999-12-31 23:59:59.997'::datetime",
    "'2079-06-06 23:59'::smalldatetime",
    "'9999-12-31 23:59:59.9999999'::datetime2(7)",
    "'0001-01-01 00:00 -14:00'::datetimeoffset(7)",
    "'9999-12-31 23:59 +14:00'::datetimeoffset(7)",
    "'6F9619FF-8B86-D011-B42D-00C04FC964FF'::guid",
    "1.5::variant",
    "'<a/>'::xml",
];

fn types() -> Vec<SqlType> {
    let mut types = vec![
        SqlType::Bit,
        SqlType::TinyInt,
        SqlType::SmallInt,
        SqlType::Int,
        SqlType::BigInt,
        SqlType::Money,
        SqlType::SmallMoney,
        SqlType::Real,
        SqlType::Float,
        SqlType::DateTime,
        SqlType::SmallDateTime,
        SqlType::Date,
        SqlType::VarChar(Length::Max),
        SqlType::NVarChar(Length::Max),
        SqlType::VarBinary(Length::Max),
        SqlType::Text,
        SqlType::NText,
        SqlType::Image,
        SqlType::UniqueIdentifier,
        SqlType::Xml,
        SqlType::SqlVariant,
        SqlType::RowVersion,
    ];
    for n in [0, 3, 7] {
        types.extend([
            SqlType::Time(n),
            SqlType::DateTime2(n),
            SqlType::DateTimeOffset(n),
        ]);
    }
    for (precision, scale) in [(1, 0), (10, 2), (38, 0), (38, 38)] {
        types.push(SqlType::decimal(precision, scale));
    }
    for n in [1, 4, 40] {
        types.extend([
            SqlType::Char(n),
            SqlType::varchar(n),
            SqlType::NChar(n),
            SqlType::nvarchar(n),
            SqlType::Binary(n),
            SqlType::varbinary(n),
        ]);
    }
    types
}

/// A value of the type converts to the type as itself.
fn belongs(value: &Value, ty: &ExprType, what: &str) {
    if !value.is_null() {
        let again = convert(value, ty, ty, None, &DateSettings::default());
        assert_eq!(again.as_ref(), Ok(value), "{what} gives no {}", ty.sql);
    }
}

#[test]
fn every_conversion_gives_a_value_of_its_type_or_an_error() {
    let dates = DateSettings::default();
    let styles = [
        None,
        Some(0),
        Some(1),
        Some(2),
        Some(3),
        Some(103),
        Some(112),
        Some(121),
        Some(126),
        Some(130),
        Some(-1),
    ];
    let mut converted = 0;
    for text in VALUES {
        let (value, from) = source(text);
        for sql in types() {
            let to = ExprType::new(sql);
            for style in styles {
                let what = format!("{text} to {sql} style {style:?}");
                if let Ok(result) = convert(&value, &from, &to, style, &dates) {
                    belongs(&result, &to, &what);
                    converted += 1;
                }
                if let Ok(result) = try_convert(&value, &from, &to, style, &dates) {
                    belongs(&result, &to, &what);
                }
            }
            let target = Target {
                table: "t",
                column: "c",
            };
            if let Ok(result) = assign_column(&value, &from, &to, target, &dates) {
                belongs(&result, &to, text);
            }
        }
        let _ = to_display(&value, &from);
    }
    assert!(converted > 5_000, "{converted} conversions");
}

#[test]
fn every_operation_gives_a_value_of_its_type_or_an_error() {
    use BinaryOp::{Add, BitAnd, BitOr, BitXor, Divide, Modulo, Multiply, Subtract};
    let dates = DateSettings::default();
    let mut computed = 0;
    for left in VALUES {
        let (l, lt) = source(left);
        for right in VALUES {
            let (r, rt) = source(right);
            for op in [
                Add, Subtract, Multiply, Divide, Modulo, BitAnd, BitOr, BitXor,
            ] {
                if let Ok(bound) = BoundBinary::bind(op, &lt, &rt)
                    && let Ok(result) = bound.eval(&l, &r, &dates)
                {
                    belongs(&result, &bound.ty, &format!("{left} {op:?} {right}"));
                    computed += 1;
                }
            }
            if let Ok(bound) = BoundComparison::bind(CompareOp::Le, &lt, &rt)
                && let Ok(Some(holds)) = bound.eval(&l, &r, &dates)
            {
                let turned = BoundComparison::bind(CompareOp::Ge, &rt, &lt);
                let turned = turned.and_then(|bound| bound.eval(&r, &l, &dates));
                assert_eq!(turned, Ok(Some(holds)), "{left} <= {right}");
            }
            if let Ok(ty) = common_type(&[lt, rt])
                && let Ok(value) = convert_implicit(&l, &lt, &ty, &dates)
            {
                belongs(&value, &ty, &format!("{left} beside {right}"));
                if let Ok(other) = convert_implicit(&r, &rt, &ty, &dates) {
                    let (mut key, mut other_key) = (Vec::new(), Vec::new());
                    key_bytes(&value, &ty, &mut key);
                    key_bytes(&other, &ty, &mut other_key);
                    let order = compare(&value, &other, &ty);
                    assert_eq!(key.cmp(&other_key), order, "keys of {left} and {right}");
                }
            }
        }
        for op in [UnaryOp::Plus, UnaryOp::Minus, UnaryOp::BitNot] {
            if let Ok(bound) = BoundUnary::bind(op, &lt)
                && let Ok(result) = bound.eval(&l)
            {
                belongs(&result, &bound.ty, &format!("{op:?} {left}"));
            }
        }
    }
    assert!(computed > 2_000, "{computed} operations");
}
