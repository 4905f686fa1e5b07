//! The order of values, and keys whose bytes have that order.

use std::cmp::Ordering;

use milink_core::sql_type::SqlType;
use milink_core::value::{Date, Decimal, Time, Value};
use uuid::Uuid;

use super::calendar::{DateSettings, Moment};
use super::convert::convert;
use super::decimal::{self, Rounding};
use super::expr_type::ExprType;
use super::precedence::{Family, family, rank};
use super::wide::Wide;

/// Compares two values of one type; NULL comes first and equals NULL, as ORDER BY and GROUP BY have it.
pub fn compare(left: &Value, right: &Value, ty: &ExprType) -> Ordering {
    match (left, right) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        (Value::Int(l), Value::Int(r)) => l.cmp(r),
        (Value::Str(l), Value::Str(r)) => ty.collation_or_default().compare(l, r),
        (Value::Bit(l), Value::Bit(r)) => l.cmp(r),
        (Value::Decimal(l), Value::Decimal(r)) => decimal::compare(*l, *r),
        (Value::Money(l), Value::Money(r)) => l.cmp(r),
        (Value::Float(l), Value::Float(r)) => l.partial_cmp(r).unwrap_or(Ordering::Equal),
        (Value::DateTime(l), Value::DateTime(r)) => l.cmp(r),
        (Value::SmallDateTime(l), Value::SmallDateTime(r)) => l.cmp(r),
        (Value::Date(l), Value::Date(r)) => l.cmp(r),
        (Value::Time(l), Value::Time(r)) => l.cmp(r),
        (Value::DateTime2(ld, lt), Value::DateTime2(rd, rt))
        | (Value::DateTimeOffset(ld, lt, _), Value::DateTimeOffset(rd, rt, _)) => {
            (ld, lt).cmp(&(rd, rt))
        }
        (Value::Bytes(l), Value::Bytes(r)) => trimmed(l).cmp(trimmed(r)),
        (Value::Guid(l), Value::Guid(r)) => guid_key(l).cmp(&guid_key(r)),
        (Value::Variant(l), Value::Variant(r)) => compare_variants(&l.0, &l.1, &r.0, &r.1),
        // Values of different kinds have no common type; any fixed order will do.
        (l, r) => kind(l).cmp(&kind(r)),
    }
}

/// Appends bytes that are equal exactly if the values are, and ordered as the values are. Keys of several columns
/// can follow each other: no key is the beginning of another.
pub fn key_bytes(value: &Value, ty: &ExprType, key: &mut Vec<u8>) {
    if value.is_null() {
        key.push(0);
        return;
    }
    key.push(1);
    match value {
        Value::Null => {}
        Value::Bit(bit) => key.push(u8::from(*bit)),
        Value::Int(number) | Value::Money(number) => push_i64(*number, key),
        Value::Decimal(number) => {
            let at_type = match ty.sql {
                SqlType::Decimal { scale, .. } => {
                    decimal::rescale(*number, 38, scale, Rounding::Nearest)
                }
                _ => None,
            };
            let units = at_type.unwrap_or(*number).units;
            key.extend(((units as u128) ^ (1 << 127)).to_be_bytes());
        }
        Value::Float(number) => push_f64(*number, key),
        Value::DateTime(at) => {
            push_i64(at.days.into(), key);
            key.extend(at.ticks.to_be_bytes());
        }
        Value::SmallDateTime(at) => {
            key.extend(at.days.to_be_bytes());
            key.extend(at.minutes.to_be_bytes());
        }
        Value::Date(date) => push_i64(date.0.into(), key),
        Value::Time(time) => key.extend(time.0.to_be_bytes()),
        Value::DateTime2(Date(days), Time(ticks)) => {
            push_i64((*days).into(), key);
            key.extend(ticks.to_be_bytes());
        }
        Value::DateTimeOffset(Date(days), Time(ticks), _) => {
            push_i64((*days).into(), key);
            key.extend(ticks.to_be_bytes());
        }
        Value::Str(text) => {
            let start = key.len();
            ty.collation_or_default().sort_key(text, key);
            terminate(key, start);
        }
        Value::Bytes(bytes) => {
            let start = key.len();
            key.extend_from_slice(trimmed(bytes));
            terminate(key, start);
        }
        Value::Guid(guid) => key.extend(guid_key(guid)),
        Value::Variant(inner) => variant_key(&inner.0, &inner.1, key),
    }
}

fn push_i64(number: i64, key: &mut Vec<u8>) {
    key.extend(((number as u64) ^ (1 << 63)).to_be_bytes());
}

fn push_f64(number: f64, key: &mut Vec<u8>) {
    // Zero has one key whatever its sign.
    let bits = (number + 0.0).to_bits();
    let ordered = if bits >> 63 == 0 {
        bits | 1 << 63
    } else {
        !bits
    };
    key.extend(ordered.to_be_bytes());
}

