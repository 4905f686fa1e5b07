//! The one mapping between the engine's types and values and those of the wire, both ways.

use std::borrow::Cow;
use std::sync::Arc;

use milink_core::collation::Collation;
use milink_core::sql_type::{Length, SqlType};
use milink_core::value::{Date, DateTime, Decimal, SmallDateTime, Time, Value};
use milink_tds::token::Column;
use milink_tds::types::{self as wire, TypeInfo, WireValue};
use milink_tsql::session::event::ResultColumn;
use milink_tsql::types::ExprType;
use uuid::Uuid;

/// Number by which clients tell `rowversion` from `binary(8)`.
const USER_TYPE_TIMESTAMP: u32 = 0x50;

/// A result's column as the wire describes it.
pub(super) fn column(column: &ResultColumn) -> Column {
    let mut described = Column::new(&*column.name, type_info(&column.ty));
    described.flags.nullable = column.ty.nullable;
    described.flags.identity = column.identity;
    described.flags.updatable = column.updatable;
    described.flags.computed = column.computed;
    described.flags.case_sensitive = column
        .ty
        .collation
        .is_some_and(Collation::is_case_sensitive);
    if column.ty.sql == SqlType::RowVersion {
        described.user_type = USER_TYPE_TIMESTAMP;
    }
    described
}

/// A type as the wire describes it.
pub(super) fn type_info(ty: &ExprType) -> TypeInfo {
    let info = of_sql_type(ty.sql, ty.collation.unwrap_or(Collation::DEFAULT));
    if ty.nullable { info.nullable() } else { info }
}

/// A value for a column or parameter of that type.
pub(super) fn value<'v>(value: &'v Value, sql: SqlType) -> WireValue<'v> {
    match value {
        Value::Null => WireValue::Null,
        Value::Bit(bit) => match sql {
            SqlType::Bit | SqlType::SqlVariant => WireValue::Bit(*bit),
            _ => integer(i64::from(*bit), sql),
        },
        Value::Int(number) => integer(*number, sql),
        Value::Decimal(Decimal { units, scale }) => WireValue::Decimal(wire::Decimal {
            unscaled: *units,
            scale: *scale,
        }),
        Value::Money(units) => WireValue::Money(*units),
        Value::Float(number) => match sql {
            // A real holds a value that an f32 can.
            SqlType::Real => WireValue::Real(*number as f32),
            _ => WireValue::Float(*number),
        },
        Value::DateTime(DateTime { days, ticks }) => WireValue::DateTime {
            days: *days,
            ticks: *ticks,
        },
        Value::SmallDateTime(SmallDateTime { days, minutes }) => WireValue::SmallDateTime {
            days: *days,
            minutes: *minutes,
        },
        Value::Date(date) => WireValue::Date(days(*date)),
        Value::Time(Time(time)) => WireValue::Time(*time),
        Value::DateTime2(date, Time(time)) => WireValue::DateTime2 {
            days: days(*date),
            time: *time,
        },
        Value::DateTimeOffset(date, Time(time), offset) => WireValue::DateTimeOffset {
            days: days(*date),
            time: *time,
            offset_minutes: *offset,
        },
        Value::Str(text) => WireValue::Text(Cow::Borrowed(text)),
        Value::Bytes(bytes) => WireValue::Bytes(Cow::Borrowed(bytes)),
        Value::Guid(guid) => WireValue::Guid(*guid.as_bytes()),
        Value::Variant(inner) => {
            let (base, held) = &**inner;
            WireValue::Variant(Box::new(wire::Variant {
                type_info: of_sql_type(*base, Collation::DEFAULT),
                value: self::value(held, *base),
            }))
        }
    }
}

