//! SQL values as the model stores them: in rows, in the log, in variables.
//!
//! A value does not carry its full SQL type: the column or the bound expression does. Integers of every
//! width are one variant, strings of every kind are one variant, and so on.

use std::sync::Arc;

use uuid::Uuid;

use crate::sql_type::SqlType;

/// One row of a table or a result: as many values as there are columns.
pub type Row = Arc<[Value]>;

/// A SQL value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// NULL of any type.
    Null,
    /// `bit`.
    Bit(bool),
    /// `tinyint`, `smallint`, `int`, `bigint`; the range is the type's business.
    Int(i64),
    /// `decimal` and `numeric`.
    Decimal(Decimal),
    /// `money` and `smallmoney`, in ten-thousandths.
    Money(i64),
    /// `float` and `real` (a real holds a value that an `f32` can).
    Float(f64),
    /// `datetime`.
    DateTime(DateTime),
    /// `smalldatetime`.
    SmallDateTime(SmallDateTime),
    /// `date`.
    Date(Date),
    /// `time(n)`.
    Time(Time),
    /// `datetime2(n)`.
    DateTime2(Date, Time),
    /// `datetimeoffset(n)`: the UTC date and time, and the offset in minutes to show it at.
    DateTimeOffset(Date, Time, i16),
    /// `char`, `varchar`, `nchar`, `nvarchar`, `text`, `ntext`, `xml`.
    Str(Arc<str>),
    /// `binary`, `varbinary`, `image`, `rowversion`.
    Bytes(Arc<[u8]>),
    /// `uniqueidentifier`.
    Guid(Uuid),
    /// `sql_variant`: a non-NULL value with the base type it keeps.
    Variant(Box<(SqlType, Self)>),
}

/// An exact number: `units / 10^scale`. The magnitude of `units` stays below 10^38.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    /// The digits without the decimal point.
    pub units: i128,
    /// How many of the digits stand behind the point, 0 to 38.
    pub scale: u8,
}

/// Days since 0001-01-01, 0 to 3,652,058 (9999-12-31).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub i32);

/// Time of day in units of 100 ns since midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub u64);

/// The old `datetime`: days since 1900-01-01 (from -53690) and 1/300 seconds since midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DateTime {
    /// Days since 1900-01-01; negative back to 1753.
    pub days: i32,
    /// Three-hundredths of a second since midnight.
    pub ticks: u32,
}

/// `smalldatetime`: days since 1900-01-01 and minutes since midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SmallDateTime {
    /// Days since 1900-01-01.
    pub days: u16,
    /// Minutes since midnight.
    pub minutes: u16,
}

impl Value {
    /// A string value.
    pub fn str(text: impl Into<Arc<str>>) -> Self {
        Self::Str(text.into())
    }

    /// A binary value.
    pub fn bytes(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self::Bytes(bytes.into())
    }

    /// An integer, or NULL.
    pub fn int_or_null(value: Option<impl Into<i64>>) -> Self {
        value.map_or(Self::Null, |v| Self::Int(v.into()))
    }

    /// A string, or NULL.
    pub fn str_or_null(value: Option<impl Into<Arc<str>>>) -> Self {
        value.map_or(Self::Null, Self::str)
    }

    /// Whether this is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text of a string value.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The number of an integer or bit value.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Bit(bit) => Some(i64::from(*bit)),
            _ => None,
        }
    }
}