/// Escapes zeros behind `start` and ends the key with two, so that a shorter key comes first and none continues.
fn terminate(key: &mut Vec<u8>, start: usize) {
    if key[start..].contains(&0) {
        let raw = key.split_off(start);
        for byte in raw {
            key.push(byte);
            if byte == 0 {
                key.push(0xFF);
            }
        }
    }
    key.extend([0, 0]);
}

/// Binary values compare as if padded with zeros, as text does with blanks (guess, after `binary(n)`).
fn trimmed(bytes: &[u8]) -> &[u8] {
    let length = bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |at| at + 1);
    &bytes[..length]
}

/// The storage bytes in the order in which uniqueidentifiers compare: the last group first.
fn guid_key(guid: &Uuid) -> [u8; 16] {
    const ORDER: [usize; 16] = [10, 11, 12, 13, 14, 15, 8, 9, 6, 7, 4, 5, 0, 1, 2, 3];
    let bytes = guid.to_bytes_le();
    ORDER.map(|at| bytes[at])
}

/// The family by which variants of different base types compare (documentation: sql_variant, "Comparing").
fn variant_family(sql: SqlType) -> u8 {
    match family(sql) {
        Family::OldDateTime | Family::NewDateTime => 5,
        Family::Float => 4,
        Family::Integer | Family::Decimal | Family::Money => 3,
        Family::Text | Family::LargeText | Family::Xml => 2,
        Family::Binary | Family::Image | Family::RowVersion => 1,
        Family::Guid | Family::Variant => 0,
    }
}

fn compare_variants(lt: &SqlType, l: &Value, rt: &SqlType, r: &Value) -> Ordering {
    let families = variant_family(*lt).cmp(&variant_family(*rt));
    if families.is_ne() || lt == rt {
        return families.then_with(|| compare(l, r, &ExprType::new(*lt)));
    }
    match (exact(l), exact(r)) {
        (Some(l), Some(r)) => return decimal::compare(l, r),
        (None, None) => {}
        _ => return kind(l).cmp(&kind(r)),
    }
    if let (Some(l), Some(r)) = (Moment::of(l), Moment::of(r)) {
        return l.timestamp().cmp(&r.timestamp());
    }
    let winner = ExprType::new(if rank(*lt) >= rank(*rt) { *lt } else { *rt });
    let widened = |value: &Value, sql: SqlType| {
        let dates = DateSettings::default();
        convert(value, &ExprType::new(sql), &winner, None, &dates).unwrap_or_else(|_| value.clone())
    };
    match (l, r) {
        (Value::Str(_), _) | (Value::Bytes(_), _) | (Value::Float(_), _) => compare(l, r, &winner),
        _ => compare(&widened(l, *lt), &widened(r, *rt), &winner),
    }
}

fn exact(value: &Value) -> Option<Decimal> {
    let (units, scale) = match value {
        Value::Bit(bit) => (i128::from(*bit), 0),
        Value::Int(number) => ((*number).into(), 0),
        Value::Money(units) => ((*units).into(), 4),
        Value::Decimal(number) => return Some(*number),
        _ => return None,
    };
    Some(Decimal { units, scale })
}

/// Values that compare equal have equal keys, whatever their base types.
fn variant_key(sql: &SqlType, value: &Value, key: &mut Vec<u8>) {
    key.push(variant_family(*sql));
    if let Some(number) = exact(value) {
        let magnitude = Wide::product(
            number.units.unsigned_abs(),
            decimal::POW10[usize::from(38 - number.scale.min(38))],
        )
        .to_be_bytes();
        key.push(u8::from(number.units >= 0));
        if number.units < 0 {
            key.extend(magnitude.map(|byte| !byte));
        } else {
            key.extend(magnitude);
        }
    } else if let Some(moment) = Moment::of(value) {
        push_i64(moment.timestamp().0, key);
    } else {
        key_bytes(value, &ExprType::new(*sql), key);
    }
}

fn kind(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bit(_) => 1,
        Value::Int(_) => 2,
        Value::Decimal(_) => 3,
        Value::Money(_) => 4,
        Value::Float(_) => 5,
        Value::DateTime(_) => 6,
        Value::SmallDateTime(_) => 7,
        Value::Date(_) => 8,
        Value::Time(_) => 9,
        Value::DateTime2(..) => 10,
        Value::DateTimeOffset(..) => 11,
        Value::Str(_) => 12,
        Value::Bytes(_) => 13,
        Value::Guid(_) => 14,
        Value::Variant(_) => 15,
    }
}

#[cfg(test)]
mod tests {
    use milink_core::collation::Collation;
    use proptest::prelude::*;

    use super::*;

    fn key(value: &Value, ty: &ExprType) -> Vec<u8> {
        let mut key = Vec::new();
        key_bytes(value, ty, &mut key);
        key
    }

    fn variant(sql: SqlType, value: Value) -> Value {
        Value::Variant(Box::new((sql, value)))
    }