/// The type of a parameter that a client sent. A collation that names none is the database's.
pub(super) fn sql_type(info: TypeInfo, database: Collation) -> ExprType {
    use TypeInfo as T;
    let units = |bytes: u16| (bytes / 2).max(1);
    let (sql, collation) = match info {
        // A parameter that is nothing but NULL has nvarchar's freedom to become anything.
        T::Null => (SqlType::nvarchar(4000), None),
        T::Bit | T::BitN => (SqlType::Bit, None),
        T::TinyInt | T::TinyIntN => (SqlType::TinyInt, None),
        T::SmallInt | T::SmallIntN => (SqlType::SmallInt, None),
        T::Int | T::IntN => (SqlType::Int, None),
        T::BigInt | T::BigIntN => (SqlType::BigInt, None),
        T::Real | T::RealN => (SqlType::Real, None),
        T::Float | T::FloatN => (SqlType::Float, None),
        T::Money | T::MoneyN => (SqlType::Money, None),
        T::SmallMoney | T::SmallMoneyN => (SqlType::SmallMoney, None),
        T::DateTime | T::DateTimeN => (SqlType::DateTime, None),
        T::SmallDateTime | T::SmallDateTimeN => (SqlType::SmallDateTime, None),
        T::Guid => (SqlType::UniqueIdentifier, None),
        T::Decimal { precision, scale } => (SqlType::decimal(precision, scale), None),
        T::Numeric { precision, scale } => (SqlType::numeric(precision, scale), None),
        T::Date => (SqlType::Date, None),
        T::Time { scale } => (SqlType::Time(scale), None),
        T::DateTime2 { scale } => (SqlType::DateTime2(scale), None),
        T::DateTimeOffset { scale } => (SqlType::DateTimeOffset(scale), None),
        T::Char { bytes, collation } => (SqlType::Char(bytes.max(1)), Some(collation)),
        T::NChar { bytes, collation } => (SqlType::NChar(units(bytes)), Some(collation)),
        T::VarChar { length, collation } => (
            SqlType::VarChar(match length {
                wire::Length::Bytes(bytes) => Length::Limited(bytes.max(1)),
                wire::Length::Max => Length::Max,
            }),
            Some(collation),
        ),
        T::NVarChar { length, collation } => (
            SqlType::NVarChar(match length {
                wire::Length::Bytes(bytes) => Length::Limited(units(bytes)),
                wire::Length::Max => Length::Max,
            }),
            Some(collation),
        ),
        T::Binary { bytes } => (SqlType::Binary(bytes.max(1)), None),
        T::VarBinary { length } => (
            SqlType::VarBinary(match length {
                wire::Length::Bytes(bytes) => Length::Limited(bytes.max(1)),
                wire::Length::Max => Length::Max,
            }),
            None,
        ),
        T::Text { collation } => (SqlType::Text, Some(collation)),
        T::NText { collation } => (SqlType::NText, Some(collation)),
        T::Image => (SqlType::Image, None),
        T::Xml => (SqlType::Xml, None),
        T::Variant => (SqlType::SqlVariant, None),
    };
    let known = collation.and_then(|collation| {
        let bytes = collation.to_bytes();
        Collation::all().find(|known| known.wire() == bytes)
    });
    ExprType::variable(sql, known.unwrap_or(database))
}

/// The value of a parameter that a client sent.
pub(super) fn parameter(value: WireValue<'_>) -> Value {
    match value {
        WireValue::Null => Value::Null,
        WireValue::Bit(bit) => Value::Bit(bit),
        WireValue::TinyInt(number) => Value::Int(number.into()),
        WireValue::SmallInt(number) => Value::Int(number.into()),
        WireValue::Int(number) => Value::Int(number.into()),
        WireValue::BigInt(number) => Value::Int(number),
        WireValue::Decimal(wire::Decimal { unscaled, scale }) => Value::Decimal(Decimal {
            units: unscaled,
            scale,
        }),
        WireValue::Money(units) => Value::Money(units),
        WireValue::Real(number) => Value::Float(number.into()),
        WireValue::Float(number) => Value::Float(number),
        WireValue::DateTime { days, ticks } => Value::DateTime(DateTime { days, ticks }),
        WireValue::SmallDateTime { days, minutes } => {
            Value::SmallDateTime(SmallDateTime { days, minutes })
        }
        WireValue::Date(days) => Value::Date(date(days)),
        WireValue::Time(time) => Value::Time(Time(time)),
        WireValue::DateTime2 { days, time } => Value::DateTime2(date(days), Time(time)),
        WireValue::DateTimeOffset {
            days,
            time,
            offset_minutes,
        } => Value::DateTimeOffset(date(days), Time(time), offset_minutes),
        WireValue::Text(text) => Value::Str(Arc::from(&*text)),
        WireValue::Bytes(bytes) => Value::Bytes(Arc::from(&*bytes)),
        WireValue::Guid(bytes) => Value::Guid(Uuid::from_bytes(bytes)),
        WireValue::Variant(variant) => {
            let base = sql_type(variant.type_info, Collation::DEFAULT).sql;
            Value::Variant(Box::new((base, parameter(variant.value))))
        }
    }
}

/// A collation as the wire spells it.
pub(super) fn collation(collation: Collation) -> wire::Collation {
    wire::Collation::from_bytes(collation.wire())
}

