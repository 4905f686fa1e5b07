//! `WireValue`: a value without a layout.

use std::borrow::Cow;

use super::TypeInfo;

/// A value to be sent or as received. Text and bytes are borrowed where they can be, so that
/// encoding a row copies each byte once and allocates nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum WireValue<'a> {
    /// NULL of any type.
    Null,
    /// bit.
    Bit(bool),
    /// tinyint, unsigned.
    TinyInt(u8),
    /// smallint.
    SmallInt(i16),
    /// int.
    Int(i32),
    /// bigint.
    BigInt(i64),
    /// decimal and numeric.
    Decimal(Decimal),
    /// money and smallmoney, in ten-thousandths.
    Money(i64),
    /// real.
    Real(f32),
    /// float.
    Float(f64),
    /// datetime.
    DateTime {
        /// Days since 1900-01-01.
        days: i32,
        /// Three-hundredths of a second since midnight.
        ticks: u32,
    },
    /// smalldatetime.
    SmallDateTime {
        /// Days since 1900-01-01.
        days: u16,
        /// Minutes since midnight.
        minutes: u16,
    },
    /// date: days since 0001-01-01.
    Date(u32),
    /// time: units of 100 ns since midnight.
    Time(u64),
    /// datetime2.
    DateTime2 {
        /// Days since 0001-01-01.
        days: u32,
        /// Units of 100 ns since midnight.
        time: u64,
    },
    /// datetimeoffset. Date and time are UTC; the offset only says how to show them.
    DateTimeOffset {
        /// Days since 0001-01-01, UTC.
        days: u32,
        /// Units of 100 ns since midnight, UTC.
        time: u64,
        /// Minutes east of UTC.
        offset_minutes: i16,
    },
    /// Any character type, and xml.
    Text(Cow<'a, str>),
    /// Any binary type.
    Bytes(Cow<'a, [u8]>),
    /// uniqueidentifier, bytes in the order they are printed.
    Guid([u8; 16]),
    /// sql_variant holding something.
    Variant(Box<Variant<'a>>),
}

/// What a sql_variant holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant<'a> {
    /// The base type; `(max)` types, text, ntext, image, xml and sql_variant are not allowed.
    pub type_info: TypeInfo,
    /// The value, not NULL.
    pub value: WireValue<'a>,
}

/// An exact number: `unscaled` × 10^-`scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    /// All digits, with the sign.
    pub unscaled: i128,
    /// How many of them are behind the point.
    pub scale: u8,
}

impl Decimal {
    /// The same number with another scale, if no digit other than zero is lost and it fits.
    pub fn rescaled(self, scale: u8) -> Option<i128> {
        if scale == self.scale {
            Some(self.unscaled)
        } else if scale > self.scale {
            let factor = 10_i128.checked_pow((scale - self.scale).into())?;
            self.unscaled.checked_mul(factor)
        } else {
            let divisor = 10_i128.checked_pow((self.scale - scale).into())?;
            (self.unscaled % divisor == 0).then_some(self.unscaled / divisor)
        }
    }
}

impl WireValue<'_> {
    /// How many bytes it takes besides its own size.
    pub(crate) fn heap_bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Variant(held) => size_of::<Variant<'_>>() + held.value.heap_bytes(),
            _ => 0,
        }
    }

    /// True for NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// What kind of value it is, for error messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bit(_) => "bit",
            Self::TinyInt(_) => "tinyint",
            Self::SmallInt(_) => "smallint",
            Self::Int(_) => "int",
            Self::BigInt(_) => "bigint",
            Self::Decimal(_) => "decimal",
            Self::Money(_) => "money",
            Self::Real(_) => "real",
            Self::Float(_) => "float",
            Self::DateTime { .. } => "datetime",
            Self::SmallDateTime { .. } => "smalldatetime",
            Self::Date(_) => "date",
            Self::Time(_) => "time",
            Self::DateTime2 { .. } => "datetime2",
            Self::DateTimeOffset { .. } => "datetimeoffset",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Guid(_) => "uniqueidentifier",
            Self::Variant(_) => "sql_variant",
        }
    }

    /// The value of any integer kind.
    pub fn as_i64(&self) -> Option<i64> {
        match *self {
            Self::Bit(bit) => Some(bit.into()),
            Self::TinyInt(int) => Some(int.into()),
            Self::SmallInt(int) => Some(int.into()),
            Self::Int(int) => Some(int.into()),
            Self::BigInt(int) => Some(int),
            _ => None,
        }
    }

    /// The text of a character value.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl<'a> From<&'a str> for WireValue<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a [u8]> for WireValue<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(Cow::Borrowed(bytes))
    }
}