    #[test]
    fn keys_have_the_order_of_their_values() {
        let decimal = |units| Value::Decimal(Decimal { units, scale: 2 });
        let guid = |text: &str| Value::Guid(Uuid::parse_str(text).unwrap());
        let ordered: [(SqlType, Vec<Value>); 9] = [
            (
                SqlType::Int,
                vec![Value::Null, Value::Int(-5), Value::Int(0), Value::Int(7)],
            ),
            (
                SqlType::decimal(10, 2),
                vec![decimal(-500), decimal(-1), decimal(0), decimal(250)],
            ),
            (
                SqlType::Float,
                [f64::MIN, -1.5, 0.0, 1e-300, 2.0]
                    .map(Value::Float)
                    .to_vec(),
            ),
            (
                SqlType::varchar(9),
                ["", "\u{1}", "A", "a\u{0}", "aB", "b"]
                    .map(Value::str)
                    .to_vec(),
            ),
            (
                SqlType::varbinary(9),
                [&[][..], &[0, 1], &[1], &[1, 0, 2], &[2]]
                    .map(Value::bytes)
                    .to_vec(),
            ),
            (
                SqlType::UniqueIdentifier,
                vec![
                    guid("ffffffff-ffff-ffff-ffff-000000000001"),
                    guid("00000000-0000-0000-0000-000000000002"),
                    guid("00000001-0000-0000-0000-000000000002"),
                ],
            ),
            (
                SqlType::DateTimeOffset(0),
                vec![
                    Value::DateTimeOffset(Date(5), Time(1), 60),
                    Value::DateTimeOffset(Date(5), Time(2), -60),
                ],
            ),
            (
                SqlType::Bit,
                vec![Value::Null, Value::Bit(false), Value::Bit(true)],
            ),
            (
                SqlType::SqlVariant,
                vec![
                    Value::Null,
                    variant(SqlType::varbinary(3), Value::bytes(&[9][..])),
                    variant(SqlType::varchar(3), Value::str("a")),
                    variant(SqlType::nvarchar(3), Value::str("b")),
                    variant(SqlType::decimal(5, 2), decimal(-250)),
                    variant(SqlType::Int, Value::Int(-2)),
                    variant(SqlType::Money, Value::Money(15_000)),
                    variant(SqlType::TinyInt, Value::Int(2)),
                    variant(SqlType::decimal(5, 2), decimal(250)),
                    variant(SqlType::Float, Value::Float(-1e9)),
                    variant(SqlType::Date, Value::Date(Date(0))),
                ],
            ),
        ];
        for (sql, values) in ordered {
            let ty = ExprType::new(sql);
            for (at, left) in values.iter().enumerate() {
                for (other, right) in values.iter().enumerate() {
                    let expected = at.cmp(&other);
                    assert_eq!(compare(left, right, &ty), expected, "{left:?} {right:?}");
                    assert_eq!(
                        key(left, &ty).cmp(&key(right, &ty)),
                        expected,
                        "{left:?} {right:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_sql_calls_equal_has_one_key() {
        let text = ExprType::new(SqlType::varchar(9));
        let binary = ExprType::column(SqlType::varchar(9), true, Collation::BINARY);
        let pairs = [
            (Value::str("ABC"), Value::str("abc  "), text, true),
            (Value::str("ABC"), Value::str("abc"), binary, false),
            (
                Value::bytes(&[1, 0][..]),
                Value::bytes(&[1][..]),
                ExprType::new(SqlType::varbinary(2)),
                true,
            ),
            (
                Value::Float(0.0),
                Value::Float(-0.0),
                ExprType::new(SqlType::Float),
                true,
            ),
            (
                Value::DateTimeOffset(Date(1), Time(2), 0),
                Value::DateTimeOffset(Date(1), Time(2), 90),
                ExprType::new(SqlType::DateTimeOffset(7)),
                true,
            ),
            (
                variant(SqlType::Int, Value::Int(2)),
                variant(
                    SqlType::decimal(5, 2),
                    Value::Decimal(Decimal {
                        units: 200,
                        scale: 2,
                    }),
                ),
                ExprType::new(SqlType::SqlVariant),
                true,
            ),
        ];
        for (left, right, ty, expected) in pairs {
            assert_eq!(compare(&left, &right, &ty).is_eq(), expected);
            assert_eq!(key(&left, &ty) == key(&right, &ty), expected);
        }
    }

    proptest! {
        #[test]
        fn keys_of_two_columns_order_like_the_columns(a in "[ab\u{0} ]{0,4}", b in "[ab\u{0} ]{0,4}", c in "[ab]{0,2}", d in "[ab]{0,2}") {
            let ty = ExprType::new(SqlType::varchar(9));
            let both = |first: &str, second: &str| {
                let mut key = Vec::new();
                key_bytes(&Value::str(first), &ty, &mut key);
                key_bytes(&Value::str(second), &ty, &mut key);
                key
            };
            let expected = compare(&Value::str(&*a), &Value::str(&*b), &ty)
                .then_with(|| compare(&Value::str(&*c), &Value::str(&*d), &ty));
            prop_assert_eq!(both(&a, &c).cmp(&both(&b, &d)), expected);
        }
    }
}
