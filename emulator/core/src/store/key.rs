//! Keys of unique indexes: bytes whose order is the order of the SQL values.

use std::sync::Arc;

use crate::collation::Collation;
use crate::value::Value;

/// The sortable form of an index key.
pub type KeyBytes = Arc<[u8]>;

/// Encodes `values` so that comparing the bytes compares the values; text follows `collations`.
/// NULL sorts before everything, as in SQL Server.
pub fn key_bytes<'a>(parts: impl IntoIterator<Item = (&'a Value, Collation)>) -> KeyBytes {
    let mut key = Vec::with_capacity(16);
    for (value, collation) in parts {
        push(value, collation, &mut key);
    }
    key.into()
}

fn push(value: &Value, collation: Collation, key: &mut Vec<u8>) {
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
            // A column has one scale, so the units alone are comparable.
            let ordered = (number.units as u128) ^ (1 << 127);
            key.extend_from_slice(&ordered.to_be_bytes());
        }
        Value::Float(number) => {
            let bits = (number + 0.0).to_bits();
            let ordered = if bits >> 63 == 0 {
                bits ^ (1 << 63)
            } else {
                !bits
            };
            key.extend_from_slice(&ordered.to_be_bytes());
        }
        Value::DateTime(moment) => {
            push_i64(i64::from(moment.days), key);
            push_i64(i64::from(moment.ticks), key);
        }
        Value::SmallDateTime(moment) => {
            key.extend_from_slice(&moment.days.to_be_bytes());
            key.extend_from_slice(&moment.minutes.to_be_bytes());
        }
        Value::Date(date) => push_i64(i64::from(date.0), key),
        Value::Time(time) => key.extend_from_slice(&time.0.to_be_bytes()),
        Value::DateTime2(date, time) | Value::DateTimeOffset(date, time, _) => {
            push_i64(i64::from(date.0), key);
            key.extend_from_slice(&time.0.to_be_bytes());
        }
        Value::Str(text) => {
            let mut text_key = Vec::with_capacity(text.len());
            collation.sort_key(text, &mut text_key);
            push_escaped(&text_key, key);
        }
        Value::Bytes(bytes) => push_escaped(bytes, key),
        Value::Guid(guid) => {
            // SQL Server orders GUIDs by their last group first.
            let b = guid.as_bytes();
            key.extend_from_slice(&b[10..16]);
            key.extend_from_slice(&b[8..10]);
            key.extend([b[7], b[6], b[5], b[4], b[3], b[2], b[1], b[0]]);
        }
        Value::Variant(inner) => push(&inner.1, collation, key),
    }
}

fn push_i64(number: i64, key: &mut Vec<u8>) {
    key.extend_from_slice(&((number as u64) ^ (1 << 63)).to_be_bytes());
}

/// Ends with 0 0 and writes 0 as 0 1, so that a prefix sorts first and the next part cannot interfere.
fn push_escaped(bytes: &[u8], key: &mut Vec<u8>) {
    for &byte in bytes {
        key.push(byte);
        if byte == 0 {
            key.push(1);
        }
    }
    key.extend_from_slice(&[0, 0]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(values: &[Value]) -> KeyBytes {
        key_bytes(values.iter().map(|value| (value, Collation::DEFAULT)))
    }

    #[test]
    fn bytes_sort_as_the_values_do() {
        let ascending = [
            vec![Value::Null],
            vec![Value::Int(i64::MIN)],
            vec![Value::Int(-1)],
            vec![Value::Int(0)],
            vec![Value::Int(7)],
        ];
        for pair in ascending.windows(2) {
            assert!(key(&pair[0]) < key(&pair[1]), "{pair:?}");
        }
        let floats = [-1.5, -0.25, 0.0, 0.5, 2.0].map(Value::Float);
        for pair in floats.windows(2) {
            assert!(key(&pair[..1]) < key(&pair[1..]), "{pair:?}");
        }
        assert_eq!(key(&[Value::Float(0.0)]), key(&[Value::Float(-0.0)]));
        assert!(key(&[Value::str("a"), Value::Int(9)]) < key(&[Value::str("ab"), Value::Int(1)]));
        assert_eq!(key(&[Value::str("A ")]), key(&[Value::str("a")]));
    }
}
