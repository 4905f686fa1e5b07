//! `TypeInfo`: how a column or a parameter is laid out.

use super::Collation;

/// The longest a non-max string or binary may be, in bytes.
const MAX_SHORT_BYTES: u16 = 8000;

/// Declared length of a string or binary type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// At most this many bytes (for nchar and nvarchar: twice the declared characters).
    Bytes(u16),
    /// `(max)`: sent in chunks, up to 2 GB.
    Max,
}

/// A type as TYPE_INFO describes it. The plain scalar variants are the fixed-length types of NOT
/// NULL columns; their `N` twins can hold NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeInfo {
    /// The type of a bare NULL.
    Null,
    /// bit, NOT NULL.
    Bit,
    /// tinyint, NOT NULL.
    TinyInt,
    /// smallint, NOT NULL.
    SmallInt,
    /// int, NOT NULL.
    Int,
    /// bigint, NOT NULL.
    BigInt,
    /// real, NOT NULL.
    Real,
    /// float, NOT NULL.
    Float,
    /// money, NOT NULL.
    Money,
    /// smallmoney, NOT NULL.
    SmallMoney,
    /// datetime, NOT NULL.
    DateTime,
    /// smalldatetime, NOT NULL.
    SmallDateTime,
    /// bit.
    BitN,
    /// tinyint.
    TinyIntN,
    /// smallint.
    SmallIntN,
    /// int.
    IntN,
    /// bigint.
    BigIntN,
    /// real.
    RealN,
    /// float.
    FloatN,
    /// money.
    MoneyN,
    /// smallmoney.
    SmallMoneyN,
    /// datetime.
    DateTimeN,
    /// smalldatetime.
    SmallDateTimeN,
    /// uniqueidentifier.
    Guid,
    /// decimal.
    Decimal {
        /// Digits, 1 to 38.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// numeric, the twin of decimal.
    Numeric {
        /// Digits, 1 to 38.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// date.
    Date,
    /// time.
    Time {
        /// Digits of the second's fraction, 0 to 7.
        scale: u8,
    },
    /// datetime2.
    DateTime2 {
        /// Digits of the second's fraction, 0 to 7.
        scale: u8,
    },
    /// datetimeoffset.
    DateTimeOffset {
        /// Digits of the second's fraction, 0 to 7.
        scale: u8,
    },
    /// char.
    Char {
        /// Length in bytes.
        bytes: u16,
        /// Gives the code page.
        collation: Collation,
    },
    /// varchar.
    VarChar {
        /// Maximum length.
        length: Length,
        /// Gives the code page.
        collation: Collation,
    },
    /// nchar.
    NChar {
        /// Length in bytes, two for each character.
        bytes: u16,
        /// How the client should compare.
        collation: Collation,
    },
    /// nvarchar, and sysname.
    NVarChar {
        /// Maximum length.
        length: Length,
        /// How the client should compare.
        collation: Collation,
    },
    /// binary.
    Binary {
        /// Length in bytes.
        bytes: u16,
    },
    /// varbinary.
    VarBinary {
        /// Maximum length.
        length: Length,
    },
    /// text.
    Text {
        /// Gives the code page.
        collation: Collation,
    },
    /// ntext.
    NText {
        /// How the client should compare.
        collation: Collation,
    },
    /// image.
    Image,
    /// xml without a schema collection.
    Xml,
    /// sql_variant.
    Variant,
}

impl TypeInfo {
    /// nvarchar of this many characters, in the given collation; more than 4000 is `(max)`.
    pub fn nvarchar(characters: u16, collation: Collation) -> Self {
        let length = match characters {
            0..=4000 => Length::Bytes(characters.max(1) * 2),
            _ => Length::Max,
        };
        Self::NVarChar { length, collation }
    }

    /// varchar of this many bytes, in the given collation; more than 8000 is `(max)`.
    pub fn varchar(bytes: u16, collation: Collation) -> Self {
        let length = match bytes {
            0..=MAX_SHORT_BYTES => Length::Bytes(bytes.max(1)),
            _ => Length::Max,
        };
        Self::VarChar { length, collation }
    }

    /// varbinary of this many bytes; more than 8000 is `(max)`.
    pub fn varbinary(bytes: u16) -> Self {
        let length = match bytes {
            0..=MAX_SHORT_BYTES => Length::Bytes(bytes.max(1)),
            _ => Length::Max,
        };
        Self::VarBinary { length }
    }

    /// The type's name as SQL spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bit | Self::BitN => "bit",
            Self::TinyInt | Self::TinyIntN => "tinyint",
            Self::SmallInt | Self::SmallIntN => "smallint",
            Self::Int | Self::IntN => "int",
            Self::BigInt | Self::BigIntN => "bigint",
            Self::Real | Self::RealN => "real",
            Self::Float | Self::FloatN => "float",
            Self::Money | Self::MoneyN => "money",
            Self::SmallMoney | Self::SmallMoneyN => "smallmoney",
            Self::DateTime | Self::DateTimeN => "datetime",
            Self::SmallDateTime | Self::SmallDateTimeN => "smalldatetime",
            Self::Guid => "uniqueidentifier",
            Self::Decimal { .. } => "decimal",
            Self::Numeric { .. } => "numeric",
            Self::Date => "date",
            Self::Time { .. } => "time",
            Self::DateTime2 { .. } => "datetime2",
            Self::DateTimeOffset { .. } => "datetimeoffset",
            Self::Char { .. } => "char",
            Self::VarChar { .. } => "varchar",
            Self::NChar { .. } => "nchar",
            Self::NVarChar { .. } => "nvarchar",
            Self::Binary { .. } => "binary",
            Self::VarBinary { .. } => "varbinary",
            Self::Text { .. } => "text",
            Self::NText { .. } => "ntext",
            Self::Image => "image",
            Self::Xml => "xml",
            Self::Variant => "sql_variant",
        }
    }

    /// True if a NULL of this type has bytes to stand for it.
    pub fn is_nullable(self) -> bool {
        !matches!(
            self,
            Self::Bit
                | Self::TinyInt
                | Self::SmallInt
                | Self::Int
                | Self::BigInt
                | Self::Real
                | Self::Float
                | Self::Money
                | Self::SmallMoney
                | Self::DateTime
                | Self::SmallDateTime
        )
    }

    /// The `N` twin of a fixed-length type; any other type is its own.
    pub fn nullable(self) -> Self {
        match self {
            Self::Bit => Self::BitN,
            Self::TinyInt => Self::TinyIntN,
            Self::SmallInt => Self::SmallIntN,
            Self::Int => Self::IntN,
            Self::BigInt => Self::BigIntN,
            Self::Real => Self::RealN,
            Self::Float => Self::FloatN,
            Self::Money => Self::MoneyN,
            Self::SmallMoney => Self::SmallMoneyN,
            Self::DateTime => Self::DateTimeN,
            Self::SmallDateTime => Self::SmallDateTimeN,
            other => other,
        }
    }
}

/// Bytes of a decimal's sign and magnitude.
pub(super) fn decimal_bytes(precision: u8) -> u8 {
    match precision {
        0..=9 => 5,
        10..=19 => 9,
        20..=28 => 13,
        _ => 17,
    }
}

/// Bytes of a time of day.
pub(super) fn time_bytes(scale: u8) -> u8 {
    match scale {
        0..=2 => 3,
        3..=4 => 4,
        _ => 5,
    }
}
