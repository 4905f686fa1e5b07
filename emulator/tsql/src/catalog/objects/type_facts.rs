//! Numbers of types as `sys.types` and `sys.columns` have them.

use milink_core::sql_type::{Length, SqlType};

/// The numbers of a type with its length, precision and scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TypeFacts {
    /// `system_type_id`.
    pub(crate) id: u8,
    /// In bytes; -1 is `(max)`.
    pub(crate) max_length: i16,
    pub(crate) precision: u8,
    pub(crate) scale: u8,
}

/// The numbers of a type.
pub(crate) fn type_facts(sql: SqlType) -> TypeFacts {
    let facts = |id, max_length, precision, scale| TypeFacts {
        id,
        max_length,
        precision,
        scale,
    };
    let bytes = |length: Length| match length {
        Length::Limited(length) => i16::try_from(length).unwrap_or(i16::MAX),
        Length::Max => -1,
    };
    let units = |length: Length| match length {
        Length::Limited(length) => i16::try_from(length * 2).unwrap_or(i16::MAX),
        Length::Max => -1,
    };
    // A fraction takes one digit for the point, and a byte for every two digits.
    let fraction = |scale: u8| if scale == 0 { 0 } else { scale + 1 };
    let extra = |scale: u8| match scale {
        0..=2 => 0,
        3 | 4 => 1,
        _ => 2,
    };
    match sql {
        SqlType::Image => facts(34, 16, 0, 0),
        SqlType::Text => facts(35, 16, 0, 0),
        SqlType::UniqueIdentifier => facts(36, 16, 0, 0),
        SqlType::Date => facts(40, 3, 10, 0),
        SqlType::Time(scale) => facts(41, 3 + extra(scale), 8 + fraction(scale), scale),
        SqlType::DateTime2(scale) => facts(42, 6 + extra(scale), 19 + fraction(scale), scale),
        SqlType::DateTimeOffset(scale) => facts(43, 8 + extra(scale), 26 + fraction(scale), scale),
        SqlType::TinyInt => facts(48, 1, 3, 0),
        SqlType::SmallInt => facts(52, 2, 5, 0),
        SqlType::Int => facts(56, 4, 10, 0),
        SqlType::SmallDateTime => facts(58, 4, 16, 0),
        SqlType::Real => facts(59, 4, 24, 0),
        SqlType::Money => facts(60, 8, 19, 4),
        SqlType::DateTime => facts(61, 8, 23, 3),
        SqlType::Float => facts(62, 8, 53, 0),
        SqlType::SqlVariant => facts(98, 8016, 0, 0),
        SqlType::NText => facts(99, 16, 0, 0),
        SqlType::Bit => facts(104, 1, 1, 0),
        SqlType::Decimal {
            precision,
            scale,
            numeric,
        } => {
            let length = match precision {
                0..=9 => 5,
                10..=19 => 9,
                20..=28 => 13,
                _ => 17,
            };
            facts(if numeric { 108 } else { 106 }, length, precision, scale)
        }
        SqlType::SmallMoney => facts(122, 4, 10, 4),
        SqlType::BigInt => facts(127, 8, 19, 0),
        SqlType::VarBinary(length) => facts(165, bytes(length), 0, 0),
        SqlType::VarChar(length) => facts(167, bytes(length), 0, 0),
        SqlType::Binary(length) => facts(173, bytes(Length::Limited(length)), 0, 0),
        SqlType::Char(length) => facts(175, bytes(Length::Limited(length)), 0, 0),
        SqlType::RowVersion => facts(189, 8, 0, 0),
        SqlType::NVarChar(length) => facts(231, units(length), 0, 0),
        SqlType::NChar(length) => facts(239, units(Length::Limited(length)), 0, 0),
        SqlType::Xml => facts(241, -1, 0, 0),
    }
}

/// Every type, as wide as it gets.
pub(crate) const ALL_TYPES: [SqlType; 30] = [
    SqlType::Image,
    SqlType::Text,
    SqlType::UniqueIdentifier,
    SqlType::Date,
    SqlType::Time(7),
    SqlType::DateTime2(7),
    SqlType::DateTimeOffset(7),
    SqlType::TinyInt,
    SqlType::SmallInt,
    SqlType::Int,
    SqlType::SmallDateTime,
    SqlType::Real,
    SqlType::Money,
    SqlType::DateTime,
    SqlType::Float,
    SqlType::SqlVariant,
    SqlType::NText,
    SqlType::Bit,
    SqlType::decimal(38, 38),
    SqlType::numeric(38, 38),
    SqlType::SmallMoney,
    SqlType::BigInt,
    SqlType::varbinary(8000),
    SqlType::varchar(8000),
    SqlType::Binary(8000),
    SqlType::Char(8000),
    SqlType::RowVersion,
    SqlType::nvarchar(4000),
    SqlType::NChar(4000),
    SqlType::Xml,
];
/// `user_type_id` of `sysname`, which is `nvarchar(128)` under another name.
pub(crate) const SYSNAME_ID: i32 = 256;