fn of_sql_type(sql: SqlType, of: Collation) -> TypeInfo {
    let collation = collation(of);
    let bytes = |length: Length, unit: u16| match length {
        Length::Limited(length) => wire::Length::Bytes(length.saturating_mul(unit)),
        Length::Max => wire::Length::Max,
    };
    match sql {
        SqlType::Bit => TypeInfo::Bit,
        SqlType::TinyInt => TypeInfo::TinyInt,
        SqlType::SmallInt => TypeInfo::SmallInt,
        SqlType::Int => TypeInfo::Int,
        SqlType::BigInt => TypeInfo::BigInt,
        SqlType::Decimal {
            precision,
            scale,
            numeric: false,
        } => TypeInfo::Decimal { precision, scale },
        SqlType::Decimal {
            precision,
            scale,
            numeric: true,
        } => TypeInfo::Numeric { precision, scale },
        SqlType::Money => TypeInfo::Money,
        SqlType::SmallMoney => TypeInfo::SmallMoney,
        SqlType::Real => TypeInfo::Real,
        SqlType::Float => TypeInfo::Float,
        SqlType::DateTime => TypeInfo::DateTime,
        SqlType::SmallDateTime => TypeInfo::SmallDateTime,
        SqlType::Date => TypeInfo::Date,
        SqlType::Time(scale) => TypeInfo::Time { scale },
        SqlType::DateTime2(scale) => TypeInfo::DateTime2 { scale },
        SqlType::DateTimeOffset(scale) => TypeInfo::DateTimeOffset { scale },
        SqlType::Char(bytes) => TypeInfo::Char { bytes, collation },
        SqlType::VarChar(length) => TypeInfo::VarChar {
            length: bytes(length, 1),
            collation,
        },
        SqlType::NChar(units) => TypeInfo::NChar {
            bytes: units.saturating_mul(2),
            collation,
        },
        SqlType::NVarChar(length) => TypeInfo::NVarChar {
            length: bytes(length, 2),
            collation,
        },
        SqlType::Binary(bytes) => TypeInfo::Binary { bytes },
        SqlType::VarBinary(length) => TypeInfo::VarBinary {
            length: bytes(length, 1),
        },
        SqlType::Text => TypeInfo::Text { collation },
        SqlType::NText => TypeInfo::NText { collation },
        SqlType::Image => TypeInfo::Image,
        SqlType::UniqueIdentifier => TypeInfo::Guid,
        SqlType::Xml => TypeInfo::Xml,
        SqlType::SqlVariant => TypeInfo::Variant,
        SqlType::RowVersion => TypeInfo::Binary { bytes: 8 },
    }
}

/// An integer in its type's width; the engine keeps it in the type's range.
fn integer(number: i64, sql: SqlType) -> WireValue<'static> {
    match sql {
        SqlType::Bit => WireValue::Bit(number != 0),
        SqlType::TinyInt => WireValue::TinyInt(number as u8),
        SqlType::SmallInt => WireValue::SmallInt(number as i16),
        SqlType::Int => WireValue::Int(number as i32),
        _ => WireValue::BigInt(number),
    }
}

/// Dates of the model lie between the years 1 and 9999.
fn days(Date(days): Date) -> u32 {
    u32::try_from(days).unwrap_or(0)
}

fn date(days: u32) -> Date {
    Date(i32::try_from(days).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every type with a value, there and back.
    #[test]
    fn types_and_values_survive_the_way_there_and_back() {
        let cases = [
            (SqlType::Bit, Value::Bit(true)),
            (SqlType::TinyInt, Value::Int(255)),
            (SqlType::SmallInt, Value::Int(-5)),
            (SqlType::Int, Value::Int(i32::MIN.into())),
            (SqlType::BigInt, Value::Int(i64::MAX)),
            (
                SqlType::numeric(38, 4),
                Value::Decimal(Decimal {
                    units: -12345,
                    scale: 4,
                }),
            ),
            (SqlType::Money, Value::Money(-1)),
            (SqlType::SmallMoney, Value::Money(5)),
            (SqlType::Real, Value::Float(0.5)),
            (SqlType::Float, Value::Float(0.1)),
            (
                SqlType::DateTime,
                Value::DateTime(DateTime {
                    days: -3,
                    ticks: 299,
                }),
            ),
            (
                SqlType::SmallDateTime,
                Value::SmallDateTime(SmallDateTime {
                    days: 4,
                    minutes: 61,
                }),
            ),
            (SqlType::Date, Value::Date(Date(700_000))),
            (SqlType::Time(3), Value::Time(Time(12_340_000))),
            (
                SqlType::DateTime2(7),
                Value::DateTime2(Date(700_000), Time(1)),
            ),
            (
                SqlType::DateTimeOffset(0),
                Value::DateTimeOffset(Date(1), Time(0), -90),
            ),
            (SqlType::Char(3), Value::str("abc")),
            (SqlType::varchar(10), Value::str("abc")),
            (SqlType::NChar(3), Value::str("añb")),
            (SqlType::nvarchar(4000), Value::str("añb")),
            (SqlType::NVarChar(Length::Max), Value::str("")),
            (SqlType::Binary(2), Value::bytes([1, 2])),
            (SqlType::varbinary(8000), Value::bytes([])),
            (SqlType::Text, Value::str("t")),
            (SqlType::NText, Value::str("t")),
            (SqlType::Image, Value::bytes([0])),
            (SqlType::UniqueIdentifier, Value::Guid(Uuid::from_u128(7))),
            (SqlType::Xml, Value::str("<a/>")),
            (
                SqlType::SqlVariant,
                Value::Variant(Box::new((SqlType::Int, Value::Int(4)))),
            ),
        ];
        for (sql, held) in cases {
            for nullable in [true, false] {
                let ty = ExprType::new(sql).with_nullable(nullable);
                let info = type_info(&ty);
                let back = sql_type(info, Collation::DEFAULT);
                assert_eq!(back.sql, sql);
                assert_eq!(back.collation, ty.collation);
            }
            assert_eq!(parameter(value(&held, sql)), held, "{sql}");
            assert_eq!(parameter(value(&Value::Null, sql)), Value::Null);
        }
    }
}
